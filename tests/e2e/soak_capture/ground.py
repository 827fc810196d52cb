"""The demo's nine offices, made to be troubled: proxies before the databases, small disks, clocks that can be wrong."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.demo.expect import LOADED
from hub.demo.journal import Change
from hub.demo.offices import Office
from hub.demo.offices.files import ExportOffice, FileOffice
from hub.demo.offices.mariadb import MariadbOffice
from hub.demo.offices.postgres import PostgresOffice
from hub.demo.river import Options, River
from hub.demo.rows import ALL, LOGGED
from hub.demo.writing import Desk, GivenUp, Write
from hub.platform.child import Command, write_atomically
from hub.platform.supervisor import with_environment
from hub.wire.settings import Settings
from tests.e2e.soak_capture.disk import Disk
from tests.services.proxy import Proxy

POSTGRES = ("dukcapil", "dapodik", "dinsos")
MARIADB = ("rsud", "desa")
SQLITE = ("bkpsdm", "puskesmas")
FILES = ("dtsen", "dukcapil_bulanan")
_CHANGES = "SELECT seq, source, tbl, op, record, previous, xid, at_us FROM change ORDER BY seq"
_MEMORY_MB, _DELIVERIES_MB = 24, 96


class Ground(River):
    """A river whose connectors, and they alone, are in trouble: offices and oracle reach the systems directly."""

    def __init__(self, settings: Settings, options: Options) -> None:
        own = {source: (sys.executable, "-m", "tests.e2e.soak_capture.connector", source) for source in ALL}
        super().__init__(settings, replace(options, sources=tuple(ALL), commands=own))
        self.lines: dict[str, Proxy] = {}
        """The line of each connector of a database server."""
        self.gaps: list[tuple[str, int, int]] = []
        """Source, from and to in microseconds: no log was kept for it; a new snapshot tells what came of it."""
        self.memory: Disk
        """Where the connectors that read SQLite keep what they sent."""
        self.deliveries: Disk
        """The folders that offices and hub share."""

    def _fill(self) -> None:
        self.memory = Disk(self.settings.home / "sources", _MEMORY_MB)
        self.deliveries = Disk(self.settings.home / "offices" / "berkas", _DELIVERIES_MB)
        for source in FILES:
            self._let_shrink(source)
        super()._fill()
        self.desk = PatientDesk(self, self.offices)
        for source in sorted(LOGGED):
            self.lines[source] = Proxy(*_server(self.opd[source]))

    def _let_shrink(self, source: str) -> None:
        """Let a contract take deliveries that lack many of the last one's rows: a month passes in some seconds here."""
        contract = self.settings.home / "contracts" / f"{source}.toml"
        text = contract.read_text(encoding="utf-8")
        write_atomically(contract, text.replace("[options]", "[options]\nmax_loss = 0.9"))

    def _office(self, source: str, registers: Mapping[str, str]) -> Office:
        office = super()._office(source, registers)
        if isinstance(office, FileOffice):
            office.folder = self.deliveries.folder / source
            office.dsn = str(office.folder)
        return office

    def _command(self, name: str) -> Command:
        command = super()._command(name)
        if name not in self.lines:
            return command
        return with_environment(command, **{f"{name.upper()}_DSN": _through(self.lines[name], self.opd[name])})

    def _deliver(self) -> None:
        """Hand over files as the demo does, whatever is away or full at the moment."""
        while not self.stop.wait(20):
            for office in self._deliveries():
                with suppress(OSError, psycopg.OperationalError):
                    self.hand_over(office)

    def hand_over(self, office: FileOffice) -> bool:
        """Hand a list over if the hub took the last one; one that could not be written is still to be handed over."""
        if isinstance(office, ExportOffice):
            office.touch()
        try:
            return office.deliver()
        except BaseException:
            office.commit([])
            raise

    def _end(self) -> None:
        for name in ("memory", "deliveries"):
            if hasattr(self, name):
                getattr(self, name).free()
        super()._end()
        for line in self.lines.values():
            line.close()
        for name in ("memory", "deliveries"):
            if hasattr(self, name):
                getattr(self, name).remove()

    def start(self, source: str) -> None:
        """Start a connector that was stopped."""
        self.supervisor.start(source, self._command(source))

    def numbered(self) -> list[tuple[int, Change]]:
        """Return every journalled change with its number."""
        return [(row[0], Change(*row[1:])) for row in self.journal._rows(_CHANGES)]

    def forget_lineage(self, numbers: Iterable[int]) -> None:
        """Let the oracle take changed keys of a gap for new rows, as a snapshot shows them."""
        for number in numbers:
            self.journal._rows("UPDATE change SET op = 'c', previous = NULL WHERE seq = ? AND op = 'k'", [number])

    def no_times(self, source: str) -> None:
        """Tell the oracle that a register no longer knows when the rows that it holds now were written.

        After a snapshot they are as old as that for the hub; a table PostgreSQL rewrote has all its rows from then.
        """
        self.journal.note(f"{LOADED}.{source}", str(now_us()))

    def clerk(self, source: str) -> Desk:
        """Return a desk of its own at an office, for another thread than life's."""
        kind = PostgresOffice if source in POSTGRES else MariadbOffice
        return PatientDesk(self, {source: kind(source, self.opd[source], self.stop)})

    def holds(self, record: bytes) -> bool:
        """Say whether the store has a record."""
        with psycopg.connect(self.settings.endpoint("database")) as store:
            return store.execute("SELECT 1 FROM store.member WHERE record = %s", [record]).fetchone() is not None


class PatientDesk(Desk):
    """A desk that goes on when a server is gone before it told a commit's number; such a commit has number 0."""

    def __init__(self, ground: Ground, offices: Mapping[str, Office]) -> None:
        super().__init__(offices, ground.journal, ground.settings.master_secret())
        self._ground = ground

    def commit(self, writes: Sequence[Write]) -> int:
        """Commit and journal one transaction."""
        try:
            return super().commit(writes)
        except GivenUp:
            if self._ground.stop.is_set():
                raise
            self._note(writes, 0)
            return len(writes)


def _server(dsn: str) -> tuple[str, int]:
    """Return host and port of a database's URL or libpq text."""
    if dsn.startswith("mysql://"):
        _, _, place = dsn.rpartition("@")
        host, _, port = place.partition("/")[0].partition(":")
        return host, int(port)
    parts = conninfo_to_dict(dsn)
    return str(parts["host"]), int(parts["port"] or 5432)


def _through(line: Proxy, dsn: str) -> str:
    """Return what leads to a database by a line."""
    return line.through(dsn) if "://" in dsn else make_conninfo(dsn, host="127.0.0.1", port=line.port)


def now_us() -> int:
    """Return microseconds since 1970 UTC."""
    return time.time_ns() // 1000
