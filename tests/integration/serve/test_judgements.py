"""Judgements over HTTP: expanded, checked, acknowledged, followed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from hub.serve.app import Parts, create
from hub.wire.broker import Outgoing, Ticket
from hub.wire.errors import TryAgain
from hub.wire.memory import MemoryBroker
from hub.wire.records import Judgement
from tests.integration.serve.stores import TestStore, entity_id, judged, noted, record_id

BY = {"author": "petugas.contoh", "reason": "KK dan akta diperiksa"}


@pytest.fixture
def people(kept: TestStore) -> TestStore:
    kept.person(1, [(1, "dukcapil"), (2, "dapodik")])
    kept.person(2, [(3, "dinsos"), (4, "dapodik")])
    kept.person(3, [(5, "dinsos")])
    return kept


def sent(broker: MemoryBroker, store: TestStore) -> list[Judgement]:
    return [store.codec.decode_record(message.value or b"") for message in broker.read("judgement")]


def records(*numbers: int) -> list[str]:
    return [record_id(number).hex() for number in numbers]


def test_a_decision_on_entities_is_one_message_with_every_pair(
    people: TestStore, api: TestClient, broker: MemoryBroker
) -> None:
    answer = api.post("/v1/judgement", json={**BY, "verdict": "same", "entities": [entity_id(1), entity_id(2)]})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    [message] = sent(broker, people)
    expected = {tuple(sorted((record_id(a), record_id(b)))) for a, b in product((1, 2), (3, 4))}
    assert {(pair.a, pair.b) for pair in message.pairs} == expected
    assert (message.id, message.author, message.verdict) == (answer.json()["id"], "petugas.contoh", "same")
    [stored] = broker.read("judgement")
    assert stored.key == message.id.encode()


def test_a_decision_is_followed_from_pending_to_its_state(people: TestStore, api: TestClient) -> None:
    answer = api.post("/v1/judgement", json={**BY, "verdict": "different", "records": records(1, 5)})
    place = answer.headers["location"]
    assert api.get(place).json()["state"] == "pending"
    people.judge(judged(answer.json()["id"], 1, 5, "different", "refused"))
    followed = api.get(place).json()
    assert (followed["state"], followed["author"]) == ("refused", "petugas.contoh")


def test_same_same_different_is_refused_and_names_the_judgements(
    people: TestStore, api: TestClient, broker: MemoryBroker
) -> None:
    people.judge(judged("j1", 1, 3, "same"), judged("j2", 3, 5, "same", sequence=2))
    answer = api.post("/v1/judgement", json={**BY, "verdict": "different", "records": records(1, 5)})
    assert (answer.status_code, answer.json()["judgements"]) == (409, ["j1", "j2"])
    assert sent(broker, people) == []


def test_what_is_no_longer_in_force_contradicts_nothing(people: TestStore, api: TestClient) -> None:
    people.judge(judged("j1", 1, 3, "same", "withdrawn"), judged("j2", 3, 5, "same", sequence=2))
    answer = api.post("/v1/judgement", json={**BY, "verdict": "different", "records": records(1, 5)})
    assert answer.status_code == 202


def test_a_judgement_is_withdrawn_once(people: TestStore, api: TestClient, broker: MemoryBroker) -> None:
    people.judge(judged("j1", 1, 3, "same"))
    wish = {**BY, "verdict": "withdrawn", "withdraws": "j1"}
    answer = api.post("/v1/judgement", json=wish)
    assert (answer.status_code, answer.headers["location"]) == (202, "/v1/judgement/j1")
    [message] = sent(broker, people)
    assert (message.withdraws, message.pairs) == ("j1", ())
    people.judge(judged("j1", 1, 3, "same", "withdrawn"), notes=[noted(message.id, "j1", "withdrawn")])
    assert api.get(f"/v1/judgement/{message.id}").json()["state"] == "active"
    [note] = api.get("/v1/judgement/j1").json()["notes"]
    assert (note["kind"], note["author"], note["reason"]) == ("withdrawn", "warga.contoh", "keliru")
    assert api.post("/v1/judgement", json=wish).status_code == 409


def test_a_decision_in_force_is_contested_and_the_contest_taken_back(
    people: TestStore, api: TestClient, broker: MemoryBroker
) -> None:
    people.judge(judged("j1", 1, 3, "same"))
    answer = api.post("/v1/judgement", json={**BY, "verdict": "contested", "contests": "j1"})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    [message] = sent(broker, people)
    assert (message.contests, message.pairs, message.verdict) == ("j1", (), "contested")
    people.judge(notes=[noted(message.id, "j1", "contested")])
    assert api.get("/v1/judgement/j1").json()["state"] == "active"
    taken_back = api.post("/v1/judgement", json={**BY, "verdict": "withdrawn", "withdraws": message.id})
    assert taken_back.status_code == 202
    people.judge(notes=[noted(message.id, "j1", "contested", "withdrawn")])
    assert api.get(f"/v1/judgement/{message.id}").json()["state"] == "withdrawn"
    assert api.post("/v1/judgement", json={**BY, "verdict": "withdrawn", "withdraws": message.id}).status_code == 409


def test_confirming_a_decision_states_it_again_on_the_same_pairs(
    people: TestStore, api: TestClient, broker: MemoryBroker
) -> None:
    people.judge(judged("j1", 1, 3, "same"), judged("j1", 2, 3, "same"), judged("j1", 2, 5, "same", "superseded"))
    assert api.post("/v1/judgement", json={**BY, "verdict": "different", "confirms": "j1"}).status_code == 422
    answer = api.post("/v1/judgement", json={**BY, "verdict": "same", "confirms": "j1"})
    assert answer.status_code == 202
    [message] = sent(broker, people)
    expected = {tuple(sorted((record_id(a), record_id(3)))) for a in (1, 2)}
    assert {(pair.a, pair.b) for pair in message.pairs} == expected
    assert message.id != "j1"


def test_an_author_finds_what_became_of_his_decisions(people: TestStore, api: TestClient) -> None:
    people.judge(*(judged(f"j{n}", 1, 3, "same", "refused" if n == 2 else "superseded", n) for n in range(1, 6)))
    refused = api.post("/v1/judgement/lookup", json={"author": "petugas.contoh", "state": "refused"}).json()
    assert [one["id"] for one in refused["items"]] == ["j2"]
    first = api.post("/v1/judgement/lookup", json={"limit": 3}).json()
    rest = api.post("/v1/judgement/lookup", json={"limit": 3, "before": first["next"]}).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == ["j5", "j4", "j3", "j2", "j1"]
    assert rest["next"] is None
    assert api.post("/v1/judgement/lookup", json={"author": "nobody"}).json()["items"] == []


@pytest.mark.parametrize(("wish", "status"), [
    ({"verdict": "contested", "contests": "none"}, 404),
    ({"verdict": "contested"}, 422),
    ({"verdict": "contested", "contests": "j1", "records": records(1, 3)}, 422),
    ({"verdict": "same", "contests": "j1"}, 422),
    ({"verdict": "same", "confirms": "none"}, 404),
    ({"verdict": "same", "confirms": "j1", "records": records(1, 3)}, 422),
    ({"verdict": "same", "records": records(1, 3), "entity": "robot"}, 422),
    ({"verdict": "same", "records": records(1, 3), "entity": "family"}, 422),
    ({"verdict": "same", "records": records(1, 99)}, 404),
    ({"verdict": "same", "entities": [entity_id(1), str(uuid4())]}, 404),
    ({"verdict": "withdrawn", "withdraws": "none"}, 404),
    ({"verdict": "same", "records": records(1)}, 422),
    ({"verdict": "same", "records": records(1, 1)}, 422),
    ({"verdict": "same", "records": records(1, 3), "entities": [entity_id(1), entity_id(2)]}, 422),
    ({"verdict": "maybe", "records": records(1, 3)}, 422),
    ({"verdict": "withdrawn", "withdraws": "j1", "records": records(1, 3)}, 422),
    ({"verdict": "same", "records": records(1, 3), "withdraws": "j1"}, 422),
    ({"verdict": "same", "records": records(1, 3), "expires_at": "2020-01-01T00:00:00Z"}, 422),
    ({"verdict": "same", "records": records(1, 3), "expires_at": "2040-01-01T00:00:00"}, 422),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    people: TestStore, api: TestClient, broker: MemoryBroker, wish: dict[str, object], status: int
) -> None:
    assert api.post("/v1/judgement", json={**BY, **wish}).status_code == status
    assert sent(broker, people) == []


def test_a_vanished_entity_cannot_be_judged(people: TestStore, api: TestClient) -> None:
    people.merge(3, 1, [(1, "dukcapil"), (2, "dapodik"), (5, "dinsos")])
    answer = api.post("/v1/judgement", json={**BY, "verdict": "same", "entities": [entity_id(2), entity_id(3)]})
    assert (answer.status_code, answer.json()["moved_to"]) == (410, [entity_id(1)])


def test_without_kafka_s_acknowledgement_nothing_is_promised(people: TestStore, parts: Parts) -> None:
    class Away:
        def submit(self, messages: Sequence[Outgoing]) -> Ticket:
            ticket = Ticket(len(messages))
            ticket.settle(TryAgain("Kafka is away"))
            return ticket

    parts.sender = Away()  # type: ignore[assignment]
    with TestClient(create(parts)) as api:
        answer = api.post("/v1/judgement", json={**BY, "verdict": "same", "records": records(1, 3)})
        assert answer.status_code == 503
        assert api.get(f"/v1/judgement/{answer.json()['id']}").status_code == 404
