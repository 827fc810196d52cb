"""The connector: decides whether a position still holds, reads the tables once, then follows the log.

The position is durable in Kafka before the slot is told, so the slot's confirmed position is never ahead of ours.  If
it is, somebody else moved or remade the slot and changes are missing: a new epoch with a new snapshot begins.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial

import psycopg

from connectors import envelope
from connectors.kinds.postgres_wal import catalog
from connectors.kinds.postgres_wal.inspection import ensure_publication, findings
from connectors.kinds.postgres_wal.options import options
from connectors.kinds.postgres_wal.replication import (
    Identity,
    Replication,
    Slot,
    connection_string,
    format_lsn,
    parse_lsn,
)
from connectors.kinds.postgres_wal.snapshot import copy_table
from connectors.kinds.postgres_wal.stream import Decoder, Relation, Sheet
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.types import TypeRow, form
from connectors.protocol import Batch, Finding, Opened, Position, Surroundings, sweep_markers
from hub.wire import log, metrics
from hub.wire.contract import Contract, Table
from hub.wire.errors import Halt, RefuseToStart, TryAgain
from hub.wire.topics import raw_topic
from hub.wire.version import pack, stamp

_LOG = log.get(__name__)
_FRAMES = 1000
_WAIT = 0.05
_SLOW_SLOT = 50
"""Tenths of a second of waiting for a slot after which the log says why."""
_LOOK_AGAIN_US = 30_000_000


class PostgresWal:
    """One OPD's PostgreSQL database, being read."""

    def __init__(self, contract: Contract, around: Surroundings) -> None:
        self._contract = contract
        self._around = around
        self._options = options(contract)
        self._name = contract.source.name
        self._tables: Mapping[str, Table] = {table.name: table for table in contract.table}
        self._sql: catalog.Connection | None = None
        self._replication: Replication | None = None
        self._server = Identity("", "", 0, "")
        self._streaming = False

    def open(self, position: Position | None) -> Opened:
        """Connect, check the source, and say whether the position can be continued."""
        self.close()
        try:
            self._sql = self._connect()
            self._refuse(findings(self._sql, self._contract, self._options))
            ensure_publication(self._sql, self._contract, self._options)
            self._replication = Replication(self._contract.dsn(), self._application)
            self._server = self._replication.identify()
            return Opened(self._identity(), self._why_anew(position))
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error

    def _refuse(self, found: Sequence[Finding]) -> None:
        wrong = [f"{finding.what}: {finding.remedy_en}" for finding in found if finding.level == "error"]
        if wrong:
            raise RefuseToStart(f"source {self._name}: " + "; ".join(wrong))

    @property
    def _application(self) -> str:
        return f"satudata-{self._name}"

    def _connect(self) -> catalog.Connection:
        return psycopg.connect(connection_string(self._contract.dsn(), self._application), autocommit=True)

    def _identity(self) -> dict[str, str]:
        """Return all that a position rests on: server, database, slot, publication, and what is read of each table."""
        found = {
            "system": self._server.system,
            "timeline": self._server.timeline,
            "database": self._server.database,
            "slot": self._options.slot,
        }
        publication = catalog.publication(self._open_sql(), self._options.publication)
        found["publication"] = f"{self._options.publication} {publication.oid if publication else 0}"
        for name, table in self._tables.items():
            row = catalog.table(self._open_sql(), name)
            entry = publication.entries.get(name) if publication else None
            found[f"table {name}"] = (
                f"oid={row.oid if row else 0} entry={entry} key={','.join(table.key)} "
                f"ignore={','.join(sorted(table.ignore))}"
            )
        return found

    def _why_anew(self, position: Position | None) -> str | None:
        if position is None:
            return "no position is known"
        if "lsn" not in position.state:
            return "the first reading was not finished"
        name, ours = self._options.slot, parse_lsn(position.state["lsn"])
        slot = catalog.slot(self._open_sql(), name)
        reasons = (
            (slot is None, f"replication slot {name} is gone"),
            (slot and slot.lost, f"replication slot {name} was invalidated: the server needed the space of its log"),
            (slot and (not slot.confirmed or parse_lsn(slot.confirmed) > ours),
             f"replication slot {name} was moved or made anew by somebody else"),
            (ours > self._server.position, "the server went back to an earlier state"),
        )  # fmt: skip
        return next((reason for holds, reason in reasons if holds), None)

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield the snapshot if the position is empty, then the log."""
        try:
            if "lsn" in position.state:
                start = parse_lsn(position.state["lsn"])
            else:
                start = yield from self._snapshot(position.epoch)
            yield from self._stream(position.epoch, start)
        except psycopg.Error as error:
            raise TryAgain(f"source {self._name}: PostgreSQL: {error}") from error

    def _snapshot(self, epoch: int) -> Generator[Batch | None, None, int]:
        """Make the slot anew, read every table as of its beginning, and return that position.

        A table that is rewritten between the slot's making and our lock looks empty under the snapshot, and the log has
        no rows of a rewrite: then it starts again.
        """
        sql, replication = self._open_sql(), self._open_replication()
        self._drop_slot(sql)
        before = self._filenodes(sql)
        slot = yield from self._make_slot(replication)
        _LOG.info("snapshot_begins", source=self._name, lsn=format_lsn(slot.position), epoch=epoch)
        reader = self._connect()
        try:
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            reader.execute(f"SET TRANSACTION SNAPSHOT '{slot.snapshot}'")
            for name in self._tables:
                reader.execute(f"LOCK TABLE ONLY {catalog.quoted(name)} IN ACCESS SHARE MODE")
            if self._filenodes(sql) != before:
                raise TryAgain("a table was truncated or rewritten while the snapshot was taken")
            yield from self._copy_all(reader, epoch, slot.position)
        finally:
            reader.close()
        return slot.position

    def _make_slot(self, replication: Replication) -> Generator[Batch | None, None, Slot]:
        """Make the slot; it waits for every transaction that is open at the source."""
        for waits, slot in enumerate(replication.create_slot(self._options.slot)):
            if slot is not None:
                return slot
            if waits == _SLOW_SLOT:
                _LOG.warning("slot_waits", source=self._name, reason="transactions are open at the source; the oldest "
                             "must end first: SELECT pid, xact_start FROM pg_stat_activity ORDER BY 2")  # fmt: skip
            yield None
        raise TryAgain(f"slot {self._options.slot} was not made")

    def _copy_all(self, reader: catalog.Connection, epoch: int, position: int) -> Iterator[Batch | None]:
        sheet = self._sheet()
        sheet.begin(self._around.clock.now_us(), "true", 0, None)
        names = list(self._tables)
        for name in names:
            row = catalog.table(reader, name)
            if row is None:
                raise TryAgain(f"table {name} is gone")
            plan = self._plan(self._tables[name], [c for c in row.columns if not c.generated])
            yield from copy_table(reader, plan, sheet, stamp(epoch, position, 0), position)
            markers = sweep_markers(self._around, self._contract, name, pack(epoch, position, 0))
            state = {"lsn": format_lsn(position)} if name == names[-1] else None
            yield Batch(markers, state, barrier=True)
            _LOG.info("snapshot_table_read", source=self._name, table=name)

    def _drop_slot(self, sql: catalog.Connection) -> None:
        if catalog.slot(sql, self._options.slot) is not None:
            try:
                sql.execute("SELECT pg_drop_replication_slot(%s)", [self._options.slot])
            except psycopg.errors.ObjectInUse as error:
                raise TryAgain(f"slot {self._options.slot} is in use by another process: {error}") from error

    def _filenodes(self, sql: catalog.Connection) -> list[int | None]:
        rows = [catalog.table(sql, name) for name in self._tables]
        return [row.filenode if row else None for row in rows]

    def _stream(self, epoch: int, start: int) -> Iterator[Batch | None]:
        replication = self._open_replication()
        decoder = Decoder(
            epoch,
            self._sheet(),
            plan=self._plan_of,
            markers=partial(sweep_markers, self._around, self._contract),
        )
        replication.start(self._options.slot, start, self._options.publication)
        self._streaming = True
        identity, looked_us = self._identity(), self._around.clock.now_us()
        while True:
            idle_at = replication.receive(decoder.take, _FRAMES, _WAIT)
            yield decoder.batch(idle_at)
            if self._around.clock.now_us() - looked_us > _LOOK_AGAIN_US:
                looked_us = self._around.clock.now_us()
                if self._identity() != identity:
                    raise TryAgain(f"source {self._name}: a table or the publication is another one than before")

    def _sheet(self) -> Sheet:
        head = envelope.source_head("postgresql", f"raw.{self._name}")
        return Sheet(self._around.clock, head, self._server.database)

    def _plan_of(self, relation: Relation) -> TablePlan | None:
        """Return the plan of a table that the log announces; None if the contract does not name it."""
        table = self._tables.get(relation.name)
        if table is None:
            return None
        row = catalog.table(self._open_sql(), relation.name)
        required = {c.name for c in row.columns if c.not_null} if row and row.oid == relation.oid else set()
        return self._plan(table, [c._replace(not_null=c.name in required) for c in relation.columns])

    def _plan(self, table: Table, columns: list[catalog.Column]) -> TablePlan:
        self._look_for_drift(table, columns)
        topic = raw_topic(self._name, table.name).name
        return TablePlan(table, topic, columns, types=self._type, key=self._around.key, registry=self._around.registry)

    def _type(self, oid: int) -> TypeRow | None:
        return catalog.type_row(self._open_sql(), oid)

    def _look_for_drift(self, table: Table, columns: list[catalog.Column]) -> None:
        """Report what the contract does not know of, and halt where rows could no longer be told apart."""
        names = {column.name for column in columns}
        lost = set(table.key) - names
        if lost:
            raise Halt(f"table {table.name} no longer has its key column {', '.join(sorted(lost))}; name the present "
                       f"key in the contract of {self._name}, then start again: a new snapshot follows")  # fmt: skip
        unknown = sorted(names - table.mapped - set(table.ignore) - set(table.key))
        untyped = sorted(c.name for c in columns if form(c.type_oid, c.modifier, self._type) is None)
        missing = sorted(table.mapped - names)
        if unknown or missing or untyped:
            _LOG.warning(
                "source_drift", source=self._name, table=table.name, unknown=unknown, missing=missing, untyped=untyped
            )
            metrics.SOURCE_DRIFT.labels(source=self._name, table=table.name).inc(len(unknown) + len(missing))
        if unknown and table.drift == "stop":
            raise Halt(f"table {table.name} has columns that its contract does not know: {', '.join(unknown)}; map or "
                       "ignore them, or set drift = \"keep\"")  # fmt: skip

    def confirm(self, state: Mapping[str, str]) -> None:
        """Let the server forget its log up to the position."""
        if self._streaming and self._replication is not None and "lsn" in state:
            flushed = parse_lsn(state["lsn"])
            self._replication.feedback(flushed)
            lag = max(self._replication.server_end - flushed, 0)
            metrics.SOURCE_LAG_BYTES.labels(source=self._name).set(lag)

    def close(self) -> None:
        """Hang up both connections."""
        self._streaming = False
        if self._replication is not None:
            self._replication.close()
            self._replication = None
        if self._sql is not None:
            self._sql.close()
            self._sql = None

    def _open_sql(self) -> catalog.Connection:
        if self._sql is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._sql

    def _open_replication(self) -> Replication:
        if self._replication is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._replication
