"""MariaDB as a system that is not the hub's own: its binlog is as the hub needs it, and its data outlives it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from hub.platform.embedded import Platform, attached
from hub.wire.settings import Settings
from tests.services.fixtures import temporary_home
from tests.services.mariadb import session


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as home:
        yield home


@pytest.fixture
def given(home: Path, platform: Platform) -> Settings:
    """Settings under which nothing but what a test names is started."""
    services = platform.services
    return Settings(
        home=home, kafka=services["kafka"].endpoint, registry=services["registry"].endpoint,
        database=services["database"].endpoint,
    )  # fmt: skip


def asked(url: str, statement: str) -> list[tuple[object, ...]]:
    with session(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_its_log_is_as_the_hub_needs_it_and_its_address_is_recorded(given: Settings, home: Path) -> None:
    with Platform(given, mariadb=("rsud",)) as running:
        assert list(running.services) == ["rsud"]
        url = running.services["rsud"].endpoint
        record = attached(home)
        assert record is not None
        assert record["rsud"] == url
        assert asked(url, "SELECT VERSION()")[0][0] == "11.4.5-MariaDB-log"
        wanted = {"log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_metadata": "FULL"}
        assert {str(n): v for n, v in asked(url, "SHOW GLOBAL VARIABLES") if n in wanted} == wanted
        assert asked(url, "SHOW DATABASES LIKE 'rsud'") == [("rsud",)]
        assert asked(url, "SELECT user FROM mysql.user WHERE user <> 'mariadb.sys'") == [("satudata",)]


def test_it_starts_again_on_its_port_and_data_after_a_kill(given: Settings, home: Path) -> None:
    with Platform(given, mariadb=("rsud",)) as running:
        server = running.services["rsud"]
        url = server.endpoint
        asked(url, "CREATE TABLE rsud.pasien (id int PRIMARY KEY)")
        asked(url, "INSERT INTO rsud.pasien VALUES (7)")
        server.kill()
        with pytest.raises(pymysql.err.OperationalError):
            asked(url, "SELECT 1")
        while server.running:
            time.sleep(0.01)
        running.heal()
        assert asked(url, "SELECT id FROM rsud.pasien") == [(7,)]
    with Platform(given, mariadb=("rsud",)) as again:
        assert again.services["rsud"].endpoint == url
        assert asked(url, "SELECT id FROM rsud.pasien") == [(7,)]


def test_its_password_is_closed_to_others_and_no_value_reaches_its_log(given: Settings, home: Path) -> None:
    with Platform(given, mariadb=("rsud",)) as running:
        url = running.services["rsud"].endpoint
        with pytest.raises(pymysql.err.MySQLError):
            asked(url, "INSERT INTO rsud.tiada VALUES ('1508010101900001')")
        asked(url, "DO '1508010101900001'")
    assert (home / "rsud" / "password").stat().st_mode & 0o077 == 0
    assert (home / "rsud" / "server.cnf").stat().st_mode & 0o077 == 0
    assert "1508010101900001" not in (home / "logs" / "rsud.log").read_text()
    assert not (home / "rsud" / ".bootstrap.sql").exists()
