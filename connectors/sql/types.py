"""SQLAlchemy's types as Debezium's: which Avro schema a column has, and how its values become Avro bytes.

A type that is not known travels as text.  SQLite has no dates and times, so what it keeps of them travels as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import types as sql
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
from sqlalchemy.types import TypeEngine

from connectors.envelope import Schema
from connectors.sql import values
from connectors.sql.values import Encode

_LONGEST_WHOLE = 18
"""Digits of a NUMBER without decimals that fits 64 bits."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a column travels."""

    schema: Schema
    encode: Encode
    padded: bool = False
    """Whether its text is filled with blanks that are no part of a key."""
    parse: Callable[[str], Any] = str
    """From a key's text to what the driver takes."""


def _semantic(avro: str, name: str, **extra: Any) -> Mapping[str, Any]:
    return {"type": avro, "connect.version": 1, **extra, "connect.name": name}


_TEXT = Form("string", values.text)
_PADDED = Form("string", values.text, padded=True)
_BOOLEAN = Form("boolean", values.boolean, parse=lambda text: text == "true")
_SMALL = Form({"type": "int", "connect.type": "int16"}, values.integer(16), parse=int)
_INT = Form("int", values.integer(32), parse=int)
_LONG = Form("long", values.integer(64), parse=int)
_DOUBLE = Form("double", values.double, parse=float)
_BYTES = Form("bytes", values.raw, parse=bytes.fromhex)
_DATE = Form(_semantic("int", "io.debezium.time.Date"), values.day, parse=date.fromisoformat)
_TIME = Form(_semantic("long", "io.debezium.time.MicroTime"), values.time_of_day)
_MOMENT = Form(
    _semantic("long", "io.debezium.time.MicroTimestamp"), values.timestamp, parse=datetime.fromisoformat
)  # fmt: skip
_ZONED = Form(
    _semantic("string", "io.debezium.time.ZonedTimestamp"), values.zoned_timestamp, parse=datetime.fromisoformat
)  # fmt: skip
_UUID = Form(_semantic("string", "io.debezium.data.Uuid"), values.text, parse=UUID)
_JSON = Form(_semantic("string", "io.debezium.data.Json"), values.text)
_VARIABLE = Form(
    {
        "type": "record",
        "name": "VariableScaleDecimal",
        "namespace": "io.debezium.data",
        "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
        "connect.doc": "Variable scaled decimal",
        "connect.version": 1,
        "connect.name": "io.debezium.data.VariableScaleDecimal",
    },
    values.variable_decimal,
    parse=Decimal,
)


def _decimal(precision: int | None, scale: int | None) -> Form:
    if precision is None or scale is None or scale < 0:
        return _VARIABLE
    schema = {
        "type": "bytes",
        "scale": scale,
        "precision": precision,
        "connect.version": 1,
        "connect.parameters": {"scale": str(scale), "connect.decimal.precision": str(precision)},
        "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }
    return Form(schema, values.decimal(scale), parse=Decimal)


def _oracle_number(kind: Any) -> Form:
    """Oracle has one type for all numbers; a whole one that fits is a long, as Debezium has it."""
    if kind.scale == 0 and kind.precision is not None and kind.precision <= _LONGEST_WHOLE:
        return _LONG
    return _decimal(kind.precision, kind.scale)


def _integer(kind: Any) -> Form:
    unsigned = bool(getattr(kind, "unsigned", False))
    if isinstance(kind, sql.BigInteger) or (unsigned and not isinstance(kind, sql.SmallInteger | mysql.TINYINT)):
        return _LONG
    if isinstance(kind, sql.SmallInteger | mysql.TINYINT | mssql.TINYINT):
        return _INT if unsigned else _SMALL
    return _INT


def _array(kind: Any) -> Form:
    element = form(kind.item_type, "postgresql")
    nested = isinstance(element.schema, Mapping) and element.schema["type"] == "array"
    if nested or kind.dimensions not in (None, 1):
        return _TEXT
    return Form({"type": "array", "items": ["null", element.schema]}, values.array(element.encode))


_SQLITE: tuple[tuple[type | tuple[type, ...], Form], ...] = (
    (sql.Boolean, _BOOLEAN),
    (sql.Integer, _LONG),
    ((sql.Date, sql.DateTime, sql.Time), _TEXT),
)
_KINDS: tuple[tuple[Any, Form | Callable[[Any], Form]], ...] = (
    (oracle.NUMBER, _oracle_number),
    (sql.Boolean, _BOOLEAN),
    ((mysql.YEAR,), _INT),
    ((mysql.BIT,), Form("long", values.bit, parse=int)),
    ((mssql.MONEY, mssql.SMALLMONEY), _decimal(19, 4)),
    (mssql.DATETIMEOFFSET, _ZONED),
    (mysql.TIMESTAMP, _ZONED),
    (sql.Integer, _integer),
    (sql.Float, _DOUBLE),
    (sql.Numeric, lambda kind: _decimal(kind.precision, kind.scale)),
    ((sql.Uuid,), _UUID),
    (sql.DateTime, lambda kind: _ZONED if kind.timezone else _MOMENT),
    (sql.Date, _DATE),
    (sql.Time, lambda kind: _TEXT if getattr(kind, "timezone", False) else _TIME),
    ((sql.JSON, postgresql.JSON), _JSON),
    (sql.ARRAY, _array),
    ((sql.LargeBinary, sql.BINARY, sql.VARBINARY, oracle.RAW, mssql.TIMESTAMP), _BYTES),
    ((sql.CHAR, sql.NCHAR), _PADDED),
)


def form(kind: TypeEngine[Any], dialect: str) -> Form:
    """Return how a column of this type travels."""
    if isinstance(kind, postgresql.DOMAIN):
        return form(kind.data_type, dialect)
    if dialect == "sqlite":
        for cls, how in _SQLITE:
            if isinstance(kind, cls):
                return how
    for cls, found in _KINDS:
        if isinstance(kind, cls):
            return found if isinstance(found, Form) else found(kind)
    return _TEXT


def known(kind: TypeEngine[Any], dialect: str) -> bool:
    """Say whether a type is one that this module has a form for; the others are read as text."""
    kind = kind.data_type if isinstance(kind, postgresql.DOMAIN) else kind
    return form(kind, dialect) is not _TEXT or isinstance(kind, sql.String | sql.Date | sql.DateTime | sql.Time)


def key_value(text: str, how: Form) -> Any:
    """Return what a key's text is to the driver; raises ValueError."""
    try:
        return how.parse(text)
    except InvalidOperation as error:
        raise ValueError("no number") from error
