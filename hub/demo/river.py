"""The demo's river: embedded services, the offices' systems with people in them, and every stage as a process."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from rich.console import Console

from hub import flow
from hub.demo import expect, home, stored, systems
from hub.demo.expect import Expected, Look
from hub.demo.journal import Journal
from hub.demo.offices import Office
from hub.demo.offices.files import ExportOffice, FileOffice
from hub.demo.offices.mariadb import MariadbOffice
from hub.demo.offices.postgres import PostgresOffice
from hub.demo.offices.sqlite import SqliteOffice
from hub.demo.oracle import JOURNAL
from hub.demo.rest import Rest
from hub.demo.rows import ALL, LOGGED, SYSTEMS, Row
from hub.demo.rows_more import HEADERS
from hub.demo.systems import World
from hub.demo.writing import Desk
from hub.platform.child import Command
from hub.platform.embedded import Platform
from hub.platform.supervisor import Supervisor
from hub.wire import contract as contracts
from hub.wire.errors import Halt
from hub.wire.settings import Settings
from hub.wire.topics import raw_topic

STAGES = ("clean", "reconcile", "publish", "serve")
_OPD, _MARIADB = "opd", "opd-mariadb"
_CLOCK = "track_commit_timestamp = on"
"""The oracle's measure of recency at the registers."""
_OF_MARIADB = ("rsud", "desa")
_EXPORT = "dukcapil_bulanan"
_DELIVERY_S = 20.0
"""Time between two deliveries of the offices that hand over files; in life it is a month."""
_LOOK_S = 0.25
_FAILING = 6
"""Ends in a row, each soon after the start, after which waiting for a process makes no sense."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a demo is to be."""

    people: int = 3000
    rate: float = 100
    seed: int = 1
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other command lines for some of the processes, by name."""
    sources: tuple[str, ...] = tuple(SYSTEMS)
    """Which offices take part; those of `hub.demo.rows.ALL` are known."""
    brief: bool = True
    """Whether the services are to start cheaply rather than to run fast for long, as a measurement needs them."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the hub's services that run already, by setting; the others are started."""


class River:
    """Everything that runs while a demo lasts; a context manager that leaves nothing behind but its home folder."""

    def __init__(self, given: Settings, options: Options, console: Console | None = None) -> None:
        self.settings = home.settings_of(given, options.services)
        self.options = options
        self.stop = threading.Event()
        mariadb = (_MARIADB,) if set(options.sources) & set(_OF_MARIADB) else ()
        self.platform = Platform(
            self.settings, extra={_OPD: _CLOCK}, mariadb=mariadb, brief=options.brief, console=console
        )
        self.supervisor = Supervisor(self.settings.home, ahead=flow.AHEAD)
        self.opd: dict[str, str] = {}
        """What each source's environment variable holds."""
        self.offices: dict[str, Office] = {}
        self.environment: dict[str, str] = {}
        self.world: World
        self.journal: Journal
        self.desk: Desk

    def __enter__(self) -> Self:
        home.fresh(self.settings.home)
        home.agree(self.settings.home, self.options.sources)
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            world = pool.submit(World, self.options.people, self.options.seed, self.options.sources)
            self.platform.start()
            prepared = pool.submit(flow.prepare, self.settings)
            self.world = world.result()
            self._fill()
            prepared.result()
        self.environment = home.environment(self.settings, self.opd)
        for name in (*self.opd, *STAGES):
            self.supervisor.start(name, self._command(name))
        if self._deliveries():
            threading.Thread(target=self._deliver, name="deliveries", daemon=True).start()

    def _fill(self) -> None:
        """Make the OPD databases, their rows committed before any connector looks, and begin the journal."""
        registers = systems.create(self.platform.services[_OPD].endpoint)
        self.offices = {source: self._office(source, registers) for source in self.world.sources}
        self.opd = {source: office.dsn for source, office in self.offices.items()}
        systems.load(self.world, registers)
        self.journal = Journal(self.settings.home / JOURNAL)
        self.journal.note(expect.LOADED, str(time.time_ns() // 1000))
        self.desk = Desk(self.offices, self.journal, self.settings.master_secret())
        for source, office in self.offices.items():
            office.create()
            office.load(self.world.row(entry) for entry in self.world.entries[source])
        everything = [entry for found in self.world.entries.values() for entry in found]
        self.journal.add((), [(self.desk.record(entry.source, entry.key), entry.person) for entry in everything])

    def _office(self, source: str, registers: Mapping[str, str]) -> Office:
        folder = self.settings.home / "offices"
        if source in registers:
            return PostgresOffice(source, registers[source], self.stop)
        if source in _OF_MARIADB:
            return MariadbOffice(source, self.platform.services[_MARIADB].endpoint, self.stop)
        if source == "dtsen":
            return FileOffice(source, folder, ".xlsx", HEADERS[source])
        if source == _EXPORT:
            export = ExportOffice(source, folder, ".csv", HEADERS[source], partial(systems.export, registers))
            export.told = self._told
            return export
        return SqliteOffice(source, folder)

    def _told(self, rows: Iterable[Row]) -> None:
        """Note whose the records of an export are: those that the register's own records are of."""
        truth, record = self.journal.truth(), self.desk.record
        pairs = [(record(_EXPORT, (row["id"],)), truth.get(record("dukcapil", (row["id"],)))) for row in rows]
        self.journal.add((), [(found, person) for found, person in pairs if person is not None])

    def _deliveries(self) -> list[FileOffice]:
        return [office for office in self.offices.values() if isinstance(office, FileOffice)]

    def _deliver(self) -> None:
        """Hand over files from time to time."""
        while not self.stop.wait(_DELIVERY_S):
            for office in self._deliveries():
                if isinstance(office, ExportOffice):
                    office.touch()
                office.deliver()

    def _command(self, name: str) -> Command:
        argv = self.options.commands.get(name) or (sys.executable, "-m", "hub", "run", name)
        return Command(argv, self.environment, Path.cwd())

    def _end(self) -> None:
        self.stop.set()
        self.supervisor.stop_all()
        if hasattr(self, "desk"):
            self.desk.close()
            self.journal.close()
        self.platform.stop()

    def wait_filled(self, timeout_s: float, tick: Callable[[], None]) -> None:
        """Wait until every record of the first filling is in the store; raises Halt when it takes too long."""
        wanted, deadline = self.wanted(), time.monotonic() + timeout_s
        with psycopg.connect(self.settings.endpoint("database"), autocommit=True) as store:
            while (members := _members(store)) < wanted:
                self.require_processes()
                if time.monotonic() > deadline:
                    raise Halt(f"only {members} of {wanted} records reached the store within {timeout_s:.0f} s; look "
                               f"into {self.settings.home / 'logs'}")  # fmt: skip
                tick()
                time.sleep(_LOOK_S)

    def wanted(self) -> int:
        """Return how many records the offices held at first."""
        exported = sum(len(office.held()) for office in self._deliveries() if isinstance(office, ExportOffice))
        return sum(map(len, self.world.entries.values())) + exported

    def require_processes(self) -> None:
        """Raise Halt, with the end of its log, when a process ends again and again."""
        for name, stage in self.supervisor.stages().items():
            if stage.quick_ends >= _FAILING or stage.code == 0:
                raise Halt(f"{name} does not stay up; the end of {stage.log}:\n{self.supervisor.output(name)}")

    def rest(self) -> Rest:
        """Return the judge of the river's rest."""
        raw = tuple(raw_topic(source, ALL[source].table).name for source in self.offices)
        return Rest(self.settings, self.offices, raw, self._observed)

    def _observed(self) -> bool:
        """Tell whether the store holds what the offices without a log hold."""
        watched = [source for source in self.offices if source not in LOGGED]
        if not watched:
            return True
        clean = stored.read(self.settings.endpoint("database")).clean
        met_us = {record: person.changed_at for record, person in clean.items()}
        known, secret = contracts.load_all(self.settings), self.settings.master_secret()
        for source in watched:
            look = Look(known[source], self.opd[source], secret, met_us)
            wanted = {record.id: stored.content(record) for record in expect.records(look, Expected())}
            if {r: stored.content(p) for r, p in clean.items() if p.source == source} != wanted:
                return False
        return True

    def where(self) -> dict[str, str]:
        """Return where a person can look, passwords left out."""
        return {
            "Kafka": self.settings.endpoint("kafka"),
            "Registri": self.settings.endpoint("registry"),
            "PostgreSQL": self.settings.endpoint("database").rpartition("@")[2],
            "OPD": self.platform.services[_OPD].endpoint.rpartition("@")[2].partition("/")[0],
            "Log": str(self.settings.home / "logs"),
            "Sandi": str(self.settings.home / "run" / "endpoints.json"),
        }


def _members(store: psycopg.Connection[tuple[Any, ...]]) -> int:
    """Return the number of records that the store holds."""
    row = store.execute("SELECT count(*) FROM store.member").fetchone()
    return int(row[0]) if row else 0
