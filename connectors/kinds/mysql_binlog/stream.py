"""Binlog events to Kafka's messages: transactions give versions, descriptions give plans, rows give changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from connectors import envelope as avro
from connectors.kinds.mysql_binlog import statements
from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import (
    Commit,
    Event,
    FormatDescription,
    Gtid,
    Heartbeat,
    Payload,
    Prepare,
    Query,
    Rotate,
    Rows,
    TableMap,
)
from connectors.kinds.mysql_binlog.gtid import GtidSet
from connectors.kinds.mysql_binlog.place import LIMIT, TURNS, Place, major
from connectors.kinds.mysql_binlog.table import TablePlan
from connectors.kinds.mysql_binlog.tables import Tables
from connectors.protocol import Batch
from hub.wire import log
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.topics import HEADER_VERSION
from hub.wire.version import pack, stamp

_LOG = log.get(__name__)
_MESSAGES = 1000
_BYTES = 4 * 1024 * 1024
Markers = Callable[[str, bytes], list[Outgoing]]


class Sheet:
    """Writes what follows a message's images: the `source` block and the tail."""

    def __init__(self, clock: Clock, connector: str, name: str) -> None:
        self._clock = clock
        self._head = avro.source_head(connector, f"raw.{name}")
        self.refresh()

    def refresh(self) -> None:
        """Take the time anew, once a batch."""
        now = self.now_us = self._clock.now_us()
        self.tails = {op: avro.NULL + avro.tail(op, now) for op in "crud"}

    def lines(
        self, plan: TablePlan, at_us: int, snapshot: str, place: Place, *, server_id: int = 0, thread: int = 0
    ) -> tuple[bytes, bytes]:
        """Return what stands before and after the row's number, the same for all rows of an event."""
        database, _, table = plan.name.partition(".")
        gtid = avro.some(avro.string(place.gtid.encode())) if place.gtid else avro.NULL
        before = b"".join((
            self._head, avro.source_middle(at_us, snapshot, database), avro.NULL, avro.source_times(at_us),
            avro.some(avro.string(table.encode())), avro.long(server_id), gtid, avro.string(place.file.encode()),
            avro.long(place.position),
        ))  # fmt: skip
        return before, avro.some(avro.long(thread)) if thread else avro.NULL


class Gtids:
    """All ids up to a place, kept up transaction by transaction."""

    def __init__(self, text: str, mariadb: bool) -> None:
        self._last = {part.split("-", 1)[0]: part for part in text.split(",") if part} if mariadb else None
        self._set = None if mariadb else GtidSet(text)

    def add(self, gtid: str) -> None:
        """Take one more id; an anonymous transaction has none."""
        if self._last is not None:
            self._last[gtid.split("-", 1)[0]] = gtid
        elif self._set is not None and gtid:
            self._set.add(gtid)

    def __str__(self) -> str:
        """Return them as the server takes them."""
        return str(self._set) if self._last is None else ",".join(sorted(self._last.values()))


class Assembler:
    """Collects the log's changes into batches, event by event."""

    def __init__(
        self, epoch: int, start: Place, tables: Tables, sheet: Sheet, *, markers: Markers, mariadb: bool, checksum: bool
    ) -> None:
        self._epoch = epoch
        self._tables = tables
        self._sheet = sheet
        self._markers = markers
        self._mariadb = mariadb
        self._decoder = Decoder(checksum)
        self._file, self._born = start.file, start.born
        self._high = 0
        self._end = start.position
        self._gtids = Gtids(start.gtid, mariadb)
        self._gtid = ""
        self._start = self._ordinal = self._at_us = self._thread = 0
        self._begun = self._touched = False
        self._place, self._stale = start, False
        self.server_end: tuple[str, int] = (start.file, start.position)
        """How far the server's log went when it last told."""
        self._handlers: Mapping[type, Callable[..., None]] = {
            Rows: self._rows, TableMap: self._table_map, Gtid: self._begin, Query: self._query, Commit: self._commit,
            Rotate: self._rotate, FormatDescription: self._format, Prepare: self._prepare, Heartbeat: self._heartbeat,
        }  # fmt: skip
        self._clear()

    @property
    def place(self) -> Place:
        """Return the place behind the last whole transaction."""
        if self._stale:
            self._place, self._stale = self._place._replace(gtid=str(self._gtids)), False
        return self._place

    def _clear(self) -> None:
        self._messages: list[Outgoing] = []
        self._size = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._moved = False
        self._newest_us = 0

    def batches(self, events: Iterable[bytes]) -> Iterator[Batch]:
        """Yield what events change, in their order; a transaction of any size passes in pieces."""
        self._sheet.refresh()
        for event in events:
            for made in self._opened(self._decoder.feed(event)):
                handler = self._handlers.get(type(made))
                if handler is None:
                    continue
                if made.head.end and not isinstance(made, Heartbeat):
                    self._follow(made.head.end)
                handler(made)
                if self._tables.told or len(self._messages) >= _MESSAGES or self._size >= _BYTES:
                    yield from self._batch()
        self._tables.passed(self._place.major)
        yield from self._batch()

    def _opened(self, event: Event | None) -> Iterator[Event]:
        if isinstance(event, Payload):
            yield from event.events
        elif event is not None:
            yield event

    def _batch(self) -> Iterator[Batch]:
        """Yield what was collected; what is to be remembered of tables goes with the place, never behind it."""
        if self._messages or self._moved or self._tables.told:
            notices, state = self._tables.tell()
            state = {**state, **(self.place.state() if self._moved else {})}
            yield Batch(
                self._messages, state or None, counts=self._counts, newest_us=self._newest_us, notices=notices
            )  # fmt: skip
            self._clear()

    def _follow(self, end: int) -> None:
        """Follow the position in the file; the log writes its low 32 bits only."""
        if end < self._end & LIMIT:
            self._high += LIMIT + 1
        self._end = self._high + end

    # ------------------------------------------------------------------ files

    def _rotate(self, event: Rotate) -> None:
        if event.file != self._file:
            self._file, self._high, self._end, self._born = event.file, 0, event.position, 0
            self._mark()

    def _format(self, event: FormatDescription) -> None:
        self._born = event.head.at
        if self.place.file == self._file and self.place.born != self._born:
            self._place = self.place._replace(born=self._born)
            self._moved = True

    def _heartbeat(self, event: Heartbeat) -> None:
        if event.file:
            self.server_end = event.file, max(event.position, self._end)

    def _mark(self) -> None:
        """Remember this place, which is between two transactions, unless it cannot be asked for again."""
        if self._end <= LIMIT:
            self._place = Place(self._file, self._end, "", self._born)
            self._stale = self._moved = True
        self.server_end = self._file, self._end

    # ------------------------------------------------------------------ transactions

    def _begin(self, event: Gtid) -> None:
        self._open(self._end - event.head.size)
        self._gtid, self._at_us = event.text, event.at_us
        self._begun = self._mariadb and not event.alone

    def _open(self, start: int) -> None:
        """Begin a transaction; behind a giant one the position stands still and the count goes on."""
        if min(start, LIMIT) != self._start or start < LIMIT:
            self._ordinal = TURNS
        self._start = min(start, LIMIT)
        self._number = major(self._file, self._start)
        self._touched = False
        self._thread = 0

    def _close(self) -> None:
        if self._end > LIMIT:
            self._place = self.place  # the ids of now belong to a place that is not remembered
        self._gtids.add(self._gtid)
        self._gtid, self._begun = "", False
        self._mark()

    def _commit(self, _event: Commit) -> None:
        self._close()

    def _prepare(self, _event: Prepare) -> None:
        self._close()

    def _query(self, event: Query) -> None:
        self._thread = event.thread
        statement = statements.read(event.sql, event.schema, self._tables.known)
        kind = statement.kind
        if kind == "begin" or (kind == "xa" and not self._begun):
            if not self._gtid and not self._begun:
                self._open(self._end - event.head.size)
                self._at_us = event.head.at * 1_000_000
            self._begun = True
            return
        if kind == "truncate":
            for name in statement.tables:
                self._truncate(name)
        elif kind in ("structure", "rows"):
            self._tables.after(statement, major(self._file, self._end))
        elif kind == "xa_rollback" or (kind == "rollback" and self._touched):
            for name in self._tables.known:
                self._tables.again(name, "rolled_back")
        if not self._begun or kind in ("commit", "rollback", "xa_rollback"):
            self._close()

    def _truncate(self, name: str) -> None:
        self._ordinal += 1
        self._messages += self._markers(name, pack(self._epoch, self._number, self._ordinal))
        self._counts[name, "t"] += 1

    # ------------------------------------------------------------------ rows

    def _table_map(self, event: TableMap) -> None:
        if event.shape not in self._tables.plans:
            self._tables.of_log(event.shape, self._number)

    def _rows(self, event: Rows) -> None:
        plan = self._tables.plans.get(event.shape)
        if event.op == "d":
            for child in self._tables.parents.get(event.shape.name, ()):
                self._tables.again(child, "parent_deleted")
        if plan is None:
            return
        self._touched = True
        here = Place(self._file, max(self._end - event.head.size, self._start), self._gtid)
        before, after = self._sheet.lines(
            plan, self._at_us, "false", here, server_id=event.head.server_id, thread=self._thread
        )
        epoch, ordinal, number, topic = self._epoch, self._ordinal, self._number, plan.topic
        tails, add, counts, size = self._sheet.tails, self._messages.append, dict.fromkeys("cud", 0), 0
        for row, (op, record, beginning, headers) in enumerate(plan.changes(event)):
            ordinal += 1
            value = b"".join((beginning, before, avro.long(row), after, tails[op]))
            add(Outgoing(topic, record, value, ((HEADER_VERSION, stamp(epoch, number, ordinal)), *headers)))
            counts[op] += 1
            size += len(value)
        self._counts.update({(plan.name, op): count for op, count in counts.items() if count})
        self._size += size
        self._ordinal = ordinal
        self._newest_us = self._at_us
