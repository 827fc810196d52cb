"""MariaDB's and MySQL's types as Debezium's: which Avro schema a column has, and how its text becomes Avro bytes.

Decimals precise, BIGINT UNSIGNED precise, times adaptive in microseconds.  TINYINT(1) is a number: the log does not say
the display width, and offices keep codes from 0 to 9 in it.  Sources: Debezium's documentation of data types and its
`BinlogValueConverters`; differences are listed in docs/sources/mysql-types.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.envelope import Schema, string
from connectors.kinds.mysql_binlog import values
from connectors.kinds.mysql_binlog.columns import Column
from connectors.kinds.mysql_binlog.values import Encode

Spell = Callable[[bytes], bytes]


def _as_it_is(text: bytes) -> bytes:
    return text


@dataclass(frozen=True, slots=True)
class Form:
    """How a column travels."""

    schema: Schema
    encode: Encode
    few: bool = False
    """Whether its values repeat so often that encoded ones are worth keeping."""
    zero: bool = False
    """Whether 0000-00-00 stands for no value; such a column may be null whatever it declares."""
    spell: Spell = _as_it_is
    """The value as UTF-8 text, for record ids and for rows that travel as text."""
    select: str = "{}"
    """What to select for a snapshot, with the column's quoted name in the braces."""


def _semantic(avro: str, name: str, **extra: Any) -> Mapping[str, Any]:
    return {"type": avro, "connect.version": 1, **extra, "connect.name": name}


def _number_text(text: bytes) -> bytes:
    """Spell a number without the zeros that ZEROFILL puts before it."""
    sign = b"-" if text.startswith(b"-") else b""
    digits = text.lstrip(b"-").lstrip(b"0")
    return sign + (digits if digits[:1].isdigit() else b"0" + digits)


def _float_text(text: bytes) -> bytes:
    return repr(float(text)).encode()


def _bit_text(raw: bytes) -> bytes:
    return b"%d" % int.from_bytes(raw, "big")


def _hexadecimal(raw: bytes) -> bytes:
    return raw.hex().encode()


def _decimal_schema(precision: int, scale: int) -> Schema:
    return {
        "type": "bytes",
        "scale": scale,
        "precision": precision,
        "connect.version": 1,
        "connect.parameters": {"scale": str(scale), "connect.decimal.precision": str(precision)},
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }


def _shape(name: str, told: str, *fields: Mapping[str, Any]) -> Schema:
    return {
        "type": "record",
        "name": name,
        "namespace": "io.debezium.data.geometry",
        "fields": list(fields),
        "connect.doc": told,
        "connect.version": 1,
        "connect.name": f"io.debezium.data.geometry.{name}",
    }


_SRID = {"name": "srid", "type": ["null", "int"], "default": None}
_INT16 = {"type": "int", "connect.type": "int16"}
_INTEGERS: Mapping[tuple[str, bool], Schema] = {
    ("tinyint", False): _INT16, ("tinyint", True): _INT16, ("smallint", False): _INT16, ("smallint", True): "int",
    ("mediumint", False): "int", ("mediumint", True): "int", ("int", False): "int", ("int", True): "long",
    ("bigint", False): "long",
}  # fmt: skip
_TEXT = Form("string", string)
_BYTES = Form("bytes", string, spell=_hexadecimal)
_SIMPLE: Mapping[str, Form] = {
    "char": _TEXT,
    "varchar": _TEXT,
    "text": _TEXT,
    "inet4": _TEXT,
    "inet6": _TEXT,
    "uuid": Form(_semantic("string", "io.debezium.data.Uuid"), string),
    "binary": _BYTES,
    "varbinary": _BYTES,
    "blob": _BYTES,
    "float": Form("float", values.float4, spell=_float_text, select="{} * 1e0"),
    "double": Form("double", values.float8, spell=_float_text, select="{} * 1e0"),
    "date": Form(_semantic("int", "io.debezium.time.Date"), values.day, few=True, zero=True),
    "time": Form(_semantic("long", "io.debezium.time.MicroTime"), values.micro_time),
    "timestamp": Form(_semantic("string", "io.debezium.time.ZonedTimestamp"), values.zoned_timestamp, zero=True),
    "year": Form(_semantic("int", "io.debezium.time.Year"), values.integer, few=True),
    "json": Form(_semantic("string", "io.debezium.data.Json"), values.json, spell=values.json_text),
    "geometry": Form(
        _shape("Geometry", "Geometry", {"name": "wkb", "type": "bytes"}, _SRID), values.geometry, spell=_hexadecimal
    ),
    "point": Form(
        _shape("Point", "Geometry (POINT)", {"name": "x", "type": "double"}, {"name": "y", "type": "double"},
               {"name": "wkb", "type": ["null", "bytes"], "default": None}, _SRID),
        values.point, spell=_hexadecimal,
    ),
    "vector": Form(
        {"type": "array", "items": "float", "connect.version": 1, "connect.name": "io.debezium.data.FloatVector"},
        values.vector, spell=_hexadecimal,
    ),
}  # fmt: skip


def form(column: Column) -> Form:
    """Return how a column travels; raises KeyError for one that `columns.trouble` speaks of."""
    made = _BY_COLUMN.get(column.kind)
    return made(column) if made else _SIMPLE[column.kind]


def _integer(column: Column) -> Form:
    schema = _INTEGERS.get((column.kind, column.unsigned))
    if schema is None:
        return Form(_decimal_schema(20, 0), values.unsigned_bigint, spell=_number_text)
    return Form(schema, values.integer, few=schema is _INT16, spell=_number_text)


def _decimal(column: Column) -> Form:
    return Form(_decimal_schema(column.size, column.scale), values.decimal, spell=_number_text)


def _bit(column: Column) -> Form:
    if column.size == 1:
        return Form("boolean", values.bit, few=True, spell=_bit_text)
    length = {"connect.parameters": {"length": str(column.size)}}
    return Form(_semantic("bytes", "io.debezium.data.Bits", **length), values.bits, spell=_bit_text)


def _datetime(column: Column) -> Form:
    if column.size <= 3:
        return Form(_semantic("long", "io.debezium.time.Timestamp"), values.timestamp_millis, zero=True)
    return Form(_semantic("long", "io.debezium.time.MicroTimestamp"), values.timestamp_micros, zero=True)


def _choice(name: str) -> Callable[[Column], Form]:
    def made(column: Column) -> Form:
        allowed = {"connect.parameters": {"allowed": ",".join(column.labels)}}
        return Form(_semantic("string", name, **allowed), string, few=True)

    return made


_BY_COLUMN: Mapping[str, Callable[[Column], Form]] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), _integer),
    "decimal": _decimal,
    "bit": _bit,
    "datetime": _datetime,
    "enum": _choice("io.debezium.data.Enum"),
    "set": _choice("io.debezium.data.EnumSet"),
}


def select(column: Column) -> str:
    """Return what to select for a column so that its text keeps every bit of the value."""
    quoted = "`{}`".format(column.name.replace("`", "``"))
    return form(column).select.replace("{}", quoted)
