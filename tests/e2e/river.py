"""The demo's river with few people, and what a test does to it: write at an office, stop, start, look, judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from hub.demo.rest import Rest
from hub.demo.river import Options, River
from hub.demo.rows import SYSTEMS
from hub.demo.writing import Write
from hub.platform.supervisor import Supervisor, with_environment
from hub.wire.settings import Settings
from hub.wire.topics import raw_topic
from tests.services.fixtures import temporary_home

T = TypeVar("T")
Key = tuple[Any, ...]
_PAUSE_S = 0.1
_FILLING_S = 180
_PATIENCE_S = 90


def until(what: Callable[[], T], said: Callable[[], object] = lambda: "", seconds: float = _PATIENCE_S) -> T:
    """Return the first true answer; a database that is away is asked again."""
    deadline, seen = time.monotonic() + seconds, ""
    while True:
        began = time.monotonic()
        try:
            found = what()
        except psycopg.OperationalError as error:
            seen = str(error)
        else:
            if found:
                return found
        assert time.monotonic() < deadline, f"it did not come about within {seconds:.0f} s: {seen} {said()}"
        time.sleep(max(_PAUSE_S, time.monotonic() - began))


def restarted(stages: Supervisor) -> dict[str, list[str]]:
    """Return the stages that ended and were started again, and the last of what their logs say but for good news."""
    found = {}
    for name, stage in stages.stages().items():
        if stage.restarts:
            lines = stage.log.read_text(encoding="utf-8", errors="replace").splitlines()
            found[name] = [line[:400] for line in lines if '"level": "info"' not in line][-6:]
    return found


class SmallRiver(River):
    """Every service and every process, few people."""

    def __init__(self, given: Settings, options: Options) -> None:
        super().__init__(given, options)
        self.inserted: list[tuple[str, Key]] = []
        """Rows that a test put at an office, where it put them."""
        self._store: psycopg.Connection[dict[str, Any]] | None = None

    # -- at an office
    def insert(self, source: str, key: Key, **values: Any) -> bytes:
        """Commit a new row and return its record id."""
        columns = dict(zip(SYSTEMS[source].key, key, strict=True))
        self.desk.commit([Write(source, 0, key, {**columns, **values}, insert=True)])
        self.inserted.append((source, key))
        return self.desk.record(source, key)

    def update(self, source: str, key: Key, **values: Any) -> None:
        """Commit a change of a row, its key's too."""
        self.desk.commit([Write(source, 0, key, values)])

    def delete(self, *rows: tuple[str, Key]) -> None:
        """Commit the deletion of rows, one transaction each."""
        for source, key in rows:
            self.desk.commit([Write(source, 0, key, None)])

    def execute(self, source: str, *statements: str) -> None:
        """Commit statements that no row's journal knows of, as one transaction."""
        with psycopg.connect(self.opd[source]) as office:
            for statement in statements:
                office.execute(statement.encode())

    # -- the hub's processes
    def begin(self, name: str, **environment: str) -> None:
        """Start a process that was stopped, under other settings where some are given."""
        self.supervisor.start(name, with_environment(self._command(name), **environment))

    def stop_processes(self) -> None:
        """Stop all of them in good order, side by side."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.supervisor.stop, self.supervisor.stages()))

    def _end(self) -> None:
        if self._store is not None:
            self._store.close()
        super()._end()

    @contextmanager
    def away(self, service: str) -> Iterator[None]:
        """Kill a service and start it again at the end, on the same port and data."""
        self.platform.services[service].kill()
        try:
            yield
        finally:
            self.platform.restart(service)

    def restarts(self) -> dict[str, int]:
        """Return which processes ended by themselves, and how often."""
        return {name: stage.restarts for name, stage in self.supervisor.stages().items() if stage.restarts}

    def satudata(self, *arguments: str) -> str:
        """Run the command line as an operator does, and return what it prints."""
        done = self.run("hub", *arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-1500:]} {done.stderr[-3000:]}"
        return done.stdout

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module in the river's surroundings to its end."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments], env={**os.environ, **self.environment}, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip

    # -- what the store says
    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the hub's PostgreSQL."""
        try:
            return self._session().execute(query.encode(), values).fetchall()
        except psycopg.OperationalError:  # the server was killed or restored since, so the session is over
            return self._session().execute(query.encode(), values).fetchall()

    def _session(self) -> psycopg.Connection[dict[str, Any]]:
        if self._store is None or self._store.closed:
            self._store = psycopg.connect(self.settings.endpoint("database"), autocommit=True, row_factory=dict_row)
        return self._store

    def entity(self, record: bytes) -> str | None:
        """Return the entity that a record belongs to, None while there is none."""
        found = self.rows("select entity_id::text from store.member where record = %s", record)
        return found[0]["entity_id"] if found else None

    def entities(self, *records: bytes) -> list[str]:
        """Wait until every record belongs to an entity and return them."""
        return [str(self.wait(lambda record=record: self.entity(record))) for record in records]  # type: ignore[misc]

    def golden(self, entity: str | None) -> dict[str, Any]:
        """Return an entity's row, empty if there is none."""
        found = self.rows("select * from store.person where entity_id = %s", entity)
        return found[0] if found else {}

    def winner(self, record: bytes, column: str) -> Any:
        """Return a value of the entity that a record belongs to."""
        return self.golden(self.entity(record)).get(column)

    def wait(self, what: Callable[[], T], seconds: float = _PATIENCE_S) -> T:
        """Return the first true answer."""
        return until(what, self._said, seconds)

    def _said(self) -> str:
        ends = [f"{name}: {self.supervisor.output(name, 3)[-600:]}" for name in self.supervisor.stages()]
        return "\n".join([f"restarts {self.restarts()}", *ends])

    # -- the oracle
    def judged(self, *changed: str) -> dict[str, Any]:
        """Wait for rest after changes at these sources and return what the oracle says of the whole store."""
        raw = tuple(raw_topic(system.source, system.table).name for system in SYSTEMS.values())
        rest = Rest(self.settings, {source: self.offices[source] for source in changed}, raw)
        assert rest.wait(_PATIENCE_S, self.stop, self.require_processes) is None, self._said()
        done = self.run("hub.demo.oracle", str(self.settings.home))
        assert done.returncode == 0, done.stderr[-3000:]
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def equals_oracle(self, *changed: str) -> bool:
        """Say whether the store is what the offices' databases say; fails with the differences."""
        report = self.judged(*changed)
        assert report["differences"] == []
        return bool(report["store_equals_oracle"])


@contextmanager
def flowing(people: int = 60, services: Mapping[str, str] | None = None) -> Iterator[SmallRiver]:
    """Start a river in a temporary home and wait until its first filling is in the store.

    `services` are others than its own.
    """
    options = Options(people, seed=5, services=services or {})
    with temporary_home() as home, SmallRiver(Settings(home=home), options) as river:
        river.wait_filled(_FILLING_S, lambda: None)
        yield river
