"""The demo's river: embedded services, three OPD databases with people in them, and every stage as a process."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from rich.console import Console

from hub import flow
from hub.demo import expect, home, systems
from hub.demo.journal import Journal
from hub.demo.oracle import JOURNAL
from hub.demo.rest import Rest
from hub.demo.rows import SYSTEMS
from hub.demo.systems import World
from hub.demo.writing import Desk
from hub.platform.child import Command
from hub.platform.embedded import Platform
from hub.platform.supervisor import Supervisor
from hub.wire.errors import Halt
from hub.wire.settings import Settings
from hub.wire.topics import raw_topic

PROCESSES = (*SYSTEMS, "clean", "reconcile", "publish", "serve")
_OPD = "opd"
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


class River:
    """Everything that runs while a demo lasts; a context manager that leaves nothing behind but its home folder."""

    def __init__(self, given: Settings, options: Options, console: Console | None = None) -> None:
        self.settings = home.settings_of(given)
        self.options = options
        self.stop = threading.Event()
        self.platform = Platform(self.settings, extra=(_OPD,), console=console)
        self.supervisor = Supervisor(self.settings.home)
        self.opd: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.world: World
        self.journal: Journal
        self.desk: Desk

    def __enter__(self) -> Self:
        home.fresh(self.settings.home)
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
            world = pool.submit(World, self.options.people, self.options.seed)
            self.platform.start()
            prepared = pool.submit(flow.prepare, self.settings)
            self.world = world.result()
            self._fill()
            prepared.result()
        self.environment = home.environment(self.settings, self.opd)
        for name in PROCESSES:
            self.supervisor.start(name, self._command(name))

    def _fill(self) -> None:
        """Make the OPD databases, their rows committed before any connector looks, and begin the journal."""
        server = self.platform.services[_OPD]
        with psycopg.connect(server.endpoint, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")  # the oracle's measure of recency
        server.stop()
        self.platform.restart(_OPD)
        self.opd = systems.create(server.endpoint)
        systems.load(self.world, self.opd)
        self.journal = Journal(self.settings.home / JOURNAL)
        self.journal.note(expect.LOADED, str(time.time_ns() // 1000))
        self.desk = Desk(self.opd, self.journal, self.settings.master_secret(), self.stop)
        everything = [entry for found in self.world.entries.values() for entry in found]
        self.journal.add((), [(self.desk.record(entry.source, entry.key), entry.person) for entry in everything])

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
        wanted, deadline = sum(map(len, self.world.entries.values())), time.monotonic() + timeout_s
        while (members := self.members()) < wanted:
            self.require_processes()
            if time.monotonic() > deadline:
                raise Halt(f"only {members} of {wanted} records reached the store within {timeout_s:.0f} s; look into "
                           f"{self.settings.home / 'logs'}")  # fmt: skip
            tick()
            time.sleep(0.1)

    def members(self) -> int:
        """Return the number of records that the store holds."""
        with psycopg.connect(self.settings.endpoint("database")) as connection:
            row = connection.execute("SELECT count(*) FROM store.member").fetchone()
        return int(row[0]) if row else 0

    def require_processes(self) -> None:
        """Raise Halt, with the end of its log, when a process ends again and again."""
        for name, stage in self.supervisor.stages().items():
            if stage.quick_ends >= _FAILING or stage.code == 0:
                raise Halt(f"{name} does not stay up; the end of {stage.log}:\n{self.supervisor.output(name)}")

    def rest(self) -> Rest:
        """Return the judge of the river's rest."""
        raw = tuple(raw_topic(system.source, system.table).name for system in SYSTEMS.values())
        return Rest(self.settings, self.opd, raw)

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
