"""Cutting keeps every record, its order and the succession of batches."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from hub.wire.transport.batch import Place, cut, size

TP = Place("t", 0)


@dataclass
class Record:
    offset: int
    serialized_value_size: int
    serialized_key_size: int = -1


def test_a_null_key_or_value_has_no_size() -> None:
    assert size(Record(0, -1)) == 0
    assert size(Record(0, 7, 16)) == 23


def test_a_record_above_the_limit_travels_alone() -> None:
    records = [Record(0, 4), Record(1, 4), Record(2, 99), Record(5, 4)]
    assert [(b.base, b.next, len(b)) for b in cut(TP, 0, records, 10)] == [(0, 2, 2), (2, 3, 1), (3, 6, 1)]


def test_nothing_fetched_is_no_batch() -> None:
    assert list(cut(TP, 3, [], 10)) == []


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 20)), min_size=1), st.integers(1, 30))
def test_batches_follow_each_other_and_hold_everything(steps: list[tuple[int, int]], limit: int) -> None:
    records, at = [], 9
    for gap, length in steps:
        at += gap
        records.append(Record(at, length))
    batches = list(cut(TP, 10, records, limit))
    assert [record for batch in batches for record in batch.records] == records
    assert batches[0].base == 10
    assert [batch.base for batch in batches[1:]] == [batch.next for batch in batches[:-1]]
    assert batches[-1].next == at + 1
    assert all(len(batch) == 1 or sum(map(size, batch.records)) <= limit for batch in batches)
