"""What becomes of changes, deletes, changed keys, markers and retries."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.wire.broker import Incoming, Outgoing
from hub.wire.records import CleanPerson, Held, QuarantineItem, Sweep
from hub.wire.topics import HEADER_KIND, HEADER_NEXT, HEADER_PREVIOUS, HEADER_RETRY, LARGE_MESSAGE
from hub.wire.version import LOWEST, pack, stamp
from tests.unit.clean.conftest import PARTITIONS, Bench
from tests.unit.clean.raw import COMMIT_US, DUKCAPIL, KEY

OTHER = b"o" * 16
SWEEP = Sweep("dukcapil", "public.penduduk", pack(2, 5, 0), 1, 3)


def refused(bench: Bench, message: Incoming) -> tuple[QuarantineItem, Held, Outgoing]:
    item, held = bench.stage.process([message]).outgoing
    assert item.topic == "quarantine.clean"
    assert (held.topic, held.headers) == ("clean.person", ((HEADER_KIND, b"held"),))
    read = bench.read(item), bench.read(held)
    assert item.key == read[0].id.encode()
    return *read, held


def test_a_record_keeps_its_key_and_a_change_needs_no_header(bench: Bench) -> None:
    (out,) = bench.stage.process([bench.sender("dukcapil").change("c", DUKCAPIL)]).outgoing
    assert (out.topic, out.key, out.partition, out.headers) == ("clean.person", KEY, None, ())


def test_a_delete_says_nothing_of_the_person(bench: Bench) -> None:
    (person,) = bench.records(bench.sender("dukcapil").change("d", DUKCAPIL))
    assert person == CleanPerson(KEY, pack(1, 100, 0, 1), True, "dukcapil", "public.penduduk", COMMIT_US, 0)


def test_a_changed_key_is_told_on_both_sides(bench: Bench) -> None:
    sender = bench.sender("dukcapil")
    gone, come = bench.records(
        sender.change("d", DUKCAPIL, headers=((HEADER_NEXT, OTHER),)),
        sender.change("c", DUKCAPIL, key=OTHER, headers=((HEADER_PREVIOUS, KEY),)),
    )
    assert (gone.id, gone.deleted, gone.next) == (KEY, True, OTHER)
    assert (come.id, come.previous, come.next) == (OTHER, KEY, None)


def test_a_sweep_goes_to_every_clean_partition(bench: Bench) -> None:
    message = bench.sender("dukcapil").message(bench.codec.encode(SWEEP), headers=((HEADER_KIND, b"sweep"),), key=None)
    out = bench.stage.process([message]).outgoing
    assert [o.partition for o in out] == list(range(PARTITIONS))
    assert {(o.key, o.headers) for o in out} == {(None, ((HEADER_KIND, b"sweep"),))}
    markers = [bench.read(o) for o in out]
    assert [m.clean_partition for m in markers] == list(range(PARTITIONS))
    assert {(m.floor, m.raw_partition, m.raw_partitions, m.clean_partitions) for m in markers} == {
        (SWEEP.floor, 1, 3, PARTITIONS)
    }


def test_a_row_that_a_connector_held_passes_in_its_place(bench: Bench) -> None:
    known = Held("dukcapil", "public.penduduk", pack(1, 2, 3), "item", KEY)
    unknown = Held("dukcapil", "public.penduduk", LOWEST, "item")
    sender, headers = bench.sender("dukcapil"), ((HEADER_KIND, b"held"),)
    first, second = bench.stage.process([
        sender.message(bench.codec.encode(known), headers=headers),
        sender.message(bench.codec.encode(unknown), headers=headers, key=None, partition=6),
    ]).outgoing  # fmt: skip
    assert (bench.read(first), first.key, first.partition) == (known, KEY, None)
    assert (bench.read(second), second.key, second.partition) == (unknown, None, 6 % PARTITIONS)


def test_a_refused_row_is_kept_whole_and_held_in_its_place(bench: Bench) -> None:
    message = bench.sender("dukcapil").change("u", {**DUKCAPIL, "jk": "X"}, headers=((HEADER_PREVIOUS, OTHER),))
    item, held, sent = refused(bench, message)
    assert (item.code, item.field, item.stage) == ("unknown_value", "sex", "clean")
    assert (item.topic, item.partition, item.offset) == (message.topic, 1, message.offset)
    assert (item.payload, item.key, item.headers) == (message.value, KEY, dict(message.headers))
    assert (item.record, item.version) == (KEY, pack(1, 100, 0, 1))
    assert "SITI" not in item.reason + item.remedy
    assert held == Held("dukcapil", "public.penduduk", pack(1, 100, 0, 1), item.id, KEY, OTHER)
    assert (sent.key, sent.partition) == (KEY, None)


def test_a_repeat_is_the_same_item_and_another_row_is_another(bench: Bench) -> None:
    sender = bench.sender("dukcapil")
    message = sender.change("u", {**DUKCAPIL, "jk": "X"})
    first, again = refused(bench, message)[0], refused(bench, message)[0]
    assert UUID(first.id) == UUID(again.id)
    assert refused(bench, sender.change("u", {**DUKCAPIL, "jk": "X"}))[0].id != first.id


def test_a_retried_row_keeps_its_item_and_its_version(bench: Bench) -> None:
    message = bench.sender("dukcapil").change("u", {**DUKCAPIL, "jk": "X"}, headers=((HEADER_RETRY, b"the-item"),))
    item, held, _ = refused(bench, message)
    assert (item.id, held.item) == ("the-item", "the-item")
    assert HEADER_RETRY not in item.headers
    (person,) = bench.records(bench.sender("dukcapil").change("u", DUKCAPIL, headers=((HEADER_RETRY, b"the-item"),)))
    assert person.version == held.version


@pytest.mark.parametrize(
    "spoil",
    [{"key": None}, {"key": b"short"}, {"stamp": b"short"}, {"headers": ((HEADER_PREVIOUS, b"short"),)}],
    ids=["no key", "short key", "short version", "short previous id"],
)
def test_a_row_that_cannot_be_identified_blocks_its_partition_s_sweeps(bench: Bench, spoil: dict[str, bytes]) -> None:
    item, held, sent = refused(bench, bench.sender("dukcapil").change("c", DUKCAPIL, partition=6, **spoil))
    assert item.code == "unidentified"
    assert (held.id, held.previous) == (None, None)
    assert (sent.key, sent.partition) == (None, 6 % PARTITIONS)
    assert (item.version is None) == ("stamp" in spoil)
    assert held.version == (item.version or LOWEST)


def test_a_message_without_its_version_header_is_refused(bench: Bench) -> None:
    message = bench.sender("dukcapil").change("c", DUKCAPIL)
    bare = Incoming(message.topic, 1, 9, KEY, message.value, (), 0)
    item, held, _ = refused(bench, bare)
    assert (item.code, held.id, held.version) == ("unidentified", None, LOWEST)


def poison(bench: Bench, name: str) -> Incoming:
    sender = bench.sender("dukcapil")
    good = sender.value("c", DUKCAPIL)
    values = {
        "no value": None,
        "empty": b"",
        "text": b"not avro at all",
        "cut": good[:-3],
        "longer": good + b"\0",
        "unknown schema": b"\0\0\0\x27\x0f" + good[5:],
        "marker without its header": bench.codec.encode(SWEEP),
        "operation": sender.value("m", DUKCAPIL),
        "living without a row": sender.value("u", None),
    }
    if name == "row under a marker's header":
        return sender.message(good, headers=((HEADER_KIND, b"sweep"),))
    if name == "another record under a marker's header":
        person = bench.records(sender.change("c", DUKCAPIL))[0]
        return sender.message(bench.codec.encode(person), headers=((HEADER_KIND, b"held"),))
    return sender.message(values[name])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no value", "undecodable"),
        ("empty", "undecodable"),
        ("text", "undecodable"),
        ("cut", "undecodable"),
        ("longer", "undecodable"),
        ("unknown schema", "unknown_schema"),
        ("marker without its header", "unexpected_schema"),
        ("row under a marker's header", "unexpected_schema"),
        ("another record under a marker's header", "unexpected_schema"),
        ("operation", "unknown_op"),
        ("living without a row", "unknown_op"),
    ],
)
def test_poison_is_kept_with_its_reason_and_held(bench: Bench, name: str, code: str) -> None:
    message = poison(bench, name)
    item, held, _ = refused(bench, message)
    assert item.code == code
    assert item.payload == message.value
    assert item.remedy
    assert (held.id, held.version, held.item) == (KEY, pack(1, 100, 0, 1), item.id)


def test_a_payload_that_fills_a_message_stays_in_raw(bench: Bench) -> None:
    row = {**DUKCAPIL, "jk": "X", "pas_foto": bytes(LARGE_MESSAGE - 1000)}
    item, held, _ = refused(bench, bench.sender("dukcapil").change("u", row))
    assert (item.code, item.payload, held.id) == ("unknown_value", None, KEY)
    assert "raw.dukcapil.public.penduduk only" in item.reason


def test_a_large_field_that_nobody_maps_is_no_trouble(bench: Bench) -> None:
    (person,) = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "pas_foto": bytes(5_000_000)}))
    assert isinstance(person, CleanPerson)
    assert person.name == "SITI CONTOH"


def test_a_version_is_the_source_s_with_the_cleaning_revision(bench: Bench) -> None:
    sender = bench.sender("dukcapil")
    first, second = bench.records(
        sender.change("c", DUKCAPIL, stamp=stamp(1, 100, 1)), sender.change("u", DUKCAPIL, stamp=stamp(1, 100, 2))
    )
    assert first.version == pack(1, 100, 1, 1) < second.version
