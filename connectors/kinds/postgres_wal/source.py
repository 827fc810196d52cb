"""The connector: decides whether a position still holds, then follows the log, and reads tables beside it when due.

The position is durable in Kafka before the slot is told, so the slot's confirmed position is never ahead of ours.  If
it is, somebody else moved or remade the slot and changes are missing: a new epoch begins, in which all is read anew.
A table that is new, or another one than before, is read anew by itself, within the epoch.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial

import psycopg

from connectors import envelope
from connectors.kinds.postgres_wal import catalog, continuity, parts
from connectors.kinds.postgres_wal.budget import Budget, drop_slot
from connectors.kinds.postgres_wal.compare import fingerprint
from connectors.kinds.postgres_wal.inspection import ensure_publication, findings, unpublished_roots
from connectors.kinds.postgres_wal.jobs import piece
from connectors.kinds.postgres_wal.options import options
from connectors.kinds.postgres_wal.readings import Desk, Readings, enter, slow_slot
from connectors.kinds.postgres_wal.replication import Identity, Replication, Slot, format_lsn, parse_lsn
from connectors.kinds.postgres_wal.session import Session, connect
from connectors.kinds.postgres_wal.stream import Decoder, Sheet
from connectors.kinds.postgres_wal.tables import PARTS, TABLE, Tables
from connectors.protocol import (
    Batch,
    Finding,
    Fingerprint,
    Notice,
    Opened,
    Position,
    Request,
    Surroundings,
    sweep_markers,
)
from hub.wire import log, metrics
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain

_LOG = log.get(__name__)
_FRAMES = 1000
_WAIT = 0.05
_SLOW_SLOT_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 30.0
BUDGET_SECONDS = 10.0
_LEAVING_SECONDS = 5.0


class PostgresWal:
    """One OPD's PostgreSQL database, being read."""

    def __init__(self, contract: Contract, around: Surroundings) -> None:
        self._contract = contract
        self._around = around
        self._options = options(contract)
        self._name = contract.source.name
        self._budget = Budget(self._name, self._options)
        self._sql: Session | None = None
        self._replication: Replication | None = None
        self._readings: Readings | None = None
        self._server = Identity("", "", 0, "")
        self._streaming = False
        self._epoch = 0
        self._looked = 0.0
        self._notices: list[Notice] = []

    def open(self, position: Position | None) -> Opened:
        """Connect, check the source, and say whether the position can be continued."""
        self.close()
        try:
            self._sql = self._connect()
            self._refuse(findings(self._sql, self._contract, self._options))
            self._replication = self._replicate()
            self._server = self._replication.identify()
            why = self._why_anew(position)
            if why is None and self._options.failover:
                continuity.keep_on_standbys(self._sql, self._replication, self._options.slot)
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error
        found = {"system": self._server.system, "database": self._server.database, "slot": self._options.slot}
        return Opened(found, why, reads_new_tables=True)

    def _refuse(self, found: Sequence[Finding]) -> None:
        wrong = [f"{finding.what}: {finding.remedy_en}" for finding in found if finding.level == "error"]
        if wrong:
            raise RefuseToStart(f"source {self._name}: " + "; ".join(wrong))

    @property
    def _application(self) -> str:
        return f"satudata-{self._name}"

    def _connect(self) -> Session:
        return connect(self._contract.dsn(), self._application)

    def _replicate(self) -> Replication:
        return Replication(self._contract.dsn(), self._application)

    def _why_anew(self, position: Position | None) -> str | None:
        if position is None:
            return "no position is known"
        if "lsn" not in position.state:
            return "the first reading had not begun"
        replication, slot = self._open_replication(), catalog.slot(self._open_sql(), self._options.slot)
        lost = continuity.lost(self._options.slot, slot, parse_lsn(position.state["lsn"]))
        if lost is not None:
            told = Notice("slot_lost", detail={"slot": self._options.slot, "reason": lost})
            self._notices += [] if told in self._notices else [told]
            return lost
        return continuity.elsewhere(replication, self._server, position.state)

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield what the log holds from the position on, and beside it the tables that must be read."""
        self._epoch = position.epoch
        try:
            yield from self._read(position)
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error

    def _read(self, position: Position) -> Iterator[Batch | None]:
        sql, state = self._open_sql(), dict(position.state)
        missed = {TABLE + name: "unseen" for name in unpublished_roots(sql, self._contract, self._options)}
        if missed and "lsn" in state:
            yield Batch((), reserve=missed)  # before the publication is corrected: a kill must not forget it
            state |= missed
        ensure_publication(sql, self._contract, self._options)
        tables = Tables(self._contract, self._around, sql, self._options.publication, state)
        learned = {"timeline": self._server.timeline}
        for verdict in tables.first_look():
            self._notices += verdict.notices
            learned |= verdict.state or {}
        self._readings = readings = Readings(self._desk(tables), state)
        identities = tables.identities()
        for name in tables.names:
            if state.get(TABLE + name) != identities[TABLE + name] or name in tables.resumed:
                readings.whole(name)
            else:
                _mind_parts(readings, name, identities, state)
        tables.resumed.clear()
        if "lsn" not in state:
            learned["lsn"] = format_lsn((yield from self._begin(readings)))
        start = parse_lsn(state.get("lsn") or learned["lsn"])
        learned["standbys"] = continuity.standbys(sql, self._options.slot)
        known = {**learned, **identities, **readings.states()}
        first = None if "lsn" in state else known  # durable at once: a slot that is forgotten would begin a new epoch
        yield Batch((), known, reserve=first, notices=self._take_notices())
        yield from self._follow(tables, readings, start, identities)

    def _begin(self, readings: Readings) -> Generator[Batch | None, None, int]:
        """Make the slot anew; the snapshot that comes with it serves the first chunks."""
        sql, replication = self._open_sql(), self._open_replication()
        if not drop_slot(sql, self._options.slot, evict=False):
            raise TryAgain(f"slot {self._options.slot} is in use by another process")
        before = readings.wanted()
        slot = yield from self._make_slot(replication)
        _LOG.info("slot_made", source=self._name, lsn=format_lsn(slot.position), epoch=self._epoch)
        reader = self._connect()
        readings.take(enter(reader, slot, [part for found in before.values() for part in found]))
        if not readings.unchanged(before):
            readings.close()
        return slot.position

    def _make_slot(self, replication: Replication) -> Generator[Batch | None, None, Slot]:
        """Make the slot; it waits for every transaction that is open at the source."""
        begun, told = time.monotonic(), False
        for slot in replication.create_slot(self._options.slot, failover=self._options.failover):
            if slot is not None:
                return slot
            replication.wait(_WAIT)
            if not told and time.monotonic() - begun > _SLOW_SLOT_SECONDS:
                told = True
                slow_slot(self._name)
            yield None
        raise TryAgain(f"slot {self._options.slot} was not made")

    def _desk(self, tables: Tables) -> Desk:
        return Desk(
            self._name, self._epoch, tables, connect=self._connect, replicate=self._replicate, sheet=self._sheet,
            wanted_by_others=partial(parts.wanted_by_others, self._open_sql()),
            markers=partial(sweep_markers, self._around, self._contract), slot=self._options.slot,
        )  # fmt: skip

    def _sheet(self, snapshot: str = "") -> Sheet:
        head = envelope.source_head("postgresql", f"raw.{self._name}")
        sheet = Sheet(self._around.clock, head, self._server.database)
        if snapshot:
            sheet.begin(self._around.clock.now_us(), snapshot, 0, None)
        return sheet

    def _follow(
        self, tables: Tables, readings: Readings, start: int, identities: Mapping[str, str]
    ) -> Iterator[Batch | None]:
        replication = self._open_replication()
        markers = partial(sweep_markers, self._around, self._contract)
        decoder = Decoder(self._epoch, self._sheet(), announced=tables.announced, markers=markers)
        steps = readings.steps()
        replication.start(self._options.slot, start, self._options.publication)
        self._streaming, self._looked, known, looked = True, 0.0, dict(identities), time.monotonic()
        while True:
            wait = 0.0 if readings.busy and not readings.waits else _WAIT
            idle_at = replication.receive(decoder.take, _FRAMES, wait, readings.sockets)
            if tables.resumed:
                yield _read_anew(tables, readings)  # remembered before the columns that are its reason
            yield decoder.batch(idle_at)
            if readings.busy:
                yield next(steps)
            if self._notices:
                yield Batch((), notices=self._take_notices())
            if time.monotonic() - looked > LOOK_AGAIN_SECONDS:
                looked = time.monotonic()
                yield from self._look_again(tables, readings, known)

    def _look_again(self, tables: Tables, readings: Readings, known: dict[str, str]) -> Iterator[Batch]:
        """Notice what the log does not tell: partitions that came or went, another table of the same name."""
        yield Batch((), {"standbys": continuity.standbys(self._open_sql(), self._options.slot)})
        found = tables.identities()
        if found == known:
            return
        other = {key: "another" for key in found if found[key] != known.get(key) and not key.startswith(PARTS)}
        if other:
            yield Batch((), reserve=other)
            raise TryAgain(f"source {self._name}: another {', '.join(sorted(other))} than before")
        for name in tables.names:
            _mind_parts(readings, name, found, known)
        known.update(found)
        yield Batch((), {**found, **readings.states()})

    def _take_notices(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    def request(self, request: Request) -> None:
        """Have tables, or some of their rows, read again."""
        readings = self._readings
        names = [table.name for table in self._contract.table]
        if request.table and request.table not in names:
            raise RefuseToStart(f"source {self._name} has no table {request.table}; it has {', '.join(names)}")
        if readings is None or readings.asked(request.id):
            return
        if not request.keys and not request.where:
            for name in [request.table] if request.table else names:
                readings.whole(name, request.id)
        elif request.table:
            readings.piece(piece(request, self._contract.table_named(request.table)))
        else:
            raise RefuseToStart("keys and where belong to one table: name it")

    def fingerprint(self, table: str) -> Fingerprint:
        """Return what a table holds at one place in the log, over connections of its own."""
        if self._readings is None or self._readings.reading(table):
            raise TryAgain(f"table {table} is being read")
        return fingerprint(self._contract, self._around, table, self._epoch, self._options.slot)

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        """Say whether the stream is beyond the place of a fingerprint."""
        return parse_lsn(state.get("lsn", "0/0")) >= int.from_bytes(version[8:16], "big")

    def confirm(self, state: Mapping[str, str]) -> None:
        """Let the server forget its log up to the position, and see that it does not keep too much of it."""
        if not self._streaming or self._replication is None or "lsn" not in state:
            return
        flushed = parse_lsn(state["lsn"])
        self._replication.feedback(flushed)
        lag = max(self._replication.server_end - flushed, 0)
        metrics.SOURCE_LAG_BYTES.labels(source=self._name).set(lag)
        if self._readings is not None:
            self._readings.relieve()
        if time.monotonic() - self._looked > BUDGET_SECONDS:
            self._looked = time.monotonic()
            self._keep_budget(self._open_sql())

    def _keep_budget(self, sql: Session) -> None:
        try:
            notices, drop = self._budget.look(sql)
            self._notices += notices
            if drop:
                self._give_up_slot(sql)
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error

    def _give_up_slot(self, sql: Session) -> None:
        """Let the server throw its log away before its disk is full; all is read anew afterwards."""
        if self._replication is not None:
            self._streaming = False
            self._replication.close()
            self._replication = None
        deadline = time.monotonic() + _LEAVING_SECONDS
        while not drop_slot(sql, self._options.slot, evict=True) and time.monotonic() < deadline:
            time.sleep(0.05)
        raise TryAgain(f"source {self._name}: its log went over options.wal_budget: slot {self._options.slot} is "
                       "dropped, everything will be read anew")  # fmt: skip

    def watch(self) -> Sequence[Notice]:
        """See over a short connection that a paused source does not keep too much of its log."""
        try:
            with self._connect() as sql:
                notices, drop = self._budget.look(sql)
                if drop:
                    drop_slot(sql, self._options.slot, evict=True)
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error
        return notices

    def close(self) -> None:
        """Hang up every connection."""
        self._streaming = False
        if self._readings is not None:
            self._readings.close()
            self._readings = None
        if self._replication is not None:
            self._replication.close()
            self._replication = None
        if self._sql is not None:
            self._sql.close()
            self._sql = None

    def _open_sql(self) -> Session:
        if self._sql is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._sql

    def _open_replication(self) -> Replication:
        if self._replication is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._replication


def _read_anew(tables: Tables, readings: Readings) -> Batch:
    for name in tables.resumed:
        readings.whole(name)
    tables.resumed.clear()
    return Batch((), readings.states())


def _mind_parts(readings: Readings, name: str, found: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Have partitions read that came unseen by the log; where one went, the whole table, to sweep its rows."""
    now, before = (set(marks.get(PARTS + name, "").split(",")) - {""} for marks in (found, known))
    if before - now:
        readings.whole(name)
    elif now - before:
        readings.added(name, sorted(int(mark.partition(":")[0]) for mark in now - before))
