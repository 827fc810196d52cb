"""Reading a whole table, or all its keys: the first time, again and again to compare, or because somebody asks.

first   every row is sent; then a sweep: what this epoch did not see does not exist
again   the same, on request; or only some keys, or what a condition holds for
full    every row is compared, what differs is sent, what was not met is deleted
keys    every key is compared: unknown ones are read and sent, what was not met is deleted
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from connectors.protocol import Batch, Notice, Request, sweep_markers
from connectors.sql.desk import Observed, Turn, Turns, mark
from connectors.sql.engine import reason
from connectors.sql.queries import Asked
from connectors.sql.reader import DUE, FULL, KEYS, MARK, READ, Reader, Seen
from connectors.sql.requests import Ticket, keys_of
from hub.wire import log, metrics
from hub.wire.errors import RefuseToStart
from hub.wire.version import pack

_LOG = log.get(__name__)
Why = Literal["first", "again", "full", "keys"]
_AT_ONCE = 50
"""Rows that are asked for by their keys in one statement."""
_SOME = 1000
_AGAIN_S = 900.0
"""When a loss of many rows is looked at a second time."""
_PAUSE_S = 0.2
_COARSE_S = 60.0
"""A finished pass is written to the position only if the last one was written longer ago."""


@dataclass
class Progress:
    """A pass under way; it outlives a lost connection."""

    why: Why
    seen: Seen = field(default_factory=Seen)
    ticket: Ticket | None = None
    after: tuple[Any, ...] | None = None
    rows: int = 0
    sent: int = 0
    expected: int = 0
    floor: bytes = b""
    marks: dict[str, str] = field(default_factory=dict)
    """The table's highest watermarks before it was read."""
    finished: bool = False
    """Whether every page was read."""

    @property
    def whole(self) -> bool:
        """Whether every record is met, so that what was not met is gone."""
        return self.ticket is None or self.ticket.whole


class Passes:
    """The passes over one table."""

    def __init__(
        self, reader: Reader, *, full_every: float | None, keys_every: float | None, watermarks: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.reader = reader
        self.progress = progress
        self.asked: deque[Ticket] = deque()
        self._every = {FULL: full_every, KEYS: keys_every}
        self._watermarks = watermarks
        self._losing_since: float | None = None
        self._next = 0.0
        reader.seen = progress.seen if progress is not None else None

    def turns(self) -> Turns[None]:
        """Do what is due, for ever, a page in a turn."""
        desk, reader = self.reader.desk, self.reader
        while True:
            if not (yield from reader.rest()):
                yield Turn.IDLE
                continue
            if self.progress is None:
                self.progress = self._due()
                if self.progress is None:
                    yield Turn.IDLE
                    continue
                yield from self._begin(self.progress)
            progress = self.progress
            refused = yield from self._read(progress)
            if refused is None:
                yield from self._end(progress)
            else:
                yield Batch(notices=refused)
            self.progress = reader.seen = None
            self._next = desk.around.clock.monotonic() + _PAUSE_S

    # ------------------------------------------------------------------ what is due

    def _due(self) -> Progress | None:
        reader = self.reader
        if not reader.read:
            return self._of("first")
        if self.asked:
            return Progress("again", ticket=self.asked.popleft())
        if reader.desk.around.clock.monotonic() < self._next:
            return None
        if reader.owed or self._elapsed(FULL):
            return self._of("full")
        if reader.doubtful or self._look_again() or self._elapsed(KEYS):
            return self._of("full" if self._every[KEYS] is None else "keys")
        return None

    def _of(self, why: Why) -> Progress | None:
        desk = self.reader.desk
        return Progress(why) if desk.window.open(desk.around.clock.now_us()) else None

    def _elapsed(self, kind: str) -> bool:
        every = self._every[kind]
        if every is None:
            return False
        since = self.reader.now - self.reader.compared[kind]
        return since >= every or since < -_COARSE_S  # a clock that was set back must not stop the comparing

    def _look_again(self) -> bool:
        return self._losing_since is not None and self.reader.now - self._losing_since >= _AGAIN_S

    # ------------------------------------------------------------------ its beginning

    def _begin(self, progress: Progress) -> Turns[None]:
        reader, desk = self.reader, self.reader.desk
        yield from reader.refresh(always=True)
        reader.seen = progress.seen
        progress.expected = max(desk.known.size(reader.number), (reader.table.expect.rows or (0, 0))[1])
        if progress.why == "first":
            progress.floor = pack(desk.epoch, 1, 0)
            for column in self._watermarks:
                rows = yield from desk.fetch(reader.queries.highest(column))
                if rows[0][0] is not None:
                    reader.check(rows[0][0])
                    progress.marks[column] = reader.told(rows[0][0])
        elif progress.why == "again":
            progress.floor = pack(desk.epoch, desk.counter + 1, 0)
        if progress.why in ("first", "again"):
            yield Batch(notices=[self._notice("snapshot_started", progress)])
        _LOG.debug("pass_begins", source=desk.contract.source.name, table=reader.name, why=progress.why)

    def _notice(self, code: str, progress: Progress, **detail: object) -> Notice:
        request = {} if progress.ticket is None else {"request": progress.ticket.request.id}
        return self.reader.tell(code, why=progress.why, **request, **detail)

    # ------------------------------------------------------------------ its pages

    def _read(self, progress: Progress) -> Turns[Sequence[Notice] | None]:
        """Read every page; returns what to tell where a request cannot be fulfilled, else None."""
        request = None if progress.ticket is None else progress.ticket.request
        try:
            if request is not None and request.keys:
                yield from self._read_keys(progress, request)
            else:
                yield from self._read_pages(progress, "" if request is None else request.where)
        except (RefuseToStart, sa.exc.DBAPIError) as error:
            if request is None or (isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated):
                raise
            said = str(error) if isinstance(error, RefuseToStart) else type(error).__name__
            if isinstance(error, sa.exc.DBAPIError) and not request.keys:  # a driver may repeat what it was given
                said = reason(error)
            return [self._notice("signal_refused", progress, reason=said)]
        return None

    def _read_pages(self, progress: Progress, where: str) -> Turns[None]:
        reader, desk = self.reader, self.reader.desk
        while not progress.finished:
            while not (self._may_read(progress) and (yield from reader.rest())):
                yield Turn.IDLE
            yield from reader.refresh()
            limit = min(desk.options.page, desk.options.rows_per_s)
            rows = yield from desk.fetch(self._asked_page(progress, where, limit))
            last = self._key(progress, rows[-1]) if rows else progress.after
            if rows and last == progress.after:
                raise RefuseToStart(f"table {reader.name}: its key has an order of its own, in which {len(rows)} rows "
                                    "stand still; name another key in the contract")  # fmt: skip
            found = yield from self._compare(progress, rows)
            progress.after, progress.rows = last, progress.rows + len(rows)
            progress.finished = len(rows) < limit
            self._show(progress)
            yield self._sending(progress, found) if found else Turn.MORE

    def _may_read(self, progress: Progress) -> bool:
        desk = self.reader.desk
        hours = progress.ticket is not None or desk.window.open(desk.around.clock.now_us())
        return hours and desk.pace.free

    def _key(self, progress: Progress, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row if progress.why == "keys" else self.reader.plan.key(row)

    def _asked_page(self, progress: Progress, where: str, limit: int) -> Asked:
        queries = self.reader.queries
        if progress.why == "keys":
            return queries.keys(progress.after, limit)
        return queries.where(where, progress.after, limit) if where else queries.page(progress.after, limit)

    def _compare(self, progress: Progress, rows: Sequence[tuple[Any, ...]]) -> Turns[list[Observed]]:
        """Return what of a page is to be sent."""
        if progress.why == "keys":
            rows = yield from self._unknown(rows)
        snapshot = progress.why in ("first", "again")
        # what a first reading sent before it was cut off is known, and needs no repeating
        return self.reader.differing(rows, "r" if snapshot else "c", force=progress.why == "again")

    def _unknown(self, keys: Sequence[tuple[Any, ...]]) -> Turns[list[tuple[Any, ...]]]:
        """Return the rows of those keys that are not known, or in doubt; the others are met."""
        reader, desk = self.reader, self.reader.desk
        records = [reader.plan.record_id(key) for key in keys]
        wanted = []
        for key, entry in zip(keys, desk.known.find([mark(reader.number, r) for r in records]), strict=True):
            if entry is not None:
                reader.meet(entry.slot)
            if entry is None or entry.digest is None:
                wanted.append(key)
        rows: list[tuple[Any, ...]] = []
        for begin in range(0, len(wanted), _AT_ONCE):
            rows += yield from desk.fetch(reader.queries.some(wanted[begin : begin + _AT_ONCE]))
        return rows

    def _read_keys(self, progress: Progress, request: Request) -> Turns[None]:
        """Send the rows of the keys asked for; one that is not there is a delete."""
        reader, desk = self.reader, self.reader.desk
        keys = keys_of(request, reader.plan)
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            rows = yield from desk.fetch(reader.queries.some(some))
            met = {reader.plan.record_id(reader.plan.key(row)) for row in rows}
            absent = [record for record in map(reader.plan.record_id, some) if record not in met]
            gone = [Observed(record, "d", None, None, desk.around.clock.now_us()) for record in absent]
            progress.rows += len(rows)
            yield self._sending(progress, [*reader.differing(rows, "r", force=True), *gone])

    def _sending(self, progress: Progress, found: Sequence[Observed]) -> Batch:
        progress.sent += len(found)
        return self.reader.send(found)

    def _show(self, progress: Progress) -> None:
        ratio = 1.0 if progress.finished else min(progress.rows / max(progress.expected, progress.rows + 1), 1.0)
        metrics.SNAPSHOT_PROGRESS.labels(source=self.reader.desk.contract.source.name, table=self.reader.name).set(
            ratio
        )

    # ------------------------------------------------------------------ its end

    def _end(self, progress: Progress) -> Turns[None]:
        reader, desk = self.reader, self.reader.desk
        if progress.whole:
            yield from self._delete(progress)
        sweep = progress.whole and progress.why in ("first", "again")
        markers = sweep_markers(desk.around, desk.contract, reader.name, progress.floor) if sweep else []
        notices = []
        if progress.why == "first" or (progress.ticket is not None and progress.ticket.done(reader.name)):
            notices.append(self._notice("snapshot_finished", progress, rows=progress.rows))
        tell = _LOG.info if progress.sent or progress.why == "first" else _LOG.debug
        tell("pass_ends", source=desk.contract.source.name, table=reader.name, why=progress.why, rows=progress.rows,
             differing=progress.sent)  # fmt: skip
        yield Batch(markers, self._finished(progress), barrier=sweep, notices=notices)

    def _finished(self, progress: Progress) -> dict[str, str]:
        """Return what the position remembers of a pass, where it is worth writing."""
        reader = self.reader
        state: dict[str, str] = {}
        if not progress.whole:
            return state
        if progress.why == "first":
            reader.read = True
            state |= {READ + reader.name: f"{reader.now:.0f}", **reader.desk.of_now()}
            for column, value in progress.marks.items():
                state[f"{MARK}{reader.name}:{column}"] = reader.marks[column] = value
        for kind in (FULL, KEYS) if progress.why != "keys" else (KEYS,):
            if reader.now - reader.compared[kind] >= _COARSE_S:
                state[kind + reader.name] = f"{reader.now:.0f}"
            reader.compared[kind] = reader.now
        if progress.why != "keys" and reader.owed:
            reader.owed = False
            state[DUE + reader.name] = ""
        reader.doubtful = False
        return state

    def _delete(self, progress: Progress) -> Turns[None]:
        """Send the delete of every record that is known and was not met."""
        reader, known = self.reader, self.reader.desk.known
        if len(progress.seen) == known.size(reader.number):
            return
        noted = known.noted  # later changes are of records that a poll met
        while known.settled < noted:
            yield Turn.IDLE
        known.flush()
        total = gone = 0
        for page in known.pages(reader.number):
            total += len(page)
            gone += sum(slot not in progress.seen for _, slot in page)
            yield Turn.MORE
        if gone and self._withheld(progress, gone, total):
            yield Batch(notices=[self._notice("loss_withheld", progress, rows=total, gone=gone)])
            return
        for page in known.pages(reader.number) if gone else ():
            lost = [k[1:] for k, slot in page if slot not in progress.seen and known.still(k)]
            for begin in range(0, len(lost), _SOME):
                now_us = reader.desk.around.clock.now_us()
                some = [Observed(bytes(r), "d", None, None, now_us) for r in lost[begin : begin + _SOME]]
                yield self._sending(progress, some)
            yield Turn.MORE

    def _withheld(self, progress: Progress, gone: int, total: int) -> bool:
        """Say whether so many are gone that a second look must confirm it: some programs empty a table to fill it."""
        reader = self.reader
        many = gone > max(_SOME, reader.desk.options.max_loss * total)
        if not many or progress.why == "again":
            self._losing_since = None
            return False
        if self._losing_since is not None and self._look_again():
            self._losing_since = None
            return False
        if self._losing_since is None:
            self._losing_since = reader.now
        return True
