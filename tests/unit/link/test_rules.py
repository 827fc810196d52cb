"""Rules beside weights: a list names each person once, and names come before numbers where a twin's may be borrowed."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.link.evidence import Pattern
from hub.link.explain import explain
from hub.link.model import SHIPPED, read
from hub.wire.decisions import EdgeRow, Event
from tests.unit.link.builders import BUDI, MODEL, Hub, judge, person, rid

FORMER = read(SHIPPED / "person-2.toml")
UNNUMBERED: dict[str, object] = BUDI | {"nik": None, "name": "RINI ANDAYANI"}
HER_TWIN = UNNUMBERED | {"name": "RINA ANDAYANI"}


def hub_of(*events: Event) -> Hub:
    hub = Hub()
    hub.take(*events)
    hub.whole()
    return hub


def edge(hub: Hub, a: str, b: str) -> EdgeRow:
    low, high = sorted((rid(a), rid(b)))
    return hub.edges[low, high]


def test_two_rows_of_one_list_are_two_people_though_the_evidence_would_do() -> None:
    hub = hub_of(person("s1", 1, UNNUMBERED), person("s2", 1, HER_TWIN))
    assert edge(hub, "s1", "s2").weight >= MODEL.threshold
    assert not hub.together("s1", "s2")


def test_rows_of_two_lists_say_nothing_of_the_kind() -> None:
    hub = hub_of(person("s1", 1, UNNUMBERED), person("a1", 1, HER_TWIN))
    assert hub.together("s1", "a1"), "a typing error, as far as anybody can tell"


def test_twins_of_two_lists_without_any_number_are_two_in_every_order_of_arrival() -> None:
    records = [
        person("d1", 1, UNNUMBERED), person("d2", 1, HER_TWIN),
        person("s1", 1, UNNUMBERED), person("s2", 1, HER_TWIN),
    ]  # fmt: skip
    digests = set()
    for order in permutations(records):
        hub = Hub()
        hub.one_by_one(*order)
        assert hub.together("d1", "s1")
        assert hub.together("d2", "s2")
        assert not hub.together("d1", "d2")
        digests.add(hub.whole()[0])
    assert len(digests) == 1


def test_the_former_model_takes_them_for_one() -> None:
    hub = Hub(FORMER)
    hub.take(*[person(who, 1, UNNUMBERED if who[1] == "1" else HER_TWIN) for who in ("d1", "d2", "s1", "s2")])
    assert hub.together("d1", "d2", "s1", "s2")


@pytest.mark.parametrize(
    "other",
    [
        {"name": "RINI ANDAYANI"},
        {"name": "RINI ANDAYANI", "kk": None, "nik": BUDI["nik"]},
        {"name": "RINA ANDAYANI", "nik": BUDI["nik"]},
    ],
    ids=["listed twice", "without the card the first time", "mistyped under an equal number"],
)
def test_a_person_who_stands_in_a_list_twice_stays_one(other: dict[str, object]) -> None:
    hub = hub_of(person("s1", 1, UNNUMBERED | {"nik": other.get("nik")}), person("s2", 1, UNNUMBERED | other))
    assert hub.together("s1", "s2")


def test_a_steward_may_say_that_a_list_names_somebody_twice_all_the_same() -> None:
    hub = hub_of(person("s1", 1, UNNUMBERED), person("s2", 1, HER_TWIN), judge("j1", "same", ("s1", "s2")))
    assert hub.together("s1", "s2")
    hub.take(judge("j2", "withdrawn", ("s1", "s2"), withdraws="j1"))
    assert not hub.together("s1", "s2")


def test_a_number_that_two_rows_of_a_list_share_under_other_names_is_borrowed() -> None:
    owner = BUDI | {"name": "HASAN BASRI"}
    other = owner | {"name": "HUSEN RAHMAT"}
    hub = hub_of(person("s1", 1, owner), person("s2", 1, other))
    assert edge(hub, "s1", "s2").weight >= MODEL.threshold
    assert not hub.together("s1", "s2")


def test_a_list_is_a_doubt_of_its_own_and_told_as_such() -> None:
    hub = hub_of(person("s1", 1, UNNUMBERED), person("s2", 1, HER_TWIN))
    (doubt,) = hub.engine.doubts_of(hub.engine.known()).found
    assert (doubt.kind, doubt.twins) == ("listed", True)
    account = explain(edge(hub, "s1", "s2").levels, MODEL, "listed")
    assert account.links
    assert account.change is None
    assert account.id.endswith("dua baris yang berbeda dari satu daftar, yang memuat setiap orang sekali saja")
    assert account.en.endswith("two rows of one list that differ, and it names each person once")


def test_a_record_under_her_twins_number_goes_by_the_name() -> None:
    """The school wrote the twin's NIK: the number says one sister, the name says the other."""
    one = UNNUMBERED | {"nik": "1508025203900001", "sex": "female"}
    other = HER_TWIN | {"nik": "1508025203900002", "sex": "female"}
    borrowed = other | {"nik": one["nik"]}
    hub = hub_of(person("d1", 1, one), person("d2", 1, other), person("s2", 1, borrowed))
    assert edge(hub, "d1", "s2").weight > edge(hub, "d2", "s2").weight >= MODEL.threshold
    assert hub.together("d2", "s2")
    assert not hub.together("d1", "d2")


def test_a_number_mistyped_into_a_neighbours_links_nobody_to_him() -> None:
    """Born on one day in one district, and nothing else in common: the number holds the date, so it counts once."""
    neighbour = BUDI | {
        "name": "RAHMAT HIDAYAT", "kk": "1508020101100099", "mother": "RATNA SARI", "region": "1508032003",
    }  # fmt: skip
    assert not hub_of(person("s1", 1), person("a1", 1, neighbour | {"mother": None})).together("s1", "a1")


def test_a_pattern_wants_every_comparison_that_it_names() -> None:
    pattern = Pattern({"name": frozenset({"close"}), "nik": frozenset({"missing", "different"})})
    assert pattern.shown_by({"name": "close", "birth": "year"})
    assert pattern.shown_by({"name": "close", "nik": "different"})
    assert not pattern.shown_by({"name": "close", "nik": "exact"})
    assert not pattern.shown_by({"nik": "different"})
