"""Servers of the test's own: the older PostgreSQL that is still supported, and one that may be broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.platform.mariadb import MariaDB
from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from tests.integration.connectors.binlog import BinlogStage, binlogged
from tests.integration.connectors.wal import WalStage, staged
from tests.services.debian import DebianPostgres
from tests.services.fixtures import fresh_database, temporary_home
from tests.services.mariadb import debian, serving
from tests.services.oldest import OldestPostgres


def _server(home: Path, name: str, version: int) -> Postgres:
    for folder in ("run", "logs"):
        (home / folder).mkdir(exist_ok=True)
    return Postgres(name, home, home / "cache", Ports(home / "run" / "ports.json"), version=version)


@pytest.fixture(scope="session")
def postgres16() -> Iterator[Postgres]:
    """The oldest server that DESIGN's platform packages bring."""
    with temporary_home() as home:
        server = _server(home, "opd16", 16)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def opd16_database(postgres16: Postgres) -> Iterator[str]:
    with fresh_database(postgres16.endpoint, "opd") as url:
        yield url


@pytest.fixture(scope="session")
def postgres13() -> Iterator[Postgres]:
    """The oldest server that is captured."""
    with temporary_home() as home:
        server = OldestPostgres("opd13", home)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def opd13_database(postgres13: Postgres) -> Iterator[str]:
    with fresh_database(postgres13.endpoint, "opd") as url:
        yield url


@pytest.fixture(scope="session")
def postgres15() -> Iterator[Postgres]:
    """Debian's server, with its extensions."""
    with temporary_home() as home:
        server = DebianPostgres("opd15", home)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def opd15_database(postgres15: Postgres) -> Iterator[str]:
    with fresh_database(postgres15.endpoint, "opd") as url:
        yield url


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server for one test, to stop, configure and break."""
    with temporary_home() as home:
        server = _server(home, "opd", 18)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def stage(opd_database: str, kafka: str, registry: str) -> Iterator[WalStage]:
    with staged(opd_database, kafka, registry) as stage:
        yield stage


@pytest.fixture
def own_stage(own_server: Postgres, kafka: str, registry: str) -> Iterator[WalStage]:
    """A source on the test's own server."""
    with fresh_database(own_server.endpoint, "opd") as url, staged(url, kafka, registry) as stage:
        yield stage


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """MariaDB 11.4, whose log names its columns; every test makes the database `public` anew."""
    with serving("opd") as server:
        yield server


@pytest.fixture(scope="session")
def mariadb10() -> Iterator[MariaDB]:
    """Debian's MariaDB 10.11, whose log does not name its columns."""
    with serving("opd10", debian(), binlog_row_metadata="NO_LOG") as server:
        yield server


@pytest.fixture
def own_mariadb() -> Iterator[MariaDB]:
    """A server for one test, to stop, configure and break."""
    with serving("opd") as server:
        yield server


@pytest.fixture
def binlog(mariadb: MariaDB) -> Iterator[BinlogStage]:
    """A source on the session's server, with the twins of broker and registry."""
    with binlogged(mariadb.endpoint) as stage:
        yield stage


@pytest.fixture
def own_binlog(own_mariadb: MariaDB) -> Iterator[BinlogStage]:
    """A source on the test's own server, with the twins of broker and registry."""
    with binlogged(own_mariadb.endpoint) as stage:
        yield stage
