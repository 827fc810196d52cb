"""Source types to text: what Debezium's encodings and Python's own values mean, as a contract speaks of them.

A column's converter is chosen once per writer's schema.  A kind that has no text (bytes, arrays, records) has none,
and a contract that maps such a column to a cleaner gets every row quarantined as `wrong_type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

Convert = Callable[[Any], str]

TEXT, NUMBER, DATE, MOMENT, BOOL = "text", "number", "date", "moment", "bool"
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(NamedTuple):
    """What a column holds; `convert` is None where the value is text already."""

    name: str
    convert: Convert | None


def kind_of(schema: Any) -> Kind:
    """Return the kind of a column's Avro schema; an unreadable one keeps its Avro name and has no use in a mapping."""
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        return kind_of(branches[0]) if len(branches) == 1 else Kind("union", None)
    if not isinstance(schema, Mapping):
        return _PLAIN.get(schema, Kind(str(schema), None))
    semantic = schema.get("connect.name")
    if semantic == "org.apache.kafka.connect.data.Decimal":
        scale = int(schema.get("scale", 0))
        return Kind(NUMBER, lambda value: _decimal(value, scale))
    if semantic in _SEMANTIC:
        return _SEMANTIC[semantic]
    return kind_of(schema["type"]) if isinstance(schema["type"], str) else Kind("nested", None)


def python_kind(value: Any) -> Kind:
    """Return the kind of a Python value as a database driver gives it."""
    for cls, kind in _PYTHON:
        if isinstance(value, cls):
            return kind
    return Kind(type(value).__name__, None)


def tells(equals: str, kind: Kind) -> Callable[[Any], bool]:
    """Return what says whether a column's value is the one that a contract names, for example of a soft delete."""
    convert = kind.convert or str

    def told(raw: Any) -> bool:
        return raw is not None and convert(raw).strip() == equals

    return told


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _day(days: int) -> str:
    try:
        return date.fromordinal(days + _EPOCH_DAY).isoformat()
    except (ValueError, OverflowError):
        return "infinity" if days > 0 else "-infinity"


def _moment(micros: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%S")
    except OverflowError:
        return "infinity" if micros > 0 else "-infinity"


def _decimal(unscaled: bytes, scale: int) -> str:
    # exact whatever its length; `scaleb` would round to the context's precision
    return format(Decimal(f"{int.from_bytes(unscaled, 'big', signed=True)}E{-scale}"), "f")


_PLAIN = {
    "string": Kind(TEXT, None),
    "int": Kind(NUMBER, str),
    "long": Kind(NUMBER, str),
    "float": Kind(NUMBER, repr),
    "double": Kind(NUMBER, repr),
    "boolean": Kind(BOOL, _truth),
}
_SEMANTIC = {
    "io.debezium.time.Date": Kind(DATE, _day),
    "io.debezium.time.Timestamp": Kind(MOMENT, lambda value: _moment(value * 1000)),
    "io.debezium.time.MicroTimestamp": Kind(MOMENT, _moment),
    "io.debezium.time.NanoTimestamp": Kind(MOMENT, lambda value: _moment(value // 1000)),
    "io.debezium.time.ZonedTimestamp": Kind(MOMENT, None),
    "io.debezium.time.Time": Kind("time", None),
    "io.debezium.time.MicroTime": Kind("time", None),
    "io.debezium.time.ZonedTime": Kind("time", None),
    "io.debezium.time.MicroDuration": Kind("duration", None),
    "io.debezium.data.Json": Kind("json", None),
    "io.debezium.data.VariableScaleDecimal": Kind(NUMBER, lambda value: _decimal(value["value"], value["scale"])),
}
"""Debezium's semantic types that are not what their Avro type says; enum, uuid and the like are plain text."""
_PYTHON: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (str, _PLAIN["string"]),
    (bool, _PLAIN["boolean"]),
    (int, _PLAIN["long"]),
    (float, _PLAIN["double"]),
    (Decimal, Kind(NUMBER, lambda value: format(value, "f"))),
    (datetime, Kind(MOMENT, lambda value: value.strftime("%Y-%m-%d %H:%M:%S"))),
    (date, Kind(DATE, date.isoformat)),
    (UUID, Kind(TEXT, str)),
    (time, Kind("time", None)),
)
