"""Reading people over HTTP from a store that the hub's own writer wrote."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from hub.serve.app import Parts
from tests.integration.serve.stores import TestStore, entity_id, judged, record_id

NIK = "1508012345670001"
TRIO = [(1, "dukcapil"), (2, "dapodik"), (3, "dinsos")]


def test_a_living_entity_answers_with_its_golden_record(kept: TestStore, api: TestClient) -> None:
    kept.person(1, TRIO, nik=NIK)
    answer = api.get(f"/v1/person/{entity_id(1)}").json()
    assert (answer["nik"], answer["name"], answer["birth_date"]) == (NIK, "SEKAR MELATI", "1994-03-21")
    assert answer["version"] == {"generation": 1, "sequence": 1}


def test_a_merged_id_says_where_its_records_went_over_several_merges(kept: TestStore, api: TestClient) -> None:
    kept.person(1, [(1, "dukcapil")])
    kept.person(2, [(2, "dapodik")])
    kept.person(3, [(3, "dinsos")])
    kept.merge(3, 2, TRIO[1:])
    kept.merge(2, 1, TRIO)
    answer = api.get(f"/v1/person/{entity_id(3)}")
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["entity_status"] == "merged"
    assert answer.json()["moved_to"] == [entity_id(1)]
    assert set(api.get(f"/v1/person/{entity_id(1)}").json()["previous_ids"]) == {entity_id(2), entity_id(3)}


def test_a_deleted_id_answers_that_its_records_are_gone(kept: TestStore, api: TestClient) -> None:
    kept.person(1, [(1, "dukcapil")])
    kept.vanish(1)
    answer = api.get(f"/v1/person/{entity_id(1)}/why")
    assert (answer.status_code, answer.json()["moved_to"]) == (410, [])


def test_an_id_never_given_is_not_found(api: TestClient) -> None:
    answer = api.get(f"/v1/person/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:satudata:problem:not-found"


@pytest.mark.parametrize("wanted", [
    {"nik": "1508 0123 4567 0001"}, {"kk": "1508010102030004", "phone": "0812-3456-7890"},
    {"name": "Sekar  Melati", "birth_date": "1994-03-21"}, {"record": record_id(2).hex()},
])  # fmt: skip
def test_lookup_finds_by_what_is_given(kept: TestStore, api: TestClient, wanted: dict[str, str]) -> None:
    kept.person(1, TRIO, nik=NIK)
    answer = api.post("/v1/person/lookup", json=wanted).json()
    assert [found["entity_id"] for found in answer["people"]] == [entity_id(1)]
    assert answer["more"] is False


def test_all_given_values_must_fit_and_the_vanished_are_not_found(kept: TestStore, api: TestClient) -> None:
    kept.person(1, [(1, "dukcapil")], nik=NIK)
    assert api.post("/v1/person/lookup", json={"nik": NIK, "phone": "0899999"}).json()["people"] == []
    kept.vanish(1)
    assert api.post("/v1/person/lookup", json={"nik": NIK}).json()["people"] == []


@pytest.mark.parametrize("wanted", [{}, {"name": "SEKAR"}, {"nik": NIK, "religion": "x"}, {"record": "zz"}])
def test_a_lookup_that_cannot_be_meant_is_refused_without_repeating_its_values(
    api: TestClient, wanted: dict[str, str]
) -> None:
    answer = api.post("/v1/person/lookup", json=wanted)
    assert answer.status_code == 422
    assert NIK not in answer.text


def test_members_are_named_by_source_table_and_keyed_id(kept: TestStore, api: TestClient) -> None:
    kept.person(1, TRIO)
    members = api.get(f"/v1/person/{entity_id(1)}/members").json()["members"]
    assert {(one["record"], one["source"]) for one in members} == {(record_id(n).hex(), s) for n, s in TRIO}


def test_why_tells_each_value_s_reason_and_each_link_s_levels(kept: TestStore, api: TestClient) -> None:
    kept.person(1, TRIO)
    kept.judge(judged("j1", 1, 3, "same"))
    why = api.get(f"/v1/person/{entity_id(1)}/why").json()
    [name] = why["values"]
    assert (name["rule"], name["source"], name["value"]) == ("rank", "dukcapil", {"name": "SEKAR MELATI"})
    assert [loser["source"] for loser in name["losers"]] == ["dapodik", "dinsos"]
    assert name["losers"][0]["value"] == {"name": "S. SEKAR MELATI"}
    assert len(why["links"]) == 3
    assert [(one["level"], one["weight"]) for one in why["links"][0]["levels"]] == [
        ("missing", 0.0), ("exact", 9.0), ("swapped", 5.5)
    ]  # fmt: skip
    assert why["links"][0]["levels"][2]["account"] == "tanggal lahir hari dan bulan tertukar"
    assert [(one["id"], one["state"]) for one in why["judgements"]] == [("j1", "active")]


def test_history_tells_every_state_and_the_one_that_held_at_a_time(kept: TestStore, api: TestClient) -> None:
    before = datetime.now(UTC)
    kept.person(1, [(1, "dukcapil")], name="SEKAR")
    kept.person(1, [(1, "dukcapil")], name="SEKAR MELATI")
    kept.vanish(1)
    states = api.get(f"/v1/person/{entity_id(1)}/history").json()["states"]
    assert [(one["kind"], one["person"] and one["person"]["name"]) for one in states] == [
        ("created", "SEKAR"), ("changed", "SEKAR MELATI"), ("deleted", None)
    ]  # fmt: skip
    assert [one["until"] for one in states] == [states[1]["at"], states[2]["at"], None]
    at = f"/v1/person/{entity_id(1)}/history"
    [held] = api.get(at, params={"as_of": states[1]["at"]}).json()["states"]
    assert held["person"]["name"] == "SEKAR MELATI"
    assert api.get(at, params={"as_of": before.isoformat()}).status_code == 404


def test_a_time_without_its_zone_is_refused(kept: TestStore, api: TestClient) -> None:
    answer = api.get(f"/v1/person/{entity_id(1)}/history", params={"as_of": "2026-11-24T08:00:00"})
    assert answer.status_code == 422


def test_an_unknown_path_and_a_wrong_method_are_problems_too(api: TestClient) -> None:
    for answer, status in ((api.get("/v1/nothing"), 404), (api.get("/v1/judgement"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_health_readiness_and_metrics_are_answered(kept: TestStore, api: TestClient) -> None:
    api.get(f"/v1/person/{entity_id(1)}")
    assert api.get("/healthz").text == "ok\n"
    assert api.get("/readyz").text == "ok\n"
    assert 'satudata_http_requests_total{route="/v1/person/{entity_id}",status="404"}' in api.get("/metrics").text


def test_a_database_that_went_away_is_503_and_comes_back(kept: TestStore, api: TestClient, parts: Parts) -> None:
    kept.person(1, [(1, "dukcapil")])
    place = f"/v1/person/{entity_id(1)}"
    assert api.get(place).status_code == 200
    name = psycopg.conninfo.conninfo_to_dict(kept.url)["dbname"]
    kept.close()
    admin = psycopg.conninfo.make_conninfo(kept.url, dbname="postgres")
    with psycopg.connect(admin, autocommit=True) as cluster:
        cluster.execute(f"alter database {name} allow_connections false")
        cluster.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        answer = api.get(place)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert api.get("/readyz").status_code == 503
        cluster.execute(f"alter database {name} allow_connections true")
    assert api.get(place).status_code == 200


def test_nothing_that_was_looked_up_is_logged(
    kept: TestStore, api: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    kept.person(1, TRIO, nik=NIK)
    api.post("/v1/person/lookup", json={"nik": NIK})
    api.post("/v1/person/lookup", json={"nik": NIK, "bad": 1})
    out = capfd.readouterr()
    assert NIK not in caplog.text + out.out + out.err
