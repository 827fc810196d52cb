"""The platform as a whole: which services are needed, their start, their record in the home folder, their end.

    <home>/run/lock             held by the process that owns the services
    <home>/run/endpoints.json   addresses and pids, written when all are healthy, removed when they stop
    <home>/run/<service>.pid    each child, for whoever must end what a killed owner left
    <home>/logs/<service>.log   one log a service
    <home>/<service>/           its configuration and data

A service whose address is given by a setting is not started.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Self

import psycopg
from rich.console import Console

from hub.platform import cache, child, kafka, mariadb, registry
from hub.platform.kafka import Kafka
from hub.platform.mariadb import MariaDB
from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from hub.platform.registry import Registry
from hub.platform.service import Service
from hub.wire import log
from hub.wire.clock import Clock, SystemClock
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.settings import ENDPOINTS, Settings

_log = log.get(__name__)
_RESTARTS, _WITHIN = 5, 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """What `endpoints.json` tells of one embedded service."""

    name: str
    version: str
    endpoint: str
    pid: int
    started: int
    log: str


class Platform:
    """The embedded services of one home folder, owned by this process; also a context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Mapping[str, str] = MappingProxyType({}),
        mariadb: Sequence[str] = (),
        brief: bool = False,
        console: Console | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`extra` names further PostgreSQL servers, `mariadb` MariaDB servers: systems that are not the hub's own.

        With each name of `extra` stands the configuration that this server has beside that of every server.  A `brief`
        platform lives for minutes, so its broker starts cheaply rather than running fast for days.
        """
        self.settings = settings
        self.home = settings.home.absolute()
        self.services: dict[str, Service] = {}
        self._extra = extra
        self._mariadb = mariadb
        self._brief = brief
        self._console = console or Console(stderr=True)
        self._clock = clock or SystemClock()
        self._lock: IO[str] | None = None
        self._cancelled = threading.Event()
        self._archiving: threading.Thread | None = None
        self._restarts: deque[float] = deque(maxlen=_RESTARTS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> dict[str, Any]:
        """Start what is needed, wait until all is healthy, write and return the record.

        Raises RefuseToStart if another process owns this home, or if a service does not come up.
        """
        self._cancelled.clear()
        self._take_lock()
        try:
            self._require_given()
            self.services = self._needed()
            self._start_all()
            self._archive()
            return self._record()
        except BaseException:
            self._cancelled.set()
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the services in reverse order and remove the record."""
        (self.home / ENDPOINTS).unlink(missing_ok=True)
        self._cancelled.set()
        if self._archiving is not None:
            self._archiving.join()
            self._archiving = None
        for service in reversed(self.services.values()):
            with _unbroken():
                service.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self, name: str) -> None:
        """Start a service again after `kill` or `stop` of it, on the same port and data."""
        self.services[name].start()
        self._record()

    def heal(self) -> None:
        """Start again each service that ended by itself; raises Halt if that happens too often."""
        for service in self.services.values():
            if service.running:
                continue
            now = self._clock.monotonic()
            if len(self._restarts) == _RESTARTS and now - self._restarts[0] < _WITHIN:
                raise Halt(
                    f"{service.name} ended {_RESTARTS} times within {_WITHIN:.0f} s; the end of {service.log}:\n"
                    f"{child.tail(service.log)}"
                )
            self._restarts.append(now)
            code = service.child.returncode if service.child else None
            _log.warning("service_restarted", service=service.name, code=code)
            self.restart(service.name)

    def _take_lock(self) -> None:
        for folder in (self.home, self.home / "run", self.home / "logs"):
            cache.make_folder(folder)
        lock = (self.home / "run" / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise RefuseToStart(
                f"process {owner} already starts or runs the services in {self.home}; use them, or stop them with "
                "`satudata down`"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _require_given(self) -> None:
        given = self.settings
        if given.kafka:
            kafka.require(given.kafka)
        if given.registry and (trouble := registry.ailment_of(given.registry)):
            raise RefuseToStart(f"SATUDATA_REGISTRY: {trouble}; correct it, or unset it to use the embedded registry")
        if given.database:
            require_database(given.database)

    def _needed(self) -> dict[str, Service]:
        given, ports = self.settings, Ports(self.home / "run" / "ports.json")
        services: list[Service] = []
        if not given.kafka:
            programs = cache.bundle("kafka", given.cache, self._console)
            services.append(Kafka(self.home, programs, ports, durable=given.durable_flush, brief=self._brief))
        if not given.registry:
            services.append(Registry(self.home, cache.bundle("registry", given.cache, self._console), ports))
        servers = {} if given.database else {"database": ""}
        servers.update(self._extra)
        services += [Postgres(name, self.home, given.cache, ports, further=text) for name, text in servers.items()]
        if self._mariadb:
            installed = mariadb.programs(given.cache)
            services += [MariaDB(name, self.home, installed, ports) for name in self._mariadb]
        return {service.name: service for service in services}

    def _start_all(self) -> None:
        """Start databases side by side with Kafka, and the registry after Kafka, where its schemas lie."""
        with self._console.status("starting the services"), ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(self._start_broker_and_registry)]
            jobs += [
                pool.submit(service.start, self._cancelled)
                for service in self.services.values()
                if isinstance(service, Postgres | MariaDB)
            ]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                self._cancelled.set()
                raise

    def _start_broker_and_registry(self) -> None:
        broker, schemas = self.services.get("kafka"), self.services.get("registry")
        if broker is not None:
            broker.start(self._cancelled)
        if isinstance(schemas, Registry):
            schemas.bootstrap = broker.endpoint if broker is not None else str(self.settings.kafka)
            schemas.start(self._cancelled)

    def _archive(self) -> None:
        """Archive the classes of both Java programs in the background, so that the next start is quicker."""
        archives = [found.classes for found in self.services.values() if isinstance(found, Kafka | Registry)]

        def work() -> None:
            for archive in archives:
                archive.make(self._cancelled, self.home / "logs" / "classes.log")

        self._archiving = threading.Thread(target=work, name="classes", daemon=True)
        self._archiving.start()

    def _record(self) -> dict[str, Any]:
        given = {"kafka": self.settings.kafka, "registry": self.settings.registry, "database": self.settings.database}
        running = [
            asdict(Running(s.name, s.version, s.endpoint, s.pid, child.started(s.pid), str(s.log)))
            for s in self.services.values()
        ]
        record: dict[str, Any] = {name: address for name, address in given.items() if address}
        record |= {service["name"]: service["endpoint"] for service in running}
        record |= {"owner": child.identify(os.getpid()), "services": running}
        child.write_atomically(self.home / ENDPOINTS, json.dumps(record, indent=2))
        return record


def require_database(url: str) -> None:
    """Raise RefuseToStart unless a session with the database at `url` can be opened."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        raise RefuseToStart(
            f"the database cannot be reached ({str(error).strip()}); correct SATUDATA_DATABASE, or unset it to use the "
            "embedded PostgreSQL"
        ) from error


def record(home: Path) -> dict[str, Any] | None:
    """Return what is written about the services of a home, or None if nothing is."""
    try:
        known: dict[str, Any] = json.loads((home / ENDPOINTS).read_text())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise RefuseToStart(f"{home / ENDPOINTS} belongs to another user; act as the user who ran `up`") from error
    return known


def attached(home: Path) -> dict[str, Any] | None:
    """Return the record of services that run and whose owner lives, else None."""
    known = record(home)
    if known is None or not child.alive(known["owner"]):
        return None
    return known if all(child.alive(service) for service in known["services"]) else None


def end(home: Path, seconds: float = 90) -> bool:
    """Stop the services of a home whoever owns them; False if there were none."""
    known = record(home)
    owner = known["owner"] if known else None
    if owner and child.alive(owner):
        os.kill(owner["pid"], signal.SIGTERM)
        child.until(lambda: not child.alive(owner), seconds)
    left = sorted((home / "run").glob("*.pid"))
    for pid_file in left:
        child.end_left_over(pid_file)
    (home / ENDPOINTS).unlink(missing_ok=True)
    return bool(known or left)


@contextlib.contextmanager
def _unbroken() -> Iterator[None]:
    """Finish stopping one service even when a second Ctrl-C comes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
