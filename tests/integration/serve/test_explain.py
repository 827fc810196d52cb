"""Explanations and the past of one store that the river's own stages filled: by the command and by the API."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient

from hub.__main__ import run
from hub.platform.embedded import Platform
from hub.serve.app import Parts, create
from hub.serve.store import Store
from hub.wire import identity
from hub.wire.clock import SystemClock
from hub.wire.contract import load_all
from hub.wire.memory import MemoryBroker
from hub.wire.records import EntityChange
from hub.wire.settings import Settings
from tests.integration.serve.resolved import EXPLAINERS, MODEL, Resolved
from tests.integration.serve.stores import TestStore, entity_id
from tests.services.fixtures import fresh_store
from tests.unit.link.builders import BUDI, DEWI, day, gone, judge, person, rid

NIK = str(BUDI["nik"])
TWIN = BUDI | {"nik": "1508021203900002", "name": "BUDI SANTOSA"}
RINI = {"nik": "1508044101750001", "kk": "1508040505050005", "name": "RINI KUSUMAWATI", "sex": "female",
        "birth_date": day("1975-01-11"), "mother": "HALIMAH"}  # fmt: skip
AGUS = {"nik": "1508051708820003", "kk": "1508050606060006", "name": "AGUS PRASETYO", "sex": "male",
        "birth_date": day("1982-08-17"), "mother": "ROSMANIAR"}  # fmt: skip
LINA = {"nik": "1508066309010004", "kk": "1508060707070007", "name": "LINA MARLINA", "sex": "female",
        "birth_date": day("2001-09-23"), "mother": "ERNAWATI"}  # fmt: skip
SARI = {"nik": "1508076810880005", "name": "SARI WULANDARI", "sex": "female", "birth_date": day("1988-10-28"),
        "mother": "NURHAYATI"}  # fmt: skip
HADI = {"nik": "1508080205690006", "name": "HADI WIJAYA", "sex": "male", "birth_date": day("1969-05-02"),
        "mother": "MARIAM"}  # fmt: skip
TONO = {"nik": "1508091512770007", "name": "TONO SUPARNO", "sex": "male", "birth_date": day("1977-12-15"),
        "mother": "ZUBAIDAH"}  # fmt: skip
IKA = {"nik": "1508104506950008", "name": "IKA FITRIANI", "sex": "female", "birth_date": day("1995-06-05"),
       "mother": "SALMAH"}  # fmt: skip
DONI = {"nik": "1508112903910009", "name": "DONI SAPUTRA", "sex": "male", "birth_date": day("1991-03-29"),
        "mother": "YUSNIAR"}  # fmt: skip
KEY = ("10423",)


class Past:
    """One store with a history, and what the engine held to be true after each commit."""

    def __init__(self, kept: TestStore, secret: Path) -> None:
        self.kept = kept
        self.hub = Resolved(kept)
        self.secret = secret
        self.moments: list[tuple[datetime, dict[str, tuple[bytes, ...]]]] = []
        self.keyed = identity.record_id(identity.source_key(secret.read_bytes(), "dukcapil"), "public.penduduk", KEY)

    def take(self, *events: Any) -> None:
        self.hub.take(*events)
        with psycopg.connect(self.kept.url, autocommit=True) as database:
            row = database.execute("select clock_timestamp()").fetchone()
        assert row is not None
        self.moments.append((row[0], self.hub.clusters()))

    def live(self) -> None:
        """Merge, part, reassign, split, delete, and come back."""
        self.take(person("d1", 1), person("s1", 1, name="BUDI SANTOSSO", kk=None),
                  person("a1", 1, nik=None, mother=None), person("d2", 1, TWIN),
                  person("d3", 1, DEWI, kk=None))  # fmt: skip
        bare = DEWI | {"nik": None, "kk": None, "mother": None}
        self.take(person("s4", 2, bare, name="DEWI ANGGRAINI"), person("a4", 2, bare, name="DEWI PURNAMA"))
        self.take(person("d5", 3, RINI), person("s5", 3, RINI), person("d6", 3, AGUS), person("d7", 3, LINA))
        self.take(judge("j1", "different", ("d5", "s5")))
        self.take(judge("j2", "same", ("d6", "d7")))
        self.take(judge("j3", "withdrawn", withdraws="j1"))
        self.take(person("s6", 4, LINA), person("a6", 4, LINA))
        self.take(judge("j4", "withdrawn", withdraws="j2"))
        self.take(gone("d7", 5))
        self.take(person("d7", 6, LINA))
        self.take(person("d7", 7, LINA, name="LINA MARLINA PUTRI"))
        self.take(gone("d3", 7))
        self.take(person("s8", 8, SARI), person("a8", 8, SARI), person("d8", 8, HADI), person("d9", 8, TONO))
        self.take(judge("j5", "different", ("s8", "a8")), judge("j6", "same", ("s8", "d8")),
                  judge("j7", "same", ("a8", "d9")))  # fmt: skip
        self.take(person("d0", 9, IKA), person("s0", 9, IKA), person("a0", 9, IKA))
        self.take(person("d0", 10, DONI))


@pytest.fixture(scope="module")
def past(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    secret = tmp_path_factory.mktemp("secret") / "secret"
    secret.write_bytes(b"0123456789abcdef0123456789abcdef")
    with fresh_store(platform.services["database"].endpoint) as url:
        kept = TestStore(url)
        made = Past(kept, secret)
        made.live()
        yield made
        kept.close()


@pytest.fixture(scope="module")
def web(past: Past) -> Iterator[TestClient]:
    settings = Settings(secret_file=past.secret)
    store = Store(past.kept.url, size=2)
    parts = Parts(store, MemoryBroker(), past.kept.codec, SystemClock(), contracts=load_all(settings),
                  explainers=EXPLAINERS, settings=settings)  # fmt: skip
    with TestClient(create(parts)) as client:
        yield client
    store.close()


@pytest.fixture
def explain(past: Past, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.setenv("SATUDATA_DATABASE", past.kept.url)

    def call(*words: str, said: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        assert run(["explain", *words]) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return call


def ask(web: TestClient, **question: object) -> dict[str, Any]:
    answered = web.post("/v1/explain", json=question)
    assert answered.status_code == 200, answered.text
    (told,) = answered.json()["explanations"]
    return dict(told)


def get(web: TestClient, path: str, status: int = 200, **parameters: object) -> Any:
    answered = web.get(path, params={name: str(value) for name, value in parameters.items()})
    assert answered.status_code == status, answered.text
    return answered.json()


# ---------------------------------------------------------------- why one, why two


def test_one_person_is_told_in_the_order_of_the_unions(past: Past, explain: Callable[..., str]) -> None:
    text = explain(str(past.hub.entity("d1")))
    assert f"Entitas {past.hub.entity('d1')}" in text
    assert "Catatan ini dianggap satu orang karena buktinya cukup." in text
    assert "Catatan sumber (3):" in text
    assert text.index("  1. ") < text.index("  2. ")
    assert "rata-rata antara kelompok" in text
    assert f"{MODEL.prior / 1000:+6.1f}  sebelum ada bukti" in text
    assert "nama: BUDI SANTOSO (dari dukcapil" in text
    assert "Apa yang akan mengubahnya:" in text
    assert f"Model {MODEL.version}." in text
    english = explain(str(past.hub.entity("d1")), "--lang", "en")
    assert "How these records became one, in this order:" in english
    assert "before any evidence" in english


def test_an_identifier_is_read_from_standard_input_alone(past: Past, explain: Callable[..., str]) -> None:
    for said in (NIK, rid("s1").hex(), "budi santoso;1990-03-12", str(BUDI["kk"])):
        told = [json.loads(line) for line in explain("--json", said=f"{said}\n").splitlines() if line]
        assert [str(past.hub.entity("d1"))] in [one["entities"] for one in told]
    refused = explain(NIK, code=2)
    assert "standard input" in refused
    assert NIK not in refused
    unknown = explain(said="1508010101010009\n", code=1)
    assert "no living person" in unknown
    assert "1508010101010009" not in unknown


def test_what_would_part_them_is_tried_out(past: Past, web: TestClient) -> None:
    told = ask(web, entities=[str(past.hub.entity("d1"))])
    assert (told["one"], told["faithful"]) == (True, True)
    (change,) = told["changes"]
    assert change["id"].endswith("terpisah menjadi 2 orang.") or change["id"].startswith("Tidak ada satu perbandingan")


def test_two_attested_numbers_are_masked_unless_they_are_asked_for(past: Past, web: TestClient) -> None:
    ids = [str(past.hub.entity("d1")), str(past.hub.entity("d2"))]
    told = ask(web, entities=ids)
    assert (told["one"], told["reason"]) == (False, "attested")
    values = {one["record"]: one["value"] for one in told["claims"]}
    assert values[rid("d2").hex()] == "1508••••••••••02"
    assert NIK not in json.dumps(told)
    clear = ask(web, entities=ids, reveal=True)
    assert {one["value"] for one in clear["claims"]} >= {NIK, "1508021203900002"}
    assert "register" in told["changes"][0]["id"]


def test_two_records_that_share_no_key_were_never_compared(web: TestClient, explain: Callable[..., str]) -> None:
    told = ask(web, records=[rid("d2").hex(), rid("s4").hex()])
    assert (told["one"], told["reason"]) == (False, "no_key")
    assert (told["pair"]["compared"], told["pair"]["shared"]) == (False, [])
    text = explain(rid("d2").hex(), rid("s4").hex())
    assert "tidak pernah dibandingkan" in text
    assert "jadi ini tidak dihitung" in text


def test_two_below_the_threshold_say_what_is_lacking(web: TestClient) -> None:
    told = ask(web, records=[rid("a4").hex(), rid("s4").hex()])
    assert (told["one"], told["reason"], told["pair"]["compared"]) == (False, "threshold", True)
    account = told["pair"]["account"]
    assert account["total"] < account["threshold"]
    assert account["total"] == pytest.approx(account["prior"] + sum(line["bits"] for line in account["lines"]))
    assert told["changes"][0]["id"].startswith("Akan berubah bila")
    assert told["changes"][0]["id"].endswith("maka keduanya menjadi satu orang.")
    assert told["changes"][0]["en"].endswith("the two would then be one person.")


def test_a_steward_who_parted_two_is_named(past: Past, web: TestClient) -> None:
    told = ask(web, entities=[str(past.hub.entity("d8")), str(past.hub.entity("d9"))])
    assert (told["one"], told["reason"]) == (False, "decided_different")
    assert {(one["id"], one["author"], one["reason"]) for one in told["judgements"]} >= {
        ("j5", "walidata", "dokumen diperiksa")
    }
    assert told["changes"][0]["id"].startswith("Bila keputusan j5 dicabut, ")


def test_a_steward_who_joined_two_is_named_and_undoing_it_is_tried(
    past: Past, explain: Callable[..., str]
) -> None:  # fmt: skip
    text = explain(str(past.hub.entity("d8")))
    assert "sebagian oleh keputusan petugas" in text
    assert "oleh keputusan walidata: dokumen diperiksa" in text
    assert "Bila keputusan j6 dicabut, maka catatan ini terpisah menjadi 2 orang." in text


def test_two_records_of_one_person_are_told_their_way(web: TestClient) -> None:
    told = ask(web, records=[rid("s1").hex(), rid("a1").hex()])
    assert told["one"] is True
    assert all(step["outcome"] == "joined" for step in told["steps"])
    ends = {end for step in told["steps"] for end in (step["a"], step["b"])}
    assert {rid("s1").hex(), rid("a1").hex()} <= ends


def test_the_chart_is_drawn_by_command_and_api(
    past: Past, web: TestClient, explain: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "bukti.svg"
    explain(rid("d1").hex(), rid("d2").hex(), "--svg", str(file))
    drawn = file.read_text(encoding="utf-8")
    assert f"dukcapil {rid('d1').hex()[:8]}" in drawn
    address = f"/v1/entities/{past.hub.entity('d1')}/explanation.svg"
    answered = web.get(address, params={"lang": "en", "step": 1})
    assert answered.headers["content-type"].startswith("image/svg+xml")
    assert "threshold" in answered.text
    for text in (drawn, answered.text):
        assert text.startswith("<svg")
        assert not any(str(value) in text for value in (NIK, BUDI["name"], BUDI["kk"], BUDI["mother"]))
    assert "no step 9" in get(web, address, 404, step=9)["detail"]
    get(web, f"/v1/entities/{past.hub.entity('s4')}/explanation.svg", 404)


def test_a_question_that_cannot_be_meant_is_refused(past: Past, web: TestClient) -> None:
    one = str(past.hub.entity("d1"))
    for question in ({}, {"entities": [one, one]}, {"entities": [one], "records": [rid("d1").hex()]}):
        assert web.post("/v1/explain", json=question).status_code == 422
    assert web.post("/v1/explain", json={"records": [rid("d3").hex()]}).status_code == 404
    assert web.post("/v1/explain", json={"lookup": {"nik": "1508010101010009"}}).status_code == 404
    get(web, f"/v1/entities/{entity_id(99)}/explanation", 404)


# ---------------------------------------------------------------- the past


def test_every_record_leads_to_its_entity_at_every_time_and_back(past: Past, web: TestClient) -> None:
    names = {record for _, clusters in past.moments for members in clusters.values() for record in members}
    for moment, clusters in past.moments:
        owner = {record: entity for entity, members in clusters.items() for record in members}
        for record in names:
            told = get(web, f"/v1/records/{record.hex()}/entities", at=moment.isoformat())
            assert [span["entity_id"] for span in told["spans"]] == [
                entity for entity in [owner.get(record)] if entity
            ], moment
        for entity in {each for _, earlier in past.moments for each in earlier}:
            told = get(web, f"/v1/entities/{entity}/records", at=moment.isoformat())
            assert sorted(one["record"]["record"] for one in told["records"]) == [
                record.hex() for record in clusters.get(entity, ())
            ]


def test_the_spans_of_a_record_follow_each_other(past: Past, web: TestClient) -> None:
    told = get(web, f"/v1/records/{rid('s5').hex()}/entities")
    spans = list(reversed(told["spans"]))
    assert len(spans) == 3
    assert [one["until"] for one in spans[:-1]] == [one["since"] for one in spans[1:]]
    assert spans[-1]["until"] is None
    assert spans[0]["entity_id"] == spans[2]["entity_id"] == str(past.hub.entity("s5"))
    assert spans[1]["living"] == [str(past.hub.entity("s5"))]


def test_before_it_was_known_a_record_had_no_entity(past: Past, web: TestClient) -> None:
    before = (past.moments[0][0] - timedelta(days=1)).isoformat()
    assert get(web, f"/v1/records/{rid('d1').hex()}/entities", at=before)["spans"] == []
    told = get(web, f"/v1/entities/{past.hub.entity('d1')}/records", at=before)
    assert (told["status"], told["records"]) == (None, [])
    get(web, f"/v1/records/{rid('never').hex()}/entities", 404)
    get(web, f"/v1/entities/{entity_id(99)}/records", 404)


def test_an_id_says_what_became_of_it(past: Past, web: TestClient) -> None:
    ever = {each for _, clusters in past.moments for each in clusters}
    now = past.moments[-1][1]
    for entity in ever:
        told = get(web, f"/v1/entities/{entity}")
        assert (told["status"] == "active") == (entity in now)
        if entity in now:
            assert told["living"] == [entity]
    (sari,) = [each for each in ever - now.keys() if {rid("s8"), rid("a8")} in [
        set(clusters[each]) for _, clusters in past.moments if each in clusters]]  # fmt: skip
    assert get(web, f"/v1/entities/{sari}")["living"] == sorted(
        [str(past.hub.entity("d8")), str(past.hub.entity("d9"))]
    )
    dewi = next(each for each, members in past.moments[0][1].items() if rid("d3") in members)
    assert get(web, f"/v1/entities/{dewi}")["living"] == []


def test_a_key_of_the_source_leads_to_its_record(past: Past, web: TestClient) -> None:
    question = {"source": "dukcapil", "table": "public.penduduk", "key": list(KEY)}
    answered = web.post("/v1/crosswalk", json=question)
    assert answered.status_code == 404
    assert past.keyed.hex() in answered.json()["detail"]
    assert web.post("/v1/crosswalk", json={**question, "key": ["1", "2"]}).status_code == 422
    assert web.post("/v1/crosswalk", json={**question, "table": "public.none"}).status_code == 404
    told = web.post("/v1/crosswalk", json={"record": rid("s1").hex()}).json()["entities"]
    assert [span["entity_id"] for span in told["spans"]] == [str(past.hub.entity("s1"))]
    back = web.post("/v1/crosswalk", json={"entity": str(past.hub.entity("s1"))}).json()["records"]
    assert rid("s1").hex() in {one["record"]["record"] for one in back["records"]}


def test_a_timeline_tells_each_change_and_its_cause(past: Past, web: TestClient) -> None:
    told = get(web, f"/v1/entities/{past.hub.entity('s5')}/timeline")
    assert [event["kind"] for event in told["events"]] == ["created", "changed", "changed"]
    made, parted, joined = told["events"]
    assert made["id"] == "Dibentuk dengan 2 catatan."
    assert parted["id"].startswith("Berubah; 1 catatan keluar")
    assert "keputusan walidata (berbeda): dokumen diperiksa" in [cause["id"] for cause in parted["causes"]]
    other = parted["left"][0]["other_id"]
    assert other == joined["joined"][0]["other_id"]
    assert "keputusan walidata (dicabut): dokumen diperiksa" in [cause["id"] for cause in joined["causes"]]
    gone_id = get(web, f"/v1/entities/{other}/timeline")["events"]
    assert [event["kind"] for event in gone_id] == ["created", "merged"]
    assert gone_id[-1]["en"] == f"Merged into {past.hub.entity('s5')}."
    last = get(web, f"/v1/entities/{past.hub.entity('s5')}/timeline", limit=1)
    assert (last["more"], len(last["events"])) == (True, 1)
    assert last["events"][0]["joined"] == joined["joined"]


def test_changed_values_are_named_by_group_and_not_shown(past: Past, web: TestClient) -> None:
    told = get(web, f"/v1/entities/{past.hub.entity('d7')}/timeline")
    named = [event for event in told["events"] if "name" in event["groups"]]
    assert named
    assert "nilai berubah: " in named[-1]["id"]
    assert "LINA" not in json.dumps(told)


def test_each_kind_of_change_is_on_the_topic_with_its_causes(past: Past) -> None:
    with psycopg.connect(past.kept.url) as database:
        rows = database.execute("select value from store.outbox where topic = 'changes.person'").fetchall()
    changes: list[EntityChange] = [past.kept.codec.decode_record(bytes(row[0])) for row in rows]
    assert {one.kind for one in changes} == {"created", "changed", "merged", "split", "reassigned", "deleted"}
    assert {cause.kind for one in changes for cause in one.causes} >= {"record", "judgement"}
    assert all(one.causes for one in changes)
    assert all(UUID(one.entity_id) for one in changes)
