"""Every service does its work, survives a crash with its data, and tells why it cannot start."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.platform.child import until
from hub.platform.embedded import Platform
from hub.platform.kafka import Kafka, brokers
from hub.platform.registry import Registry


def test_the_three_services_answer(kafka: str, registry: str, database: str) -> None:
    assert brokers(int(kafka.rpartition(":")[2])) == 1
    with urllib.request.urlopen(f"{registry}/subjects", timeout=5) as answer:
        assert answer.status == 200
    with psycopg.connect(database) as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)


def test_an_error_that_quotes_a_value_is_not_logged(platform: Platform, database: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.InvalidTextRepresentation) as caught:
        connection.execute("SELECT 'x-secret'::int")
    assert "secret" in str(caught.value)
    assert "secret" not in platform.services["database"].log.read_text()


@pytest.mark.timeout(240)
def test_a_killed_service_comes_back_on_its_port_with_its_data(own_platform: Platform) -> None:
    services = own_platform.services
    before = {name: service.endpoint for name, service in services.items()}
    with psycopg.connect(before["database"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        services["database"].kill()
    services["kafka"].kill()
    own_platform.restart("database")
    own_platform.restart("kafka")
    assert {name: service.endpoint for name, service in services.items()} == before
    with psycopg.connect(before["database"]) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    assert services["kafka"].ailment() is None


@pytest.mark.timeout(700)
def test_java_programs_started_again_map_an_archive_of_their_classes(own_platform: Platform) -> None:
    programs: list[Any] = [own_platform.services["kafka"], own_platform.services["registry"]]
    for program in programs:
        assert isinstance(program, Kafka | Registry)
        assert until(program.classes.place.is_file, 600)
    for program in reversed(programs):
        program.stop()
    for program in programs:
        own_platform.restart(program.name)
        assert str(program.classes.place) in Path(f"/proc/{program.pid}/maps").read_text()
        assert program.ailment() is None


def test_no_other_user_may_look_into_the_data(platform: Platform) -> None:
    homes = [platform.services[name].folder for name in ("kafka", "registry")]
    homes += list(platform.services["database"].folder.glob("data-*"))
    assert {folder.stat().st_mode & 0o077 for folder in homes} == {0}
