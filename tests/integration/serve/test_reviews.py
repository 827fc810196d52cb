"""The stewards' queue and the holds over HTTP, as reconcile wrote them."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.dialects import postgresql

from hub.persist.review_rows import review_id
from hub.serve.app import Parts, create
from hub.serve.review_store import Wanted, queue
from hub.wire.decisions import Delta, Doubt
from tests.integration.serve.stores import TestStore, doubted, entity_id, judged, noted, record_id

ANI, BUDI = {"steward": "petugas.ani"}, {"steward": "petugas.budi"}
NEAR = doubted(1, 3)
ATTESTED = doubted(2, 4, "attested", conflict=True, twins=True)
CONTESTED = doubted(1, 5, "contested", entities=(1, 3), judgement="j1", source_b="dinsos", sources=("dinsos",))


@pytest.fixture
def people(kept: TestStore) -> TestStore:
    kept.person(1, [(1, "dukcapil"), (2, "dapodik")])
    kept.person(2, [(3, "dinsos"), (4, "dapodik")])
    kept.person(3, [(5, "dinsos")])
    return kept


@pytest.fixture
def waiting(people: TestStore) -> TestStore:
    people.judge(judged("j1", 1, 5, "same"), notes=[noted("c1", "j1", "contested")])
    people.doubt(NEAR, ATTESTED, CONTESTED)
    return people


def at(doubt: Doubt) -> str:
    return f"/v1/reviews/{review_id('person', doubt)}"


def ids(api: TestClient, **asked: object) -> list[str]:
    answer = api.get("/v1/reviews", params=asked)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_the_queue_begins_with_what_a_decision_is_worth_most_on(waiting: TestStore, api: TestClient) -> None:
    items = api.get("/v1/reviews").json()["items"]
    assert [item["kind"] for item in items] == ["contested", "attested", "near"]
    assert [item["worth"] for item in items] == [sum(item["points"].values()) for item in items]
    assert items[0]["points"]["sensitive"] > 0
    assert "disanggah" in items[0]["account"]


def test_the_queue_is_filtered_and_read_page_by_page(waiting: TestStore, api: TestClient) -> None:
    everything = ids(api)
    assert ids(api, kind="near") == [review_id("person", NEAR)]
    assert ids(api, office="dinsos") == [review_id("person", CONTESTED)]
    assert (ids(api, entity="family"), ids(api, state="aside")) == ([], [])
    first = api.get("/v1/reviews", params={"limit": 2}).json()
    assert [*[item["id"] for item in first["items"]], *ids(api, limit=2, after=first["next"])] == everything
    assert api.get("/v1/reviews", params={"after": "x"}).status_code == 422
    assert api.get("/v1/reviews", params={"offise": "dinsos"}).status_code == 422


def test_an_item_shows_both_records_their_evidence_and_earlier_decisions(waiting: TestStore, api: TestClient) -> None:
    contested = api.get(at(CONTESTED)).json()
    [judgement] = contested["judgements"]
    assert (judgement["id"], judgement["notes"][0]["kind"], contested["levels"]) == ("j1", "contested", [])
    waiting.doubt(doubted(1, 2, "weak", entities=(1, 1)))
    item = api.get(at(doubted(1, 2, "weak"))).json()
    assert {item["left"]["record"], item["right"]["record"]} == {record_id(1).hex(), record_id(2).hex()}
    assert {side["values"]["name"] for side in (item["left"], item["right"])} == {"SEKAR MELATI"}
    assert item["left"]["values"]["birth_date"] == "1994-03-21"
    assert "digest" not in item["left"]["values"]
    assert [(level["comparison"], level["level"]) for level in item["levels"]][:2] == [
        ("name", "exact"), ("birth", "swapped")
    ]  # fmt: skip
    assert len(item["members_a"]) == 2


def test_an_item_that_is_settled_is_no_longer_there(waiting: TestStore, api: TestClient) -> None:
    assert api.get(at(NEAR)).status_code == 200
    waiting.doubt(CONTESTED, ATTESTED, looked=[3])
    assert api.get(at(NEAR)).status_code == 404
    assert api.post(f"{at(NEAR)}/claim", json=ANI).status_code == 404


def test_an_item_is_with_one_steward_at_a_time(waiting: TestStore, api: TestClient) -> None:
    taken = api.post(f"{at(NEAR)}/claim", json={**ANI, "minutes": 30})
    assert (taken.status_code, taken.json()["steward"]) == (200, "petugas.ani")
    refused = api.post(f"{at(NEAR)}/claim", json=BUDI)
    assert (refused.status_code, refused.json()["steward"]) == (409, "petugas.ani")
    assert api.get(at(NEAR)).json()["claim"]["steward"] == "petugas.ani"
    assert review_id("person", NEAR) not in ids(api, free=True)
    assert api.post(f"{at(NEAR)}/release", json=BUDI).status_code == 204
    assert api.post(f"{at(NEAR)}/claim", json=BUDI).status_code == 409
    assert api.post(f"{at(NEAR)}/release", json=ANI).status_code == 204
    assert api.post(f"{at(NEAR)}/claim", json=BUDI).status_code == 200


def test_a_claim_ends_by_itself(waiting: TestStore, api: TestClient) -> None:
    api.post(f"{at(NEAR)}/claim", json=ANI)
    with psycopg.connect(waiting.url, autocommit=True) as database:
        database.execute("update store.claim set until = now() - interval '1 second'")
    assert api.get(at(NEAR)).json()["claim"] is None
    assert api.post(f"{at(NEAR)}/claim", json=BUDI).json()["steward"] == "petugas.budi"


def test_serve_can_write_claims_and_nothing_by_mistake(waiting: TestStore, parts: Parts) -> None:
    with parts.store.snapshot() as snapshot, pytest.raises(Exception, match="read-only"):
        snapshot.connection.exec_driver_sql("delete from store.review")


def test_holds_are_listed_asked_for_and_end(waiting: TestStore, parts: Parts) -> None:
    parts.sensitive_feeds = ("bansos", "kesehatan")
    with TestClient(create(parts)) as api:
        held = api.get("/v1/holds").json()
        assert {item["entity_id"] for item in held["items"]} == {entity_id(1), entity_id(3)}
        assert {(item["reason"], item["judgement"]) for item in held["items"]} == {("contested", "j1")}
        assert held["feeds"] == ["bansos", "kesehatan"]
        assert api.get(f"/v1/holds/{entity_id(1)}").json()["released_at"] is None
        assert api.get(f"/v1/holds/{entity_id(2)}").status_code == 404
        waiting.doubt(NEAR, ATTESTED, looked=[5], delta=Delta(judgements=[judged("j2", 1, 5, "same", sequence=2)]))
        assert api.get("/v1/holds").json()["items"] == []
        first = api.get("/v1/holds", params={"released": True, "limit": 1}).json()
        rest = api.get("/v1/holds", params={"released": True, "limit": 1, "after": first["next"]}).json()
        ended = [*first["items"], *rest["items"]]
        assert {(item["entity_id"], item["release"]) for item in ended} == {
            (entity_id(1), "decided"), (entity_id(3), "decided")
        }  # fmt: skip
        assert rest["next"] is None
        assert api.get(f"/v1/holds/{entity_id(1)}").status_code == 404
        assert api.get("/v1/holds", params={"after": "yesterday"}).status_code == 422


def test_each_hold_and_release_is_told_to_subscribers(waiting: TestStore) -> None:
    waiting.doubt(NEAR, ATTESTED, looked=[5], delta=Delta(judgements=[judged("j2", 1, 5, "same", sequence=2)]))
    with psycopg.connect(waiting.url) as database:
        rows = database.execute("select key, value, headers from store.outbox where topic = 'hold' order by id")
        said = [(bytes(key).decode(), waiting.codec.decode_record(bytes(value)), head) for key, value, head in rows]
    assert [(entity, hold.held, hold.reason) for entity, hold, _ in said if entity == entity_id(3)] == [
        (entity_id(3), True, "contested"), (entity_id(3), False, "decided")
    ]  # fmt: skip
    assert all(hold.entity_id == entity and head["ce_type"] == "satudata.hold" for entity, hold, head in said)
    versions = [(hold.generation, hold.sequence) for _, hold, _ in said]
    assert versions == sorted(versions)


MANY = """
insert into store.review (id, entity, kind, a, b, weight, margin, entity_a, entity_b, size_a, size_b, source_a,
  source_b, sources, twins, conflict, evidence, worth, points, state, opened_at)
select gen_random_uuid(), 'person', 'near', int8send(n), int8send(n + 1), 2000, -1000, gen_random_uuid(),
  gen_random_uuid(), 1, 1, 'dukcapil', 'dapodik', '{dapodik,dukcapil}', false, false, '\\x00', n % 200, '{}',
  case when n % 5 = 0 then 'aside' else 'open' end, now()
from generate_series(1, 20000) n"""


@pytest.mark.parametrize("wanted", [
    Wanted("person"), Wanted("person", free=True), Wanted("person", after=(150, uuid4())),
    Wanted("person", office="dapodik"), Wanted("person", kind="near"),
])  # fmt: skip
def test_a_page_of_a_long_queue_is_read_from_its_index(kept: TestStore, wanted: Wanted) -> None:
    statement = queue(wanted).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with psycopg.connect(kept.url, autocommit=True) as database:
        database.execute(MANY.encode())
        database.execute("analyze store.review")
        plan = "\n".join(row[0] for row in database.execute(f"explain {statement}".encode()))
    assert "Index Scan Backward using ix_review_state_entity_worth_id" in plan, plan
    assert "Seq Scan on review" not in plan
    assert "Sort" not in plan, plan
