"""What makes a bucket equal, differing or undecided."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.verify.compare import BUCKETS, Bucket, Comparison, Row, Surroundings
from hub.wire.identity import row_digest
from hub.wire.records import Verification
from hub.wire.version import LOWEST, pack, stamp

KEY = b"k" * 32
SHAPE, OLD = b"\x00\x07", b"\x00\x06"
AT = 100


def digest(text: str, shape: bytes = SHAPE) -> int:
    return row_digest(KEY, text.encode(), shape)


def record(bucket: int, number: int) -> bytes:
    return bytes([bucket]) + number.to_bytes(15, "big")


def row(bucket: int, number: int, text: str | None, at: int = 50, **changes: object) -> Row:
    """Return a living row, or a deleted one without a text."""
    version = pack(1, at, 0, 1)
    known = Row(record(bucket, number), version, version, text is None, False, 0 if text is None else digest(text))
    return known._replace(**changes)  # type: ignore[arg-type]


def told(*rows: tuple[int, str]) -> Verification:
    """Return a source's fingerprint of rows (bucket, text) at position `AT`."""
    counts, digests = [0] * BUCKETS, [0] * BUCKETS
    for bucket, text in rows:
        counts[bucket] += 1
        digests[bucket] ^= digest(text)
    return Verification("s", "t", stamp(1, AT, 0), tuple(counts), tuple(digests), (7,), 5)


def verdicts(
    told_: Verification, *rows: Row, around: Surroundings | None = None, **held: int | None
) -> dict[int, Bucket]:
    """Return the buckets that are not plainly equal and empty."""
    comparison = Comparison(told_, around or Surroundings())
    for each in rows:
        if comparison.take(each):
            (answer,) = held.values()
            comparison.take_held(each.id, answer)
    return {each.number: each for each in comparison.buckets() if each[1:] != ("equal", "", 0, 0)}


def test_the_same_rows_are_equal() -> None:
    found = verdicts(
        told((3, "a"), (3, "b"), (9, "c")), row(3, 1, "a"), row(3, 2, "b"), row(9, 3, "c"), row(9, 4, None)
    )
    assert found == {3: Bucket(3, "equal", "", 2, 2), 9: Bucket(9, "equal", "", 1, 1)}


@pytest.mark.parametrize(
    ("rows", "reason", "hub"),
    [
        ([row(3, 1, "other")], "digest", 1),
        ([], "count", 0),
        ([row(3, 1, None)], "count", 0),
        ([row(3, 1, "a"), row(3, 2, "ghost")], "count", 2),
    ],
)
def test_a_changed_missing_or_surplus_row_is_a_difference(rows: list[Row], reason: str, hub: int) -> None:
    assert verdicts(told((3, "a")), *rows) == {3: Bucket(3, "differing", reason, 1, hub)}


@pytest.mark.parametrize(
    "newer",
    [
        row(3, 2, "new", at=AT + 1),
        row(3, 1, None, at=AT + 1),
        row(3, 1, "a", seen=pack(1, AT + 1, 0, 1)),
        row(3, 1, "a", at=AT, version=pack(1, AT, 1, 1), seen=pack(1, AT, 1, 1)),
        row(3, 1, "a", version=pack(2, 1, 0, 1), seen=pack(2, 1, 0, 1)),
    ],
)
def test_a_bucket_with_a_newer_state_says_nothing(newer: Row) -> None:
    assert verdicts(told((3, "a")), newer)[3][1:3] == ("undecided", "newer")


def test_the_position_itself_is_not_newer_whatever_the_cleaning_revision() -> None:
    at = pack(1, AT, 0, 9)
    assert verdicts(told((3, "a")), row(3, 1, "a", version=at, seen=at))[3].state == "equal"


def test_a_record_that_a_later_key_change_ended_says_nothing() -> None:
    around = Surroundings(ended={record(3, 1)})
    assert verdicts(told((3, "a")), row(3, 1, None), around=around)[3][1:3] == ("undecided", "newer")


def test_a_record_that_waits_for_its_successor_is_no_row_of_the_source() -> None:
    found = verdicts(told((9, "a")), row(3, 1, "old", moved=True), row(9, 2, "a"))
    assert found == {9: Bucket(9, "equal", "", 1, 1)}


def test_a_later_sweep_makes_the_whole_table_undecided() -> None:
    found = verdicts(told((3, "a")), row(3, 1, None), around=Surroundings(floor=pack(1, AT + 1, 0)))
    assert {each[1:3] for each in found.values()} == {("undecided", "swept")}
    assert len(found) == BUCKETS


def test_a_refused_row_counts_with_the_digest_of_what_was_refused() -> None:
    refused = row(3, 1, "before", seen=pack(1, 60, 0, 1))
    never = row(3, 1, None, version=LOWEST, seen=pack(1, 60, 0, 1))
    for each in (refused, never):
        assert verdicts(told((3, "a")), each, held=digest("a"))[3].state == "equal"
        assert verdicts(told((3, "a")), each, held=digest("b"))[3][1:3] == ("differing", "digest")
        assert verdicts(told((3, "a")), each, held=None)[3][1:3] == ("undecided", "held")
        assert verdicts(told((3, "a"), (3, "b")), each, held=None)[3][1:3] == ("differing", "count")


def test_a_refused_row_that_was_swept_is_gone() -> None:
    around = Surroundings(floor=pack(1, 70, 0))
    assert verdicts(told(), row(3, 1, None, version=LOWEST, seen=pack(1, 60, 0, 1)), around=around) == {}


def test_digests_of_another_schema_are_not_compared_but_rows_are_counted() -> None:
    old = row(3, 1, "a", digest=digest("a", OLD))
    assert verdicts(told((3, "a")), old)[3][1:3] == ("undecided", "schema")
    assert verdicts(told((3, "a"), (3, "b")), old)[3][1:3] == ("differing", "count")
    assert verdicts(told((3, "a")), row(3, 1, "b"))[3][1:3] == ("differing", "digest")


def test_while_a_row_cannot_be_identified_a_difference_may_be_that_row() -> None:
    around = Surroundings(blocked=True)
    found = verdicts(told((3, "a"), (9, "b"), (12, "c")), row(3, 1, "a"), row(12, 2, "x"), around=around)
    assert {number: each[1:3] for number, each in found.items()} == {
        3: ("equal", ""), 9: ("undecided", "blocked"), 12: ("undecided", "blocked"),
    }  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=3), st.integers(1, 200)), max_size=30), st.randoms())
def test_no_difference_is_ever_made_up(history: list[tuple[int, str, int]], order: object) -> None:
    """The hub that took every change, and some more, never differs, whatever it took after the position."""
    last: dict[bytes, Row] = {}
    at_position: dict[bytes, tuple[int, str]] = {}
    for number, (bucket, text, at) in enumerate(sorted(history, key=lambda each: each[2])):
        each = row(bucket, bucket % 2, text or None, at=at)
        version = pack(1, at, number, 1)
        last[each.id] = each._replace(version=version, seen=version)
        if stamp(1, at, number) <= stamp(1, AT, 0):
            at_position.pop(each.id, None)
            if text:
                at_position[each.id] = bucket, text
    rows = list(last.values())
    order.shuffle(rows)  # type: ignore[attr-defined]
    found = verdicts(told(*at_position.values()), *rows)
    assert not [each for each in found.values() if each.state == "differing"]
    quiet = {number for number in range(6) if all(r.version[:20] <= stamp(1, AT, 0) for r in rows if r.id[0] == number)}
    assert all(found[number].state == "equal" for number in quiet if number in found)


def test_a_fingerprint_of_other_counts_is_another_one() -> None:
    first = told((3, "a"))
    assert verdicts(replace(first, counts=(1, *first.counts[1:])), row(3, 1, "a"))[0][1:3] == ("differing", "count")
