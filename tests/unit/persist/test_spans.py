"""Spans of membership out of published states."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.persist.spans import from_history

A, B = b"a" * 16, b"b" * 16


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC)


def test_a_membership_lasts_from_the_state_that_has_it_to_the_one_that_has_not() -> None:
    states = [
        ("e1", 1, 1, at(1), (A,)),
        ("e1", 1, 2, at(2), (A, B)),
        ("e1", 1, 5, at(5), (A,)),
        ("e2", 1, 5, at(5), (B,)),
    ]
    assert sorted(from_history(states)) == [
        (A, 1, 1, at(1), None, "e1"),
        (B, 1, 2, at(2), at(5), "e1"),
        (B, 1, 5, at(5), None, "e2"),
    ]


def test_a_vanished_entity_ends_all_and_a_returning_one_begins_anew() -> None:
    states = [("e1", 1, 1, at(1), (A, B)), ("e1", 1, 3, at(3), ()), ("e1", 2, 7, at(7), (A,))]
    assert sorted(from_history(states)) == [
        (A, 1, 1, at(1), at(3), "e1"),
        (A, 2, 7, at(7), None, "e1"),
        (B, 1, 1, at(1), at(3), "e1"),
    ]


def test_no_states_no_spans() -> None:
    assert list(from_history([])) == []
