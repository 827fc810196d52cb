"""One table's plan: how its rows, given as texts, become message values and keys.

A value list holds for each of the table's columns its text, `NULL_TAG` or `UNCHANGED_TAG`: the byte that stands for
them in the log, so that a frame can be split without a look at each column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import call
from typing import Any

from connectors.envelope import NULL, SMALL, SMALL_SOME, SOME, envelope_schema, optional, string
from connectors.kinds.postgres_wal.catalog import Column
from connectors.kinds.postgres_wal.types import PLACEHOLDER, Form, TypeLookup, as_text, form
from connectors.kinds.postgres_wal.usual import UNUSUAL, Cell, usual
from connectors.kinds.postgres_wal.values import NULL_TAG, UNCHANGED_TAG, Encode, Unrepresentable, Value, Values
from hub.wire.avro import Registry, frame
from hub.wire.contract import Table
from hub.wire.identity import json_text, record_ids_of_json

_KEPT = 4096
_UNCHANGED_TEXT = SOME + string(PLACEHOLDER)
_INNER = frozenset({"type", "fields", "items"})
_SHORT = len(SMALL)
SOURCE_FIELDS: tuple[Mapping[str, Any], ...] = (
    {"name": "schema", "type": "string"},
    {"name": "table", "type": "string"},
    optional("txId", "long"),
    optional("lsn", "long"),
    optional("xmin", "long"),
    optional("origin", "string"),
    optional("origin_lsn", "long"),
)


class _Repeating(dict[Value, bytes]):
    """Encoded values of a column with few different ones; emptied when it grows."""

    def __init__(self, encode: Callable[[Value], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: Value) -> bytes:
        if len(self) >= _KEPT:
            self.clear()
        encoded = self[value] = self._encode(value)
        return encoded


def _absent(value: Value) -> bytes:
    if value == NULL_TAG:
        return NULL
    raise Unrepresentable("the log does not hold this value")


def _nullable_text(value: Value) -> bytes:
    if value.__class__ is bytes:
        size = len(value)
        return SMALL_SOME[size] + value if size < _SHORT else SOME + string(value)
    return _absent(value)


def _required_text(value: Value) -> bytes:
    if value.__class__ is bytes:
        size = len(value)
        return SMALL[size] + value if size < _SHORT else string(value)
    raise Unrepresentable("a value is missing in a column that is NOT NULL")


def _nullable_spare_text(value: Value) -> bytes:
    if value.__class__ is bytes:
        size = len(value)
        return SMALL_SOME[size] + value if size < _SHORT else SOME + string(value)
    return _UNCHANGED_TEXT if value == UNCHANGED_TAG else _absent(value)


def _column_encoder(how: Form, *, not_null: bool, mapped: bool) -> Callable[[Value], bytes]:
    """Return what turns a value of one column into the bytes of its field.

    A large value that an update left alone may not be in the log: nobody reads it where the column is not mapped, and
    Debezium's placeholder stands for it; a mapped one cannot travel so.
    """
    encode: Encode = how.encode
    kept = None if mapped else how.placeholder
    if encode is string and kept is None:
        return _required_text if not_null else _nullable_text
    if encode is string and not not_null:
        return _nullable_spare_text

    def required(value: Value) -> bytes:
        if value.__class__ is bytes:
            return encode(value)
        if value == UNCHANGED_TAG and kept is not None:
            return kept
        raise Unrepresentable("a value is missing in a column that is NOT NULL")

    def nullable(value: Value) -> bytes:
        if value.__class__ is bytes:
            return SOME + encode(value)
        if value == UNCHANGED_TAG and kept is not None:
            return SOME + kept
        return _absent(value)

    return required if not_null else nullable


def _left_out(_value: Value) -> bytes:
    return b""


def _once(schema: Any, seen: set[str]) -> Any:
    """Return a schema in which a named type that was defined before is only named."""
    if isinstance(schema, Mapping):
        if schema["type"] == "record":
            full = f"{schema['namespace']}.{schema['name']}"
            if full in seen:
                return full
            seen.add(full)
        return {key: _once(value, seen) if key in _INNER else value for key, value in schema.items()}
    if isinstance(schema, (list, tuple)):
        return [_once(branch, seen) for branch in schema]
    return schema


class TablePlan:
    """How one table's rows travel, for the columns that it has at one moment of its log."""

    def __init__(
        self, table: Table, topic: str, columns: Sequence[Column], *, types: TypeLookup, key: bytes, registry: Registry
    ) -> None:
        self.name = table.name
        self.topic = topic
        self.columns = tuple(columns)
        schema, _, relation = table.name.rpartition(".")
        self.source_name = string((schema or "public").encode()) + string(relation.encode())
        self._registry = registry
        self._text_frames: dict[frozenset[int], bytes] = {}
        self.captured = [column.name not in table.ignore for column in columns]
        forms = [form(c.type_oid, c.modifier, types) or as_text() for c in columns]
        mapped = table.mapped.union(table.key)
        self._spare = [at for at, column in enumerate(columns) if column.name not in mapped]
        encoders = [
            _column_encoder(how, not_null=column.not_null, mapped=column.name in mapped) if captured else _left_out
            for how, column, captured in zip(forms, columns, self.captured, strict=True)
        ]
        known = [_Repeating(encode) if how.few else None for how, encode in zip(forms, encoders, strict=True)]
        self._encoders = [
            encode if kept is None else kept.__getitem__ for kept, encode in zip(known, encoders, strict=True)
        ]
        seen: set[str] = set()
        self._frame = self._register([
            {"name": c.name, "type": _once(f.schema, seen)} if c.not_null else optional(c.name, _once(f.schema, seen))
            for c, f, captured in zip(columns, forms, self.captured, strict=True) if captured
        ])  # fmt: skip
        names = [column.name for column in columns]
        self.keys = tuple(names.index(part) for part in table.key)
        self._padded = tuple(forms[at].padded for at in self.keys)
        self._identify = record_ids_of_json(key, table.name)
        cells = [
            Cell(how.encode, column.not_null, captured, kept, how.padded)
            for how, column, captured, kept in zip(forms, columns, self.captured, known, strict=True)
        ]
        self.usual = usual(cells, self.keys, self._identify, self._frame)

    def _register(self, fields: Sequence[Mapping[str, Any]]) -> bytes:
        text = envelope_schema(self.topic, fields, "postgresql", SOURCE_FIELDS)
        return frame(self._registry.register(f"{self.topic}-value", text, "NONE"))

    def record_id(self, values: Values) -> bytes | None:
        """Return the id of the record that a row speaks of, or None if the row lacks its key.

        A key part is the column's text; blanks that fill a char(n) are no part of it.
        """
        rest = b""
        for at, padded in zip(self.keys, self._padded, strict=True):
            value = values[at]
            if isinstance(value, int):
                return None
            rest += b"," + json_text(value.rstrip(b" ") if padded else value)
        return self._identify(rest + b"]")

    def same_key(self, before: Values, after: Values) -> bool:
        """Say whether two images are of one record."""
        return all(after[at] in (before[at], UNCHANGED_TAG) for at in self.keys)

    def present(self, values: Values, end: bytes) -> tuple[bytes | None, bytes]:
        """Return record id and message of a row as it is now, given what follows the images."""
        try:
            return self.usual.after(values, end)
        except UNUSUAL:
            return self.record_id(values), self.images(None, values) + end

    def changed(self, before: Values, after: Values, end: bytes) -> tuple[bytes | None, bytes]:
        """Return record id and message of a row as it was and is."""
        try:
            return self.usual.both(before, after, end)
        except UNUSUAL:
            return self.record_id(after), self.images(before, after) + end

    def row(self, values: Values) -> bytes:
        """Return the fields of a row, which has a value for every column; raises Unrepresentable."""
        return b"".join(map(call, self._encoders, values))

    def images(self, before: Values | None, after: Values | None) -> bytes:
        """Return a message's beginning: registry frame, `before` and `after`."""
        try:
            return b"".join((
                self._frame,
                NULL if before is None else SOME + self.row(before),
                NULL if after is None else SOME + self.row(after),
            ))  # fmt: skip
        except ValueError:  # Unrepresentable, or a text that its type never writes: of somebody's own type of that name
            return self.images_as_text(before, after)

    def images_as_text(self, before: Values | None, after: Values | None, largest: int | None = None) -> bytes:
        """Return a message's beginning in which every column is a text, for values that their type cannot hold.

        A mapped column whose value the log does not hold, or any whose text is over `largest` bytes, is left out of
        the schema: clean then holds the row if the column is mapped.
        """
        pair = [None if row is None else self._stood_in(row) for row in (before, after)]
        rows = [row for row in pair if row is not None]
        out = frozenset(
            at
            for at, captured in enumerate(self.captured)
            if not captured or any(_no_text(row[at], largest) for row in rows)
        )
        if out not in self._text_frames:
            kept = [column.name for at, column in enumerate(self.columns) if at not in out]
            self._text_frames[out] = self._register([optional(name, "string") for name in kept])
        images = [
            NULL if row is None else SOME + b"".join(_nullable_text(v) for at, v in enumerate(row) if at not in out)
            for row in pair
        ]
        return self._text_frames[out] + b"".join(images)

    def _stood_in(self, row: Values) -> Values:
        """Return a row in which Debezium's placeholder stands for what the log does not repeat and nobody reads."""
        if UNCHANGED_TAG not in row:
            return row
        stood_in = list(row)
        for at in self._spare:
            if row[at] == UNCHANGED_TAG:
                stood_in[at] = PLACEHOLDER
        return stood_in


def _no_text(value: Value, largest: int | None) -> bool:
    if isinstance(value, int):
        return value == UNCHANGED_TAG
    return largest is not None and len(value) > largest
