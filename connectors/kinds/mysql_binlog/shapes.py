"""TABLE_MAP events: what the log says of a table before its rows, optional metadata included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.kinds.mysql_binlog.events import Shape, WireColumn, packed
from hub.wire.errors import Halt

DECIMAL, TINY, SHORT, LONG, FLOAT, DOUBLE, NULL, TIMESTAMP, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR = range(14)
VARCHAR, BIT, TIMESTAMP2, DATETIME2, TIME2 = 15, 16, 17, 18, 19
BLOB_COMPRESSED, VARCHAR_COMPRESSED = 140, 141
VECTOR, JSON, NEWDECIMAL, ENUM, SET, BLOB, VAR_STRING, STRING, GEOMETRY = 242, 245, 246, 247, 248, 252, 253, 254, 255
_META_SIZE: Mapping[int, int] = {
    FLOAT: 1, DOUBLE: 1, VARCHAR: 2, BIT: 2, TIMESTAMP2: 1, DATETIME2: 1, TIME2: 1, JSON: 1, NEWDECIMAL: 2, ENUM: 2,
    SET: 2, BLOB: 1, VAR_STRING: 2, STRING: 2, GEOMETRY: 1, BLOB_COMPRESSED: 1, VARCHAR_COMPRESSED: 2, VECTOR: 1,
}  # fmt: skip
_NUMBERS = frozenset({TINY, SHORT, INT24, LONG, LONGLONG, NEWDECIMAL, FLOAT, DOUBLE, YEAR})
_TEXTS = frozenset({VARCHAR, VAR_STRING, STRING, BLOB, BLOB_COMPRESSED, VARCHAR_COMPRESSED})
_MARIADB_S, _MYSQL_S = _TEXTS | {GEOMETRY}, _TEXTS | {VECTOR}
"""MariaDB tells the character set of shapes as well, MySQL that of vectors; seen in 11.4's and 9.7's own events."""
_SIGNEDNESS, _CHARSET, _CHARSETS, _NAMES, _SETS, _ENUMS, _GEOMETRY = 1, 2, 3, 4, 5, 6, 7
_KEY, _KEY_PARTS, _LABEL_CHARSET, _LABEL_CHARSETS = 8, 9, 10, 11


def parse_shape(body: bytes, *, mariadb: bool, years: bool = True) -> Shape:
    """Return what a TABLE_MAP event says; `body` follows the table's number and the flags.

    `years`: the server is known to count years among the numbers whose sign it tells.  MySQL 9.7 and MariaDB do, the
    source of MySQL 8.0 speaks against it: there a table with years has its signs from the catalogue.
    """
    end = 1 + body[0]
    schema, at = body[1:end].decode(), end + 1
    end = at + 1 + body[at]
    table, at = body[at + 1 : end].decode(), end + 1
    count, at = packed(body, at)
    types, at = body[at : at + count], at + count
    size, at = packed(body, at)
    columns = list(_typed(types, body[at : at + size]))
    at += size
    nulls = int.from_bytes(body[at : at + (count + 7) // 8], "little")
    columns = [column._replace(nullable=bool(nulls >> n & 1)) for n, column in enumerate(columns)]
    fields = dict(_fields(body, at + (count + 7) // 8))
    if YEAR in types and not years:
        fields.pop(_SIGNEDNESS, None)
    return Shape(
        schema,
        table,
        tuple(_described(columns, fields, _MARIADB_S if mariadb else _MYSQL_S)),
        _key(fields),
    )


def _typed(types: bytes, meta: bytes) -> Iterator[WireColumn]:
    at = 0
    for kind in types:
        size = _META_SIZE.get(kind, 0)
        value = int.from_bytes(meta[at : at + size], "little")
        at += size
        if kind == NEWDECIMAL:
            value = meta[at - 2] << 8 | meta[at - 1]
        elif kind == STRING:
            yield _string(meta[at - 2], meta[at - 1])
            continue
        elif kind == BIT:
            value = meta[at - 1] * 8 + meta[at - 2]
        yield WireColumn(kind, value, nullable=True)


def _string(high: int, low: int) -> WireColumn:
    """Tell an enum, a set and a CHAR apart; a CHAR's length over 255 hides two of its bits in the type's byte."""
    if high in (ENUM, SET):
        return WireColumn(high, low, nullable=True)
    return WireColumn(STRING, low | (high & 0x30 ^ 0x30) << 4, nullable=True)


def _fields(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(body):
        kind = body[at]
        size, at = packed(body, at + 1)
        yield kind, body[at : at + size]
        at += size
    if at != len(body):
        raise Halt("a table's description in the log ends too early: the log is damaged")


def _described(columns: list[WireColumn], fields: Mapping[int, bytes], texts: frozenset[int]) -> list[WireColumn]:
    """Return the columns with what the optional metadata says of them."""
    made = list(columns)
    if _SIGNEDNESS in fields:
        bits = fields[_SIGNEDNESS]
        for n, at in enumerate(_of(columns, _NUMBERS)):
            made[at] = made[at]._replace(unsigned=bool(bits[n >> 3] >> (7 - (n & 7)) & 1))
    for one, each, types in ((_CHARSET, _CHARSETS, texts), (_LABEL_CHARSET, _LABEL_CHARSETS, frozenset({ENUM, SET}))):
        for at, collation in _collations(_of(columns, types), fields.get(one), fields.get(each)):
            made[at] = made[at]._replace(collation=collation)
    if _GEOMETRY in fields:
        for at, kind in zip(_of(columns, frozenset({GEOMETRY})), _integers(fields[_GEOMETRY]), strict=True):
            made[at] = made[at]._replace(point=kind == 1)
    for field, kind in ((_SETS, SET), (_ENUMS, ENUM)):
        if field in fields:
            for at, labels in zip(_of(columns, frozenset({kind})), _labels(fields[field]), strict=True):
                made[at] = made[at]._replace(labels=labels)
    if _NAMES in fields:
        made = [c._replace(name=n.decode()) for c, n in zip(made, _strings(fields[_NAMES]), strict=True)]
    return made


def _of(columns: list[WireColumn], types: frozenset[int]) -> list[int]:
    return [at for at, column in enumerate(columns) if column.type in types]


def _collations(at: list[int], one: bytes | None, each: bytes | None) -> Iterator[tuple[int, int]]:
    if each is not None:
        yield from zip(at, _integers(each), strict=True)
    elif one is not None:
        default, *pairs = _integers(one)
        others = dict(zip(pairs[::2], pairs[1::2], strict=True))
        for n, column in enumerate(at):
            yield column, others.get(n, default)


def _key(fields: Mapping[int, bytes]) -> tuple[int, ...] | None:
    if _KEY in fields:
        return tuple(_integers(fields[_KEY]))
    if _KEY_PARTS in fields:
        return tuple(list(_integers(fields[_KEY_PARTS]))[::2])
    return () if _NAMES in fields else None


def _integers(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = packed(data, at)
        yield value


def _strings(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size, at = packed(data, at)
        yield data[at : at + size]
        at += size


def _labels(data: bytes) -> Iterator[tuple[bytes, ...]]:
    at = 0
    while at < len(data):
        count, at = packed(data, at)
        labels = []
        for _ in range(count):
            size, at = packed(data, at)
            labels.append(data[at : at + size])
            at += size
        yield tuple(labels)
