"""Tables are read chunk by chunk while the stream goes on; a kill costs one chunk.

The rows of a chunk carry as version the place in the log at which they were seen.  Only making a logical slot gives
such a place together with a snapshot: every commit before it is in the snapshot, every later one comes in the stream, a
commit that is pending just then included.  So some chunks share the snapshot of a temporary slot, for half a minute:
then the office's server may clean up behind us, and another slot is made.

Chunks are ranges of the table's blocks and not of its keys: they are read in the order in which they lie on the disk,
and no key, which may be a personal number, stands in a statement or in the position.  A row that moves to a block that
was read already was changed after that reading, so the stream has it.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from connectors.kinds.postgres_wal import parts
from connectors.kinds.postgres_wal.jobs import PART_DONE, SNAP, Job, Piece, jobs_of
from connectors.kinds.postgres_wal.parts import Part
from connectors.kinds.postgres_wal.replication import Replication, Slot
from connectors.kinds.postgres_wal.session import Session
from connectors.kinds.postgres_wal.snapshot import Unreadable, View, copy_command, lines, messages
from connectors.kinds.postgres_wal.stream import Sheet
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.tables import Tables
from connectors.protocol import Batch, Notice
from hub.wire import log, metrics
from hub.wire.broker import Outgoing
from hub.wire.errors import TryAgain
from hub.wire.version import pack, stamp

_LOG = log.get(__name__)
CHUNK_BYTES = 16 * 1024 * 1024
"""Of the table on disk: some 50,000 ordinary rows."""
HOLD_SECONDS = 30.0
"""How long chunks share one snapshot; the server cannot clean up behind an open one."""
STALLED_SECONDS = 600.0
"""How long a snapshot may stay open while Kafka takes nothing."""
_PAGE = 8192
_REST_SECONDS = 10.0
_SLOW_SLOT_SECONDS = 5.0
_RANGES = 140_000
"""The first server that reads a range of blocks without reading the table around it."""


@dataclass(frozen=True)
class Desk:
    """What readings work with."""

    source: str
    epoch: int
    tables: Tables
    connect: Callable[[], Session]
    replicate: Callable[[], Replication]
    wanted_by_others: Callable[[Iterable[int]], bool]
    sheet: Callable[[str], Sheet]
    markers: Callable[[str, bytes], list[Outgoing]]
    slot: str


def enter(reader: Session, slot: Slot, wanted: Sequence[Part]) -> View:
    """Begin to see the tables as of a slot's making, and keep them from being rewritten meanwhile."""
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    reader.execute(f"SET TRANSACTION SNAPSHOT '{slot.snapshot}'".encode())
    reader.execute("SET LOCAL lock_timeout = '300ms'")
    reader.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    for part in wanted:
        parts.lock(reader, part)
    return View(reader, slot.position, frozenset(part.oid for part in wanted))


class Readings:
    """The readings of one session; `steps` does a little at a time."""

    def __init__(self, desk: Desk, state: Mapping[str, str]) -> None:
        self._desk = desk
        self._jobs = jobs_of(state, desk.tables.names)
        self._pieces: list[Piece] = []
        self._plans: dict[str, TablePlan] = {}
        self._view: View | None = None
        self._since, self._spent = 0.0, False
        self.waits = False
        """Whether the next step must wait: for one of `sockets`, or for a while."""
        self.sockets: Sequence[int] = ()
        for name in desk.tables.names:
            metrics.SNAPSHOT_PROGRESS.labels(source=desk.source, table=name).set(0.0 if name in self._jobs else 1.0)

    @property
    def busy(self) -> bool:
        """Whether there is a step to do."""
        return self._view is not None or self.due

    @property
    def due(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._pieces) or any(name not in self._desk.tables.stopped for name in self._jobs)

    def reading(self, table: str) -> bool:
        """Say whether a table is not yet read to its end."""
        return table in self._jobs

    def whole(self, table: str, request: str = "") -> None:
        """Have a table read from its beginning."""
        waiting = self._jobs[table].requests if table in self._jobs else ()
        self._jobs[table] = Job(table, tuple(dict.fromkeys([*waiting, *([request] if request else [])])))
        metrics.SNAPSHOT_PROGRESS.labels(source=self._desk.source, table=table).set(0)

    def added(self, table: str, new: Sequence[int]) -> None:
        """Have parts of a table read that were not there before."""
        job = self._jobs.get(table)
        if job is None:
            self._jobs[table] = Job(table, only=tuple(new))
        elif job.only:
            self._jobs[table] = Job(table, job.requests, tuple(sorted({*job.only, *new})))
        elif min(new) <= job.part:
            self._jobs[table] = Job(table, job.requests)

    def asked(self, request: str) -> bool:
        """Say whether a request is being fulfilled."""
        return any(request in job.requests for job in self._jobs.values()) or any(
            piece.request == request for piece in self._pieces
        )

    def piece(self, piece: Piece) -> None:
        """Have some rows of a table read."""
        self._pieces.append(piece)

    def states(self) -> dict[str, str]:
        """Return the state's part that says what is to be read."""
        return {SNAP + table: job.text() for table, job in self._jobs.items()}

    def relieve(self) -> None:
        """Let go of a snapshot that was open for too long, or whose tables somebody wants to alter.

        Called also while Kafka takes nothing and no step is done.
        """
        if self._view is not None and (
            time.monotonic() - self._since > STALLED_SECONDS or self._desk.wanted_by_others(self._view.covered)
        ):
            _LOG.info("snapshot_let_go", source=self._desk.source)
            self._view.reader.close()

    def close(self) -> None:
        """Leave the database."""
        if self._view is not None:
            self._view.reader.close()
            self._view = None

    def steps(self) -> Iterator[Batch | None]:
        """Do what is due, for ever."""
        while True:
            if not self.due:
                self.close()
                yield None
            elif self._view is None or self._view.reader.closed or self._spent:
                self.close()
                yield from self._look()
            else:
                yield from self._read(self._view)
                self._spent = time.monotonic() - self._since > HOLD_SECONDS

    def _read(self, view: View) -> Iterator[Batch | None]:
        """Read a piece or a chunk; what ended because the snapshot was let go begins again."""
        try:
            if self._pieces:
                yield from self._read_piece(view, self._pieces[0])
            else:
                yield from self._read_chunk(view, self._next())
        except (TryAgain, psycopg.Error):
            if not view.reader.closed or view.reader.broken:
                raise
            yield from self._wait()

    def _next(self) -> Job:
        return next(job for name, job in self._jobs.items() if name not in self._desk.tables.stopped)

    def take(self, view: View | None) -> None:
        """Read under this snapshot from now on."""
        self._view, self._since, self._spent, self._plans = view, time.monotonic(), False, {}

    def wanted(self) -> dict[str, list[Part]]:
        """Return the parts of every table that is to be read."""
        names = {*self._jobs, *(piece.table for piece in self._pieces)} - self._desk.tables.stopped
        return {name: self._desk.tables.parts(name) for name in self._desk.tables.names if name in names}

    def unchanged(self, before: Mapping[str, Sequence[Part]]) -> bool:
        """Say whether none of these tables was rewritten since; what was looks empty under an older snapshot."""
        now = self.wanted()
        return all([(p.oid, p.filenode) for p in found] == [(p.oid, p.filenode) for p in now.get(name, ())]
                   for name, found in before.items())  # fmt: skip

    def _look(self) -> Generator[Batch | None, None, None]:
        """Take a snapshot of its own; if that fails, rest a while: the stream goes on."""
        replication: Replication | None = None
        reader: Session | None = None
        try:
            before = self.wanted()
            replication = self._desk.replicate()
            slot = yield from self._temporary_slot(replication)
            reader = self._desk.connect()
            view = enter(reader, slot, [part for found in before.values() for part in found])
            if self.unchanged(before):
                self.take(view)
                reader = None
        except (psycopg.Error, TryAgain) as error:
            _LOG.warning("snapshot_waits", source=self._desk.source, reason=str(error).strip())
            yield from self._rest()
        finally:
            if replication is not None:
                replication.close()
            if reader is not None:
                reader.close()

    def _rest(self) -> Iterator[None]:
        until = time.monotonic() + _REST_SECONDS
        while time.monotonic() < until:
            yield from self._wait()

    def _wait(self, *sockets: int) -> Iterator[None]:
        self.waits, self.sockets = True, sockets
        yield None
        self.waits, self.sockets = False, ()

    def _temporary_slot(self, replication: Replication) -> Generator[Batch | None, None, Slot]:
        """Make a slot that goes with its connection; it waits for every transaction open at the source."""
        name = f"{self._desk.slot[:50]}_{os.urandom(4).hex()}"
        begun, told = time.monotonic(), False
        for slot in replication.create_slot(name, temporary=True):
            if slot is not None:
                return slot
            if not told and time.monotonic() - begun > _SLOW_SLOT_SECONDS:
                told = True
                slow_slot(self._desk.source)
            yield from self._wait(replication.socket)
        raise TryAgain("the temporary slot was not made")

    def _read_chunk(self, view: View, job: Job) -> Generator[Batch | None, None, None]:
        found = self._desk.tables.parts(job.table)
        if not job.begun:
            job = self._jobs[job.table] = dataclasses.replace(job, begun=True)
            yield Batch((), {SNAP + job.table: job.text()}, notices=[self._started(job, view, found)])
        left = job.left(found)
        if not left:
            yield self._finished(job, view)
            return
        part, block = left[0]
        if part.oid not in view.covered:
            self.close()  # it came after the snapshot: another one must see it
            return
        pages = self._pages(view, found)
        end = self._end_of_chunk(view, block, pages[part.oid])
        condition = " AND ".join([
            *([f"ctid >= '({block},0)'::tid"] if block else []),
            *([f"ctid < '({end},0)'::tid"] if end != PART_DONE else []),
        ])  # fmt: skip
        rows = yield from self._copy(view, job.table, f"ONLY {part.name}", condition)
        if self._jobs.get(job.table) is not job:
            return  # asked for anew meanwhile
        job = self._jobs[job.table] = job.after(part, end, rows, view.position)
        metrics.SNAPSHOT_PROGRESS.labels(source=self._desk.source, table=job.table).set(job.progress(found, pages))
        yield Batch((), {SNAP + job.table: job.text()})
        if self._desk.wanted_by_others(view.covered):
            self.close()

    def _end_of_chunk(self, view: View, block: int, pages: int) -> int:
        if view.reader.info.server_version < _RANGES:
            return PART_DONE
        end = block + CHUNK_BYTES // _PAGE
        return PART_DONE if end >= pages else end

    def _copy(
        self, view: View, table: str, relation: str, condition: str, word: str = "true"
    ) -> Generator[Batch | None, None, int]:
        """Send what a statement reads; return how many rows."""
        if table not in self._plans:
            self._plans[table] = self._desk.tables.read_plan(table)
        plan, sheet = self._plans[table], self._desk.sheet(word)
        version, total = stamp(self._desk.epoch, view.position, 0), 0
        for found in lines(view.reader, copy_command(plan, relation, condition)):
            if not found:
                yield from self._wait(view.reader.pgconn.socket)
                continue
            total += len(found)
            out = messages(plan, found, sheet, version, view.position)
            yield Batch(out, counts={(table, "r"): len(out)})
        return total

    def _pages(self, view: View, found: Sequence[Part]) -> dict[int, int]:
        return parts.pages(view.reader, [part.oid for part in found if part.oid in view.covered], _PAGE)

    def _started(self, job: Job, view: View, found: Sequence[Part]) -> Notice:
        size = sum(self._pages(view, found).values()) * _PAGE
        detail = {"bytes": str(size), **({"parts": str(len(job.only))} if job.only else {})}
        _LOG.info("snapshot_started", source=self._desk.source, table=job.table, bytes=size)
        return Notice("snapshot_started", job.table, _asked(job.requests, detail))

    def _finished(self, job: Job, view: View) -> Batch:
        """Say that a table is read: what no chunk has seen no longer exists."""
        del self._jobs[job.table]
        floor = pack(self._desk.epoch, job.floor or view.position, 0)
        markers = [] if job.only else self._desk.markers(job.table, floor)
        metrics.SNAPSHOT_PROGRESS.labels(source=self._desk.source, table=job.table).set(1)
        done = tuple(r for r in job.requests if not any(r in other.requests for other in self._jobs.values()))
        notices = [Notice("snapshot_finished", job.table, _asked((r,) if r else (), {"rows": str(job.rows)}))
                   for r in done or ("",)]  # fmt: skip
        return Batch(markers, {SNAP + job.table: ""}, barrier=True, notices=notices)

    def _read_piece(self, view: View, piece: Piece) -> Generator[Batch | None, None, None]:
        """Read some rows; a condition that the server cannot follow is refused, not tried for ever."""
        if not view.covered.issuperset(part.oid for part in self._desk.tables.parts(piece.table)):
            self.close()
            return
        yield Batch((), notices=[Notice("snapshot_started", piece.table, {"request": piece.request})])
        try:
            relation = self._desk.tables.relation(piece.table)
            rows = yield from self._copy(view, piece.table, relation, piece.condition, "incremental")
        except Unreadable as error:
            if error.passing:
                raise
            self._pieces.remove(piece)
            self.close()
            detail = {"request": piece.request, "reason": f"PostgreSQL refuses it (SQLSTATE {error.code})"}
            yield Batch((), notices=[Notice("signal_refused", piece.table, detail)])
            return
        self._pieces.remove(piece)
        detail = {"request": piece.request, "rows": str(rows)}
        yield Batch((), notices=[Notice("snapshot_finished", piece.table, detail)])


def _asked(requests: Sequence[str], detail: Mapping[str, str]) -> dict[str, str]:
    return {**detail, **({"request": requests[0]} if requests else {})}


def slow_slot(source: str) -> None:
    """Say why a slot is not made."""
    _LOG.warning("slot_waits", source=source, reason="transactions are open at the source; the oldest must end first: "
                 "SELECT pid, xact_start FROM pg_stat_activity ORDER BY 2")  # fmt: skip
