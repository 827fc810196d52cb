"""What cannot be processed is kept with its reason, what is away is waited for; the rest of the river flows on.

Every process and service is real.  Each test ends with its rows mended at the source, so nothing was dropped if the
store equals the oracle when all are done; and no process ends by itself on the way.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.wire import topics, version
from hub.wire.avro import Codec, ConfluentRegistry, frame
from hub.wire.broker import Headers, Outgoing
from hub.wire.kafka import KafkaSender
from hub.wire.records import CleanPerson
from hub.wire.topics import HEADER_VERSION
from tests.e2e.persons import pupil_key, recipient_key, resident_key, somebody
from tests.e2e.river import Key, SmallRiver
from tests.unit.clean import raw

pytestmark = pytest.mark.timeout(400)
RAW = "raw.dukcapil.public.penduduk"
MEGABYTES = 5_000_000


@pytest.fixture(scope="module")
def flow(life: SmallRiver) -> Iterator[SmallRiver]:
    yield life
    assert life.equals_oracle()


@pytest.fixture
def river(flow: SmallRiver) -> Iterator[SmallRiver]:
    """The module's river, and proof that nothing in it fell over during the test."""
    before = flow.restarts()
    yield flow
    assert flow.restarts() == before


def resident(river: SmallRiver) -> tuple[Key, bytes]:
    """A person of the civil register who is in the store."""
    key = resident_key()
    record = river.insert("dukcapil", key, **somebody().resident())
    river.wait(lambda: river.entity(record))
    return key, record


def above(river: SmallRiver, record: bytes) -> bytes:
    """The stamp of a change right after the last one of a record."""
    (row,) = river.rows("select version from link.record where id = %s", record)
    epoch, major, minor, _ = version.unpack(bytes(row["version"]))
    return version.stamp(epoch, major, minor + 1)


def send(river: SmallRiver, topic: str, key: bytes, value: bytes | None, headers: Headers = ()) -> None:
    """Write to Kafka as nobody of the river would."""
    sender = KafkaSender(river.settings.endpoint("kafka"), "test")
    try:
        assert sender.submit([Outgoing(topic, key, value, headers)]).wait(30)
    finally:
        sender.close()


def item(river: SmallRiver, record: bytes) -> dict[str, Any]:
    """The newest quarantine item of a record, once there is one."""
    query = "select * from store.quarantine where record = %s order by opened_at desc"
    found: list[dict[str, Any]] = river.wait(lambda: river.rows(query, record))
    return found[0]


def mended(river: SmallRiver, record: bytes) -> bool:
    """Say whether no item of a record is open any more."""
    query = "select 1 from store.quarantine where record = %s and state in ('open', 'retried')"
    return river.rows(query, record) == []


# ---------------------------------------------------------------------- poison on raw


def undecodable(_: ConfluentRegistry) -> bytes:
    return b"\x01\x02 bukan Avro"


def unknown_schema(_: ConfluentRegistry) -> bytes:
    return frame(987_654_321) + b"\x00\x00"


def missing_column(registry: ConfluentRegistry) -> bytes:
    columns = {name: kind for name, kind in raw.COLUMNS["dukcapil"].items() if name != "nama_ibu"}
    row = {name: value for name, value in raw.DUKCAPIL.items() if name != "nama_ibu"}
    return raw.Sender(registry, "dukcapil", columns).value("u", row)


def wrong_type(registry: ConfluentRegistry) -> bytes:
    columns = {**raw.COLUMNS["dukcapil"], "tgl_lhr": "bytes"}
    return raw.Sender(registry, "dukcapil", columns).value("u", {**raw.DUKCAPIL, "tgl_lhr": b"\x07"})


def nul_in_text(registry: ConfluentRegistry) -> bytes:
    return raw.Sender(registry, "dukcapil").value("u", {**raw.DUKCAPIL, "nama_lgkp": "SITI\0CONTOH"})


@pytest.mark.parametrize("poison", [undecodable, unknown_schema, missing_column, wrong_type, nul_in_text])
def test_a_poisoned_message_is_kept_with_its_reason_and_its_record_stays(
    river: SmallRiver, poison: Callable[[ConfluentRegistry], bytes]
) -> None:
    key, record = resident(river)
    before = river.golden(river.entity(record))
    with closing(ConfluentRegistry(river.settings.endpoint("registry"))) as registry:
        value = poison(registry)
    send(river, RAW, record, value, ((HEADER_VERSION, above(river, record)),))
    kept = item(river, record)
    assert (kept["code"], kept["state"], kept["stage"]) == (poison.__name__, "open", "clean")
    assert bytes(kept["payload"]) == value
    assert kept["reason"]
    assert kept["remedy"]
    _, behind = resident(river)  # what comes later flows on
    assert river.entity(behind)
    assert river.golden(river.entity(record)) == before

    river.update("dukcapil", key, nama_lgkp="SUDAH DIPERBAIKI")
    river.wait(lambda: river.winner(record, "name") == "SUDAH DIPERBAIKI")
    assert mended(river, record)


def test_poison_on_the_clean_topic_is_kept_by_reconcile(river: SmallRiver) -> None:
    key, record = resident(river)
    before = river.golden(river.entity(record))
    person = CleanPerson(record, above(river, record) + b"\0\0\0\1", False, "dukcapil", "public.penduduk", 1, 1,
                         name="NUL\0DI SINI")  # fmt: skip
    with closing(ConfluentRegistry(river.settings.endpoint("registry"))) as registry:
        send(river, topics.CLEAN_PERSON.name, record, Codec(registry).encode(person))
    send(river, topics.CLEAN_PERSON.name, record, b"\x01\x02 bukan Avro")
    kept = item(river, record)
    assert (kept["code"], kept["state"], kept["stage"]) == ("nul_in_text", "open", "reconcile")
    query = "select id from store.quarantine where code = 'undecodable' and stage = 'reconcile' and state = 'open'"
    (lost,) = river.wait(lambda: river.rows(query))
    assert river.golden(river.entity(record)) == before

    river.satudata("quarantine", "discard", lost["id"], "--reason", "bukan milik hub")
    river.wait(lambda: river.rows("select 1 from link.block") == [])
    river.update("dukcapil", key, nama_lgkp="SUDAH DIPERBAIKI")
    river.wait(lambda: river.winner(record, "name") == "SUDAH DIPERBAIKI")
    assert mended(river, record)


# ---------------------------------------------------------------------- poison at the source


def test_a_column_that_the_office_renames_is_missed_and_found_again(river: SmallRiver) -> None:
    key, who = pupil_key(), somebody()
    record = river.insert("dapodik", key, **who.pupil())
    river.wait(lambda: river.entity(record))
    river.execute("dapodik", "ALTER TABLE peserta_didik RENAME nama_ibu_kandung TO ibu")
    river.update("dapodik", key, nama="Nama Yang Berubah")
    assert item(river, record)["code"] == "missing_column"
    assert river.winner(record, "name") == who.name
    river.execute("dapodik", "ALTER TABLE peserta_didik RENAME ibu TO nama_ibu_kandung")
    river.update("dapodik", key, nama="Nama Yang Kembali")
    river.wait(lambda: river.winner(record, "name") == "NAMA YANG KEMBALI")
    assert mended(river, record)


def test_a_column_of_another_type_is_refused_until_it_is_changed_back(river: SmallRiver) -> None:
    key = recipient_key()
    record = river.insert("dinsos", key, **somebody().recipient())
    river.wait(lambda: river.entity(record))
    river.execute("dinsos", "ALTER TABLE penerima RENAME no_hp TO lama", "ALTER TABLE penerima ADD no_hp bytea")
    river.update("dinsos", key, nama_penerima="NAMA YANG BERUBAH", no_hp=b"\x08\x12")
    kept = item(river, record)
    assert (kept["code"], kept["field"]) == ("wrong_type", "phone")
    river.execute("dinsos", "ALTER TABLE penerima DROP no_hp", "ALTER TABLE penerima RENAME lama TO no_hp")
    river.update("dinsos", key, nama_penerima="NAMA YANG KEMBALI")
    river.wait(lambda: river.winner(record, "name") == "NAMA YANG KEMBALI")
    assert mended(river, record)


def test_a_field_of_five_megabytes_is_kept_whole_and_let_go_when_it_is_mended(river: SmallRiver) -> None:
    key, who = recipient_key(), somebody()
    record = river.insert("dinsos", key, **who.recipient())
    river.wait(lambda: river.entity(record))
    river.update("dinsos", key, alamat="JALAN " * (MEGABYTES // 6))
    kept = item(river, record)
    assert (kept["code"], kept["state"], kept["field"]) == ("too_long", "open", "street")
    assert len(kept["payload"]) > MEGABYTES - 10
    shown = json.loads(river.satudata("quarantine", "show", kept["id"], "--payload", "--json"))
    assert len(shown["payload"]["after"]["alamat"]) > MEGABYTES - 10
    assert river.winner(record, "name") == who.name

    river.update("dinsos", key, alamat="JALAN PENDEK")
    river.wait(lambda: river.winner(record, "street"))
    assert mended(river, record)


def test_a_large_file_in_a_column_that_is_not_mapped_passes(river: SmallRiver) -> None:
    key, record = resident(river)
    river.update("dukcapil", key, nama_lgkp="BERFOTO BESAR", pas_foto=b"\xff" * MEGABYTES)
    river.wait(lambda: river.winner(record, "name") == "BERFOTO BESAR")
    assert mended(river, record)


# ---------------------------------------------------------------------- a service that is away


def test_the_registry_is_down_and_every_position_is_held(flow: SmallRiver) -> None:
    key, record = resident(flow)
    told = flow.settings.home / "logs" / "clean.log"
    said = told.read_text().count("does not answer")
    with flow.away("registry"):
        for name in ("clean", "reconcile"):  # new processes, which know no schema yet
            flow.supervisor.stop(name)
            flow.begin(name)
        flow.update("dukcapil", key, nama_lgkp="TANPA REGISTRI")
        arrived = flow.insert("dukcapil", resident_key(), **somebody().resident())
        flow.wait(lambda: told.read_text().count("does not answer") >= said + 2)
        assert flow.restarts() == {}
    flow.wait(lambda: flow.winner(record, "name") == "TANPA REGISTRI")
    flow.wait(lambda: flow.entity(arrived))
    assert flow.restarts() == {}
    assert flow.rows("select 1 from store.quarantine where record in (%s, %s)", record, arrived) == []
    assert flow.equals_oracle("dukcapil")


def test_the_database_is_down_and_every_position_is_held(flow: SmallRiver) -> None:
    key, record = resident(flow)
    with flow.away("database"):
        began = time.monotonic()
        flow.update("dukcapil", key, nama_lgkp="TANPA BASIS DATA")
        arrived = flow.insert("dukcapil", resident_key(), **somebody().resident())
        while time.monotonic() - began < 8:  # longer than the writer's lease
            assert flow.restarts() == {}
            time.sleep(0.2)
    flow.wait(lambda: flow.winner(record, "name") == "TANPA BASIS DATA")
    flow.wait(lambda: flow.entity(arrived))
    assert flow.restarts() == {}
    assert flow.equals_oracle("dukcapil")


# ---------------------------------------------------------------------- the operator's desk


def test_an_operator_lists_shows_and_retries(river: SmallRiver, tmp_path: Path) -> None:
    key, record = resident(river)
    river.update("dukcapil", key, status_kawin=9)
    kept = item(river, record)["id"]
    lines = river.satudata(
        "quarantine", "list", "--source", "dukcapil", "--code", "unknown_value", "--json"
    ).splitlines()
    (listed,) = [found for found in map(json.loads, lines) if found["id"] == kept]
    assert (listed["state"], listed["field"], listed["record"]) == ("open", "marital", record.hex())
    shown = json.loads(river.satudata("quarantine", "show", kept, "--payload", "--json"))
    assert shown["payload"]["after"]["status_kawin"] == 9
    assert shown["remedy"]

    river.satudata("quarantine", "retry", kept)  # nothing has changed: refused once more, under the same id
    river.wait(lambda: (found := item(river, record))["state"] == "open" and found["attempts"] == 1)
    assert item(river, record)["id"] == kept

    restart_clean(river, wider_contracts(river, tmp_path))
    river.satudata("quarantine", "retry", kept)
    river.wait(lambda: river.winner(record, "marital") == "divorced")
    settled = item(river, record)
    assert (settled["id"], settled["state"], settled["attempts"]) == (kept, "closed", 2)
    again = river.run("hub", "quarantine", "retry", kept)
    assert again.returncode != 0
    assert "closed" in again.stdout + again.stderr

    restart_clean(river, contracts_of(river))
    river.update("dukcapil", key, status_kawin=2)
    river.wait(lambda: river.winner(record, "marital") == "married")


def contracts_of(river: SmallRiver) -> Path:
    assert river.settings.sources is not None
    return river.settings.sources


def wider_contracts(river: SmallRiver, folder: Path) -> Path:
    """The river's contracts, but for one more word that the office uses."""
    shutil.copytree(contracts_of(river), folder / "sources")
    file = folder / "sources" / "dukcapil.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('4 = "widowed"', '4 = "widowed"\n9 = "divorced"'), encoding="utf-8")
    return folder / "sources"


def restart_clean(river: SmallRiver, sources: Path) -> None:
    river.supervisor.stop("clean")
    river.begin("clean", SATUDATA_SOURCES=str(sources))
