"""PostgreSQL's types as Debezium's: which Avro schema a column has, and how its text becomes Avro bytes.

Time precision adaptive, decimals precise, intervals numeric, hstore JSON: Debezium's defaults.  Types that Debezium
leaves out travel as their text.  Source: Debezium's documentation of data types; what differs is in
docs/sources/postgres-types.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.envelope import SOME, Schema, long, string
from connectors.kinds.postgres_wal import nested, shapes, values
from connectors.kinds.postgres_wal.values import Encode

PLACEHOLDER = b"__debezium_unavailable_value"
"""What stands for a large value that an update left as it was and that the log does not repeat."""


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
    delimiter: str = ","
    """Of an array: what stands between its elements."""
    labels: Sequence[str] = ()
    """Of an enum: its values in their order.  Of money: how this session writes 1 and -1."""


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
    placeholder: bytes | None = None
    """Debezium's stand-in for an unchanged large value, encoded; None: the type has no room for one."""


def _semantic(avro: str, name: str, **extra: Any) -> Mapping[str, Any]:
    return {"type": avro, "connect.version": 1, **extra, "connect.name": name}


def _text(schema: Schema) -> Form:
    return Form(schema, string, placeholder=string(PLACEHOLDER))


def _time(modifier: int) -> Form:
    if 0 <= modifier <= 3:
        return Form(_semantic("int", "io.debezium.time.Time"), values.time_millis)
    return Form(_semantic("long", "io.debezium.time.MicroTime"), values.time_micros)


def _timestamp(modifier: int) -> Form:
    if 0 <= modifier <= 3:
        return Form(_semantic("long", "io.debezium.time.Timestamp"), values.timestamp_millis)
    return Form(_semantic("long", "io.debezium.time.MicroTimestamp"), values.timestamp_micros)


def _timestamptz(modifier: int) -> Form:
    precision = modifier if modifier >= 0 else 6
    return Form(_semantic("string", "io.debezium.time.ZonedTimestamp"), values.zoned_timestamp(precision))


_VARIABLE = {
    "type": "record",
    "name": "VariableScaleDecimal",
    "namespace": "io.debezium.data",
    "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    "connect.doc": "Variable scaled decimal",
    "connect.version": 1,
    "connect.name": "io.debezium.data.VariableScaleDecimal",
}
_SPARSE = {
    "type": "record",
    "name": "SparseDoubleVector",
    "namespace": "io.debezium.data",
    "fields": [
        {"name": "dimensions", "type": {"type": "int", "connect.type": "int16"}},
        {"name": "vector", "type": {"type": "array", "items": {
            "type": "record", "name": "MapEntry", "namespace": "io.confluent.connect.avro",
            "fields": [{"name": "key", "type": {"type": "int", "connect.type": "int16"}},
                       {"name": "value", "type": "double"}],
        }}},
    ],
    "connect.doc": "Sparse double vector",
    "connect.version": 1,
    "connect.name": "io.debezium.data.SparseDoubleVector",
}  # fmt: skip


def _decimal(scale: int, precision: int, **parameters: str) -> Mapping[str, Any]:
    return {
        "type": "bytes",
        "scale": scale,
        "precision": precision,
        "connect.version": 1,
        "connect.parameters": {"scale": str(scale), **parameters},
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }


def _numeric(modifier: int) -> Form:
    if modifier < 4:
        return Form(_VARIABLE, values.variable_decimal)
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, ((modifier - 4) & 0x7FF ^ 1024) - 1024
    schema = _decimal(scale, precision, **{"connect.decimal.precision": str(precision)})
    return Form(schema, values.decimal(scale))


def _bits(modifier: int) -> Form:
    if modifier == 1:
        return Form("boolean", values.bit, few=True)
    length = modifier if modifier > 0 else 2**31 - 1
    named = {"connect.parameters": {"length": str(length)}}
    return Form(_semantic("bytes", "io.debezium.data.Bits", **named), values.bits)


def _vector(name: str, number: str, packed: str) -> Form:
    schema = {"type": "array", "items": number, "connect.version": 1, "connect.name": f"io.debezium.data.{name}"}
    return Form(schema, nested.vector(packed))


_TEXT = _text("string")
_JSON = _text(_semantic("string", "io.debezium.data.Json"))
_SIMPLE: Mapping[str, Form] = {
    "bool": Form("boolean", values.boolean, few=True),
    "int2": Form({"type": "int", "connect.type": "int16"}, values.integer, few=True),
    "int4": Form("int", values.integer),
    "int8": Form("long", values.integer),
    "oid": Form("long", values.integer),
    "float4": Form("float", values.float4),
    "float8": Form("double", values.float8),
    "bpchar": replace(_TEXT, padded=True),
    "date": Form(_semantic("int", "io.debezium.time.Date"), values.day, few=True),
    "timetz": Form(_semantic("string", "io.debezium.time.ZonedTime"), values.zoned_time),
    "interval": Form(_semantic("long", "io.debezium.time.MicroDuration"), values.interval),
    "uuid": _text(_semantic("string", "io.debezium.data.Uuid")),
    "json": _JSON,
    "jsonb": _JSON,
    "xml": _text(_semantic("string", "io.debezium.data.Xml")),
    "ltree": _text(_semantic("string", "io.debezium.data.Ltree")),
    "tsvector": _text(_semantic("string", "io.debezium.data.Tsvector")),
    "hstore": Form(_JSON.schema, nested.hstore,
                   placeholder=string(b'{"%b":"%b"}' % (PLACEHOLDER, PLACEHOLDER))),
    "bytea": Form("bytes", values.hexadecimal, placeholder=string(PLACEHOLDER)),
    "vector": _vector("DoubleVector", "double", "<d"),
    "halfvec": _vector("FloatVector", "float", "<f"),
    "sparsevec": Form(_SPARSE, nested.sparse_vector),
    **{name: Form(schema, encode) for name, (schema, encode) in shapes.FORMS.items()},
}  # fmt: skip
_BY_MODIFIER: Mapping[str, Callable[[int], Form]] = {
    "time": _time,
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "numeric": _numeric,
    "bit": _bits,
    "varbit": _bits,
}
_BYTE_BY_BYTE = nested.several([SOME + long(byte) for byte in PLACEHOLDER])
_OF_NUMBERS = frozenset({"int4", "int8", "date"})
"""Types whose array's placeholder is the placeholder's bytes as numbers."""


def form(oid: int, modifier: int, lookup: TypeLookup) -> Form | None:
    """Return how a column of this type travels, or None for a type that is gone; what has no form of its own is text.

    A composite value is its text: what it is made of can change without the log saying so.
    """
    row = lookup(oid)
    if row is None:
        return None
    if row.kind == "d":
        return form(row.base, row.base_modifier, lookup)
    if row.kind == "e":
        labels = {"connect.parameters": {"allowed": ",".join(row.labels)}}
        return Form(_semantic("string", "io.debezium.data.Enum", **labels), string, few=True)
    if row.element:
        return _array(row, modifier, lookup)
    return _base(row, modifier) if row.kind == "b" else _TEXT


def _base(row: TypeRow, modifier: int) -> Form:
    if row.name in _BY_MODIFIER:
        return _BY_MODIFIER[row.name](modifier)
    if row.name == "money":
        scale, encode = values.money(*row.labels)
        return Form(_decimal(scale, 64), encode)
    return _SIMPLE.get(row.name, _TEXT)


def _array(row: TypeRow, modifier: int, lookup: TypeLookup) -> Form | None:
    element, kind = form(row.element, modifier, lookup), lookup(row.element)
    if element is None or kind is None:
        return None
    one = None if element.placeholder is None else nested.several([SOME + element.placeholder])
    schema = {"type": "array", "items": ["null", element.schema]}
    return Form(schema, nested.array(element.encode, row.delimiter),
                placeholder=_BYTE_BY_BYTE if kind.name in _OF_NUMBERS else one)  # fmt: skip


def as_text() -> Form:
    """Return the form in which any value can travel."""
    return _TEXT
