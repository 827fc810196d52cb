"""Fixtures for real services: a missing or sick service fails the test that needs it, it never skips it."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from psycopg import sql

from hub.platform.embedded import Platform
from hub.wire import topics
from hub.wire.settings import Settings


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One platform for the whole session; tests that break a service take `own_platform`."""
    with started() as running:
        yield running


@pytest.fixture
def own_platform() -> Iterator[Platform]:
    """Start a platform of the test's own, to kill, stop, pause and restart: `own_platform.services["kafka"].kill()`."""
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def shared(platform: Platform) -> Iterator[Settings]:
    """Settings of a hub of the file's own on the session's services: no topic of a hub, an empty store, a home."""
    with temporary_home() as home, lent(platform) as services:
        for folder in ("run", "logs"):
            (home / folder).mkdir()
        yield Settings(home=home, **services)  # type: ignore[arg-type]


@contextmanager
def lent(platform: Platform) -> Iterator[dict[str, str]]:
    """Lend a platform's services to a hub, by setting: no topic of another hub, an empty store."""
    services = platform.services
    kafka, registry = services["kafka"].endpoint, services["registry"].endpoint
    with fresh_database(services["database"].endpoint, "hub") as store:
        delete_hub_topics(kafka)
        yield {"kafka": kafka, "registry": registry, "database": store}
        delete_hub_topics(kafka)


def environment(settings: Settings) -> dict[str, str]:
    """Return what tells a process of these settings."""
    return {
        "SATUDATA_HOME": str(settings.home), "SATUDATA_KAFKA": str(settings.kafka),
        "SATUDATA_REGISTRY": str(settings.registry), "SATUDATA_DATABASE": str(settings.database),
    }  # fmt: skip


def delete_hub_topics(bootstrap: str) -> None:
    """Delete every topic of a hub, and return when they are gone."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    fixed = {topic.name for topic in topics.fixed_topics()}

    def present() -> list[str]:
        return [name for name in admin.list_topics(timeout=30).topics if name in fixed or name.startswith(_OF_SOURCES)]

    for future in admin.delete_topics(found).values() if (found := present()) else ():
        future.result(30)
    while present():
        time.sleep(0.05)


_OF_SOURCES = ("raw.", "position.", "signal.")


@pytest.fixture
def kafka(platform: Platform) -> str:
    """Return the bootstrap server of the session's Kafka."""
    return platform.services["kafka"].endpoint


@pytest.fixture
def registry(platform: Platform) -> str:
    """Return the URL of the session's schema registry."""
    return platform.services["registry"].endpoint


@pytest.fixture
def database(platform: Platform) -> Iterator[str]:
    """Return the URL of a fresh, empty database for the hub."""
    with fresh_database(platform.services["database"].endpoint, "hub") as url:
        yield url


@pytest.fixture
def migrated(platform: Platform) -> Iterator[str]:
    """Return the URL of a fresh, empty store: a database that the hub has migrated."""
    with fresh_store(platform.services["database"].endpoint) as url:
        yield url


@pytest.fixture
def opd_database(platform: Platform) -> Iterator[str]:
    """Return the URL of a fresh, empty database that plays an OPD's own."""
    with fresh_database(platform.services["database"].endpoint, "opd") as url:
        yield url


@pytest.fixture
def topic() -> Callable[[str], str]:
    """Return a function that makes a topic name which no other test has."""
    return lambda stem="topic": f"test.{stem}.{secrets.token_hex(5)}"


@contextmanager
def started(**options: object) -> Iterator[Platform]:
    """Start a platform in a temporary home and remove all of it afterwards."""
    with temporary_home() as home:
        settings = Settings(home=home, kafka=None, registry=None, database=None, **options)  # type: ignore[arg-type]
        with Platform(settings, brief=True) as running:
            yield running


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Make a home that PostgreSQL's user may enter even when root runs the tests."""
    home = Path(tempfile.mkdtemp(prefix="satudata-test-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        if "SATUDATA_KEEP_TEST_HOME" not in os.environ:
            shutil.rmtree(home)


@contextmanager
def fresh_database(server: str, stem: str, like: str = "template1") -> Iterator[str]:
    """Create an empty database on a server, or one like another; drop it, its slots and its sessions afterwards."""
    name = _create(server, stem, like)
    try:
        yield _url(server, name)
    finally:
        _drop(server, name)


@contextmanager
def fresh_store(server: str) -> Iterator[str]:
    """Create an empty store on a server: a copy of one that was migrated once; drop it afterwards."""
    with fresh_database(server, "hub", _store_to_copy(server)) as url:
        yield url


@cache
def _store_to_copy(server: str) -> str:
    """Return the name of a migrated database, which goes with its server."""
    from hub.persist import migrate  # Alembic is loaded by those who need a store

    name = _create(server, "store", "template1")
    migrate(_url(server, name))
    return name


def _create(server: str, stem: str, like: str) -> str:
    name = f"{stem}_{secrets.token_hex(5)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, like))))
    return name


def _url(server: str, name: str) -> str:
    head, _, _ = server.rpartition("/")
    return f"{head}/{name}"


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for slot in [row[0] for row in connection.execute(_SLOTS, [name]).fetchall()]:
            _drop_slot(connection, slot)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_slot(connection: psycopg.Connection, slot: str) -> None:
    """Drop a slot once its sender, told to end, has let it go."""
    for _ in range(200):
        connection.execute(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s", [slot]
        )
        try:
            connection.execute("SELECT pg_drop_replication_slot(%s)", [slot])
        except psycopg.errors.ObjectInUse:
            time.sleep(0.05)
        except psycopg.errors.UndefinedObject:
            return
        else:
            return
    raise AssertionError(f"the replication slot {slot} is still in use: something did not stop")


_SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE database = %s"
