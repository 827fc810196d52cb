"""One table's plan: how its rows, from the log or from a SELECT, become message values and record ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import call
from typing import Any

from connectors.envelope import NULL, SOME, Schema, envelope_schema, optional, string
from connectors.kinds.mysql_binlog.changes import MOST, Absent, Change, LogReader, Value, Values
from connectors.kinds.mysql_binlog.columns import Column, trouble
from connectors.kinds.mysql_binlog.events import Rows, Shape, WireColumn
from connectors.kinds.mysql_binlog.rows import Key, Repeating
from connectors.kinds.mysql_binlog.types import Form, Spell, form, select
from connectors.kinds.mysql_binlog.values import Unrepresentable, is_zero
from connectors.protocol import LARGEST_VALUE
from hub.wire import log
from hub.wire.avro import Registry, frame
from hub.wire.contract import Table
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.identity import record_ids

_LOG = log.get(__name__)
_LARGE_PART = 256 * 1024
"""When a change is too large for Kafka, columns over this size are left out."""
SOURCE_FIELDS: tuple[Mapping[str, Any], ...] = (
    optional("table", "string"),
    {"name": "server_id", "type": "long"},
    optional("gtid", "string"),
    {"name": "file", "type": "string"},
    {"name": "pos", "type": "long"},
    {"name": "row", "type": "int"},
    optional("thread", "long"),
    optional("query", "string"),
)


class TablePlan:
    """How one table's rows travel, for the columns that it has at one moment of its log."""

    def __init__(
        self, table: Table, topic: str, columns: Sequence[Column], *, connector: str, key: bytes, registry: Registry,
        shape: Shape | None = None,
    ) -> None:  # fmt: skip
        self.name = table.name
        self.topic = topic
        self.columns = tuple(columns)
        wires: Sequence[WireColumn | None] = [None] * len(columns) if shape is None else shape.columns
        named = [column.name for column in columns]
        for part in table.key:
            if part not in named:
                raise RefuseToStart(f"table {table.name} has no column {part}, which the contract names as its key")
        self.keys = tuple(named.index(part) for part in table.key)
        self.left_out = tuple(c.name for c, w in zip(columns, wires, strict=True) if trouble(c, w))
        """Columns that cannot be captured; `columns.trouble` says why."""
        out = frozenset((*table.ignore, *self.left_out))
        self.captured = tuple(column.name not in out for column in columns)
        self._connector = connector
        self._registry = registry
        self.identify = record_ids(key, table.name)
        self._text_frames: dict[frozenset[int], bytes] = {}
        self._forms: Sequence[Form | None] = [
            None if c.name in self.left_out else form(c) if captured or at in self.keys else None
            for at, (c, captured) in enumerate(zip(columns, self.captured, strict=True))
        ]
        self.frame = self._register(self._fields())
        self._read_columns = tuple(at for at, how in enumerate(self._forms) if how is not None)
        self._encoders = [self._encoder(at) for at in self._read_columns]
        self._key = [(at, self._form(at).spell) for at in self.keys]
        self._read_key = [(self._read_columns.index(at), spell) for at, spell in self._key]
        self.select = tuple(select(columns[at]) for at in self._read_columns)
        """What a snapshot selects, in the order that `read` takes."""
        self._log = None if shape is None else LogReader(self, shape)

    def _form(self, at: int) -> Form:
        how = self._forms[at]
        if how is None:
            raise RefuseToStart(f"table {self.name}: {trouble(self.columns[at])}, and it is part of the key")
        return how

    def optional(self, at: int) -> bool:
        """Say whether a column's field may be null."""
        how = self._forms[at]
        return not self.columns[at].not_null or (how is not None and how.zero)

    def _fields(self) -> list[Mapping[str, Any]]:
        seen: set[str] = set()
        made: list[Mapping[str, Any]] = []
        for at, column in enumerate(self.columns):
            if self.captured[at]:
                schema = _once(self._form(at).schema, seen)
                made.append(
                    optional(column.name, schema) if self.optional(at) else {"name": column.name, "type": schema}
                )
        return made

    def _register(self, fields: Sequence[Mapping[str, Any]]) -> bytes:
        text = envelope_schema(self.topic, fields, self._connector, SOURCE_FIELDS)
        return frame(self._registry.register(f"{self.topic}-value", text, "NONE"))

    def _encoder(self, at: int) -> Callable[[Value], bytes]:
        """Return what turns a value of one column into the bytes of its field."""
        how = self._form(at)
        if not self.captured[at]:
            return lambda _: b""
        encode, zero, none = how.encode, how.zero, NULL if self.optional(at) else None
        some = b"" if none is None else SOME

        def field(value: Value) -> bytes:
            if value.__class__ is bytes:
                return NULL if zero and is_zero(value) else some + encode(value)
            if value is None and none is not None:
                return none
            raise Unrepresentable("a value is missing in a column that is NOT NULL, or in the log")

        return Repeating(field).__getitem__ if how.few else field

    # ------------------------------------------------------------------ from the log

    def changes(self, rows: Rows) -> Iterator[Change]:
        """Yield the messages of an event's rows, in their order; a changed key gives two."""
        if self._log is None:
            raise Halt(f"rows of {self.name} before it was described in the log: report this")
        return self._log.changes(rows)

    # ------------------------------------------------------------------ from a SELECT

    def read(self, values: Sequence[bytes | None]) -> Change:
        """Return the message of a row that a snapshot reads: the values of `select`."""
        if len(values) != len(self._read_columns):
            raise Halt(f"a row of {self.name} has {len(values)} values where {len(self._read_columns)} were asked for")
        key = _key_of(values, self._read_key)
        record = None if key is None else self.identify(key)
        try:
            beginning = self.frame + NULL + SOME + b"".join(map(call, self._encoders, values))
        except Unrepresentable:
            return Change("r", record, self.as_text(None, self._spread(values)), ())
        if len(beginning) > MOST:
            beginning = self._smaller(None, self._spread(values), len(beginning))
        return Change("r", record, beginning, ())

    def _spread(self, values: Values) -> list[Value]:
        """Return a value for every column from the values of those that are read."""
        row: list[Value] = [Absent.ABSENT] * len(self.columns)
        for at, value in zip(self._read_columns, values, strict=True):
            row[at] = value
        return row

    # ------------------------------------------------------------------ one row, given a value for every column

    def record_id(self, values: Values) -> bytes | None:
        """Return the id of the record that a row speaks of, or None if the row lacks its key."""
        key = self.key(values)
        return None if key is None else self.identify(key)

    def key(self, values: Values) -> Key:
        """Return the texts of a row's key."""
        return _key_of(values, self._key)

    def beginning(self, before: Values | None, after: Values | None) -> bytes:
        """Return a message's beginning: registry frame, `before` and `after`."""
        try:
            made = self.frame + self._image(before) + self._image(after)
        except Unrepresentable:
            made = self.as_text(before, after)
        return made if len(made) <= MOST else self._smaller(before, after, len(made))

    def _image(self, values: Values | None) -> bytes:
        if values is None:
            return NULL
        return SOME + b"".join(
            [encode(values[at]) for at, encode in zip(self._read_columns, self._encoders, strict=True)]
        )

    def _smaller(self, before: Values | None, after: Values | None, size: int) -> bytes:
        _LOG.error("change_too_large", table=self.name, bytes=size, limit=LARGEST_VALUE)
        return self.as_text(before, after, _LARGE_PART)

    def as_text(self, before: Values | None, after: Values | None, largest: int | None = None) -> bytes:
        """Return a message's beginning in which every column is a text, for values that their type cannot hold.

        A column whose value the log does not hold, or whose text is over `largest` bytes, is left out of the schema:
        clean then holds the row if the column is mapped.
        """
        images = [None if row is None else self._texts(row) for row in (before, after)]
        texts = [image for image in images if image is not None]
        out = frozenset(
            at for at, captured in enumerate(self.captured)
            if not captured or any(_no_text(image[at], largest) for image in texts)
        )  # fmt: skip
        if out not in self._text_frames:
            kept = [column.name for at, column in enumerate(self.columns) if at not in out]
            self._text_frames[out] = self._register([optional(name, "string") for name in kept])
        return self._text_frames[out] + b"".join([_text_image(image, out) for image in images])

    def _texts(self, row: Values) -> list[Value]:
        texts: list[Value] = list(row)
        for at, how in enumerate(self._forms):
            value = texts[at]
            if how is not None and isinstance(value, bytes):
                texts[at] = how.spell(value)
        return texts


def _key_of(values: Values, spells: Iterable[tuple[int, Spell]]) -> Key:
    parts = []
    for at, spell in spells:
        value = values[at]
        if not isinstance(value, bytes):
            return None
        parts.append(spell(value).decode())
    return tuple(parts)


def _once(schema: Schema, seen: set[str]) -> Schema:
    """Return a schema in which a named type that was defined before is only named."""
    if isinstance(schema, Mapping) and schema["type"] == "record":
        full = f"{schema['namespace']}.{schema['name']}"
        if full in seen:
            return full
        seen.add(full)
    return schema


def _no_text(value: Value, largest: int | None) -> bool:
    return value is Absent.ABSENT or (largest is not None and isinstance(value, bytes) and len(value) > largest)


def _text_image(row: Values | None, out: frozenset[int]) -> bytes:
    if row is None:
        return NULL
    kept = [value for at, value in enumerate(row) if at not in out]
    return SOME + b"".join([SOME + string(value) if isinstance(value, bytes) else NULL for value in kept])


__all__ = ["SOURCE_FIELDS", "Absent", "Change", "TablePlan"]
