"""Quarantine operations on a real store: states, what is sent, and the command line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence

import pytest

from hub.__main__ import run
from hub.serve.quarantine import Desk
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.broker import Outgoing, Ticket
from hub.wire.clock import TestClock
from hub.wire.decisions import Delta
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.memory import MemoryBroker
from hub.wire.topics import QUARANTINE_CLEAN, Topic
from tests.integration.serve.stores import TestStore, record_id, refused

RAW = Topic("raw.x", "none", "test", 3, "delete", 1000, ("test",), ("test",))


@pytest.fixture
def desk(kept: TestStore) -> Iterator[Desk]:
    made = Desk(kept.url)
    yield made
    made.close()


class Away(MemoryBroker):
    def submit(self, messages: Sequence[Outgoing]) -> Ticket:
        ticket = Ticket(len(messages))
        ticket.settle(TryAgain("Kafka is away"))
        return ticket


def test_items_are_listed_by_state_source_and_code_newest_first(kept: TestStore, desk: Desk) -> None:
    kept.refuse(refused("a"), refused("b", source="dapodik"))
    assert {item.id for item in desk.items()} == {"a", "b"}
    assert [item.id for item in desk.items(source="dapodik")] == ["b"]
    assert desk.items(code="none") == []
    assert desk.items(state="closed") == []


def test_a_retry_goes_to_its_old_place_and_a_good_version_closes_it(
    kept: TestStore, desk: Desk, broker: MemoryBroker
) -> None:
    broker.ensure([RAW])
    kept.refuse(refused("a", payload=b"bytes as they came"))
    assert desk.retry([desk.item("a")], broker) == 1
    [message] = broker.read("raw.x")
    assert (message.partition, message.value) == (1, b"bytes as they came")
    assert dict(message.headers) == {"version": b"\x00stamp", "kind": b"change", "retry": b"a"}
    assert (desk.item("a").state, desk.item("a").attempts) == ("retried", 1)
    version = desk.item("a").version
    assert version is not None
    kept.commit(Delta(seen_ids=[(record_id(77), version)]))
    assert desk.item("a").state == "closed"
    with pytest.raises(RefuseToStart, match="closed"):
        desk.retry([desk.item("a")], broker)


def test_an_item_that_is_refused_again_is_open_again(kept: TestStore, desk: Desk, broker: MemoryBroker) -> None:
    broker.ensure([RAW])
    kept.refuse(refused("a"))
    desk.retry([desk.item("a")], broker)
    kept.refuse(refused("a"))
    assert (desk.item("a").state, desk.item("a").attempts) == ("open", 1)


def test_a_retry_that_kafka_did_not_take_leaves_the_item_open(kept: TestStore, desk: Desk) -> None:
    kept.refuse(refused("a"))
    with pytest.raises(TryAgain):
        desk.retry([desk.item("a")], Away())
    assert (desk.item("a").state, desk.item("a").attempts) == ("open", 0)


def test_a_discard_tells_reconcile_in_order_and_keeps_its_reason(
    kept: TestStore, desk: Desk, broker: MemoryBroker
) -> None:
    kept.refuse(refused("a"))
    desk.discard(desk.item("a"), "baris percobaan", broker, kept.codec, TestClock())
    [message] = broker.read("quarantine.clean")
    note = kept.codec.decode_record(message.value or b"")
    assert (note.id, note.code, note.reason, note.payload) == ("a", "closed", "baris percobaan", None)
    kept.commit(Delta(), settled={"a": note.reason})
    assert (desk.item("a").state, desk.item("a").note) == ("discarded", "baris percobaan")
    with pytest.raises(RefuseToStart, match="discarded"):
        desk.discard(desk.item("a"), "lagi", broker, kept.codec, TestClock())


def test_a_discard_that_reconcile_took_first_ends_the_same(kept: TestStore, desk: Desk, broker: MemoryBroker) -> None:
    kept.refuse(refused("a"))
    item = desk.item("a")
    kept.commit(Delta(), settled={"a": "baris percobaan"})
    desk.discard(item, "baris percobaan", broker, kept.codec, TestClock())
    assert desk.item("a").state == "discarded"


def test_an_unknown_item_is_said_so(desk: Desk) -> None:
    with pytest.raises(RefuseToStart, match="quarantine list"):
        desk.item("none")


# ---------------------------------------------------------------- the command line


@pytest.fixture
def satudata(
    kept: TestStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    monkeypatch.setenv("SATUDATA_DATABASE", kept.url)

    def call(*words: str) -> str:
        capsys.readouterr()
        assert run(list(words)) == 0
        return capsys.readouterr().out

    return call


def test_the_list_says_what_to_do(kept: TestStore, satudata: Callable[..., str]) -> None:
    assert "Tidak ada baris" in satudata("quarantine", "list")
    kept.refuse(refused("a"))
    [line] = satudata("quarantine", "list", "--json").splitlines()
    item = json.loads(line)
    assert (item["id"], item["remedy"]) == ("a", "Periksa kolom jenis kelamin.")
    assert "payload" not in item


def test_the_content_is_shown_only_when_asked_for(
    kept: TestStore, satudata: Callable[..., str], monkeypatch: pytest.MonkeyPatch, registry: str
) -> None:
    kept.refuse(refused("a", payload=b"SEKAR"))
    assert "unknown_value" in (shown := satudata("quarantine", "show", "a"))
    assert "payload" not in shown
    monkeypatch.setenv("SATUDATA_REGISTRY", registry)
    item = json.loads(satudata("quarantine", "show", "a", "--payload", "--json"))
    assert base64.b64decode(item["payload"]) == b"SEKAR"


def test_retry_needs_one_item_or_a_source(kept: TestStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["quarantine", "retry"]) == 2
    assert run(["quarantine", "retry", "--all"]) == 2
    assert "give one ID, or --all with --source" in capsys.readouterr().err


def test_retry_and_discard_reach_kafka(
    kept: TestStore, satudata: Callable[..., str], monkeypatch: pytest.MonkeyPatch, kafka: str, registry: str,
    topic: Callable[[str], str],
) -> None:  # fmt: skip
    place = topic("raw")
    log = KafkaLog(kafka)
    log.ensure([Topic(place, "none", "test", 3, "delete", 3_600_000, ("test",), ("test",)), QUARANTINE_CLEAN])
    monkeypatch.setenv("SATUDATA_KAFKA", kafka)
    monkeypatch.setenv("SATUDATA_REGISTRY", registry)
    client = ConfluentRegistry(registry)
    codec = Codec(client, register=True)
    codec.prepare_all()
    mine = f"item-{place}"
    kept.refuse(refused(mine, topic=place), refused("b", topic=place), refused("c", source="dapodik", topic=place))
    assert satudata("quarantine", "retry", "--all", "--source", "dinsos").startswith("2 baris")
    assert {dict(message.headers)["retry"] for message in log.read(place)} == {mine.encode(), b"b"}
    satudata("quarantine", "discard", mine, "--reason", "baris percobaan")
    [note] = [message for message in log.read("quarantine.clean") if message.key == mine.encode()]
    assert codec.decode_record(note.value or b"").code == "closed"
    client.close()
