"""A changed key whose new row is quarantined: the person stays with the old values, whatever arrives in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pytest

from hub.wire.decisions import Event
from hub.wire.records import CleanPerson, Held
from hub.wire.version import pack
from tests.unit.link.builders import BUDI, DEWI, Hub, at, gone, held, judge, person, rid, sweep

OLD, GONE, HELD = person("s1", 1), gone("s1", 4, "s2"), held("s2", 5, previous="s1")
GOOD = person("s2", 9, name="BUDI SANTOSA")


def hub_of(*events: Event) -> Hub:
    hub = Hub()
    hub.one_by_one(*events)
    return hub


ENTITY = hub_of(OLD).entity("s1")


def test_a_held_successor_leaves_the_old_record_living_with_its_old_values() -> None:
    hub = hub_of(OLD)
    delta = hub.take(GONE, HELD)
    assert not delta.entities
    assert {row.id: (row.deleted, row.next) for row in delta.records} == {
        rid("s1"): (False, rid("s2")),
        rid("s2"): (True, None),
    }
    assert hub.entity("s1") == ENTITY
    assert hub.golden()[ENTITY].name == BUDI["name"]


def test_a_good_successor_takes_entity_and_decisions_over() -> None:
    hub = hub_of(OLD, person("a1", 1), judge("j1", "different", ("s1", "a1")), GONE, HELD)
    entity = hub.entity("s1")
    assert entity != hub.entity("a1")
    delta = hub.take(GOOD)
    assert not hub.living("s1")
    assert hub.entity("s2") == entity
    assert not hub.together("s2", "a1")
    assert [(each.kind, each.entity_id) for each in delta.entities] == [("changed", entity)]
    hub.whole()


def test_the_deletion_of_a_held_successor_ends_the_person() -> None:
    hub = hub_of(OLD, GONE, HELD)
    delta = hub.take(gone("s2", 8))
    assert [(each.kind, each.entity_id) for each in delta.entities] == [("deleted", ENTITY)]
    hub.whole()


def test_a_newer_state_of_the_old_key_is_somebody_else() -> None:
    hub = hub_of(OLD, GONE, HELD)
    hub.take(person("s1", 7, DEWI))
    assert hub.entity("s1") != ENTITY
    hub.take(GOOD)
    assert hub.entity("s2") == ENTITY
    assert hub.living("s1")
    hub.whole()


def test_a_key_that_changes_again_while_held_hands_the_person_on() -> None:
    hub = hub_of(OLD, GONE, HELD, gone("s2", 6, "s3"), held("s3", 7, previous="s2"))
    assert hub.entity("s1") == ENTITY
    hub.engine = hub.reloaded()
    hub.take(person("s3", 9))
    assert not hub.living("s1")
    assert hub.entity("s3") == ENTITY


def test_a_key_that_changes_back_while_held_is_the_same_person() -> None:
    hub = hub_of(OLD, GONE, HELD, gone("s2", 6, "s1"), person("s1", 7, previous="s2", name="BUDI SANTOSA"))
    assert hub.entity("s1") == ENTITY
    assert hub.golden()[ENTITY].name == "BUDI SANTOSA"
    hub.whole()


def test_delete_and_create_of_one_transaction_may_be_numbered_either_way() -> None:
    for delete, create in ((1, 2), (2, 1)):
        left = replace(GONE, version=pack(1, 4, delete))
        hub = hub_of(OLD, left, replace(HELD, version=pack(1, 4, create)))
        assert hub.entity("s1") == ENTITY
        hub.take(replace(GOOD, version=pack(1, 4, create, 1)))
        assert not hub.living("s1")
        assert hub.entity("s2") == ENTITY


# ---------------------------------------------------------------------- sweeps


def test_no_sweep_takes_a_person_whose_row_is_seen_under_its_new_key_only() -> None:
    hub = hub_of(OLD, GONE, HELD, held("s2", 20), *sweep(15))
    assert hub.entity("s1") == ENTITY
    hub.engine = hub.reloaded()
    hub.take(*sweep(18))
    assert hub.living("s1")
    hub.take(*sweep(25))
    assert not hub.living("s1")


def test_a_chain_of_held_keys_counts_as_seen_at_its_end() -> None:
    hub = hub_of(OLD, GONE, HELD, gone("s2", 6, "s3"), held("s3", 20, previous="s2"), *sweep(15))
    assert hub.entity("s1") == ENTITY


def test_a_new_person_under_the_old_key_is_swept_although_the_held_row_is_seen() -> None:
    hub = hub_of(OLD, GONE, HELD, person("s1", 7, DEWI), held("s2", 20), *sweep(15))
    assert not hub.living("s1")


# ---------------------------------------------------------------------- arrival order

ROWS: dict[str, tuple[CleanPerson | Held, ...]] = {
    "held": (OLD, GONE, HELD),
    "held twice": (OLD, GONE, HELD, held("s2", 7)),
    "good at last": (OLD, GONE, HELD, GOOD),
    "retried with its old version": (OLD, GONE, HELD, person("s2", 5, previous="s1")),
    "deleted while held": (OLD, GONE, HELD, gone("s2", 8)),
    "changed before": (OLD, person("s1", 3, name="BUDI S"), GONE, HELD),
    "deleted and entered anew before": (OLD, gone("s1", 2), person("s1", 3, name="BUDI S"), GONE, HELD),
    "changed again": (OLD, GONE, HELD, gone("s2", 6, "s3"), held("s3", 7, previous="s2")),
    "changed again, good at last": (OLD, GONE, HELD, gone("s2", 6, "s3"), person("s3", 7, previous="s2")),
    "good, then held under a third key": (OLD, GONE, person("s2", 5, previous="s1"), gone("s2", 6, "s3"),
                                          held("s3", 7, previous="s2")),
    "old key used again": (OLD, GONE, HELD, person("s1", 7, DEWI)),
    "changed back": (OLD, GONE, HELD, gone("s2", 6, "s1"), held("s1", 7, previous="s2")),
}  # fmt: skip


@pytest.mark.parametrize("story", list(ROWS))
def test_every_arrival_order_ends_alike(story: str) -> None:
    rows = ROWS[story]
    expected = hub_of(*rows).whole()
    for order in permutations(rows):
        assert hub_of(*order, *order[:2]).whole() == expected


def test_a_hub_can_begin_again_after_any_event_in_any_order() -> None:
    """Never do two records of one person live at once, of which the store could keep but one."""
    rows = (OLD, GONE, HELD, gone("s2", 6, "s3"), person("s3", 7, DEWI, previous="s2"))
    expected = hub_of(*rows).whole()
    for order in permutations(rows):
        hub = Hub()
        for event in order:
            hub.take(event)
            hub.engine = hub.reloaded()
        assert hub.whole() == expected


def test_the_stories_end_as_they_should() -> None:
    ends = {story: {name for name in ("s1", "s2", "s3") if hub_of(*rows).living(name)} for story, rows in ROWS.items()}
    assert {story for story, living in ends.items() if living == {"s1"}} == {
        "held", "held twice", "changed before", "deleted and entered anew before", "changed again", "changed back",
        "old key used again",
    }  # fmt: skip
    assert ends["good at last"] == ends["retried with its old version"] == {"s2"}
    assert ends["good, then held under a third key"] == {"s2"}
    assert ends["changed again, good at last"] == {"s3"}
    assert ends["deleted while held"] == set()
    assert hub_of(*ROWS["changed before"]).golden()[ENTITY].name == "BUDI S"


def snapshots() -> Iterable[tuple[Event, ...]]:
    """Orders of a key change and of a snapshot that sees its held row; the last marker follows that row."""
    first, last = sweep(6, raw=2)
    for mixed in permutations((GONE, HELD, held("s2", 7), first)):
        yield (OLD, *mixed, last)
    for at_ in range(6):
        order: list[Event] = [GONE, HELD, held("s2", 7), first, last]
        order.insert(at_, GOOD)
        yield (OLD, *order)


def test_sweep_markers_among_them_change_nothing() -> None:
    waiting, settled = hub_of(OLD, GONE, HELD, held("s2", 7)), hub_of(OLD, GONE, HELD, GOOD)
    for order in snapshots():
        hub = hub_of(*order)
        expected = settled if GOOD in order else waiting
        assert (hub.members, hub.golden()) == (expected.members, expected.golden())
        assert hub.reloaded().digest() == hub.engine.digest()
        assert hub.floors["dapodik", "public.t"].floor == at(6)
