"""Raw messages read: Debezium's envelope in three steps, so that a row's own Avro bytes come with it.

The bytes of `after` are the same in a snapshot and in the stream, whatever stands around them; source and hub are
compared by their digest, which a mark of the row's schema goes into.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from hub.wire.avro import Codec, Writer, plain
from hub.wire.errors import Quarantine
from hub.wire.identity import SHAPE_SIZE

_HEAD = 5
_SOME = b"\2"
_ROW = ("before", "after")
_BROKEN = (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, struct.error)
_SEND_AGAIN = "Kirim ulang baris ini dari sumber; isinya rusak di perjalanan."
_FOREIGN = "Pesan ini bukan perubahan baris; periksa siapa yang menulis ke topik ini."


@dataclass(frozen=True, eq=False)
class Layout:
    """How a table's rows were written: one object a registered schema, so it can be a key."""

    columns: Mapping[str, Any]
    """Avro schema of each column, logical types and `connect.name` included."""
    before: Any
    nothing: Any
    """What is read of the row before the change: it is skipped, no object is made of it."""
    after: Any
    rest: Any
    shape: bytes
    """Mark of the row's schema, logical types included: rows under another one have other bytes for the same values."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row."""

    op: str
    """c, u, d or r (read by a snapshot)."""
    after: Mapping[str, Any] | None
    row: bytes
    """Avro bytes of `after`."""
    changed_at: int
    """Commit time at the source, microseconds since 1970 UTC."""
    layout: Layout


class Envelopes:
    """Reads raw changes by their writer's schema."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._layouts: dict[bytes, Layout] = {}

    def layout(self, data: bytes) -> Layout:
        """Return the layout of a framed message's rows; raises TryAgain or Quarantine."""
        layout = self._layouts.get(data[1:_HEAD])
        if layout is None or data[0]:
            layout = self._layouts[data[1:_HEAD]] = layout_of(self._codec.writer(data))
        return layout

    def read(self, data: bytes) -> Change:
        """Return the change of a framed message; raises TryAgain or Quarantine."""
        layout = self.layout(data)
        body = io.BytesIO(data)
        body.seek(_HEAD)
        try:
            fastavro.schemaless_reader(body, layout.before, layout.nothing)
            start = body.tell()
            after = fastavro.schemaless_reader(body, layout.after, None)
            end = body.tell()
            rest = fastavro.schemaless_reader(body, layout.rest, None)
            source = rest["source"]
            moment = source.get("ts_us")
            changed_at = source["ts_ms"] * 1000 if moment is None else moment
            op = rest["op"]
        except _BROKEN as error:
            raise Quarantine("undecodable", f"bytes do not follow their schema: {type(error).__name__}",
                             remedy=_SEND_AGAIN) from error  # fmt: skip
        if body.tell() != len(data):
            raise Quarantine("undecodable", f"{len(data) - body.tell()} bytes left after the envelope",
                             remedy=_SEND_AGAIN)  # fmt: skip
        # the first byte of an optional value is its branch
        return Change(op, after, b"" if after is None else data[start + 1 : end], changed_at, layout)


def layout_of(writer: Writer) -> Layout:
    """Return the layout of an envelope's schema; raises Quarantine when it is none."""
    schema = writer.schema
    fields = schema.get("fields", ()) if isinstance(schema, Mapping) else ()
    names = [field["name"] for field in fields]
    if tuple(names[:2]) != _ROW or not {"source", "op"} <= set(names[2:]):
        raise _foreign(writer.name)
    namespace = schema.get("namespace", writer.name.rpartition(".")[0])
    row = _row_of(fields)
    if row is None:
        raise _foreign(writer.name)
    row = {"namespace": namespace, **row}
    names_of_row = {row["name"], f"{row['namespace']}.{row['name']}"}
    before, after = (
        [row if _names(branch) in names_of_row else branch for branch in field["type"]] for field in fields[:2]
    )
    skipped, nothing, rest = (
        {"type": "record", "name": name, "namespace": namespace, "fields": of}
        for name, of in (("Before", [{"name": "before", "type": before}]), ("Before", []), ("Rest", fields[2:]))
    )
    columns = {field["name"]: field["type"] for field in row["fields"]}
    try:
        skip, none, present, others = (fastavro.parse_schema(plain(part)) for part in (skipped, nothing, after, rest))
    except SchemaParseException as error:
        raise _foreign(writer.name) from error
    return Layout(columns, skip, none, present, others, _shape(row))


def _shape(row: Mapping[str, Any]) -> bytes:
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=SHAPE_SIZE, person=b"satudata.shape").digest()


def row_of(layout: Layout, image: bytes) -> Mapping[str, Any]:
    """Return the values of a row's Avro bytes; raises Quarantine."""
    try:
        row: Mapping[str, Any] = fastavro.schemaless_reader(io.BytesIO(_SOME + image), layout.after, None)
    except _BROKEN as error:
        raise Quarantine("undecodable", f"a row does not follow its schema: {type(error).__name__}",
                         remedy=_SEND_AGAIN) from error  # fmt: skip
    return row


def _row_of(fields: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the schema of the row, which stands in full where it is named first."""
    for field in fields[:2]:
        if not isinstance(field["type"], list):
            return None
        for branch in field["type"]:
            if isinstance(branch, Mapping) and branch.get("type") == "record":
                return dict(branch)
    return None


def _names(branch: Any) -> str:
    return str(branch["name"]) if isinstance(branch, Mapping) and "name" in branch else str(branch)


def _foreign(name: str) -> Quarantine:
    return Quarantine("unexpected_schema", f"schema {name} is no envelope of row changes", remedy=_FOREIGN)
