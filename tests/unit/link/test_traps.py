"""Traps that registers set for whoever joins them, by their number in the project's list: who is one, who is not.

Those of reading values are in tests/unit/clean/test_traps.py, those of files in tests/unit/connectors/file.
"""

from __future__ import annotations

import random

from hub.wire.decisions import Event
from tests.unit.link.builders import BUDI, DEWI, Hub, day, gone, judge, person, rid

TEMPORARY = BUDI | {"nik": None, "mother": None, "kk": None, "name": "BUDI"}
"""What cleaning leaves of a record with a temporary number and a one-word name."""


def test_t05_two_people_whose_nik_was_a_placeholder_are_two() -> None:
    hub = Hub()
    hub.take(person("s1", 1, BUDI | {"nik": None}), person("s2", 1, DEWI | {"nik": None, "mother": None}))
    assert not hub.together("s1", "s2")


def test_t06_a_real_nik_after_a_temporary_one_keeps_the_person_and_aliases_the_other_id() -> None:
    hub = Hub()
    hub.take(person("d1", 1, BUDI | {"mother": None}), person("s1", 1, TEMPORARY | {"region": None}))
    before, temporary = hub.entity("d1"), hub.entity("s1")
    assert before != temporary
    delta = hub.take(person("s1", 2, TEMPORARY | {"nik": BUDI["nik"]}))
    assert hub.entity("d1") == hub.entity("s1") == before
    ended = next(each for each in delta.entities if each.entity_id == temporary)
    assert (ended.kind, ended.other_ids) == ("merged", (before,))


def test_t07_a_corrected_nik_moves_the_link_and_the_earlier_state_can_come_back() -> None:
    hub = Hub()
    hub.take(person("d1", 1, BUDI), person("d2", 1, DEWI))
    bare = {"name": None, "birth_date": None, "mother": None, "kk": None, "sex": None}
    hub.take(person("s1", 1, BUDI | bare | {"nik": DEWI["nik"]}))
    assert hub.entity("s1") == hub.entity("d2")
    delta = hub.take(person("s1", 2, BUDI | bare))
    assert hub.entity("s1") == hub.entity("d1")
    moved = [each for entity in delta.entities for each in entity.reassigned]
    assert [(each.record, each.old_id, each.new_id) for each in moved] == [
        (rid("s1"), hub.entity("d2"), hub.entity("d1"))
    ]
    hub.take(person("s1", 3, BUDI | bare | {"nik": DEWI["nik"]}))
    assert hub.entity("s1") == hub.entity("d2")


def test_t11_a_name_cut_at_thirty_or_forty_characters_is_its_full_form() -> None:
    full = "MUHAMMAD NURDIANSYAH PERMANA KUSUMAWARDHANA"
    for width in (30, 40):
        hub = Hub()
        loose = BUDI | {"nik": None, "kk": None}
        hub.take(person("d1", 1, loose | {"name": full}), person("s1", 1, loose | {"name": full[:width].rstrip()}))
        assert hub.together("d1", "s1"), width


def test_t13_two_villages_of_one_name_are_two_places() -> None:
    """Koto Jayo of one district and Koto Jayo of another, whatever stands in the street."""
    told = {}
    for code in ("1508012016", "1508092001"):
        hub = Hub()
        there = {"street": "KOTO JAYO", "nik": None, "kk": None}
        hub.take(
            person("s1", 1, BUDI | there | {"region": "1508012016"}), person("a1", 1, BUDI | there | {"region": code})
        )
        (edge,) = hub.edges.values()
        told[code] = {level.comparison: level for level in edge.levels}["address"]
    assert told["1508012016"].weight > 0 > told["1508092001"].weight
    assert told["1508092001"].level == "elsewhere"


def test_t14_twins_with_one_card_one_birth_date_and_serials_in_a_row_are_two() -> None:
    one = BUDI | {"name": "SITI AISYAH", "sex": "female", "nik": "1508025203120003", "birth_date": day("2012-03-12")}
    other = one | {"name": "SITI AISYIAH", "nik": "1508025203120004"}
    hub = Hub()
    hub.take(person("d1", 1, one), person("d2", 1, other), person("s1", 1, one), person("s2", 1, other))
    assert hub.together("d1", "s1")
    assert hub.together("d2", "s2")
    assert not hub.together("d1", "d2")


def test_t15_husband_and_wife_who_share_phone_and_address_are_two() -> None:
    home = {"phone": "+6281234567890", "street": "JL. LINTAS SUMATERA 7", "rt": 3, "rw": 1, "kk": BUDI["kk"]}
    hub = Hub()
    hub.take(person("s1", 1, BUDI | home), person("s2", 1, DEWI | home), person("a1", 1, BUDI | home | {"nik": None}))
    assert hub.together("s1", "a1")
    assert not hub.together("s1", "s2")


def test_t16_a_death_in_the_register_deletes_nothing_elsewhere() -> None:
    hub = Hub()
    hub.take(person("d1", 1, BUDI | {"vital": "alive"}), person("a1", 1, BUDI | {"vital": "alive"}))
    hub.take(person("d1", 2, BUDI | {"vital": "dead"}))
    (record,) = hub.golden().values()
    assert record.vital == "dead"
    assert {member.source for member in record.members} == {"dukcapil", "dinsos"}, "the aid record stays, for a person"
    (lost,) = [loser for win in record.wins if win.group == "vital" for loser in win.losers]
    assert lost.source == "dinsos"


def test_t17_who_moved_away_and_back_keeps_the_nik_of_the_first_registration() -> None:
    hub = Hub()
    elsewhere = BUDI | {"nik": "1571111203900001", "region": "1571021001"}
    hub.take(person("d1", 1, elsewhere), person("s1", 1, elsewhere))
    entity = hub.entity("d1")
    hub.take(gone("d1", 2))
    hub.take(person("d2", 3, elsewhere | {"region": "1508022001"}))
    assert hub.together("d2", "s1")
    assert hub.golden()[hub.entity("d2")].nik == elsewhere["nik"]
    assert hub.golden()[hub.entity("d2")].region == "1508022001"
    assert entity != hub.entity("d2"), "the register's new row is another anchor; the old id resolves to it"


def test_t22_duplicates_and_any_order_give_one_digest() -> None:
    events: list[Event] = [
        person("d1", 1, BUDI), person("d1", 4, BUDI | {"kk": None}), person("s1", 2, BUDI | {"nik": None}),
        person("d2", 1, DEWI), person("a1", 3, DEWI | {"nik": BUDI["nik"]}), gone("s1", 9),
        person("s1", 5, BUDI | {"name": "BUDI S"}),
    ]  # fmt: skip
    rng, digests = random.Random(22), set()
    for _ in range(20):
        order = [*events, *rng.sample(events, 3)]
        rng.shuffle(order)
        hub = Hub()
        hub.one_by_one(*order)
        digests.add(hub.whole()[0])
    assert len(digests) == 1


def test_t23_a_replay_of_the_whole_log_gives_the_same_store() -> None:
    log: list[Event] = [
        person("d1", 1, BUDI), person("s1", 1, BUDI | {"nik": None}), judge("j1", "different", ("d1", "s1")),
        person("d2", 1, DEWI), person("a1", 1, DEWI | {"kk": None}), gone("a1", 2),
    ]  # fmt: skip
    first, again = Hub(), Hub()
    first.one_by_one(*log)
    again.take(*log)
    again.one_by_one(*log[:2], *log[3:])
    assert first.whole() == again.whole()


def test_t27_a_renamed_village_stays_one_place() -> None:
    """Talang Selungko became Talang Silungko: the code is what is compared, whatever a list calls it and since when."""
    hub = Hub()
    loose = BUDI | {"nik": None, "kk": None, "mother": None, "name": "BUDI SANTOSO"}
    hub.take(
        person("s1", 1, loose | {"street": "TALANG SELUNGKO", "rt": 2, "rw": 1}),
        person("a1", 1, loose | {"street": "TALANG SILUNGKO", "rt": 2, "rw": 1}),
    )
    assert hub.together("s1", "a1")
    (edge,) = hub.edges.values()
    told = {level.comparison: level.level for level in edge.levels}
    assert told["address"] in {"same", "rt"}
