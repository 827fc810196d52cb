"""Roots: a function of the facts and a version, whatever the order in which facts came."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from hub.link.journal import Journal
from hub.link.lineage import Lineage, incarnation, same_commit_or_later
from hub.wire.decisions import LineageRow
from hub.wire.version import pack
from tests.unit.link.builders import at, rid

A, B, C = rid("a"), rid("b"), rid("c")


def facts(*rows: tuple[bytes, int, bytes]) -> Lineage:
    lineage = Lineage(Journal())
    lineage.load(LineageRow(child, at(position), parent) for child, position, parent in rows)
    return lineage


def test_without_facts_a_record_is_its_own_root() -> None:
    lineage = facts()
    assert lineage.root(A, at(5)) == A
    assert not lineage.knows(A)
    assert lineage.root_unseen(A) == A


def test_a_chain_leads_to_its_first_key() -> None:
    lineage = facts((B, 5, A), (C, 9, B))
    assert lineage.root(C, at(9)) == lineage.root(B, at(5)) == lineage.root(A, at(1)) == A
    assert lineage.descendants(A) == [A, B, C]


def test_a_key_used_again_is_a_new_incarnation_from_the_departure_on() -> None:
    lineage = facts((B, 5, A))
    assert lineage.root(A, at(5)) == A
    assert lineage.root(A, at(6)) == incarnation(A, at(5)) not in {A, B}
    assert lineage.root_unseen(A) == A
    later = facts((B, 5, A), (C, 9, A))
    assert later.root(C, at(9)) == incarnation(A, at(5))


def test_a_row_that_comes_back_keeps_its_root() -> None:
    lineage = facts((B, 5, A), (A, 9, B))
    assert lineage.root(A, at(9)) == lineage.root(A, at(30)) == A


def test_a_deleted_record_keeps_the_root_it_had_before_its_last_commit() -> None:
    moved = LineageRow(B, pack(1, 5, 1), A)
    lineage = Lineage(Journal())
    lineage.add(moved)
    assert lineage.root(A, pack(1, 5, 2), living=False) == A
    assert lineage.root(A, pack(1, 6, 0), living=False) == incarnation(A, moved.version)


def test_a_fact_is_taken_once_and_can_be_undone() -> None:
    journal = Journal()
    lineage = Lineage(journal)
    row = LineageRow(B, at(5), A)
    assert lineage.add(row)
    assert not lineage.add(row)
    assert list(lineage.rows()) == [row]
    assert lineage.departures(A, at(4)) == [(at(5), B)]
    assert lineage.parents(B) == [A]
    assert lineage.departures(A, at(5)) == []
    assert lineage.parents(A) == []
    journal.rollback()
    assert list(lineage.rows()) == []
    assert not lineage.knows(A)


def test_versions_of_one_commit_count_as_equally_late() -> None:
    assert same_commit_or_later(pack(1, 5, 0), pack(1, 5, 7, 3))
    assert not same_commit_or_later(pack(1, 4, 9), pack(1, 5, 0))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9), st.sampled_from("abcd")), max_size=4))
def test_any_facts_even_circles_give_one_root_in_every_order(rows: list[tuple[str, int, str]]) -> None:
    named = {(rid(child), position, rid(parent)) for child, position, parent in rows if child != parent}
    found = set()
    for order in permutations(sorted(named)):
        lineage = facts(*order)
        found.add(tuple(lineage.root(rid(name), at(position)) for name in "abcd" for position in range(1, 10)))
    assert len(found) == 1
