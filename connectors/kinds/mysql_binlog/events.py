"""What a binlog event says: one named tuple for each kind that matters to a reader.

Layouts: MySQL's internals manual and `libs/mysql/binlog/event`, MariaDB's knowledge base, "Replication Protocol".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HEADER = 19
"""Bytes before an event's own."""
IGNORABLE = 0x80
"""Header flag: a reader that does not know the event may pass over it."""
ARTIFICIAL = 0x20
"""Header flag: the server made the event for this connection; it is in no file."""
_FIRST_OF_MARIADB = 160
_HEAD = struct.Struct("<IBIIIH").unpack_from
_QUERY = struct.Struct("<IIBHH").unpack_from


class Head(NamedTuple):
    """What every event begins with."""

    at: int
    """Seconds since 1970 UTC at which its statement began."""
    type: int
    server_id: int
    size: int
    end: int
    """Position after it in its file; 0 in events that are in no file and in what MariaDB writes from a transaction's
    cache (table maps and rows); the payload's end in a compressed transaction."""
    flags: int

    @property
    def start(self) -> int:
        """Position of its first byte in its file, where `end` is one."""
        return self.end - self.size


class FormatDescription(NamedTuple):
    """The beginning of a file: how it is written."""

    head: Head
    server: str
    """The server's version, as it calls itself."""
    checksum: bool
    mariadb: bool
    """Which family wrote the file: MariaDB's own events have numbers over 160."""


class Rotate(NamedTuple):
    """Reading goes on in another file; also what a server sends first, to say where it begins."""

    head: Head
    file: str
    position: int


class Gtid(NamedTuple):
    """A transaction begins."""

    head: Head
    text: str
    """`uuid:7`, `uuid:tag:7`, `0-1-7`; empty for an anonymous transaction."""
    at_us: int
    """Commit time, microseconds since 1970 UTC; whole seconds where the server writes no finer one."""
    alone: bool
    """MariaDB: one statement that no COMMIT ends."""


class GtidsBefore(NamedTuple):
    """What was committed before this file began, as the server would take it as a text."""

    head: Head
    text: str


class Query(NamedTuple):
    """A statement: BEGIN, COMMIT, DDL, or a change that was not logged by row."""

    head: Head
    sql: str
    schema: str
    thread: int

    def __repr__(self) -> str:
        """Tell nothing of the statement, which may hold personal data."""
        return f"Query({self.head!r}, schema={self.schema!r})"


class WireColumn(NamedTuple):
    """A column as the log itself describes it; None and empty where it does not say (binlog_row_metadata)."""

    type: int
    """Number of the type; of a `STRING` that is an enum or a set, that type's."""
    meta: int
    """Length, precision << 8 | scale, decimals of a second or bytes of a length, by type."""
    nullable: bool
    unsigned: bool | None = None
    name: str | None = None
    collation: int | None = None
    labels: tuple[bytes, ...] | None = None
    """Of an enum or set, in their own character set."""
    point: bool = False
    """Of a geometry: it holds points only."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A table as the log describes it before its rows; one object as long as the description stays the same."""

    schema: str
    table: str
    columns: tuple[WireColumn, ...]
    key: tuple[int, ...] | None
    """Columns of the primary key, in its order, or None where the log does not say."""

    @property
    def name(self) -> str:
        """Return the name that contracts use."""
        return f"{self.schema}.{self.table}"

    @property
    def described(self) -> bool:
        """Say whether the log names the columns (binlog_row_metadata=FULL)."""
        return all(column.name is not None for column in self.columns)


class TableMap(NamedTuple):
    """Rows of this table follow under this number."""

    head: Head
    table_id: int
    shape: Shape


class Rows(NamedTuple):
    """Changed rows of one table, not yet taken apart; `table.TablePlan.changes` does that, row by row."""

    head: Head
    op: str
    """c, u or d."""
    shape: Shape
    data: bytes
    at: int
    """Where the rows begin in `data`."""
    end: int
    before: int
    """Bit mask of the columns that the old images hold; 0 where there are none."""
    after: int
    """Bit mask of the columns that the new images hold; 0 where there are none."""

    def __repr__(self) -> str:
        """Tell nothing of the rows, which hold personal data."""
        return f"Rows({self.head!r}, op={self.op!r}, table={self.shape.name!r}, bytes={self.end - self.at})"


class Commit(NamedTuple):
    """A transaction ends, its changes stand (XID event)."""

    head: Head


class Prepare(NamedTuple):
    """An XA transaction is prepared: whether its changes will stand is said later, by `XA COMMIT` in a Query."""

    head: Head
    one_phase: bool
    """It is committed by this very event."""


class Payload(NamedTuple):
    """A compressed transaction; its events come as `events` is read, and share the payload's position."""

    head: Head
    events: Iterator[Event]


class Heartbeat(NamedTuple):
    """Nothing happened; the server has sent everything up to here."""

    head: Head
    file: str
    position: int
    """0 where the server does not say (over 4 GiB, in the old form)."""


Event = (
    FormatDescription | Rotate | Gtid | GtidsBefore | Query | TableMap | Rows | Commit | Prepare | Payload | Heartbeat
)


def head(event: bytes) -> Head:
    """Return an event's header."""
    return Head(*_HEAD(event))


def parse_format(event: bytes, first: Head) -> FormatDescription:
    """Return what a FORMAT_DESCRIPTION event says; its last five bytes are the checksum's kind and value."""
    server = event[HEADER + 2 : HEADER + 52].rstrip(b"\0").decode("ascii", "replace")
    kinds_known = len(event) - HEADER - 57 - 5
    return FormatDescription(first, server, event[-5] == 1, kinds_known >= _FIRST_OF_MARIADB)


def parse_rotate(event: bytes, first: Head) -> Rotate:
    """Return what a ROTATE event says."""
    return Rotate(first, event[HEADER + 8 :].decode(), int.from_bytes(event[HEADER : HEADER + 8], "little"))


def parse_query(event: bytes, first: Head, more: int = 0) -> Query:
    """Return what a QUERY event says; `more`: bytes that the post header has on top (LOAD DATA)."""
    thread, _, schema_size, _, variables = _QUERY(event, HEADER)
    at = HEADER + 13 + more + variables
    schema = event[at : at + schema_size].decode("utf-8", "replace")
    return Query(first, event[at + schema_size + 1 :].decode("utf-8", "replace"), schema, thread)


def parse_heartbeat(event: bytes, first: Head) -> Heartbeat:
    """Return what a HEARTBEAT event says."""
    return Heartbeat(first, event[HEADER:].decode(), first.end)


def parse_heartbeat_v2(event: bytes, first: Head) -> Heartbeat:
    """Return what a HEARTBEAT_V2 event says: fields of (type, length, value)."""
    file, position, at = "", 0, HEADER
    while at < len(event):
        kind, at = packed(event, at)
        if kind == 0:
            break
        size, at = packed(event, at)
        if kind == 1:
            file = event[at : at + size].decode()
        elif kind == 2:
            position, _ = packed(event, at)
        at += size
    return Heartbeat(first, file, position)


def parse_prepare(event: bytes, first: Head) -> Prepare:
    """Return what an XA_PREPARE event says."""
    return Prepare(first, event[HEADER] != 0)


def packed(data: Sequence[int] | bytes, at: int) -> tuple[int, int]:
    """Return a length-encoded integer and where it ends."""
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(bytes(data[at + 1 : at + 1 + size]), "little"), at + 1 + size
