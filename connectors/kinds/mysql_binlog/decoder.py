"""The binlog taken apart: event bytes in, typed events out.  No connection, no clock, no contract.

For the connecting half:

    decoder = Decoder(checksum=...)          # what was negotiated with @master_binlog_checksum
    event = decoder.feed(packet[1:])         # one event of the dump, without the packet's OK byte
    match event:
        case TableMap(): ...                 # event.shape: one object as long as the table's description is the same
        case Rows():                         # plan: a TablePlan made for event.shape
            for change in plan.changes(event): ...
        case Payload():                      # a compressed transaction: the same kinds of events, lazily
            for inner in event.events: ...

`columns.from_catalogue(rows, charsets)` gives a table's columns from `columns.CATALOGUE` (information_schema), for the
snapshot; `columns.from_log(shape, those, charsets)` gives a Shape's, with what the log does not say (names without
binlog_row_metadata=FULL; uuid, inet and vector ever) from the catalogue.  It raises `columns.Mismatch` when the two do
not fit: the catalogue must then be read again, or the source must stop.  `charsets` maps collation numbers to character
sets, from `columns.COLLATIONS`.  `columns.trouble(column)` says why a column cannot be captured, for preflight.

`table.TablePlan(table, topic, columns, connector=, key=, registry=, shape=)` is for one Shape (stream) or none
(snapshot).  `plan.changes(rows)` yields a `Change(op, record, beginning, headers)` for each message: `beginning` is
the registry frame, `before` and `after`; the `source` block and the tail are the caller's (`table.SOURCE_FIELDS`).  A
changed key gives two.  `plan.select` are the expressions of a SELECT list, and `plan.read(values)` makes a snapshot's
Change of one row: a value is the bytes that the server sends for it in the text protocol, undecoded, or None for NULL.
The session must say `SET NAMES utf8mb4`, `time_zone='+00:00'` and `sql_mode=''` (PAD_CHAR_TO_FULL_LENGTH adds blanks).

Row events of MariaDB 11.4 have no position of their own (`head.end` is 0), and those of a compressed transaction share
one: a version is made of the place where the transaction's Gtid ends and a count of its changes.

Both paths give equal Avro bytes.  Raises Halt for what cannot be read without loss: an incident, an event that is not
known and not marked ignorable, a damaged one, partial JSON updates; the message names the event and the remedy.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping

from connectors.kinds.mysql_binlog import gtid
from connectors.kinds.mysql_binlog.compression import inflate, payload_events
from connectors.kinds.mysql_binlog.events import (
    HEADER,
    IGNORABLE,
    Commit,
    Event,
    FormatDescription,
    Head,
    Payload,
    Rows,
    Shape,
    TableMap,
    head,
    packed,
    parse_format,
    parse_heartbeat,
    parse_heartbeat_v2,
    parse_prepare,
    parse_query,
    parse_rotate,
)
from connectors.kinds.mysql_binlog.shapes import parse_shape
from hub.wire.errors import Halt

_ROTATE, _FORMAT, _TABLE_MAP, _PAYLOAD, _HEARTBEAT = 4, 15, 19, 40, 27
_CHECKSUM = 4
_MOST_SHAPES = 10_000
_YEARS_SINCE = 9
"""MySQL from here on is known to count years among the numbers whose sign it tells (`shapes.parse_shape`)."""
_PASSED = frozenset({
    3,  # STOP
    5, 13, 14,  # INTVAR, RAND, USER_VAR: values for a statement, whose Query follows
    17,  # BEGIN_LOAD_QUERY: the same, a file
    29,  # ROWS_QUERY
    36, 37,  # TRANSACTION_CONTEXT, VIEW_CHANGE
    160, 161, 164,  # MariaDB: ANNOTATE_ROWS, BINLOG_CHECKPOINT, START_ENCRYPTION
})  # fmt: skip
_REFUSED = {
    20: "rows in a form older than MySQL 5.1.18", 21: "rows in a form older than MySQL 5.1.18",
    22: "rows in a form older than MySQL 5.1.18",
    26: "the server reports an incident: changes may be missing from its log; take a new snapshot",
    39: "a partial JSON update, from which no whole row can be made: SET GLOBAL binlog_row_value_options=''",
}  # fmt: skip
_ROWS = {23: "c", 24: "u", 25: "d", 30: "c", 31: "u", 32: "d", 166: "c", 167: "u", 168: "d", 169: "c", 170: "u",
         171: "d"}  # fmt: skip
_SECOND_FORM = frozenset({30, 31, 32, 169, 170, 171})
_COMPRESSED_ROWS = range(166, 172)
_PARSERS: Mapping[int, Callable[[bytes, Head], Event]] = {
    2: parse_query,
    _ROTATE: parse_rotate,
    16: lambda _, first: Commit(first),
    18: lambda event, first: parse_query(event, first, 13),
    _HEARTBEAT: parse_heartbeat,
    33: gtid.parse_mysql,
    34: gtid.parse_mysql,
    35: gtid.parse_previous,
    38: parse_prepare,
    41: parse_heartbeat_v2,
    42: gtid.parse_tagged,
    162: gtid.parse_mariadb,
    163: gtid.parse_mariadb_list,
    165: lambda event, first: parse_query(_plain_query(event), first),
}


class Decoder:
    """Decodes one connection's events, in their order."""

    def __init__(self, checksum: bool) -> None:
        self._checksum = checksum
        self._mariadb = self._years = False
        self._tables: dict[int, Shape] = {}
        self._shapes: dict[bytes, Shape] = {}

    def feed(self, event: bytes) -> Event | None:
        """Return what an event says, or None for one that says nothing to a reader of changes."""
        first = head(event)
        if first.size != len(event):
            raise Halt(f"an event of {first.size} bytes came as {len(event)}: report this")
        if first.type == _FORMAT:
            return self._format(event, first)
        return self._event(self._checked(event, first), first)

    def _format(self, event: bytes, first: Head) -> FormatDescription:
        made = parse_format(event, first)
        if made.mariadb != self._mariadb or not self._years:
            self._shapes.clear()
        self._checksum, self._mariadb = made.checksum, made.mariadb
        self._years = made.mariadb or int(made.server.partition(".")[0] or 0) >= _YEARS_SINCE
        self._tables.clear()
        return made

    def _checked(self, event: bytes, first: Head) -> bytes:
        """Return an event without its checksum.

        What a server makes for the connection has one or none whatever the file says, so that is looked at.
        """
        told = first.type in (_ROTATE, _HEARTBEAT)
        if not self._checksum and not told:
            return event
        body = event[:-_CHECKSUM]
        right = zlib.crc32(body) == int.from_bytes(event[-_CHECKSUM:], "little")
        if not right and not told:
            raise Halt(f"the event before position {first.end} fails its checksum: the log or the line is damaged; "
                       "start again, and if it fails there again take a new snapshot")  # fmt: skip
        return body if right else event

    def _event(self, event: bytes, first: Head) -> Event | None:
        kind = first.type
        if kind in _ROWS:
            return self._rows(event, first)
        if kind == _TABLE_MAP:
            return self._table_map(event, first)
        if kind == _PAYLOAD:
            return Payload(first, self._inner(event, first))
        parse = _PARSERS.get(kind)
        if parse is not None:
            return parse(event, first)
        if kind in _REFUSED:
            raise Halt(f"binlog event {kind} before position {first.end}: {_REFUSED[kind]}")
        if kind not in _PASSED and not first.flags & IGNORABLE:
            raise Halt(f"binlog event {kind} before position {first.end} is not known to this version and may hold "
                       "changes; a newer version of the hub is needed")  # fmt: skip
        return None

    def _inner(self, event: bytes, outer: Head) -> Iterator[Event]:
        for inner in payload_events(event):
            made = self._event(inner, head(inner)._replace(end=outer.end))
            if made is not None:
                yield made

    def _table_map(self, event: bytes, first: Head) -> TableMap:
        table_id = int.from_bytes(event[HEADER : HEADER + 6], "little")
        body = event[HEADER + 8 :]
        shape = self._shapes.get(body)
        if shape is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[body] = parse_shape(body, mariadb=self._mariadb, years=self._years)
        self._tables[table_id] = shape
        return TableMap(first, table_id, shape)

    def _rows(self, event: bytes, first: Head) -> Rows | None:
        table_id = int.from_bytes(event[HEADER : HEADER + 6], "little")
        at = HEADER + 8
        if first.type in _SECOND_FORM:
            at += int.from_bytes(event[at : at + 2], "little")
        columns, at = packed(event, at)
        shape = self._tables.get(table_id)
        if shape is None:
            if columns == 0:
                return None  # only marks the end of a statement
            raise Halt(f"rows before position {first.end} are of table {table_id}, which the log did not describe")
        if columns != len(shape.columns):
            raise Halt(f"rows of {shape.name} before position {first.end} have {columns} columns where the log "
                       f"described {len(shape.columns)}: the log is damaged")  # fmt: skip
        op = _ROWS[first.type]
        size = (columns + 7) // 8
        masks = [int.from_bytes(event[at : at + size], "little")]
        at += size
        if op == "u":
            masks.append(int.from_bytes(event[at : at + size], "little"))
            at += size
        if first.type in _COMPRESSED_ROWS:
            event, at = inflate(event, at), 0
        before, after = (0, masks[0]) if op == "c" else (masks[0], masks[1] if op == "u" else 0)
        return Rows(first, op, shape, event, at, len(event), before, after)


def _plain_query(event: bytes) -> bytes:
    """Return a QUERY_COMPRESSED event as the plain one."""
    at = HEADER + 13 + int.from_bytes(event[HEADER + 11 : HEADER + 13], "little") + event[HEADER + 8] + 1
    return event[:at] + inflate(event, at)
