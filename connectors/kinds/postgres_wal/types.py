"""PostgreSQL's types as Debezium's: which Avro schema a column has, and how its text becomes Avro bytes.

Time precision adaptive, decimals precise: Debezium's defaults.  Sources: Debezium's documentation of data types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.envelope import Schema, string
from connectors.kinds.postgres_wal import values
from connectors.kinds.postgres_wal.values import Encode


@dataclass(frozen=True, slots=True)
class TypeRow:
    """What pg_type says of a type."""

    oid: int
    name: str
    kind: str
    """b base, e enum, d domain, c composite, r range, m multirange, p pseudo."""
    base: int
    """Of a domain: the type below it."""
    base_modifier: int
    element: int
    """Of a true array: its elements' type, else 0."""
    labels: Sequence[str] = ()
    """Of an enum: its values in their order."""


TypeLookup = Callable[[int], TypeRow | None]


@dataclass(frozen=True, slots=True)
class Form:
    """How a column travels."""

    schema: Schema
    encode: Encode
    few: bool = False
    """Whether its values repeat so often that encoded ones are worth keeping."""
    padded: bool = False
    """Whether its text is filled with blanks that are no part of a key."""


def _semantic(avro: str, name: str, **extra: Any) -> Mapping[str, Any]:
    return {"type": avro, "connect.version": 1, **extra, "connect.name": name}


def _time(modifier: int) -> Form:
    if 0 <= modifier <= 3:
        return Form(_semantic("int", "io.debezium.time.Time"), values.time_millis)
    return Form(_semantic("long", "io.debezium.time.MicroTime"), values.time_micros)


def _timestamp(modifier: int) -> Form:
    if 0 <= modifier <= 3:
        return Form(_semantic("long", "io.debezium.time.Timestamp"), values.timestamp_millis)
    return Form(_semantic("long", "io.debezium.time.MicroTimestamp"), values.timestamp_micros)


_VARIABLE = {
    "type": "record",
    "name": "VariableScaleDecimal",
    "namespace": "io.debezium.data",
    "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    "connect.doc": "Variable scaled decimal",
    "connect.version": 1,
    "connect.name": "io.debezium.data.VariableScaleDecimal",
}


def _numeric(modifier: int) -> Form:
    if modifier < 4:
        return Form(_VARIABLE, values.variable_decimal)
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, ((modifier - 4) & 0x7FF ^ 1024) - 1024
    schema = {
        "type": "bytes",
        "scale": scale,
        "precision": precision,
        "connect.version": 1,
        "connect.parameters": {"scale": str(scale), "connect.decimal.precision": str(precision)},
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }
    return Form(schema, values.decimal(scale))


_TEXT = Form("string", string)
_JSON = Form(_semantic("string", "io.debezium.data.Json"), string)
_SIMPLE: Mapping[str, Form] = {
    "bool": Form("boolean", values.boolean, few=True),
    "int2": Form({"type": "int", "connect.type": "int16"}, values.integer, few=True),
    "int4": Form("int", values.integer),
    "int8": Form("long", values.integer),
    "float4": Form("float", values.float4),
    "float8": Form("double", values.float8),
    "text": _TEXT,
    "varchar": _TEXT,
    "name": _TEXT,
    "char": _TEXT,
    "citext": _TEXT,
    "bpchar": Form("string", string, padded=True),
    "date": Form(_semantic("int", "io.debezium.time.Date"), values.day, few=True),
    "timetz": Form(_semantic("string", "io.debezium.time.ZonedTime"), values.zoned_time),
    "timestamptz": Form(_semantic("string", "io.debezium.time.ZonedTimestamp"), values.zoned_timestamp),
    "uuid": Form(_semantic("string", "io.debezium.data.Uuid"), string),
    "json": _JSON,
    "jsonb": _JSON,
    "bytea": Form("bytes", values.hexadecimal),
}
_BY_MODIFIER: Mapping[str, Callable[[int], Form]] = {"time": _time, "timestamp": _timestamp, "numeric": _numeric}


def form(oid: int, modifier: int, lookup: TypeLookup) -> Form | None:
    """Return how a column of this type travels, or None for a type that this kind does not know."""
    row = lookup(oid)
    if row is None:
        return None
    if row.kind == "d":
        return form(row.base, row.base_modifier, lookup)
    if row.kind == "e":
        labels = {"allowed": ",".join(row.labels)}
        return Form(_semantic("string", "io.debezium.data.Enum", **{"connect.parameters": labels}), string, few=True)
    if row.element:
        return _array(form(row.element, modifier, lookup))
    by_modifier = _BY_MODIFIER.get(row.name)
    return by_modifier(modifier) if by_modifier else _SIMPLE.get(row.name)


def _array(element: Form | None) -> Form | None:
    if element is None or (isinstance(element.schema, Mapping) and element.schema["type"] == "array"):
        return None
    return Form({"type": "array", "items": ["null", element.schema]}, values.array(element.encode))


def as_text() -> Form:
    """Return the form in which any value can travel."""
    return _TEXT
