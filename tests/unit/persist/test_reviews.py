"""The queue as the writer remembers it: what an item is worth, what sets it aside, what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.persist.review_rows import points, review_id, row_of
from hub.persist.reviews import Change, Held, Reviews
from hub.wire.decisions import Delta, Doubt, Doubts, EntityDelta, JudgementRow

A, B, C = (bytes([n]) * 16 for n in range(1, 4))
ONE, OTHER = "00000000-0000-8000-8000-000000000001", "00000000-0000-8000-8000-000000000002"
NEAR = Doubt(
    A, B, "near", 2_000, -1_000, ONE, OTHER, 1, 1, "dukcapil", "dinsos", ("dinsos", "dukcapil"),
    twins=False, conflict=False, evidence=b"e1",
)  # fmt: skip
WEAK = replace(NEAR, kind="weak", margin=1_000, entity_b=ONE, size_a=2, size_b=2)
CONTESTED = replace(WEAK, kind="contested", weight=None, margin=None, judgement="j1")


def told(*doubts: Doubt, looked: tuple[bytes, ...] = (A, B)) -> Doubts:
    return Doubts(looked, doubts)


def take(queue: Reviews, doubts: Doubts, delta: Delta | None = None) -> Change:
    change = queue.difference(doubts, delta)
    queue.taken(change)
    return change


@pytest.fixture
def queue() -> Reviews:
    made = Reviews("person", "person-1", {"dinsos"})
    made.load([], "person-1 dinsos", [])
    return made


def worth(doubt: Doubt, *sensitive: str) -> int:
    return sum(value for _, value in points(doubt, sensitive))


def test_the_nearer_to_the_threshold_the_more_a_decision_is_worth() -> None:
    margins = [0, -500, 1_500, -2_900, 3_000, 9_000]
    values = [worth(replace(NEAR, margin=margin)) for margin in margins]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (100, 0)


def test_more_records_more_harm_and_a_contest_raise_the_worth() -> None:
    assert worth(replace(NEAR, size_a=5)) > worth(NEAR)
    assert worth(NEAR, "dinsos") > worth(NEAR, "bkpsdm")
    assert worth(replace(NEAR, conflict=True)) > worth(replace(NEAR, twins=True)) > worth(NEAR)
    most = replace(NEAR, margin=0, size_a=200, size_b=200, conflict=True, twins=True)
    assert worth(CONTESTED) > worth(most, "dinsos")


def test_what_a_rule_keeps_apart_is_worth_as_much_as_a_tie() -> None:
    assert worth(replace(NEAR, kind="attested", margin=20_000)) == worth(replace(NEAR, margin=0))


def test_an_item_has_one_name_whenever_it_comes_back() -> None:
    assert review_id("person", NEAR) == review_id("person", WEAK)
    assert len({review_id("person", NEAR), review_id("person", CONTESTED), review_id("family", NEAR)}) == 3


def test_a_batch_writes_only_what_differs(queue: Reviews) -> None:
    assert take(queue, told(NEAR)).kept
    assert not take(queue, told(NEAR))
    assert not take(queue, told(looked=(C,)))
    gone = take(queue, told(looked=(B,)))
    assert (gone.kept, gone.gone) == ((), (review_id("person", NEAR),))
    assert queue.rows() == []


def test_unsure_sets_aside_until_the_evidence_differs(queue: Reviews) -> None:
    take(queue, told(NEAR))
    unsure = replace(NEAR, unsure="u1")
    assert take(queue, told(unsure)).kept[0].state == "aside"
    assert not take(queue, told(unsure))
    assert take(queue, told(replace(unsure, evidence=b"e2"))).kept[0].state == "open"
    assert take(queue, told(replace(unsure, evidence=b"e2", unsure="u2"))).kept[0].state == "aside"
    assert take(queue, told(replace(NEAR, evidence=b"e2"))).kept[0].state == "open"


def test_what_was_set_aside_on_other_evidence_stays_open_over_a_restart(queue: Reviews) -> None:
    take(queue, told(replace(NEAR, unsure="u1")))
    take(queue, told(replace(NEAR, unsure="u1", evidence=b"e2")))
    again = Reviews("person", "person-1", {"dinsos"})
    again.load(queue.rows(), "person-1 dinsos", [])
    assert not take(again, told(replace(NEAR, unsure="u1", evidence=b"e2")))
    assert [row.state for row in again.rows()] == ["open"]


def test_a_contest_holds_its_entities_until_it_is_decided(queue: Reviews) -> None:
    doubt = replace(CONTESTED, entity_b=OTHER)
    change = take(queue, told(doubt))
    assert change.holds == {ONE: Held("contested", "j1"), OTHER: Held("contested", "j1")}
    decided = Delta(judgements=[JudgementRow("j2", 2, A, B, "same", "ani", "diperiksa", 0, None, "active")])
    assert take(queue, told(), decided).released == {ONE: "decided", OTHER: "decided"}
    assert queue.held() == {}


def test_a_weak_union_of_different_identifiers_holds_and_no_other_doubt_does(queue: Reviews) -> None:
    for doubt in (WEAK, NEAR, replace(NEAR, conflict=True), replace(NEAR, kind="attested", conflict=True)):
        assert take(queue, told(doubt)).holds == {}
    assert take(queue, told(replace(WEAK, conflict=True))).holds == {ONE: Held("conflict")}
    assert queue.held() == {ONE: "conflict"}


def test_a_second_reason_prolongs_a_hold_and_the_last_to_go_releases_it(queue: Reviews) -> None:
    conflict = replace(WEAK, conflict=True)
    take(queue, told(conflict))
    change = take(queue, told(conflict, CONTESTED))
    assert (change.released, change.holds) == ({ONE: "evidence"}, {ONE: Held("contested", "j1")})
    change = take(queue, told(conflict), Delta())
    assert change.holds == {ONE: Held("conflict")}
    assert take(queue, told(), Delta()).released == {ONE: "evidence"}


def test_a_hold_moves_with_the_records_to_another_id(queue: Reviews) -> None:
    take(queue, told(CONTESTED))
    merged = Delta(entities=[EntityDelta(ONE, (), "merged", (), (OTHER,))])
    change = take(queue, told(replace(CONTESTED, entity_a=OTHER, entity_b=OTHER)), merged)
    assert (change.released, change.holds) == ({ONE: "vanished"}, {OTHER: Held("contested", "j1")})


def test_a_change_that_was_not_committed_leaves_the_queue_as_it_was(queue: Reviews) -> None:
    queue.difference(told(CONTESTED))
    assert (queue.rows(), queue.held()) == ([], {})


def test_another_model_has_every_record_looked_at_again_in_steps() -> None:
    queue = Reviews("person", "person-2", {"dinsos"})
    queue.load([row_of("person", NEAR, ["dinsos"], None)], "person-1 dinsos", [C])
    asked: list[list[bytes]] = []

    def doubts_of(records: object) -> Doubts:
        asked.append(list(records))  # type: ignore[call-overload]
        return Doubts(tuple(asked[-1]), ())

    seen: list[Change] = []
    while (step := queue.again(doubts_of, 2)) is not None:
        seen.append(step[0])
        queue.taken(*step)
    assert {record for records in asked for record in records} == {A, B, C}
    assert max(map(len, asked)) == 2
    assert [change.basis for change in seen] == [None, "person-2 dinsos"]
    assert queue.rows() == []


def test_the_same_model_and_sources_look_at_nothing_again() -> None:
    queue = Reviews("person", "person-1", {"dinsos"})
    queue.load([row_of("person", NEAR, ["dinsos"], None)], "person-1 dinsos", [A, B, C])
    assert queue.again(lambda records: Doubts((), ()), 10) is None
    other = Reviews("person", "person-1", {"rsud"})
    other.load([], "person-1 dinsos", [A])
    assert other.again(lambda records: Doubts((), ()), 10) is not None


def test_a_store_without_records_rests_on_the_model_from_its_first_batch() -> None:
    queue = Reviews("person", "person-1")
    queue.load([], None, [])
    assert queue.again(lambda records: Doubts((), ()), 10) is None
    change = queue.difference(told(NEAR))
    assert (change.basis, len(change.kept)) == ("person-1", 1)
    queue.taken(change)
    assert not queue.difference(told(NEAR))
