"""One table's plan: how its rows, as a driver gives them, become record ids, message values and digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.envelope import (
    NULL,
    SOME,
    Schema,
    envelope_schema,
    optional,
    source_head,
    source_middle,
    source_times,
    string,
    tail,
)
from connectors.protocol import LARGEST_VALUE
from connectors.sql.catalog import Column
from connectors.sql.types import Form
from connectors.sql.values import Encode, Unrepresentable, text, text_of
from hub.wire.avro import Registry, Writer, frame
from hub.wire.contract import Table
from hub.wire.envelope import Layout, layout_of, row_of
from hub.wire.identity import record_ids, row_digest
from hub.wire.topics import raw_topic
from hub.wire.typed import kind_of, tells

CONNECTOR = "sql"
_SOURCE = ({"name": "schema", "type": "string"}, {"name": "table", "type": "string"})
_LARGE = 256 * 1024
"""Bytes of a column that is left out of a row that is too large for its topic."""
Row = Sequence[Any]


class Image(NamedTuple):
    """A row as it travels."""

    frame: bytes
    layout: Layout
    after: bytes
    """Avro bytes of the row."""


def key_text(value: Any, padded: bool) -> str:
    """Return a key part as text of the contract's type; blanks that fill a char(n) are no part of it."""
    if isinstance(value, Decimal | float) and value == value // 1:
        value = int(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        told = text_of(value)
        return told.rstrip(" ") if padded else told
    return value.isoformat()


def _nullable(encode: Encode) -> Encode:
    def optional_value(value: Any) -> bytes:
        return NULL if value is None else SOME + encode(value)

    return optional_value


def _required(encode: Encode) -> Encode:
    def present(value: Any) -> bytes:
        if value is None:
            raise Unrepresentable("a value is missing in a column that is NOT NULL")
        return encode(value)

    return present


def _once(schema: Schema, seen: set[str]) -> Schema:
    """Return a schema in which a named type that was defined before is only named."""
    if not isinstance(schema, Mapping):
        return schema
    if schema["type"] == "array":
        return {**schema, "items": ["null", _once(schema["items"][1], seen)]}
    if schema["type"] == "record":
        full = f"{schema['namespace']}.{schema['name']}"
        if full in seen:
            return full
        seen.add(full)
    return schema


class Plan:
    """How one table's rows travel, for the columns that it has now; ignored columns are not even read."""

    def __init__(
        self, source: str, table: Table, columns: Sequence[Column], *, database: str, key: bytes, registry: Registry
    ) -> None:
        self.table = table
        self.topic = raw_topic(source, table.name).name
        self._source = source
        self._database = database
        self._registry = registry
        captured = [column for column in columns if column.name not in table.ignore]
        extra = [column for column in columns if column.name in table.key and column.name in table.ignore]
        self.columns = (*captured, *extra)
        """What is read, in this order."""
        names = [column.name for column in self.columns]
        self._captured = tuple(captured)
        self._encoders = [(_nullable if c.nullable else _required)(c.how.encode) for c in captured]
        self._keys = tuple(names.index(part) for part in table.key)
        self._key_forms: tuple[Form, ...] = tuple(self.columns[at].how for at in self._keys)
        self._identify = record_ids(key, table.name)
        seen: set[str] = set()
        self._typed = self._register([
            optional(c.name, _once(c.how.schema, seen)) if c.nullable
            else {"name": c.name, "type": _once(c.how.schema, seen)}
            for c in captured
        ])  # fmt: skip
        self._as_texts: dict[frozenset[int], tuple[bytes, Layout]] = {}
        schema, _, relation = table.name.rpartition(".")
        self._head = source_head(CONNECTOR, f"raw.{source}")
        self._place = string(schema.encode()) + string(relation.encode())

    def _register(self, fields: Sequence[Mapping[str, Any]]) -> tuple[bytes, Layout]:
        text_ = envelope_schema(self.topic, fields, CONNECTOR, _SOURCE)
        layout = layout_of(Writer(f"{self.topic}.Envelope", json.loads(text_), None))
        return frame(self._registry.register(f"{self.topic}-value", text_, "NONE")), layout

    def key(self, row: Row) -> tuple[Any, ...]:
        """Return a row's key as the driver gives it."""
        return tuple([row[at] for at in self._keys])

    def record_id(self, key: Row) -> bytes:
        """Return the id of a key."""
        return self._identify([key_text(v, how.padded) for v, how in zip(key, self._key_forms, strict=True)])

    def parse(self, key: Sequence[str]) -> tuple[Any, ...]:
        """Return a key, given as texts, as the driver takes it; raises ValueError."""
        return tuple([how.parse(part) for part, how in zip(key, self._key_forms, strict=True)])

    def image(self, row: Row) -> Image:
        """Return a row's image; as texts where a value has no place in its column's type."""
        try:
            after = b"".join([encode(value) for encode, value in zip(self._encoders, row, strict=False)])
        except Unrepresentable:
            return self._text_image(row, frozenset())
        if len(after) > LARGEST_VALUE - 4096:
            large = [at for at in range(len(self._captured)) if row[at] is not None and len(text(row[at])) > _LARGE]
            return self._text_image(row, frozenset(large))
        return Image(*self._typed, after)

    def _text_image(self, row: Row, out: frozenset[int]) -> Image:
        """Return a row as texts, without the columns that are too large: clean holds it if one of them is mapped."""
        kept = [at for at in range(len(self._captured)) if at not in out]
        if out not in self._as_texts:
            self._as_texts[out] = self._register([optional(self._captured[at].name, "string") for at in kept])
        encode = _nullable(text)
        return Image(*self._as_texts[out], b"".join([encode(row[at]) for at in kept]))

    def digest(self, key: bytes, image: Image) -> int:
        """Return the keyed digest of a row, as the hub has it too."""
        return row_digest(key, image.after, image.layout.shape)

    def deleted(self, image: Image) -> bool:
        """Say whether a row tells by its soft-delete column that it is deleted."""
        told = self.table.deleted_when
        if told is None or told.column not in image.layout.columns:
            return False
        return tells_of(image.layout, told.column, told.equals)(row_of(image.layout, image.after)[told.column])

    def value(self, op: str, image: Image | None, at_us: int, now_us: int) -> bytes:
        """Return a message's value; without an image, of a deleted row whose last state only the hub knows."""
        images = self._typed[0] + NULL + NULL if image is None else image.frame + NULL + SOME + image.after
        return b"".join((
            images, self._head, source_middle(at_us, "true" if op == "r" else "false", self._database), NULL,
            source_times(at_us), self._place, tail(op, now_us),
        ))  # fmt: skip


def tells_of(layout: Layout, column: str, equals: str) -> Callable[[Any], bool]:
    """Return what reads a soft delete from a row of this layout, exactly as clean does."""
    return tells(equals, kind_of(layout.columns[column]))
