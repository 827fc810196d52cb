"""The connector: finds its place in the log again, follows the log, and reads tables in between.

The position is durable in Kafka before anything is forgotten; the server forgets its log by its own calendar, so a
place may be gone when the hub comes back late.  Whether it still holds is asked of the server itself: the log is asked
for from that place on, and the file must be the one that was read before (`binlog:born`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import pymysql

from connectors.fingerprint import Buckets
from connectors.kinds.mysql_binlog import catalog, tasks
from connectors.kinds.mysql_binlog.catalog import Server
from connectors.kinds.mysql_binlog.client import Dump, Lost, Session, connect
from connectors.kinds.mysql_binlog.decoder import Decoder
from connectors.kinds.mysql_binlog.events import FormatDescription
from connectors.kinds.mysql_binlog.inspection import findings
from connectors.kinds.mysql_binlog.options import options
from connectors.kinds.mysql_binlog.place import TURNS, Place, of_state
from connectors.kinds.mysql_binlog.snapshot import Snapshots, exactly
from connectors.kinds.mysql_binlog.stream import Assembler, Sheet
from connectors.kinds.mysql_binlog.tables import Tables, plan_of
from connectors.kinds.mysql_binlog.tasks import Seal
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
from hub.wire.version import stamp, unpack

_LOG = log.get(__name__)
_WAIT = 0.05
_LOOK_SECONDS = 10.0
_FIRST_SECONDS = 10.0
_LOCK_SECONDS = 60
"""A connection that says nothing for so long loses the source's lock: a hub behind a dead line does not keep it."""


class MysqlBinlog:
    """One office's MySQL or MariaDB, being read."""

    def __init__(self, contract: Contract, around: Surroundings) -> None:
        self._contract = contract
        self._around = around
        self._options = options(contract)
        self._name = contract.source.name
        self._seal = Seal(around.key)
        self._markers = partial(sweep_markers, around, contract)
        self._session: Session | None = None
        self._line: Session | None = None
        self._dump: Dump | None = None
        self._server: Server | None = None
        self._snapshots: Snapshots | None = None
        self._assembler: Assembler | None = None
        self._carried: Place | None = None
        self._lost = ""
        self._epoch = 0
        self._looked = 0.0

    # ------------------------------------------------------------------ opening

    def open(self, position: Position | None) -> Opened:
        """Connect, check the source, and say whether the position can be continued."""
        self.close()
        try:
            session = self._session = self._connect()
            self._take_lock(session)
            server = self._server = catalog.server(session)
            self._refuse(findings(session, server, self._contract, self._options))
            return Opened({"server": server.identity}, self._why_anew(position, server))
        except pymysql.Error as error:
            raise self._away(error) from error

    def _connect(self) -> Session:
        return connect(self._contract.dsn(), f"satudata-{self._name}")

    def _away(self, error: Exception) -> TryAgain:
        return TryAgain(f"source {self._name}: {error.args[-1] if error.args else error}")

    def _take_lock(self, session: Session) -> None:
        """See that no other process reads this source: two would throw each other out of the log."""
        session.query(f"SET SESSION wait_timeout = {_LOCK_SECONDS}")
        if session.one("SELECT GET_LOCK(%s, 0)", f"satudata_{self._name}")[0] != 1:
            raise TryAgain(f"source {self._name}: another process reads it, or did a moment ago; its connection holds "
                           f"lock satudata_{self._name}")  # fmt: skip

    def _refuse(self, found: Sequence[Finding]) -> None:
        wrong = [f"{finding.what}: {finding.remedy_en}" for finding in found if finding.level == "error"]
        if wrong:
            raise RefuseToStart(f"source {self._name}: " + "; ".join(wrong))

    def _why_anew(self, position: Position | None, server: Server) -> str | None:
        if position is None:
            return "no position is known"
        place = of_state(position.state)
        if place is None:
            return "nothing was read yet"
        if position.identity.get("server") != server.identity:
            self._carry(place, position)
            return "another server"
        try:
            self._ask_from(place, by_gtid=False)
            born = self._first_born()
        except Lost as error:
            self._hang_up()
            return self._gone(str(error))
        if place.born and born != place.born:
            self._hang_up()
            return self._gone(f"{place.file} was begun anew, as by RESET MASTER")
        return None

    def _gone(self, reason: str) -> str:
        """Return why a new epoch begins; raises RefuseToStart where the contract wants a person to decide."""
        if self._options.on_lost == "stop":
            raise RefuseToStart(
                f"source {self._name}: the binlog is gone beyond the position ({reason}), so changes are missing; set "
                "options.on_lost = \"snapshot\" in the contract: every table is then read again, and what went "
                "meanwhile is deleted"
            )  # fmt: skip
        self._lost = reason
        return f"the binlog is gone beyond the position: {reason}"

    def _carry(self, place: Place, position: Position) -> None:
        """Ask another server of the same replication for the log behind the last transaction that was read."""
        if not place.gtid or not tasks.all_done(position.state):
            return
        try:
            self._ask_from(place, by_gtid=True)
            self._first_born()
        except Lost as error:
            _LOG.warning("gtid_unknown", source=self._name, reason=str(error))
            self._hang_up()
            return
        self._carried = Place("", 4, place.gtid)

    def _ask_from(self, place: Place, *, by_gtid: bool) -> None:
        """Ask for the log on a connection of its own."""
        self._hang_up()
        self._line = self._connect()
        self._dump = self._line.dump(place, self._options.server_id, self._known().mariadb, by_gtid)

    def _first_born(self) -> int:
        """Return the second at which the log's first file was begun; its events are received again afterwards."""
        dump = self._stream()
        decoder, kept = Decoder(dump.checksum), list[bytes]()
        deadline = self._around.clock.monotonic() + _FIRST_SECONDS
        while self._around.clock.monotonic() < deadline:
            for event in dump.receive(0.1):
                kept.append(event)
            for event in kept:
                made = decoder.feed(event)
                if isinstance(made, FormatDescription):
                    dump.back(kept)
                    return made.head.at
        raise TryAgain(f"source {self._name}: the server does not begin to send its log")

    # ------------------------------------------------------------------ reading

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield the log from the position on, and tables in between."""
        try:
            yield from self._read(position)
        except pymysql.Error as error:
            raise self._away(error) from error

    def _read(self, position: Position) -> Iterator[Batch | None]:
        server, self._epoch = self._known(), position.epoch
        place, begun = of_state(position.state), {}
        tables = Tables(self._contract, self._around, server, self._ask, self._seal)
        tables.begin(position.state)
        sheet = Sheet(self._around.clock, server.connector, self._name)
        snapshots = self._snapshots = Snapshots(
            self._epoch, tables, server, sheet, connect=self._connect, passed=self._passed, markers=self._markers,
            seal=self._seal, chunk_rows=self._options.chunk_rows, source=self._name, clock=self._around.clock,
        )  # fmt: skip
        if place is None and self._carried is not None:
            place, begun = self._carried, self._all_read()
        elif place is None:
            place = catalog.end(self._ask(), server)
            begun = place.state()
            self._ask_from(place, by_gtid=False)
        begun = {**begun, **snapshots.resume({**position.state, **begun})}
        dump = self._stream()
        assembler = self._assembler = Assembler(
            self._epoch, place, tables, sheet, markers=self._markers, mariadb=server.mariadb, checksum=dump.checksum
        )
        if begun:
            # durable before anything is sent: else a cut in the first second would begin yet another epoch
            yield Batch((), reserve=begun, notices=self._beginning())
        yield from self._follow(dump, assembler, snapshots)

    def _all_read(self) -> dict[str, str]:
        return {tasks.PREFIX + table.name: tasks.done(table, 0) for table in self._contract.table}

    def _beginning(self) -> list[Notice]:
        """Tell why reading begins anew, where there is something to tell."""
        if self._carried is not None:
            return [Notice("server_changed", detail={"server": self._known().identity, "found_by": "gtid"})]
        lost, self._lost = self._lost, ""
        return [Notice("log_purged", detail={"reason": lost})] if lost else []

    def _follow(self, dump: Dump, assembler: Assembler, snapshots: Snapshots) -> Iterator[Batch | None]:
        pieces = snapshots.pieces()
        while True:
            reading, quiet = snapshots.pending, True
            for batch in assembler.batches(dump.receive(0.0 if reading else _WAIT)):
                quiet = False
                yield batch
            if reading:
                yield next(pieces)
            elif quiet:
                yield None

    def _passed(self) -> Place:
        if self._assembler is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._assembler.place

    # ------------------------------------------------------------------ what the runner asks

    def confirm(self, state: Mapping[str, str]) -> None:
        """Keep the source's lock, and measure how far the log goes beyond the position."""
        now = self._around.clock.monotonic()
        if self._session is None or now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            files = catalog.logs(self._session)
        except (pymysql.Error, OSError) as error:
            raise self._away(error) from error
        place = of_state(state)
        if place is not None and place.file in dict(files):
            from_here = [size for name, size in files if name >= place.file]
            metrics.SOURCE_LAG_BYTES.labels(source=self._name).set(max(sum(from_here) - place.position, 0))

    def request(self, request: Request) -> None:
        """Take a request for tables to be read again."""
        if self._snapshots is None:
            raise TryAgain(f"source {self._name}: not connected")
        self._snapshots.ask(request)

    def fingerprint(self, table: str) -> Fingerprint:
        """Return a table's fingerprint, over a connection of its own."""
        server = self._known()
        session = self._connect()
        try:
            place = exactly(session, server)
            row = catalog.table(session, table)
            if row is None or row.engine not in catalog.TRANSACTIONAL:
                raise RefuseToStart(f"table {table} has no transactions, so it cannot be read as of one place: "
                                    "ALTER TABLE ... ENGINE = InnoDB")  # fmt: skip
            plan = plan_of(session, self._contract.table_named(table), self._name, server, self._around)
            buckets = Buckets(self._contract.table_named(table), self._around)
            for rows in session.stream(f"SELECT {', '.join(plan.select)} FROM {catalog.quoted(table)}"):  # noqa: S608 - quoted
                for values in rows:
                    change = plan.read(values)
                    buckets.add(change.record, change.beginning)
            return buckets.fingerprint(stamp(self._epoch, place.major, TURNS))
        except pymysql.Error as error:
            raise self._away(error) from error
        finally:
            session.leave()

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        """Say whether a position's state has every change up to a fingerprint's version behind it."""
        place, wanted = of_state(state), unpack(version + bytes(4))
        read = all(tasks.is_done(state, table) for table in self._contract.table)
        return place is not None and read and (self._epoch, place.major) >= (wanted.epoch, wanted.major)

    def close(self) -> None:
        """Hang up all connections."""
        self._hang_up()
        if self._snapshots is not None:
            self._snapshots.close()
        if self._session is not None:
            self._session.leave()
        self._session = self._snapshots = self._assembler = self._carried = None

    def _hang_up(self) -> None:
        """Leave the log; by itself the server would notice only when it next sends, and keep the file until then."""
        if self._line is not None:
            with suppress(pymysql.Error, OSError, TryAgain):
                self._ask().query(f"KILL {self._line.number}")
            self._line.leave()
        self._line = self._dump = None

    def _ask(self) -> Session:
        if self._session is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._session

    def _stream(self) -> Dump:
        if self._dump is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._dump

    def _known(self) -> Server:
        if self._server is None:
            raise TryAgain(f"source {self._name}: not connected")
        return self._server
