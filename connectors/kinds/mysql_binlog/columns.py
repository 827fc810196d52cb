"""A table's columns, in the server's own words: from its catalogue, or from the log with the catalogue's help.

Both ways give equal columns, so snapshot and stream have one schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from connectors.kinds.mysql_binlog import shapes
from connectors.kinds.mysql_binlog.charsets import charset_of, known, to_utf8
from connectors.kinds.mysql_binlog.events import Shape, WireColumn

CATALOGUE = """
SELECT column_name, column_type, is_nullable = 'NO', COALESCE(character_set_name, '')
FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
"""A table's columns, for `from_catalogue`."""
COLLATIONS = "SELECT id, character_set_name FROM information_schema.collations WHERE id IS NOT NULL"
"""Numbers of collations and their character sets; MariaDB's newer ones have no number there and are known here."""

_INTEGERS = {"tinyint": shapes.TINY, "smallint": shapes.SHORT, "mediumint": shapes.INT24, "int": shapes.LONG,
             "bigint": shapes.LONGLONG}  # fmt: skip
_SHAPED = frozenset({
    "geometry", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
    "geomcollection",
})  # fmt: skip
_WORDS = {
    "tinytext": "text", "mediumtext": "text", "longtext": "text", "tinyblob": "blob", "mediumblob": "blob",
    "longblob": "blob", **dict.fromkeys(_SHAPED, "geometry"),
}  # fmt: skip
_SIZED = frozenset({"decimal", "bit", "binary", "time", "datetime", "timestamp"})
_SIZES_BY_TYPE = {
    shapes.TIME2: "time", shapes.DATETIME2: "datetime", shapes.TIMESTAMP2: "timestamp", shapes.TIME: "time",
    shapes.DATETIME: "datetime", shapes.TIMESTAMP: "timestamp", shapes.BIT: "bit",
}  # fmt: skip
_TEXTS = {
    shapes.STRING: ("char", "binary"), shapes.VARCHAR: ("varchar", "varbinary"),
    shapes.VAR_STRING: ("varchar", "varbinary"), shapes.VARCHAR_COMPRESSED: ("varchar", "varbinary"),
    shapes.BLOB: ("text", "blob"), shapes.BLOB_COMPRESSED: ("text", "blob"),
}  # fmt: skip
_PLAIN = {
    **{number: word for word, number in _INTEGERS.items()}, shapes.FLOAT: "float", shapes.DOUBLE: "double",
    shapes.DATE: "date", shapes.YEAR: "year", shapes.JSON: "json", shapes.VECTOR: "vector", shapes.ENUM: "enum",
    shapes.SET: "set", shapes.GEOMETRY: "geometry",
}  # fmt: skip
_SIGNED = frozenset({*_INTEGERS, "decimal", "float", "double"})
_ALSO = {"vector": "varbinary", "point": "geometry"}
"""What the log may call a kind of the catalogue's."""
_OLD = frozenset({shapes.TIME, shapes.DATETIME, shapes.TIMESTAMP})
_HIDDEN = {"uuid": 16, "inet4": 4, "inet6": 16}
"""MariaDB's types that the log shows as BINARY(n)."""
_TYPE = re.compile(r"(\w+)(?:\(([^')]*|'.*')\))?", re.DOTALL)
_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)
_MEANING = {"0": "\0", "n": "\n", "r": "\r"}


class Mismatch(ValueError):
    """The log's columns are not the catalogue's; the message says how, and holds names and types only."""


class Column(NamedTuple):
    """A column as it travels: what its Avro schema and its values depend on, and nothing else."""

    name: str
    kind: str
    """The type's word, all sizes of text, blob and geometry being one."""
    not_null: bool = False
    unsigned: bool = False
    size: int = 0
    """Precision of a decimal, bits of a bit, bytes of a binary, decimals of a second."""
    scale: int = 0
    charset: str = ""
    """Of texts, enums and sets."""
    labels: tuple[str, ...] = ()


def from_catalogue(rows: Iterable[Sequence[str | int]]) -> tuple[Column, ...]:
    """Return a table's columns from the rows of `CATALOGUE`."""
    return tuple(
        _declared(str(name), str(text), bool(not_null), str(charset)) for name, text, not_null, charset in rows
    )


def _declared(name: str, text: str, not_null: bool, charset: str) -> Column:
    found = _TYPE.match(text)
    word, inside = (found[1].lower(), found[2] or "") if found else (text.lower(), "")
    kind = _WORDS.get(word, word)
    column = Column(name, kind, not_null, charset=charset)
    if kind in _SIGNED:
        column = column._replace(unsigned="unsigned" in text)
    if kind in _SIZED:
        size, _, scale = inside.partition(",")
        column = column._replace(size=int(size or 0), scale=int(scale or 0))
    if kind in ("enum", "set"):
        column = column._replace(labels=tuple(_ESCAPED.sub(_unescaped, label) for label in _LABEL.findall(inside)))
    return column


def _unescaped(found: re.Match[str]) -> str:
    return "'" if found[1] is None else _MEANING.get(found[1], found[1])


def from_log(
    shape: Shape, catalogue: Sequence[Column] = (), charsets: Mapping[int, str] | None = None
) -> tuple[Column, ...]:
    """Return a table's columns as the log describes them; raises Mismatch where the catalogue is needed and differs."""
    if shape.described:
        named = {column.name: column for column in catalogue}
        return tuple(_described(wire, named.get(wire.name or ""), charsets) for wire in shape.columns)
    if len(shape.columns) != len(catalogue):
        raise Mismatch(
            f"{shape.name} has {len(shape.columns)} columns in the log and {len(catalogue)} in the catalogue"
        )
    for at, (wire, column) in enumerate(zip(shape.columns, catalogue, strict=True), 1):
        if not _fits(wire, column):
            raise Mismatch(f"{shape.name}: column {at} is of type {wire.type}/{wire.meta} in the log, and the "
                           f"catalogue's {column.name} is {column.kind}")  # fmt: skip
    return tuple(c._replace(not_null=not w.nullable) for w, c in zip(shape.columns, catalogue, strict=True))


def _described(wire: WireColumn, declared: Column | None, charsets: Mapping[int, str] | None) -> Column:
    charset = "" if wire.collation is None else charset_of(wire.collation, charsets)
    if wire.collation is not None and not charset:
        charset = f"collation {wire.collation}"
    column = Column(wire.name or "", "", not wire.nullable, charset="" if charset == "binary" else charset)
    kind, size, scale = _what(wire, binary=charset == "binary")
    unsigned = wire.unsigned if wire.unsigned is not None or declared is None else declared.unsigned
    column = column._replace(kind=kind, size=size, scale=scale, unsigned=kind in _SIGNED and bool(unsigned))
    if wire.labels is not None:
        codec = charset if known(charset) else "utf8mb4"
        column = column._replace(labels=tuple(_text(label, codec) for label in wire.labels))
    if declared is not None and column.kind in ("binary", "varbinary") and _fits(wire, declared):
        column = column._replace(kind=declared.kind, size=declared.size)
    return column


def _text(label: bytes, charset: str) -> str:
    convert = to_utf8(charset)
    return (convert(label) if convert else label).decode("utf-8", "replace")


def _what(wire: WireColumn, *, binary: bool) -> tuple[str, int, int]:
    """Return kind, size and scale of a column by what the log alone says."""
    kind, meta = wire.type, wire.meta
    if kind == shapes.NEWDECIMAL:
        return "decimal", meta >> 8, meta & 255
    if kind in _SIZES_BY_TYPE:
        return _SIZES_BY_TYPE[kind], meta, 0
    if kind == shapes.STRING and binary:
        return "binary", meta, 0
    if kind == shapes.GEOMETRY and wire.point:
        return "point", 0, 0
    text, bytes_ = _TEXTS.get(kind, ("", ""))
    return (bytes_ if binary else text) or _PLAIN.get(kind, f"type {kind}"), 0, 0


def _fits(wire: WireColumn, column: Column) -> bool:
    """Say whether a column of the catalogue may be this column of the log."""
    kind, size, scale = _what(wire, binary=not column.charset)
    if column.kind in _HIDDEN:
        return (kind, size) == ("binary", _HIDDEN[column.kind])
    signed_alike = kind not in _SIGNED or wire.unsigned in (None, column.unsigned)
    return (
        kind in (column.kind, _ALSO.get(column.kind)) and (size, scale) == (column.size, column.scale) and signed_alike
    )


def trouble(column: Column, wire: WireColumn | None = None) -> str:
    """Return why a column cannot be captured, with the remedy, or nothing if it can."""
    if column.charset and not known(column.charset):
        return (f"column {column.name} is in character set {column.charset}, which is not known here: convert it to "
                "utf8mb4")  # fmt: skip
    if column.kind not in KINDS:
        return f"column {column.name} is of type {column.kind}, which is not known here"
    if wire is not None and wire.type in _OLD and column.size:
        return (f"column {column.name} keeps fractions of a second in the form of before MariaDB 10.1: "
                "ALTER TABLE ... FORCE with mysql56_temporal_format=ON writes it anew")  # fmt: skip
    return ""


KINDS = frozenset({
    *_INTEGERS, *_HIDDEN, "float", "double", "decimal", "bit", "date", "time", "datetime", "timestamp", "year", "char",
    "binary", "varchar", "varbinary", "text", "blob", "enum", "set", "json", "geometry", "point", "vector",
})  # fmt: skip
"""Kinds of column that can be captured."""
