"""Every way in which the store can be wrong is told, by id and without a value."""

from dataclasses import replace
from datetime import date

from hub.demo.expect import Expected
from hub.demo.stored import Difference, Stored, differences
from hub.wire.entities import golden_attributes
from hub.wire.records import CleanPerson, GoldenPerson, Loser, Win

A, B = b"a" * 16, b"b" * 16
E1, E2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
CLEAN = CleanPerson(A, b"\1" * 24, False, "dinsos", "public.penerima", 5, 9, name="BUDI", birth_date=400)
WIN = Win("name", "rank", "dinsos", A, 5, (Loser("dapodik", B, 4, "{}"),))
GOLDEN = GoldenPerson(E1, 1, 1, "active", name="BUDI", birth_date=400, wins=(WIN,))


def expected() -> Expected:
    return Expected({A: CLEAN}, {A: E1}, {E1: GOLDEN})


def row() -> dict:
    blank = dict.fromkeys(golden_attributes("person"))
    win = {"group": "name", "rule": "rank", "source": "dinsos", "record": A.hex(), "changed_at": 77,
           "losers": [{"record": B.hex(), "source": "dapodik", "changed_at": 4, "value": "{}"}]}  # fmt: skip
    return {**blank, "entity_id": E1, "name": "BUDI", "birth_date": date(1971, 2, 5), "wins": [win]}


def stored() -> Stored:
    other_way = replace(CLEAN, version=b"\2" * 24, changed_at=6, digest=1, previous=B)
    return Stored({A: other_way}, {A: E1}, {E1: row()})


def told(found: Stored) -> list[Difference]:
    return list(differences(expected(), found))


def test_equal_but_for_the_way_it_came() -> None:
    assert told(stored()) == []


def test_a_missing_and_an_extra_record() -> None:
    found = stored()
    found.member = {B: E1}
    assert told(found) == [Difference("missing", A.hex()), Difference("extra", B.hex())]


def test_an_old_value_in_a_clean_record() -> None:
    found = stored()
    found.clean[A] = replace(CLEAN, name="BUDY", rt=3)
    assert told(found) == [Difference("values", A.hex(), "name, rt")]


def test_a_record_in_another_entity() -> None:
    found = stored()
    found.member[A] = E2
    assert told(found) == [Difference("member", A.hex(), "in another entity")]


def test_a_golden_row_too_many_and_one_too_few() -> None:
    found = stored()
    found.golden = {E2: row()}
    assert told(found) == [Difference("golden", E1, "missing"), Difference("golden", E2, "extra")]


def test_a_wrong_value_and_a_wrong_winner() -> None:
    found = stored()
    found.golden[E1]["birth_date"] = date(1971, 2, 6)
    found.golden[E1]["wins"][0]["rule"] = "recency"
    assert told(found) == [Difference("golden", E1, "birth_date"), Difference("winner", E1, "name")]


def test_a_loser_that_nobody_tells() -> None:
    found = stored()
    found.golden[E1]["wins"][0]["losers"] = []
    assert told(found) == [Difference("winner", E1, "name")]


def test_a_stub_that_holds_a_value() -> None:
    found = stored()
    found.leaking.add(E2)
    assert told(found) == [Difference("stub", E2, "holds a personal value")]
