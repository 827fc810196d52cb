"""What offices do to their tables reaches the store whole and in order: every process and service is real."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo import expect
from hub.wire import topics, version
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.kafka import KafkaLog
from hub.wire.records import GoldenPerson
from tests.e2e.persons import pupil_key, recipient_key, resident_key, somebody
from tests.e2e.river import SmallRiver

pytestmark = pytest.mark.timeout(400)
_WAY = {"generation", "sequence", "changed_at", "digest", "previous_ids"}
"""Columns that tell how a record came to be as it is: ids that resolve to it now are no part of what it says."""


@pytest.fixture
def river(life: SmallRiver) -> SmallRiver:
    return life


def content(row: dict[str, Any]) -> dict[str, Any]:
    """A golden row without what tells of the way to it."""
    return {column: value for column, value in row.items() if column not in _WAY}


def epoch(river: SmallRiver, source: str) -> int:
    (row,) = river.rows("select floor from link.floor where source = %s", source)
    return version.unpack(bytes(row["floor"])).epoch


# ---------------------------------------------------------------------- a cluster that splits


def test_a_delete_that_splits_a_cluster_restores_the_earlier_ids_and_records(river: SmallRiver) -> None:
    who = somebody()
    first, last = who.name.split()
    whole = who.but(name=f"{first} {last} ANGGRAENI")
    on_list = river.insert("dinsos", recipient_key(), **who.but(born=None).recipient())
    at_school = river.insert("dapodik", pupil_key(), **whole.but(nik=None, kk=None).pupil())
    listed, schooled = river.entities(on_list, at_school)
    assert listed != schooled
    before = content(river.golden(listed)), content(river.golden(schooled))

    bridge = resident_key()
    resident = river.insert("dukcapil", bridge, **whole.resident())
    joined = river.wait(lambda: river.entity(resident))
    assert {river.entity(record) for record in (on_list, at_school)} == {joined}

    river.delete(("dukcapil", bridge))
    river.wait(lambda: river.entity(resident) is None and river.entity(on_list) != river.entity(at_school))
    assert (river.entity(on_list), river.entity(at_school)) == (listed, schooled)
    assert (content(river.golden(listed)), content(river.golden(schooled))) == before
    assert river.equals_oracle("dukcapil", "dapodik", "dinsos")


def test_a_correction_that_splits_a_cluster_restores_the_earlier_id_and_record(river: SmallRiver) -> None:
    one, other, key = somebody(), somebody(), pupil_key()
    resident = river.insert("dukcapil", resident_key(), **one.resident())
    pupil = river.insert("dapodik", key, **other.pupil())
    own, register = river.entities(pupil, resident)
    assert own != register
    before = content(river.golden(own))

    river.update("dapodik", key, **one.pupil())
    river.wait(lambda: river.entity(pupil) == register)
    gone = river.golden(own)
    assert (gone["status"], [str(entity) for entity in gone["moved_to"]]) == ("merged", [register])
    assert gone["name"] is gone["nik"] is None

    river.update("dapodik", key, **other.pupil())
    river.wait(lambda: river.entity(pupil) == own)
    after = content(river.golden(own))
    for row in (before, after):
        for win in row["wins"]:
            del win["changed_at"]  # the correction is younger than what it restores
    assert after == before
    assert river.equals_oracle("dukcapil", "dapodik")


# ---------------------------------------------------------------------- a changed key


def test_a_changed_primary_key_keeps_entity_judgements_and_history(river: SmallRiver) -> None:
    old, new, other = recipient_key(), recipient_key(), recipient_key()
    first, second = somebody(), somebody()
    record = river.insert("dinsos", old, **first.recipient())
    friend = river.insert("dinsos", other, **second.recipient())
    assert len(set(river.entities(record, friend))) == 2
    judgement = judge(river, "same", record, friend)
    river.wait(lambda: river.entity(record) == river.entity(friend))
    entity = river.entity(record)
    history = river.rows("select * from store.history where entity_id = %s order by sequence", entity)

    river.update("dinsos", old, program=new[0], no_urut=new[1])
    renamed = river.desk.record("dinsos", new)
    river.wait(lambda: river.entity(renamed))
    assert (river.entity(renamed), river.entity(friend), river.entity(record)) == (entity, entity, None)
    kept = river.rows("select * from store.history where entity_id = %s order by sequence", entity)
    assert kept[: len(history)] == history
    assert {row["status"] for row in kept} == {"active"}
    (decided,) = river.rows("select state from link.judgement where id = %s", judgement)
    assert decided["state"] == "active"

    river.update("dinsos", new, **somebody().recipient())  # only the judgement holds them together now
    river.wait(lambda: river.winner(renamed, "changed_at") > kept[-1]["at"])
    assert river.entity(renamed) == river.entity(friend) == entity
    river.delete(("dinsos", new), ("dinsos", other))
    river.wait(lambda: river.entity(renamed) is None and river.entity(friend) is None)
    assert river.golden(entity)["status"] != "active"
    assert river.equals_oracle("dinsos")


def judge(river: SmallRiver, verdict: str, *records: bytes) -> str:
    """Post a steward's decision to the API and return its id."""
    url = json.loads((river.settings.home / "run" / "serve.json").read_text())["url"]
    asked = {
        "verdict": verdict,
        "author": "walidata",
        "reason": "dokumen diperiksa",
        "records": [r.hex() for r in records],
    }
    answer = httpx.post(f"{url}/v1/judgement", json=asked, timeout=30)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


# ---------------------------------------------------------------------- deletes that nobody saw


def test_a_lost_slot_and_a_new_snapshot_remove_what_was_deleted_meanwhile(river: SmallRiver) -> None:
    log = KafkaLog(river.settings.endpoint("kafka"))
    raw = log.partitions("raw.dukcapil.public.penduduk")
    assert raw != log.partitions(topics.CLEAN_PERSON.name), "a sweep has to reach every pair of partitions"
    people = [somebody() for _ in range(3)]
    keys = [resident_key() for _ in people]
    deleted, stays, refused = (
        river.insert("dukcapil", key, **who.resident()) for key, who in zip(keys, people, strict=True)
    )
    ids = river.entities(deleted, stays, refused)
    before, first = content(river.golden(ids[2])), epoch(river, "dukcapil")

    river.supervisor.stop("dukcapil")
    river.execute("dukcapil", "select pg_drop_replication_slot('satudata_dukcapil')")
    river.delete(("dukcapil", keys[0]))
    river.update("dukcapil", keys[1], nama_lgkp="NAMA BARU SEKALI")
    river.update("dukcapil", keys[2], nama_lgkp="TIDAK TERBACA", status_kawin=9)
    river.journal.note(f"{expect.LOADED}.dukcapil", str(time.time_ns() // 1000))
    river.begin("dukcapil")

    river.wait(lambda: river.entity(deleted) is None and epoch(river, "dukcapil") > first)
    river.wait(lambda: river.winner(stays, "name") == "NAMA BARU SEKALI")
    assert river.golden(ids[0])["status"] == "deleted"
    assert [river.entity(record) for record in (stays, refused)] == ids[1:]
    assert content(river.golden(ids[2])) == before, "a living row in quarantine keeps its old values"
    (item,) = river.rows("select code, state from store.quarantine where record = %s", refused)
    assert item == {"code": "unknown_value", "state": "open"}

    river.update("dukcapil", keys[2], status_kawin=2)
    river.wait(lambda: river.winner(refused, "marital") == "married")
    (item,) = river.rows("select state from store.quarantine where record = %s", refused)
    assert item["state"] == "closed"
    assert river.equals_oracle("dukcapil")


def test_truncate_removes_what_was_there_in_the_same_epoch_and_nothing_that_came_after(river: SmallRiver) -> None:
    earlier = river.insert("dinsos", recipient_key(), **somebody().recipient())
    entity = river.wait(lambda: river.entity(earlier))
    first, key = epoch(river, "dinsos"), recipient_key()
    floor = floor_of(river)
    river.execute(
        "dinsos", "TRUNCATE public.penerima",
        f"INSERT INTO public.penerima (program, no_urut, nama_penerima) VALUES ('{key[0]}', {key[1]}, 'SISA SENDIRI')",
    )  # fmt: skip
    later = river.desk.record("dinsos", key)
    river.journal.add((), [(later, 0)])
    river.wait(lambda: floor_of(river) > floor and river.entity(earlier) is None)
    river.wait(lambda: river.rows("select 1 from link.sweep") == [])
    assert river.golden(entity)["status"] == "deleted"
    assert [bytes(row["record"]) for row in river.rows("select record from store.member where source = 'dinsos'")] == [
        later
    ]
    assert epoch(river, "dinsos") == first
    assert river.equals_oracle("dinsos")


def floor_of(river: SmallRiver) -> bytes:
    (row,) = river.rows("select floor from link.floor where source = 'dinsos'")
    return bytes(row["floor"])


# ---------------------------------------------------------------------- Kafka is lost


def test_kafka_wiped_and_the_snapshot_taken_anew(river: SmallRiver, tmp_path: Path) -> None:
    people = [somebody() for _ in range(3)]
    keys = [resident_key() for _ in people]
    records = [river.insert("dukcapil", key, **who.resident()) for key, who in zip(keys, people, strict=True)]
    ids = river.entities(*records)
    first = epoch(river, "dukcapil")

    running = list(river.supervisor.stages())
    river.stop_processes()
    river.delete(("dukcapil", keys[0]))
    river.update("dukcapil", keys[1], nama_lgkp="SESUDAH KAFKA HILANG")
    wipe_kafka(river)
    river.satudata("prepare")
    for source in river.opd:
        river.journal.note(f"{expect.LOADED}.{source}", str(time.time_ns() // 1000))
    for name in running:
        river.begin(name)

    river.wait(lambda: river.entity(records[0]) is None, 180)
    river.wait(lambda: river.winner(records[1], "name") == "SESUDAH KAFKA HILANG")
    river.wait(lambda: epoch(river, "dukcapil") > first)
    assert [river.entity(record) for record in records[1:]] == ids[1:]
    assert river.equals_oracle(*river.opd)
    published = subscribers(river)
    assert published[ids[0]].status == "deleted"
    assert published[ids[1]].name == "SESUDAH KAFKA HILANG"
    assert river.restarts() == {}
    publish_everything_again(river, tmp_path / "store.dump")


def publish_everything_again(river: SmallRiver, file: Path) -> None:
    """Subscribers' topics are gone too, and a snapshot publishes only what changed: a restore publishes the rest."""
    river.satudata("backup", str(file))
    river.supervisor.stop("reconcile")
    river.satudata("restore", str(file))
    river.begin("reconcile")
    living = {row["id"] for row in river.rows("select entity_id::text as id from store.person where status = 'active'")}
    river.wait(lambda: living == {entity for entity, golden in subscribers(river).items() if golden.status == "active"})


def wipe_kafka(river: SmallRiver) -> None:
    """Lose the broker's disk, and with it every topic, offset and schema."""
    services = river.platform.services
    services["registry"].kill()
    services["kafka"].kill()
    shutil.rmtree(services["kafka"].folder / "data")
    river.platform.restart("kafka")
    river.platform.restart("registry")


def subscribers(river: SmallRiver) -> dict[str, GoldenPerson]:
    """Return the last value of each entity on golden.person."""
    registry = ConfluentRegistry(river.settings.endpoint("registry"))
    try:
        codec, log = Codec(registry), KafkaLog(river.settings.endpoint("kafka"))
        found = [codec.decode_record(m.value or b"") for m in log.read(topics.GOLDEN_PERSON.name)]
    finally:
        registry.close()
    return {golden.entity_id: golden for golden in found}
