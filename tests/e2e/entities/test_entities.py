"""Businesses, schools, families and people of two offices through the whole river, from tables to topics and API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from hub import flow
from hub.platform.child import Command
from hub.platform.supervisor import Supervisor
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings
from tests.e2e.river import restarted
from tests.services.fixtures import environment, fresh_database

HERE = Path(__file__).parent
STAGES = ("perizinan", "capil", "clean", "reconcile", "publish", "serve")
pytestmark = pytest.mark.timeout(300)


@dataclass
class Scene:
    """Every stage running on two offices of one database."""

    office: str
    store: str
    kafka: str
    registry: str
    home: Path
    stages: Supervisor

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the hub's PostgreSQL."""
        with psycopg.connect(self.store, row_factory=dict_row) as store:
            return store.execute(query.encode()).fetchall()

    def write(self, statement: str) -> None:
        """Commit at the office."""
        with psycopg.connect(self.office) as office:
            office.execute(statement.encode())

    def wait(self, what: Callable[[], Any], seconds: float = 60) -> Any:
        """Return the first true answer."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < deadline, [self.stages.output(name, 3)[-500:] for name in STAGES]
            time.sleep(0.1)
        return found

    def api(self, method: str, path: str, **more: Any) -> Any:
        """Ask the API."""
        url = json.loads((self.home / "run" / "serve.json").read_text())["url"]
        answer = httpx.request(method, url + path, timeout=30, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def published(self, topic: str) -> list[Any]:
        """Return the last value of every key of a topic."""
        registry = ConfluentRegistry(self.registry)
        found = {one.key: Codec(registry).decode_record(one.value or b"") for one in KafkaLog(self.kafka).read(topic)}
        registry.close()
        return list(found.values())


@pytest.fixture(scope="module")
def scene(shared: Settings) -> Iterator[Scene]:
    with fresh_database(shared.endpoint("database"), "kantor") as office:
        with psycopg.connect(office, autocommit=True) as connection:
            connection.execute((HERE / "offices.sql").read_text(encoding="utf-8"))
        surroundings = {**environment(shared), "SATUDATA_SOURCES": str(HERE), "OFFICE_DSN": office,
                        "SATUDATA_SERVE_PORT": "0"}  # fmt: skip
        for arguments in (("check", "perizinan"), ("check", "capil"), ("prepare",)):
            done = subprocess.run([sys.executable, "-m", "hub", *arguments], env={**os.environ, **surroundings},
                                  capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        with Supervisor(shared.home, ahead=flow.AHEAD) as stages:
            for name in STAGES:
                stages.start(name, Command((sys.executable, "-m", "hub", "run", name), surroundings))
            made = Scene(office, shared.endpoint("database"), shared.endpoint("kafka"), shared.endpoint("registry"),
                         shared.home, stages)  # fmt: skip
            made.wait(lambda: made.rows("select count(*) as n from store.member")[0]["n"] == 8, 120)
            yield made
            assert restarted(stages) == {}


def test_a_business_written_twice_is_one_and_a_namesake_is_another(scene: Scene) -> None:
    businesses = scene.rows("select * from store.business where status = 'active' order by nib")
    assert [(one["nib"], one["name"]) for one in businesses] == [
        ("9120001234567", "MAJU JAYA CONTOH"), ("9120009876543", "MAJU JAYA CONTOH")
    ]  # fmt: skip
    first = businesses[0]
    assert (first["npwp"], first["form"], first["kbli"], first["scale"]) == ("0012345678331000", "CV", "47112", "micro")
    found = scene.api("POST", "/v1/business/lookup", json={"npwp": "01.234.567.8-331.000"})
    assert [one["entity_id"] for one in found["found"]] == [str(first["entity_id"])]
    members = scene.api("GET", f"/v1/business/{first['entity_id']}/members")["members"]
    assert [one["table"] for one in members] == ["izin.usaha", "izin.usaha"]
    why = scene.api("GET", f"/v1/business/{first['entity_id']}/why")
    assert {link["weight"] > 0 for link in why["links"]} == {True}
    history = scene.api("GET", f"/v1/business/{first['entity_id']}/history")["states"]
    assert history[-1]["golden"]["nib"] == "9120001234567"


def test_coordinates_that_changed_places_are_turned_and_two_schools_stay_two(scene: Scene) -> None:
    schools = scene.rows("select * from store.facility where status = 'active' order by npsn")
    assert [(one["name"], one["kind"], one["latitude"], one["longitude"]) for one in schools] == [
        ("SD NEGERI 12/II CONTOH", "school", -1.4823, 102.1177),
        ("SD NEGERI 13/II CONTOH", "school", -1.4823, 102.1177),
    ]
    scene.wait(lambda: len(scene.published("golden.facility")) == 2)
    assert {one.npsn for one in scene.published("golden.facility")} == {"10501234", "10509876"}


def test_a_child_that_gets_a_card_of_its_own_leaves_the_family(scene: Scene) -> None:
    [family] = scene.rows("select * from store.family where status = 'active'")
    assert (family["kk"], family["head_name"], family["rt"], family["rw"]) == ("1508041203150007", "BUDI CONTOH", 7, 2)
    people = scene.wait(
        lambda: (found := scene.api("GET", f"/v1/family/{family['entity_id']}/people")["memberships"])
        and len(found) == 2 and found
    )  # fmt: skip
    assert sorted(one["role"] for one in people) == ["head", "member"]
    scene.write("update capil.jiwa set no_kk = '1508041203290001' where id = 2")
    [child] = [one["person_id"] for one in people if one["role"] == "member"]
    spans = scene.wait(
        lambda: [one for one in scene.api("GET", f"/v1/person/{child}/families")["memberships"] if one["until"]]
    )  # fmt: skip
    assert [one["family_id"] for one in spans] == [str(family["entity_id"])]
    scene.wait(lambda: {one.status for one in scene.published("golden.membership")} == {"active", "ended"})
    told = scene.published("golden.membership")
    assert {one.person_id for one in told if one.status == "ended"} == {child}
