"""Stewards' decisions: over attestation, over weights; contradictions refused; withdrawal and expiry."""

from __future__ import annotations

import pytest

from hub.wire.decisions import Tick
from hub.wire.records import Judgement
from tests.unit.link.builders import BUDI, DEWI, Hub, judge, person, rid

NAMESAKE = BUDI | {"nik": "1571111203900044"}


def three(*extra: object) -> Hub:
    """Three unlike people of one table."""
    hub = Hub()
    people = (BUDI, DEWI, {"name": "UMAR", "nik": "1508021203700009"})
    hub.take(*(person(f"s{n}", 1, values) for n, values in enumerate(people, 1)))
    return hub


def states(hub: Hub) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in hub.judgements.values():
        found.setdefault(row.id, set()).add(row.state)
    return found


def test_different_parts_what_weights_join_and_withdrawal_gives_the_old_id_back() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1))
    whole = hub.golden()
    delta = hub.take(judge("j1", "different", ("s1", "d1")))
    assert not hub.together("d1", "s1")
    assert {cause.kind for each in delta.entities for cause in each.causes} == {"judgement"}
    hub.take(judge("j2", "withdrawn", withdraws="j1"))
    assert hub.golden() == whole
    assert states(hub) == {"j1": {"withdrawn"}}


def test_same_overrides_weights_and_attestation() -> None:
    hub = Hub()
    hub.take(person("d1", 1, BUDI), person("d2", 1, DEWI))
    assert not hub.together("d1", "d2")
    hub.take(judge("j1", "same", ("d1", "d2")))
    assert hub.together("d1", "d2")
    hub.whole()


def test_the_later_decision_on_a_pair_wins() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")), judge("j2", "different", ("s2", "s1")))
    assert not hub.together("s1", "s2")
    assert states(hub) == {"j1": {"superseded"}, "j2": {"active"}}
    hub.take(judge("j3", "unsure", ("s1", "s2")))
    assert states(hub)["j2"] == {"superseded"}


def test_same_same_different_is_refused_and_kept() -> None:
    hub = three()
    hub.take(
        judge("j1", "same", ("s1", "s2")), judge("j2", "same", ("s2", "s3")), judge("j3", "different", ("s1", "s3"))
    )
    assert hub.together("s1", "s2", "s3")
    assert states(hub) == {"j1": {"active"}, "j2": {"active"}, "j3": {"refused"}}


def test_same_that_would_join_what_is_held_apart_is_refused_whole() -> None:
    hub = three()
    hub.take(judge("j1", "different", ("s1", "s3")), judge("j2", "same", ("s1", "s2")))
    hub.take(judge("j3", "same", ("s2", "s3"), ("s1", "s2")))
    assert states(hub) == {"j1": {"active"}, "j2": {"active"}, "j3": {"refused"}}
    assert not hub.together("s2", "s3")
    assert hub.together("s1", "s2")


def test_a_decision_on_all_pairs_of_two_entities_replaces_the_contrary_one() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")), judge("j2", "different", ("s1", "s3"), ("s2", "s3")))
    hub.take(judge("j3", "same", ("s1", "s3"), ("s2", "s3")))
    assert hub.together("s1", "s2", "s3")
    assert states(hub) == {"j1": {"active"}, "j2": {"superseded"}, "j3": {"active"}}


def test_a_decision_on_unknown_records_acts_when_they_appear() -> None:
    hub = Hub()
    hub.take(judge("j1", "same", ("s1", "s2")))
    hub.one_by_one(person("s1", 1, BUDI), person("s2", 1, DEWI))
    assert hub.together("s1", "s2")


def test_a_decision_expires_by_a_tick_only() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2"), expires_at=50), judge("j2", "same", ("s2", "s3"), expires_at=90))
    assert hub.engine.next_expiry_us() == 50
    hub.take(Tick(49))
    assert hub.together("s1", "s2")
    hub.take(Tick(50))
    assert not hub.together("s1", "s2")
    assert hub.engine.next_expiry_us() == 90
    assert states(hub) == {"j1": {"expired"}, "j2": {"active"}}


def test_a_repeated_message_is_stale_and_sequences_go_on_after_a_reload() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")))
    assert hub.take(judge("j1", "same", ("s1", "s2"))).stale == 1
    hub.engine = hub.reloaded()
    assert hub.take(judge("j1", "same", ("s1", "s2"))).stale == 1
    delta = hub.take(judge("j2", "different", ("s1", "s2")))
    assert {(row.id, row.sequence, row.state) for row in delta.judgements} == {
        ("j1", 1, "superseded"),
        ("j2", 2, "active"),
    }
    assert hub.take(judge("j3", "withdrawn", withdraws="unknown")).stale == 1


def test_a_record_is_never_different_from_itself() -> None:
    hub = three()
    hub.take(judge("j1", "different", ("s1", "s1"), ("s1", "s2")))
    assert states(hub) == {"j1": {"refused"}}


def test_a_contested_decision_stands_and_the_contest_is_kept() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")))
    before = hub.golden()
    delta = hub.take(judge("c1", "contested", contests="j1"))
    assert (delta.entities, delta.judgements) == ([], [])
    assert [(row.id, row.judgement, row.kind, row.state) for row in delta.notes] == [("c1", "j1", "contested", "taken")]
    assert hub.golden() == before
    hub.whole()


def test_who_withdrew_and_why_is_kept() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")), judge("w1", "withdrawn", withdraws="j1"))
    [note] = hub.notes.values()
    assert (note.id, note.judgement, note.kind, note.author, note.state) == (
        "w1",
        "j1",
        "withdrawn",
        "walidata",
        "taken",
    )
    hub.whole()


def test_a_contest_is_taken_back_by_withdrawing_it() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")), judge("c1", "contested", contests="j1"))
    hub.engine.apply([judge("w1", "withdrawn", withdraws="c1")])
    assert {rid("s1"), rid("s2")} <= set(hub.engine.doubts().looked)
    hub.take(judge("w1", "withdrawn", withdraws="c1"))
    assert hub.notes["c1"].state == "withdrawn"
    assert states(hub) == {"j1": {"active"}}
    assert doubts(hub) == []
    hub.whole()


def test_what_does_not_stand_can_be_neither_contested_nor_withdrawn() -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")), judge("w1", "withdrawn", withdraws="j1"))
    delta = hub.take(
        judge("c1", "contested", contests="j1"), judge("w2", "withdrawn", withdraws="j1"), judge("c2", "contested")
    )
    assert {row.id: row.state for row in delta.notes} == {"c1": "void", "w2": "void", "c2": "void"}
    assert delta.stale == 3


@pytest.mark.parametrize("settles", [
    judge("j2", "same", ("s1", "s2")),
    judge("j2", "different", ("s1", "s2")),
    judge("w1", "withdrawn", withdraws="j1"),
])  # fmt: skip
def test_a_contest_ends_with_the_decision_that_it_doubts(settles: Judgement) -> None:
    hub = three()
    hub.take(judge("j1", "same", ("s1", "s2")))
    hub.take(judge("c1", "contested", contests="j1"))
    assert doubts(hub) == ["contested"]
    hub.engine = hub.reloaded()
    assert doubts(hub) == ["contested"]
    hub.take(settles)
    assert "contested" not in doubts(hub)


def test_notes_are_events_of_one_order_with_decisions() -> None:
    hub = three()
    hub.one_by_one(
        judge("j1", "same", ("s1", "s2")), judge("c1", "contested", contests="j1"), judge("j2", "same", ("s2", "s3"))
    )
    hub.engine = hub.reloaded()
    hub.take(judge("w1", "withdrawn", withdraws="j1"))
    assert [(row.id, row.sequence) for row in hub.notes.values()] == [("c1", 2), ("w1", 4)]
    assert hub.take(judge("c1", "contested", contests="j1")).stale == 1


def doubts(hub: Hub) -> list[str]:
    """Kinds of all doubts."""
    return [doubt.kind for doubt in hub.engine.doubts_of(hub.engine.known()).found]
