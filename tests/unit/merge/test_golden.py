"""Which value wins, why, and what lost."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace

import pytest

from hub.link.model import read
from hub.merge.golden import Golden, golden
from hub.wire.errors import RefuseToStart
from hub.wire.groups import GROUPS
from hub.wire.records import CleanPerson, Flag, GoldenPerson, Win
from hub.wire.version import pack

AUTHORITIES = {"dukcapil": "register", "dapodik": "sector", "dinsos": "programme"}
ORDERS = read().survivorship
MERGE = Golden(ORDERS)


def record(number: int, source: str, at: int = 1, **values: object) -> CleanPerson:
    base = CleanPerson(bytes([number]) * 16, pack(1, at, 0), False, source, f"public.{source}", at, 0)
    return replace(base, **values)  # type: ignore[arg-type]


def merged(*members: CleanPerson) -> GoldenPerson:
    return MERGE("e", members, AUTHORITIES)


def win(person: GoldenPerson, group: str) -> Win:
    return next(each for each in person.wins if each.group == group)


def test_authority_decides_before_recency() -> None:
    person = merged(record(1, "dukcapil", 1, name="BUDI SANTOSO"), record(2, "dapodik", 9, name="BUDI"))
    assert person.name == "BUDI SANTOSO"
    assert win(person, "name").rule == "rank"
    assert win(person, "name").record == bytes([1]) * 16
    (loser,) = win(person, "name").losers
    assert (loser.source, loser.changed_at, json.loads(loser.value)) == ("dapodik", 9, {"name": "BUDI"})


def test_each_group_has_its_own_order_of_authorities() -> None:
    person = merged(record(1, "dukcapil", phone="+621", kk="1"), record(2, "dinsos", phone="+622", kk="2"))
    assert (person.phone, person.kk) == ("+622", "1")


def test_the_later_of_one_authority_wins_then_the_lower_record_id() -> None:
    later = merged(record(1, "dinsos", 1, phone="+621"), record(2, "dinsos", 2, phone="+622"))
    assert (later.phone, win(later, "phone").rule) == ("+622", "recency")
    level = merged(record(2, "dinsos", 1, phone="+622"), record(1, "dinsos", 1, phone="+621"))
    assert (level.phone, win(level, "phone").rule) == ("+621", "record_id")


def test_a_default_birth_date_loses_to_a_real_one_of_a_lower_authority() -> None:
    default = record(1, "dukcapil", 5, birth_date=7486, flags=(Flag("birth_date", "default"),))
    person = merged(default, record(2, "dinsos", 1, birth_date=7375, birth_place="MUARA BUNGO"))
    assert (person.birth_date, person.birth_place) == (7375, "MUARA BUNGO")
    assert win(person, "birth").rule == "validity"
    assert json.loads(win(person, "birth").losers[0].value) == {"birth_date": "1990-07-01"}
    assert merged(default).birth_date == 7486


def test_what_a_default_date_tells_counts_the_15th_tells_its_month() -> None:
    flags = (Flag("birth_date", "default"),)
    year = record(1, "dukcapil", 5, birth_date=7486, flags=flags)
    month = record(2, "dinsos", 1, birth_date=7378, flags=flags)
    day = record(3, "dinsos", 1, birth_date=7375)
    place = record(4, "dukcapil", 5, birth_place="MUARA BUNGO")
    for members, best in (((year, month), 7378), ((month, day), 7375), ((year, place), 7486), ((month, place), 7378)):
        person = merged(*members)
        assert (person.birth_date, win(person, "birth").rule) == (best, "validity")


def test_a_flagged_value_loses_within_one_authority_but_not_against_a_lower_one() -> None:
    flagged = record(1, "dapodik", 9, nik="1508021203900001", flags=(Flag("nik", "disagrees"),))
    sound = merged(flagged, record(2, "dapodik", 1, nik="1508021203900002"))
    assert (sound.nik, win(sound, "nik").rule) == ("1508021203900002", "soundness")
    assert merged(flagged, record(2, "dinsos", 1, nik="1508021203900002")).nik == "1508021203900001"


def test_an_address_stays_whole_and_the_fuller_one_wins() -> None:
    poor = record(1, "dinsos", 9, street="JL. MERDEKA 1")
    full = record(2, "dinsos", 1, street="JL. SUDIRMAN 2", rt=5, rw=2, region="1508022001", region_system="kemendagri")
    person = merged(poor, full)
    assert (person.street, person.rt, person.rw, person.region) == ("JL. SUDIRMAN 2", 5, 2, "1508022001")
    assert win(person, "address").rule == "completeness"


def test_values_that_agree_have_no_losers() -> None:
    person = merged(record(1, "dukcapil", sex="male"), record(2, "dapodik", sex="male"), record(3, "dinsos"))
    assert (win(person, "sex").rule, win(person, "sex").losers) == ("only", ())
    assert "mother" not in {each.group for each in person.wins}
    assert [member.record for member in person.members] == [bytes([n]) * 16 for n in (1, 2, 3)]
    assert (person.status, person.generation, person.sequence, person.previous_ids) == ("active", 0, 0, ())


def test_an_unknown_source_ranks_last() -> None:
    assert merged(record(1, "bpjs", 9, sex="male"), record(2, "dinsos", 1, sex="female")).sex == "female"


def test_order_does_not_matter_and_no_member_is_altered() -> None:
    rng = random.Random(5)
    names, phones = ("BUDI", "BUDI S", None), ("+621", "+622", None)
    for _ in range(50):
        members = [
            record(
                n, rng.choice(tuple(AUTHORITIES)), rng.randrange(3), name=rng.choice(names), phone=rng.choice(phones)
            )
            for n in range(1, 7)
        ]
        before, expected = copy.deepcopy(members), merged(*members)
        for _ in range(5):
            rng.shuffle(members)
            assert merged(*members) == expected
        assert sorted(members, key=lambda each: each.id) == before


def test_every_field_of_a_golden_record_has_one_group() -> None:
    fields = [name for group in GROUPS["person"].values() for name in group]
    assert len(fields) == len(set(fields))
    head = {"entity_id", "generation", "sequence", "status", "moved_to", "previous_ids", "wins", "members"}
    assert set(fields) == set(GoldenPerson.__slots__) - head  # type: ignore[attr-defined]


def test_orders_must_name_every_group() -> None:
    with pytest.raises(RefuseToStart, match="vital"):
        Golden({group: order for group, order in ORDERS.items() if group != "vital"})


def test_one_call_does_the_same() -> None:
    members = [record(1, "dukcapil", sex="male")]
    assert golden("e", members, AUTHORITIES, ORDERS) == merged(*members)
