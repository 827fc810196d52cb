"""Explanations, decisions, the stewards' queue and measures of families, businesses and facilities, as of people."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient

from hub import flow
from hub.__main__ import run
from hub.link import model
from hub.persist.kinds import Stages
from hub.persist.reconcile import Reconciler
from hub.persist.work import Log
from hub.platform.embedded import Platform
from hub.serve.app import Parts, create
from hub.serve.store import Store
from hub.wire.broker import Incoming
from hub.wire.clock import SystemClock
from hub.wire.contract import load_all
from hub.wire.entities import CLEAN, ENTITIES, ENTITY_OF, Clean, Entity
from hub.wire.memory import MemoryBroker
from hub.wire.settings import Settings
from hub.wire.topics import JUDGEMENT, fixed_topics
from hub.wire.version import pack
from tests.integration.serve.stores import TestStore
from tests.services.fixtures import fresh_store

SOURCES = Path(__file__).parents[2] / "e2e" / "entities"
KK, HEAD = "1508041203150007", "1508041203800001"
PLACE = {"region": "1508042001", "region_system": "kemendagri", "rt": 7, "rw": 2}
FAMILY = PLACE | {"kk": KK, "head_nik": HEAD, "head_name": "BUDI CONTOH", "street": "MELATI 5"}
SHOP = PLACE | {"nib": "9120001234567", "npwp": "0012345678331000", "name": "MAJU JAYA CONTOH", "form": "CV",
                "owner_nik": HEAD, "owner_name": "BUDI CONTOH", "kbli": "47112", "street": "MELATI 5"}  # fmt: skip
SCHOOL = PLACE | {"npsn": "10501234", "name": "SD NEGERI 12/II CONTOH", "kind": "school", "latitude": -1.4823,
                  "longitude": 102.1177}  # fmt: skip
OTHER = PLACE | {"npsn": "10503333", "name": "SD NEGERI 20/II CONTOH", "kind": "school", "latitude": -1.6,
                 "longitude": 102.3}  # fmt: skip
ROWS: tuple[tuple[Entity, int, str, dict[str, Any]], ...] = (
    ("person", 1, "capil", {"nik": HEAD, "kk": KK, "name": "BUDI CONTOH", "sex": "male", "birth_date": 3000}),
    ("family", 1, "capil", FAMILY),
    ("family", 2, "perizinan", FAMILY | {"street": None}),
    ("family", 3, "capil", FAMILY | {"kk": "1508041203150099"}),
    ("business", 1, "perizinan", SHOP),
    ("business", 2, "perizinan", SHOP | {"street": None}),
    ("business", 3, "perizinan", SHOP | {"nib": "9120009876543"}),
    ("facility", 1, "capil", SCHOOL),
    ("facility", 2, "perizinan", SCHOOL | {"npsn": None}),
    ("facility", 3, "perizinan", SCHOOL | {"npsn": "10509876", "name": "SD NEGERI 13/II CONTOH"}),
    ("facility", 4, "capil", OTHER),
    ("facility", 5, "perizinan", OTHER | {"npsn": "10507777"}),
)
NOUNS = {"family": "keluarga", "business": "usaha", "facility": "fasilitas"}
KINDS: tuple[Entity, ...] = ("family", "business", "facility")
Call = Callable[..., str]


def rid(entity: Entity, number: int) -> bytes:
    """Return the id of an invented record."""
    return bytes([ENTITIES.index(entity)]) + number.to_bytes(15, "big")


class Scene:
    """A store that a reconciler of four engines filled, fed without Kafka."""

    def __init__(self, kept: TestStore) -> None:
        self.url = kept.url
        self._codec = kept.codec
        contracts = load_all(Settings(sources=SOURCES))
        stages: dict[Entity, Stages] = {}
        for entity, each in flow.resolvers(contracts).items():
            stages[entity] = Stages(each.engine, each.merge, each.authorities, each.model,
                                    survivorship=each.survivorship)  # fmt: skip
        self.reconciler = Reconciler(kept.url, kept.epoch, stages, kept.codec, SystemClock())
        self.reconciler.load()
        self._at = dict.fromkeys([*(f"clean.{entity}" for entity in ENTITIES), JUDGEMENT.name], 0)
        self._logs = {topic: Log("cluster", f"id of {topic}", 0) for topic in self._at}
        self.reconciler.offsets({log: (topic, 0) for topic, log in self._logs.items()})
        for position, (entity, number, source, values) in enumerate(ROWS, 1):
            self.feed(CLEAN[entity](rid(entity, number), pack(1, position, 0), False, source, f"kantor.{source}",
                                    1_700_000_000_000_000, position, **values))  # fmt: skip

    def feed(self, one: Any) -> None:
        """Bring a record, or a judgement, to the store."""
        topic = f"clean.{ENTITY_OF[type(one)]}" if isinstance(one, Clean) else JUDGEMENT.name
        at = self._at[topic]
        message = Incoming(topic, 0, at, one.id if isinstance(one, Clean) else None, self._codec.encode(one), (), 0)
        step = self.reconciler.batch(self._logs[topic], at, at + 1, [message])
        while step is not None:
            self.reconciler.commit(step)
            step = self.reconciler.more()
        self._at[topic] = at + 1

    def entity(self, kind: Entity, number: int) -> str:
        """Return the entity of a record."""
        with psycopg.connect(self.url) as store:
            row = store.execute("select entity_id::text from store.member where record = %s", (rid(kind, number),))
            return str(row.fetchone()[0])  # type: ignore[index]


@pytest.fixture(scope="module")
def scene(platform: Platform) -> Iterator[Scene]:
    with fresh_store(platform.services["database"].endpoint) as url:
        kept = TestStore(url)
        with contextlib.closing(kept):
            made = Scene(kept)
            yield made
            made.reconciler.close()


@pytest.fixture(scope="module")
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure(fixed_topics())
    return made


@contextlib.contextmanager
def opened(scene: Scene, broker: MemoryBroker) -> Iterator[TestClient]:
    """Lend the API of a scene."""
    settings = Settings(sources=SOURCES, database=scene.url)
    store = Store(scene.url, size=2)
    parts = Parts(store, broker, scene._codec, SystemClock(), contracts=load_all(settings),
                  explainers=flow.explainers(settings), settings=settings)  # fmt: skip
    with contextlib.closing(store), TestClient(create(parts)) as client:
        yield client


@pytest.fixture(scope="module")
def web(scene: Scene, broker: MemoryBroker) -> Iterator[TestClient]:
    with opened(scene, broker) as client:
        yield client


@pytest.fixture
def satudata(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line as an operator does; return what it says."""
    monkeypatch.setenv("SATUDATA_DATABASE", scene.url)
    monkeypatch.setenv("SATUDATA_SOURCES", str(SOURCES))
    monkeypatch.setenv("SATUDATA_HOME", str(tmp_path / "home"))

    def call(*words: str, said: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        assert run([*words]) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return call


def ask(web: TestClient, **question: object) -> dict[str, Any]:
    answered = web.post("/v1/explain", json=question)
    assert answered.status_code == 200, answered.text
    (told,) = answered.json()["explanations"]
    return dict(told)


@pytest.mark.parametrize("kind", KINDS)
def test_why_records_are_one_is_told_of_each_kind(scene: Scene, satudata: Call, kind: Entity) -> None:
    one = scene.entity(kind, 1)
    assert scene.entity(kind, 2) == one
    text = satudata("explain", one)
    assert f"Catatan ini dianggap satu {NOUNS[kind]} karena buktinya cukup." in text
    assert f"Model {model.of(kind).version}." in text
    assert "sebelum ada bukti" in text
    told = json.loads(satudata("explain", "--json", rid(kind, 2).hex()))
    assert (told["entity"], told["one"], told["reason"], told["faithful"]) == (kind, True, "evidence", True)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("family", KK), ("family", HEAD), ("business", "9120001234567"), ("business", "01.234.567.8-331.000"),
     ("business", "maju jaya contoh"), ("facility", "10501234"), ("facility", "sd negeri 12/ii contoh")],
)  # fmt: skip
def test_an_identifier_of_a_kind_is_read_from_standard_input(
    scene: Scene, satudata: Call, kind: Entity, said: str
) -> None:
    told = [json.loads(line) for line in satudata("explain", "--json", "--entity", kind, said=said).splitlines()]
    assert [scene.entity(kind, 1)] in [one["entities"] for one in told]
    assert {one["entity"] for one in told} == {kind}


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("family", {"kk": KK}), ("business", {"npwp": "01.234.567.8-331.000"}), ("facility", {"npsn": "10501234"}),
     ("facility", {"record": rid("facility", 2).hex()})],
)  # fmt: skip
def test_the_api_explains_what_the_identifiers_of_a_kind_find(
    scene: Scene, web: TestClient, kind: Entity, wanted: dict[str, str]
) -> None:
    told = web.post("/v1/explain", json={kind: wanted}).json()["explanations"]
    assert [scene.entity(kind, 1)] in [one["entities"] for one in told]
    assert {one["entity"] for one in told} == {kind}


def test_identifiers_of_nobody_and_two_questions_at_once_are_refused_with_the_remedy(web: TestClient) -> None:
    nobody = web.post("/v1/explain", json={"business": {"nib": "9999999999999"}})
    assert (nobody.status_code, "no living business has these identifiers" in nobody.text) == (404, True)
    two = web.post("/v1/explain", json={"business": {"nib": "9120001234567"}, "family": {"kk": KK}})
    assert (two.status_code, "give one of lookup" in two.text) == (422, True)


def test_a_record_id_needs_no_kind_and_a_number_of_another_kind_is_not_found(scene: Scene, satudata: Call) -> None:
    told = json.loads(satudata("explain", "--json", said=rid("business", 1).hex()))
    assert told["entities"] == [scene.entity("business", 1)]
    assert "--entity" in satudata("explain", said="1508041203150099\n", code=1)


@pytest.mark.parametrize(("kind", "number", "field"), [("family", 3, "KK"), ("business", 3, "NIB")])
def test_what_registers_attest_keeps_two_apart(
    scene: Scene, web: TestClient, kind: Entity, number: int, field: str
) -> None:
    told = ask(web, entities=[scene.entity(kind, 1), scene.entity(kind, number)])
    assert (told["one"], told["reason"], told["faithful"]) == (False, "attested", True)
    assert field in told["id"]
    assert NOUNS[kind] in told["id"]


def test_two_kinds_are_never_one(scene: Scene, web: TestClient) -> None:
    ids = [scene.entity("business", 1), scene.entity("family", 1)]
    answered = web.post("/v1/explain", json={"entities": ids})
    assert answered.status_code == 422
    assert "a business and a family are never one" in answered.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_queue_holds_doubts_of_each_kind_in_words(web: TestClient, kind: Entity) -> None:
    found = web.get("/v1/reviews", params={"entity": kind}).json()["items"]
    assert {one["entity"] for one in found} == {kind}
    detail = web.get(f"/v1/reviews/{found[0]['id']}").json()
    names = {each.name for each in model.of(kind).comparisons}
    assert detail["levels"]
    assert not {one["account"].split()[0] for one in detail["levels"]} & {name for name in names if "_" in name}
    assert {detail["left"]["source"], detail["right"]["source"]} <= {"capil", "perizinan"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_steward_parts_and_joins_again_what_is_of_each_kind(
    scene: Scene, web: TestClient, broker: MemoryBroker, kind: Entity
) -> None:
    one = scene.entity(kind, 1)
    decision = {"verdict": "different", "author": "walidata", "reason": "dua izin", "entity": kind,
                "records": [rid(kind, 1).hex(), rid(kind, 2).hex()]}  # fmt: skip
    wrong = web.post("/v1/judgement", json=decision | {"entity": "person"})
    assert wrong.status_code == 422
    assert "these are no records of a person" in wrong.json()["detail"]
    decide(scene, web, broker, decision)
    apart = [scene.entity(kind, 1), scene.entity(kind, 2)]
    assert apart[0] == one != apart[1]
    told = ask(web, entities=apart)
    assert (told["reason"], told["entity"]) == ("decided_different", kind)
    (judged,) = told["judgements"]
    decide(scene, web, broker, {"verdict": "withdrawn", "author": "walidata", "reason": "keliru",
                                "withdraws": judged["id"]})  # fmt: skip
    assert scene.entity(kind, 2) == one
    kinds = [state["kind"] for state in web.get(f"/v1/{kind}/{apart[1]}/history").json()["states"]]
    assert kinds[-2:] == ["created", "merged"]


def test_a_contested_decision_holds_what_it_joined_until_the_contest_is_taken_back(
    migrated: str, broker: MemoryBroker
) -> None:
    with contextlib.closing(TestStore(migrated)) as kept:
        scene = Scene(kept)
        with contextlib.closing(scene.reconciler), opened(scene, broker) as web:
            for kind in KINDS:
                _contest(scene, web, broker, kind)


def _contest(scene: Scene, web: TestClient, broker: MemoryBroker, kind: Entity) -> None:
    by: dict[str, Any] = {"author": "walidata", "reason": "contoh"}
    records = [rid(kind, 1).hex(), rid(kind, 2).hex()]
    decide(scene, web, broker, by | {"verdict": "same", "entity": kind, "records": records})
    (said,) = ask(web, entities=[scene.entity(kind, 1)])["judgements"]
    decide(scene, web, broker, by | {"verdict": "contested", "contests": said["id"]})
    held = web.get("/v1/holds", params={"entity": kind}).json()["items"]
    assert [(one["entity_id"], one["reason"], one["judgement"]) for one in held] == [
        (scene.entity(kind, 1), "contested", said["id"])
    ]  # fmt: skip
    doubt = scene._codec.decode_record(list(broker.read(JUDGEMENT.name))[-1].value or b"")
    decide(scene, web, broker, by | {"verdict": "withdrawn", "withdraws": doubt.id})
    assert web.get("/v1/holds", params={"entity": kind}).json()["items"] == []


def decide(scene: Scene, web: TestClient, broker: MemoryBroker, decision: dict[str, Any]) -> None:
    """Post a decision and let reconcile take it from the topic."""
    answered = web.post("/v1/judgement", json=decision)
    assert answered.status_code == 202, answered.text
    scene.feed(scene._codec.decode_record(list(broker.read(JUDGEMENT.name))[-1].value or b""))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_measured_against_a_truth_file(scene: Scene, satudata: Call, tmp_path: Path, kind: Entity) -> None:
    path = tmp_path / "benar.csv"
    rows = [f"{rid(kind, number).hex()},{'satu' if number < 3 else 'dua'}" for number in (1, 2, 3)]
    path.write_text("\n".join(["record,truth", *rows]))
    line = json.loads(satudata("evaluate", "truth", str(path), "--entity", kind, "--json"))
    assert (line["entity"], line["model"]) == (kind, model.of(kind).version)
    assert (line["precision"], line["recall"], line["unknown"]) == (1.0, 1.0, 0)


def test_the_list_against_the_civil_register_is_of_persons_and_says_so(web: TestClient, satudata: Call) -> None:
    answered = web.get("/v1/sources/perizinan/padan/summary")
    assert answered.status_code == 404
    assert "perizinan brings business and facility records" in answered.json()["detail"]
    assert "compares persons with the civil register" in satudata("padan", "perizinan", code=1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_past_of_each_kind_is_told(scene: Scene, web: TestClient, kind: Entity) -> None:
    one = UUID(scene.entity(kind, 3))
    states = web.get(f"/v1/{kind}/{one}/history").json()["states"]
    assert states[0]["kind"] == "created"
    timeline = web.get(f"/v1/entities/{one}/timeline")
    assert timeline.status_code == 200, timeline.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_each_kind_is_drawn_judged_and_scored(satudata: Call, tmp_path: Path, kind: Entity) -> None:
    path = tmp_path / "sampel.csv"
    satudata("evaluate", "sample", str(path), "--entity", kind, "--pairs", "20", "--seed", "x")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) >= 3, "two records of one entity at least"
    for row in rows[1::2]:
        row[1] = "sama"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    line = json.loads(satudata("evaluate", "score", str(path), "--json"))
    assert (line["entity"], line["judged"], line["precision"]) == (kind, (len(rows) - 1) // 2, 1.0)
