"""Debezium's envelope as Avro, written from bytes: primitives, and the schema around a table's fields.

Values travel from a source's text straight to Avro's binary form; no object is made for a column.  The schema follows
Debezium's own (`before, after, source, transaction, op, ts_ms, ts_us, ts_ns`), so its consumers read our values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

Schema = str | Mapping[str, Any]

NULL = b"\0"
"""Index of the null branch of an optional value."""
SOME = b"\2"
"""Index of the value's branch of an optional value."""
_SMALL_LIMIT = 8192
_LOW = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(16384)]  # 14 bits with more to follow
_HIGH = [bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(16384)]  # the last 14 bits
SMALL = [_HIGH[n << 1] for n in range(_SMALL_LIMIT)]
"""Avro long of 0 to 8191, for lengths."""
SMALL_SOME = [SOME + size for size in SMALL]
"""Branch index of an optional value and the length after it."""


def long(number: int) -> bytes:
    """Return an Avro int or long: zig-zag, seven bits a byte, low ones first."""
    if 0 <= number < _SMALL_LIMIT:
        return SMALL[number]
    rest = number << 1 if number >= 0 else ~(number << 1)
    if rest < 1 << 14:
        return _HIGH[rest]
    if rest < 1 << 28:
        return _LOW[rest & 16383] + _HIGH[rest >> 14]
    if rest < 1 << 42:
        return _LOW[rest & 16383] + _LOW[rest >> 14 & 16383] + _HIGH[rest >> 28]
    return _LOW[rest & 16383] + _LOW[rest >> 14 & 16383] + _rest(rest >> 28)


def _rest(rest: int) -> bytes:
    out = b""
    while rest >= 1 << 14:
        out += _LOW[rest & 16383]
        rest >>= 14
    return out + _HIGH[rest]


def string(value: bytes) -> bytes:
    """Return an Avro string or bytes: the length, then the bytes."""
    size = len(value)
    return (SMALL[size] if size < _SMALL_LIMIT else long(size)) + value


def some(value: bytes) -> bytes:
    """Return the value's branch of an optional field."""
    return SOME + value


def product_version() -> str:
    """Return what stands in `source.version`."""
    try:
        return f"satudata-{version('satudata-hub')}"
    except PackageNotFoundError:
        return "satudata-dev"


def optional(name: str, schema: Schema) -> dict[str, Any]:
    """Return a field that may be null."""
    return {"name": name, "type": ["null", schema], "default": None}


_SNAPSHOT_WORDS = "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"
_SNAPSHOT = {
    "type": "string",
    "connect.version": 1,
    "connect.parameters": {"allowed": _SNAPSHOT_WORDS},
    "connect.default": "false",
    "connect.name": "io.debezium.data.Enum",
}
COMMON_SOURCE: tuple[Mapping[str, Any], ...] = (
    {"name": "version", "type": "string"},
    {"name": "connector", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "ts_ms", "type": "long"},
    {"name": "snapshot", "type": [_SNAPSHOT, "null"], "default": "false"},
    {"name": "db", "type": "string"},
    optional("sequence", "string"),
    optional("ts_us", "long"),
    optional("ts_ns", "long"),
)
"""Fields that every kind's `source` block begins with."""
_TRANSACTION = {
    "type": "record",
    "name": "block",
    "namespace": "event",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "total_order", "type": "long"},
        {"name": "data_collection_order", "type": "long"},
    ],
    "connect.version": 1,
    "connect.name": "event.block",
}


def envelope_schema(
    topic: str, columns: Sequence[Mapping[str, Any]], connector: str, source: Sequence[Mapping[str, Any]]
) -> str:
    """Return the schema of a table's messages as compact JSON; `source` holds the kind's own fields of its block."""
    value = {"type": "record", "name": "Value", "fields": list(columns), "connect.name": f"{topic}.Value"}
    block = {
        "type": "record",
        "name": "Source",
        "namespace": f"io.debezium.connector.{connector}",
        "fields": [*COMMON_SOURCE, *source],
        "connect.version": 1,
        "connect.name": f"io.debezium.connector.{connector}.Source",
    }
    fields: list[Mapping[str, Any]] = [
        optional("before", value),
        optional("after", "Value"),
        {"name": "source", "type": block},
        optional("transaction", _TRANSACTION),
        {"name": "op", "type": "string"},
        optional("ts_ms", "long"),
        optional("ts_us", "long"),
        optional("ts_ns", "long"),
    ]
    envelope = {
        "type": "record",
        "name": "Envelope",
        "namespace": topic,
        "fields": fields,
        "connect.version": 2,
        "connect.name": f"{topic}.Envelope",
    }
    return json.dumps(envelope, separators=(",", ":"))


def source_head(connector: str, name: str) -> bytes:
    """Return the first three fields of a `source` block, which never change."""
    return string(product_version().encode()) + string(connector.encode()) + string(name.encode())


def source_middle(at_us: int, snapshot: str, database: str) -> bytes:
    """Return `ts_ms`, `snapshot` and `db`, which are a transaction's own."""
    return long(at_us // 1000) + NULL + string(snapshot.encode()) + string(database.encode())


def source_times(at_us: int) -> bytes:
    """Return `ts_us` and `ts_ns`."""
    return some(long(at_us)) + some(long(at_us * 1000))


def tail(op: str, now_us: int) -> bytes:
    """Return what follows the `source` block: no transaction, the operation, the connector's own time."""
    return NULL + string(op.encode()) + some(long(now_us // 1000)) + some(long(now_us)) + some(long(now_us * 1000))
