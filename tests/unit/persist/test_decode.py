"""What a message becomes: an event, a held record, an item; and nothing is ever dropped."""

from dataclasses import replace

import pytest

from hub.persist.decode import STAGE, Decoder, check_record, item_id
from hub.wire import version
from hub.wire.archive import Archive
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Incoming
from hub.wire.decisions import QuarantineClosed
from hub.wire.entities import ENTITIES
from hub.wire.errors import Quarantine
from hub.wire.records import CleanFacility, CleanPerson, Held, Judgement, QuarantineItem, Sweep
from hub.wire.version import LOWEST

CODEC = Codec(MemoryRegistry(), register=True)
ID = bytes(range(16))
PERSON = CleanPerson(ID, version.pack(1, 5, 0), False, "dukcapil", "public.penduduk", 5, 7, name="SITI AMINAH")
ITEM = QuarantineItem("item-1", "clean", "dapodik", "t", "raw.t", 0, 3, "code", "why", "cara", 1, {}, record=ID)


def decoder(place=None, identified=(), entities=("person",)):
    """Return a decoder over a store that knows one place and these identified items."""
    return Decoder(CODEC, Archive(), now_us=lambda: 99, place=lambda record: place,
                   identified=lambda items: set(items) & set(identified), entities=entities)  # fmt: skip


def message(record, topic="clean.person", key=ID, offset=0, headers=()):
    """Return a consumed message."""
    value = record if isinstance(record, bytes | None) else CODEC.encode(record)
    return Incoming(topic, 0, offset, key, value, headers, 0)


def test_records_and_markers_become_events_in_their_order():
    sweep = Sweep("dukcapil", "t", LOWEST, 0, 1, 0, 1)
    held = Held("dukcapil", "t", LOWEST, "item-9")
    (found,) = decoder().decode([message(PERSON), message(sweep, key=None), message(held, key=None)], "T")
    assert found.events == [PERSON, sweep, held]
    assert found.refused == []


def test_the_bytes_of_a_record_are_kept_for_the_store():
    (found,) = decoder().decode([message(PERSON)], "T")
    record, body = found.bodies[PERSON.id, PERSON.version]
    assert record is found.events[0]
    assert body == Archive().encode(PERSON)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "SITI\0", "nul_in_text"),
        ("street", "J\0", "nul_in_text"),
        ("name", "A" * 501, "too_long"),
        ("street", "A" * 10_001, "too_long"),
        ("birth_date", 2**31 - 1, "impossible_date"),
        ("birth_date", -(2**31), "impossible_date"),
    ],
)
def test_a_value_that_postgresql_cannot_hold_is_an_item_and_the_record_is_held(field, value, code):
    (found,) = decoder().decode([message(replace(PERSON, **{field: value}))], "T")
    (item,) = found.refused
    assert (item.code, item.field, item.record, item.version, item.stage) == (code, field, ID, PERSON.version, STAGE)
    assert found.events == [Held(PERSON.source, PERSON.table, PERSON.version, item.id, ID)]
    assert found.bodies == {}


@pytest.mark.parametrize("day", [-719_162, 0, 2_932_896])
def test_every_date_of_the_calendar_passes(day):
    check_record(replace(PERSON, birth_date=day))


def test_the_reason_holds_no_value():
    with pytest.raises(Quarantine) as refusal:
        check_record(replace(PERSON, name="SITI\0"))
    assert "SITI" not in str(refusal.value)


def test_undecodable_bytes_of_a_known_record_block_its_table():
    (found,) = decoder(place=("dukcapil", "public.penduduk")).decode([message(b"\x00garbage")], "T")
    (item,) = found.refused
    assert (item.source, item.table, item.record, item.key, item.payload) == (
        "dukcapil", "public.penduduk", None, ID, b"\x00garbage"
    )  # fmt: skip
    assert found.events == [Held("dukcapil", "public.penduduk", LOWEST, item.id)]


def test_undecodable_bytes_of_an_unknown_record_are_an_item_alone():
    (found,) = decoder().decode([message(b"\x00garbage")], "T")
    assert (found.events, len(found.refused)) == ([], 1)


def test_an_item_of_another_incarnation_of_the_topic_has_another_id():
    one = message(b"x")
    assert item_id(one, "T") == item_id(one, "T")
    assert len({item_id(one, "T"), item_id(one, "U"), item_id(replace(one, offset=1), "T")}) == 3


def test_a_message_sent_again_keeps_its_items_id():
    assert item_id(message(b"x", headers=(("retry", b"item-7"),)), "T") == "item-7"


def test_arriving_items_are_kept_and_closing_ones_settle():
    closing = replace(ITEM, code="closed", reason="mended")
    (found,) = decoder(identified=["item-1"]).decode([message(ITEM, "quarantine.clean"),
                                                   message(closing, "quarantine.clean")], "T")  # fmt: skip
    assert (found.refused, found.settled, found.events) == ([ITEM], {"item-1": "mended"}, [])


def test_closing_an_unidentifiable_item_reaches_link():
    closing = replace(ITEM, record=None, code="closed")
    (found,) = decoder().decode([message(closing, "quarantine.clean")], "T")
    assert found.events == [QuarantineClosed("item-1")]


def test_an_item_and_its_closing_in_one_batch_are_known_to_each_other():
    closing = replace(ITEM, record=None, code="closed")
    (found,) = decoder().decode([message(ITEM, "quarantine.clean"), message(closing, "quarantine.clean")], "T")
    assert found.events == []


@pytest.mark.parametrize(
    ("topic", "record"), [("judgement", PERSON), ("quarantine.clean", PERSON), ("clean.person", ITEM)]
)
def test_a_record_in_the_wrong_topic_is_an_item(topic, record):
    (found,) = decoder().decode([message(record, topic)], "T")
    assert [item.code for item in found.refused] == ["unexpected_schema"]
    assert found.events == []


def test_a_judgement_passes_and_one_with_nul_does_not():
    fine = Judgement("j", "same", (), "ani", "seen", 1)
    (found,) = decoder().decode([message(fine, "judgement"), message(replace(fine, reason="\0"), "judgement")], "T")
    assert found.events == [fine]
    assert [item.code for item in found.refused] == ["nul_in_text"]


def test_records_of_another_kind_of_entity_are_a_part_of_their_own_engine():
    school = CleanFacility(ID, PERSON.version, False, "dapodik", "public.sekolah", 5, 7, name="SD NEGERI 1 CONTOH")
    (found,) = decoder(entities=ENTITIES).decode([message(school, "clean.facility")], "T")
    assert (found.entity, found.events, found.next) == ("facility", [school], None)
    (wrong,) = decoder(entities=ENTITIES).decode([message(school, "clean.person")], "T")
    assert [item.code for item in wrong.refused] == ["unexpected_schema"]


def test_judgements_part_where_the_kind_of_entity_changes_and_each_part_knows_where_it_ends():
    on = [Judgement(str(n), "same", (), "ani", "seen", n, entity=kind)
          for n, kind in enumerate(("family", "family", "person", "family", "unheard"))]  # fmt: skip
    batch = [message(one, "judgement", offset=40 + n) for n, one in enumerate(on)]
    parts = decoder(entities=ENTITIES).decode(batch, "T")
    assert [(part.entity, part.events, part.next) for part in parts] == [
        ("family", on[:2], 42), ("person", [on[2]], 43), ("family", [on[3]], None)
    ]  # fmt: skip
    assert [item.code for item in parts[-1].refused] == ["unknown_entity"]


def test_closing_an_item_is_told_to_every_engine_and_the_last_moves_the_offset():
    closing = message(replace(ITEM, record=None, code="closed"), "quarantine.clean", offset=8)
    parts = decoder(entities=("person", "family", "business")).decode([closing], "T")
    assert [(part.entity, part.events, part.next) for part in parts] == [
        ("family", [QuarantineClosed("item-1")], 8), ("business", [QuarantineClosed("item-1")], 8),
        ("person", [QuarantineClosed("item-1")], None),
    ]  # fmt: skip
    assert [part.settled for part in parts] == [{}, {}, {"item-1": "why"}]


@pytest.mark.parametrize(("field", "value", "code"), [("latitude", float("nan"), "impossible_place"),
                                                     ("longitude", 200.0, "impossible_place"),
                                                     ("name", "A" * 501, "too_long")])  # fmt: skip
def test_a_place_that_is_none_is_refused(field, value, code):
    school = CleanFacility(ID, PERSON.version, False, "dapodik", "public.sekolah", 5, 7, name="SD", latitude=-1.4)
    with pytest.raises(Quarantine) as refusal:
        check_record(replace(school, **{field: value}))
    assert (refusal.value.code, refusal.value.field) == (code, field)
