"""Versions, lineage across key changes, held rows and sweeps."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.wire.decisions import QuarantineClosed, Tick
from hub.wire.records import CleanPerson
from tests.unit.link.builders import BUDI, DEWI, TABLE, Hub, at, gone, held, judge, person, rid, sweep


def test_the_highest_version_wins_and_older_ones_are_stale() -> None:
    hub = Hub()
    hub.take(person("s1", 5))
    delta = hub.take(person("s1", 4, name="AGUS"), person("s1", 5, name="AGUS"))
    assert delta.stale == 2
    assert not delta.records
    assert not delta.entities
    assert delta.seen_ids == []


def test_a_delete_keeps_a_tombstone_that_refuses_older_states() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    delta = hub.take(gone("s1", 3))
    assert [(row.deleted, row.body, row.version) for row in delta.records] == [(True, None, at(3))]
    assert [entity.kind for entity in delta.entities] == ["deleted"]
    assert hub.take(person("s1", 2)).stale == 1
    assert not hub.living("s1")
    hub.take(person("s1", 4))
    assert hub.living("s1")


def test_a_delete_that_arrives_first_wins_over_the_older_row() -> None:
    hub = Hub()
    hub.take(gone("s1", 3))
    assert hub.take(person("s1", 2)).stale == 1
    assert not hub.living("s1")


# ---------------------------------------------------------------------- key changes

MOVE = (person("s1", 1), gone("s1", 4, "s2"), person("s2", 5, previous="s1"))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_key_change_keeps_the_entity_whatever_the_order(order: tuple[int, ...]) -> None:
    hub = Hub()
    hub.one_by_one(*(MOVE[at] for at in order))
    assert hub.living("s2")
    assert not hub.living("s1")
    straight = Hub()
    straight.take(person("s1", 1))
    entity = straight.entity("s1")
    straight.take(*MOVE[1:])
    assert hub.entity("s2") == straight.entity("s2") == entity
    assert hub.whole() == straight.whole()


def test_a_delete_by_key_change_keeps_the_old_values_until_the_successor_is_seen() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    entity = hub.entity("s1")
    delta = hub.take(gone("s1", 4, "s2"))
    assert [(row.deleted, row.next, row.body) for row in delta.records] == [(False, rid("s2"), None)]
    assert hub.entity("s1") == entity
    hub.whole()
    delta = hub.take(person("s2", 5, previous="s1"))
    assert {row.id: row.deleted for row in delta.records} == {rid("s1"): True, rid("s2"): False}
    assert [(each.entity_id, each.kind, each.members) for each in delta.entities] == [(entity, "changed", (rid("s2"),))]


def test_a_successor_without_its_lineage_releases_the_old_record_too() -> None:
    hub = Hub()
    hub.take(person("s1", 1), gone("s1", 4, "s2"))
    hub.take(person("s2", 6))
    assert not hub.living("s1")


def test_a_create_supersedes_the_old_record_at_once_and_a_late_older_state_stays_dead() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    delta = hub.take(person("s2", 5, previous="s1"))
    assert {row.id: row.deleted for row in delta.records} == {rid("s1"): True, rid("s2"): False}
    hub.take(person("s1", 3, name="TERLAMBAT"))
    assert not hub.living("s1")


def test_a_key_that_is_used_again_is_somebody_else() -> None:
    hub = Hub()
    hub.take(*MOVE)
    moved = hub.entity("s2")
    hub.take(person("s1", 9, DEWI))
    assert hub.entity("s1") != moved
    assert hub.entity("s2") == moved
    hub.whole()


REUSED = (*MOVE, person("s1", 9, DEWI))
THERE_AND_BACK = (*MOVE, gone("s2", 8, "s1"), person("s1", 9, previous="s2"))


@pytest.mark.parametrize("events", [REUSED, THERE_AND_BACK])
def test_a_key_used_again_or_changed_back_ends_alike_in_every_order(events: tuple[CleanPerson, ...]) -> None:
    straight = Hub()
    straight.one_by_one(*events)
    expected = straight.whole()
    for order in permutations(events):
        hub = Hub()
        hub.one_by_one(*order)
        assert hub.whole() == expected
    first = Hub()
    first.take(person("s1", 1))
    moved = "s2" if events is REUSED else "s1"
    assert straight.entity(moved) == first.entity("s1")


def test_a_chain_of_key_changes_learned_backwards_has_one_root() -> None:
    hub, straight = Hub(), Hub()
    chain = [
        person("s1", 1),
        gone("s1", 2, "s2"),
        person("s2", 3, previous="s1"),
        gone("s2", 4, "s3"),
        person("s3", 5, previous="s2"),
    ]
    straight.one_by_one(*chain)
    hub.one_by_one(*reversed(chain))
    assert hub.whole() == straight.whole()
    first = Hub()
    first.take(person("s1", 1))
    assert hub.entity("s3") == first.entity("s1")


def test_lineage_of_a_stale_create_is_taken() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    entity = hub.entity("s1")
    hub.take(person("s2", 9))
    delta = hub.take(person("s2", 5, previous="s1"))
    assert delta.stale == 1
    assert len(delta.lineage) == 1
    assert hub.entity("s2") == entity
    hub.whole()


def test_a_decision_follows_a_key_change_in_either_order() -> None:
    straight, late = Hub(), Hub()
    other = person("a1", 1, BUDI)
    decision = judge("j1", "different", ("s1", "a1"))
    straight.one_by_one(person("s1", 1), other, decision, *MOVE[1:])
    late.one_by_one(other, person("s2", 5), judge("j1", "different", ("s2", "a1")))
    assert not straight.together("s2", "a1")
    late.take(person("s1", 1))
    late.take(person("s2", 5, previous="s1"))
    late.take(gone("s1", 4, "s2"))
    assert late.entity("s2") == straight.entity("s2")
    assert not late.together("s2", "a1")
    states = sorted(row.state for row in late.judgements.values())
    assert states == ["active", "superseded"]
    assert late.reloaded().digest() == late.engine.digest()


def test_a_decision_that_moves_onto_a_later_one_gives_way() -> None:
    hub = Hub()
    hub.take(person("a1", 1, DEWI), person("s1", 1), person("s2", 5))
    hub.take(judge("j1", "same", ("s2", "a1")), judge("j2", "different", ("s1", "a1")))
    hub.take(person("s2", 5, previous="s1"))
    assert {(row.id, row.state) for row in hub.judgements.values() if row.state == "active"} == {("j2", "active")}
    assert not hub.together("s2", "a1")
    assert hub.reloaded().digest() == hub.engine.digest()


# ---------------------------------------------------------------------- held and sweeps


def test_a_held_row_keeps_its_old_values_and_counts_as_seen() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("s2", 1, DEWI))
    delta = hub.take(held("s1", 7))
    assert [(row.version, row.seen, row.deleted, row.body) for row in delta.records] == [(at(1), at(7), False, None)]
    assert not delta.entities
    hub.take(*sweep(5))
    assert hub.living("s1")
    assert not hub.living("s2")
    hub.whole()


def test_a_sweep_waits_for_every_pair_of_partitions() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("s2", 8, DEWI), person("a1", 1, DEWI))
    *most, last = sweep(5, raw=2, clean=3)
    assert len(hub.take(*most, most[0]).sweeps) == 5
    assert hub.living("s1")
    assert not hub.floors
    delta = hub.take(last)
    assert [row.floor for row in delta.floors] == [at(5)]
    assert not hub.living("s1")
    assert hub.living("s2")
    assert hub.living("a1")
    assert hub.sweeps == []
    assert [each.causes[0].kind for each in delta.entities] == ["sweep"]


def test_a_floor_refuses_late_older_rows_for_ever_and_never_falls() -> None:
    hub = Hub()
    hub.take(*sweep(5))
    hub.take(*sweep(3))
    assert hub.floors["dapodik", TABLE].floor == at(5)
    assert hub.take(person("s1", 4)).stale == 1
    hub.take(person("s1", 5))
    assert hub.living("s1")


def test_late_values_of_a_row_that_a_sweep_found_held_stand() -> None:
    """The row was there, if with refused values: what it had before is its state, whenever that comes to be known."""
    hub = Hub()
    hub.take(held("s1", 6))
    hub.take(*sweep(5))
    assert hub.take(person("s1", 4)).stale == 0
    assert hub.living("s1")
    late = Hub()
    late.take(gone("s1", 6, "s2"), held("s2", 7, previous="s1"))
    late.take(*sweep(5))
    late.take(person("s1", 4))
    assert late.living("s1")


def test_late_values_of_a_row_that_a_sweep_did_not_find_do_not_stand_even_if_its_key_came_again() -> None:
    """What came after the sweep, with refused values, is another row under the same key."""
    for known in ((), (person("s1", 2),)):
        hub = Hub()
        hub.take(*known)
        hub.take(*sweep(5))
        hub.take(held("s1", 8))
        hub.engine = hub.reloaded()
        assert hub.take(person("s1", 4)).stale == 1
        assert not hub.living("s1")
        hub.take(person("s1", 9))
        assert hub.living("s1")


def test_a_sweep_that_has_not_come_to_a_row_yet_has_found_it_gone_all_the_same() -> None:
    hub = Hub()
    hub.take(person("s1", 1), gone("s1", 2, "s2"), held("s2", 3, previous="s1"), person("s3", 1, DEWI))
    hub.take(*sweep(5), held("s2", 8), gone("s3", 9, "s4"))
    assert not hub.living("s1")
    assert not hub.living("s3")


def test_while_a_row_blocks_a_sweep_a_key_that_is_held_may_be_the_same_row() -> None:
    hub = Hub()
    hub.take(person("s1", 1), held(None, 2, "q7"))
    hub.take(*sweep(5), held("s1", 8))
    hub.take(QuarantineClosed("q7"))
    assert hub.living("s1")


def test_a_row_that_cannot_be_identified_blocks_its_tables_sweeps() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("a1", 1, DEWI), held(None, 2, "q7"))
    hub.take(*sweep(5), *sweep(5, "dinsos"))
    assert hub.living("s1")
    assert not hub.living("a1")
    assert not hub.engine.backlog()
    hub.take(QuarantineClosed("q7"))
    assert not hub.living("s1")
    assert hub.blocks == {}
    assert hub.sweeps == []


def test_a_sweep_deletes_in_bounded_steps_and_goes_on_after_a_reload() -> None:
    hub = Hub()
    hub.take(*(person(f"s{n}", 1, {}, nik=f"15080212039{n:05d}") for n in range(1200)))
    hub.take(*sweep(5))
    assert len(hub.members) == 700
    assert hub.engine.backlog()
    hub.engine = hub.reloaded()
    assert hub.engine.backlog()
    hub.take(Tick(1))
    hub.take(Tick(2))
    assert not hub.members
    assert not hub.engine.backlog()
    assert hub.sweeps == []


def test_a_higher_floor_overtakes_a_running_sweep() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("s2", 6, DEWI), held(None, 2, "q7"))
    hub.take(*sweep(5))
    hub.take(*sweep(9))
    hub.take(QuarantineClosed("q7"))
    assert not hub.living("s1")
    assert not hub.living("s2")
    assert hub.sweeps == []
