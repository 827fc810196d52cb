"""pgoutput's messages to Kafka's: transactions give versions, relations give plans, rows give changes.

The version of a change is (epoch, the transaction's commit position, the change's ordinal in it, from 1 on); a snapshot
has ordinal 0.  Format: PostgreSQL documentation, "Logical Replication Message Formats", protocol version 1.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors import envelope as avro
from connectors.kinds.postgres_wal.catalog import Column
from connectors.kinds.postgres_wal.frames import Splitter
from connectors.kinds.postgres_wal.replication import PAYLOAD, format_lsn
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.values import UNCHANGED_TAG, Values
from connectors.protocol import LARGEST_VALUE, Batch, Notice
from hub.wire import log
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.errors import Halt
from hub.wire.topics import HEADER_NEXT, HEADER_PREVIOUS, HEADER_VERSION
from hub.wire.version import pack, stamp

_LOG = log.get(__name__)
_POSTGRES_EPOCH_US = 946_684_800_000_000
_BODY = PAYLOAD + 1
_TUPLE = PAYLOAD + 6
_OID = struct.Struct(">I").unpack_from
_BEGIN = struct.Struct(">qqI").unpack_from
_COMMIT = struct.Struct(">bqqq").unpack_from
_RELATION_COLUMN = struct.Struct(">Ii").unpack_from
_LSN = struct.Struct(">q").unpack_from
_NO_ORIGIN = avro.NULL * 3
_OLD, _NEW = ord("O"), ord("N")
Header = tuple[str, bytes]
_LARGE_PART = 256 * 1024
"""When a change is too large for Kafka, columns over this size are left out."""


class Relation(NamedTuple):
    """A table as the log announces it."""

    oid: int
    name: str
    identity: str
    columns: tuple[Column, ...]


class Announced(NamedTuple):
    """What is to be done with the rows that follow a table's announcement."""

    plan: TablePlan | None
    """None: they are passed over, because the contract does not name the table or wants it stopped."""
    notices: Sequence[Notice] = ()
    state: Mapping[str, str] | None = None
    """To be remembered with the end of the transaction."""


@dataclass(slots=True)
class Reading:
    """A table of the contract, as it is read now."""

    plan: TablePlan
    split: Splitter
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys("cudt", 0))
    """Changes since the last batch, by their operation."""


class Sheet:
    """Writes the messages of one transaction, or of one snapshot."""

    def __init__(self, clock: Clock, head: bytes, database: str) -> None:
        self._clock = clock
        self._head = head
        self._database = database
        self.refresh()

    def refresh(self) -> None:
        """Take the time anew, once a batch."""
        now = self._clock.now_us()
        self._tails = {op: _NO_ORIGIN + avro.tail(op, now) for op in "crud"}

    def begin(self, at_us: int, snapshot: str, previous: int, transaction: int | None) -> None:
        """Begin a transaction: what all its messages have in common."""
        self._first = self._head + avro.source_middle(at_us, snapshot, self._database) + avro.SOME
        self._sequence = b'["%d","' % previous if previous else b'[null,"'
        self._times = avro.source_times(at_us)
        self._transaction = (avro.NULL if transaction is None else avro.some(avro.long(transaction))) + avro.SOME
        self._plan: TablePlan | None = None

    def end(self, plan: TablePlan, lsn: int, op: str) -> bytes:
        """Return a message's `source` block and what follows."""
        if plan is not self._plan:
            self._plan, self._middle = plan, self._times + plan.source_name + self._transaction
        sequence = b'%b%d"]' % (self._sequence, lsn)
        return b"".join((
            self._first, avro.SMALL[len(sequence)], sequence, self._middle, avro.long(lsn), self._tails[op]
        ))  # fmt: skip


class Decoder:
    """Collects the changes of the log, frame by frame, into batches."""

    def __init__(
        self,
        epoch: int,
        sheet: Sheet,
        *,
        announced: Callable[[Relation], Announced],
        markers: Callable[[str, bytes], list[Outgoing]],
    ) -> None:
        self._epoch = epoch
        self._sheet = sheet
        self._announced = announced
        self._markers = markers
        self._tables: dict[int, Reading | None] = {}
        self._learned: dict[str, str] = {}
        self._commit = self._ordinal = self._previous = self._at_us = 0
        self.in_transaction = False
        self._handlers: Mapping[int, Callable[[bytes], None]] = {
            ord("B"): self._begin, ord("C"): self._end, ord("R"): self._relation, ord("I"): self._insert,
            ord("U"): self._update, ord("D"): self._delete, ord("T"): self._truncate,
        }  # fmt: skip
        self._clear()

    def _clear(self) -> None:
        self._messages: list[Outgoing] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._notices: list[Notice] = []
        self._checkpoint = 0
        self._sheet.refresh()

    def take(self, frames: Iterable[bytes]) -> None:
        """Take frames of the log; kinds of message that carry no change of ours are passed over."""
        handlers = self._handlers
        for frame in frames:
            handler = handlers.get(frame[PAYLOAD])
            if handler is not None:
                handler(frame)

    def batch(self, idle_at: int = 0) -> Batch | None:
        """Return what was collected, or None; `idle_at`: the log is read to there and nothing of ours is in it."""
        if idle_at and not self.in_transaction:
            self._checkpoint = max(self._checkpoint, idle_at)
        if not self._messages and not self._checkpoint and not self._notices:
            return None
        self._count()
        state = {**self._learned, "lsn": format_lsn(self._checkpoint)} if self._checkpoint else None
        newest = self._at_us if self._messages else 0
        batch = Batch(self._messages, state, counts=self._counts, newest_us=newest, notices=self._notices)
        if state is not None:
            self._learned = {}
        self._clear()
        return batch

    def _count(self) -> None:
        """Add up the changes of each table, and begin to count anew."""
        for reading in self._tables.values():
            if reading is not None:
                for op, count in reading.counts.items():
                    if count:
                        self._counts[reading.plan.name, op] += count
                        reading.counts[op] = 0

    def _begin(self, frame: bytes) -> None:
        commit, at, transaction = _BEGIN(frame, _BODY)
        self._commit, self._ordinal, self._at_us = commit, 0, at + _POSTGRES_EPOCH_US
        self._sheet.begin(self._at_us, "false", self._previous, transaction)
        self.in_transaction = True

    def _end(self, frame: bytes) -> None:
        _, self._previous, self._checkpoint, _ = _COMMIT(frame, _BODY)
        self.in_transaction = False

    def _relation(self, frame: bytes) -> None:
        relation = parse_relation(frame)
        plan, notices, state = self._announced(relation)
        self._notices += notices
        self._learned |= state or {}
        if plan is not None and relation.identity != "f":
            _LOG.error("replica_identity_lost", table=relation.name,
                       remedy=f"ALTER TABLE {relation.name} REPLICA IDENTITY FULL")  # fmt: skip
        self._count()
        self._tables[relation.oid] = None if plan is None else Reading(plan, Splitter(len(relation.columns)))

    def _reading(self, frame: bytes) -> Reading | None:
        self._ordinal += 1
        oid = _OID(frame, _BODY)[0]
        try:
            return self._tables[oid]
        except KeyError:
            raise Halt(f"the log speaks of table {oid} before it describes it; report this") from None

    def _insert(self, frame: bytes) -> None:
        reading = self._reading(frame)
        if reading is not None:
            self._now(frame, reading, reading.split.one(frame, _TUPLE), "c")

    def _delete(self, frame: bytes) -> None:
        reading = self._reading(frame)
        if reading is not None:
            self._gone(frame, reading, reading.split.one(frame, _TUPLE))

    def _update(self, frame: bytes) -> None:
        reading = self._reading(frame)
        if reading is None:
            return
        plan, whole = reading.plan, frame[_TUPLE - 1]
        if whole == _NEW:
            self._now(frame, reading, reading.split.one(frame, _TUPLE), "u")
            return
        before, after = reading.split.two(frame, _TUPLE)
        if UNCHANGED_TAG in after:
            after = _filled(before, after, range(len(after)) if whole == _OLD else plan.keys)
        if not plan.same_key(before, after) and plan.record_id(before) is not None:
            self._rekey(frame, reading, before, after)
        elif whole == _OLD:
            record, value = plan.changed(before, after, self._sheet.end(plan, _LSN(frame, 1)[0], "u"))
            if len(value) > LARGEST_VALUE:
                value = self._without_large_parts(frame, plan, "u", before, after)
            self._add(reading, "u", record, value)
        else:
            self._now(frame, reading, after, "u")

    def _rekey(self, frame: bytes, reading: Reading, before: Values, after: Values) -> None:
        """Send a changed key as the end of one record and the beginning of another, each knowing the other."""
        old, new = reading.plan.record_id(before), reading.plan.record_id(after)
        self._gone(frame, reading, before, *(() if new is None else ((HEADER_NEXT, new),)))
        self._ordinal += 1
        self._now(frame, reading, after, "c", *(() if old is None else ((HEADER_PREVIOUS, old),)))

    def _now(self, frame: bytes, reading: Reading, after: Values, op: str, *headers: Header) -> None:
        """Add a row that is there now."""
        plan = reading.plan
        record, value = plan.present(after, self._sheet.end(plan, _LSN(frame, 1)[0], op))
        if len(value) > LARGEST_VALUE:
            value = self._without_large_parts(frame, plan, op, None, after)
        self._add(reading, op, record, value, *headers)

    def _gone(self, frame: bytes, reading: Reading, before: Values, *headers: Header) -> None:
        """Add the end of a row."""
        plan = reading.plan
        value = plan.images(before, None) + self._sheet.end(plan, _LSN(frame, 1)[0], "d")
        if len(value) > LARGEST_VALUE:
            value = self._without_large_parts(frame, plan, "d", before, None)
        self._add(reading, "d", plan.record_id(before), value, *headers)

    def _add(self, reading: Reading, op: str, record: bytes | None, value: bytes, *headers: Header) -> None:
        version = (HEADER_VERSION, stamp(self._epoch, self._commit, self._ordinal))
        self._messages.append(Outgoing(reading.plan.topic, record, value, (version, *headers)))
        reading.counts[op] += 1

    def _without_large_parts(
        self, frame: bytes, plan: TablePlan, op: str, before: Values | None, after: Values | None
    ) -> bytes:
        return without_large_parts(plan, before, after) + self._sheet.end(plan, _LSN(frame, 1)[0], op)

    def _truncate(self, frame: bytes) -> None:
        self._ordinal += 1
        (count,) = _OID(frame, _BODY)
        for n in range(count):
            reading = self._tables.get(_OID(frame, _BODY + 5 + 4 * n)[0])
            if reading is not None:
                floor = pack(self._epoch, self._commit, self._ordinal)
                self._messages += self._markers(reading.plan.name, floor)
                reading.counts["t"] += 1


def without_large_parts(plan: TablePlan, before: Values | None, after: Values | None) -> bytes:
    """Return a message's beginning that fits Kafka: columns that are too large are left out of its schema."""
    _LOG.error("change_too_large", table=plan.name, limit=LARGEST_VALUE)
    return plan.images_as_text(before, after, _LARGE_PART)


def _filled(before: Values, after: Values, columns: Iterable[int]) -> Values:
    """Return the new image with unchanged values, which the log does not repeat, taken from the old one."""
    filled = list(after)
    for at in columns:
        if after[at] == UNCHANGED_TAG:
            filled[at] = before[at]
    return filled


def parse_relation(frame: bytes) -> Relation:
    """Return what a Relation message says."""
    oid = _OID(frame, _BODY)[0]
    schema, name, rest = frame[_BODY + 4 :].split(b"\0", 2)
    columns = []
    at = 3
    for _ in range(int.from_bytes(rest[1:3], "big")):
        end = rest.index(b"\0", at + 1)
        type_oid, modifier = _RELATION_COLUMN(rest, end + 1)
        columns.append(Column(rest[at + 1 : end].decode(), type_oid, modifier, not_null=False))
        at = end + 9
    full = f"{(schema or b'pg_catalog').decode()}.{name.decode()}"
    return Relation(oid, full, rest[:1].decode(), tuple(columns))
