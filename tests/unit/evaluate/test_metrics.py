"""Precision, recall and F1 of partitions: cases worked by hand, and laws."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evaluate.metrics import Counts, Scores, bcubed, counts, pairwise

Partition = dict[str, int]


def parted(*groups: str) -> Partition:
    return {record: number for number, group in enumerate(groups) for record in group}


# Truth {a b c d e} {f g} {h i j k l}; the result leaves the first two kinds whole and joins them, or joins the two
# large ones: the pair of results that Bagga and Baldwin give to show that pairs of links do not tell them apart.
TRUE = parted("abcde", "fg", "hijkl")
SMALL_ERROR = parted("abcde", "fghijkl")
LARGE_ERROR = parted("abcdehijkl", "fg")


def test_pairs_are_counted_by_hand() -> None:
    assert counts(SMALL_ERROR, TRUE) == Counts(right=10 + 1 + 10, said=10 + 21, true=10 + 1 + 10)
    assert counts(LARGE_ERROR, TRUE) == Counts(right=10 + 10 + 1, said=45 + 1, true=21)
    assert pairwise(SMALL_ERROR, TRUE) == Scores(21 / 31, 1.0)


def test_b_cubed_equals_the_values_of_the_article() -> None:
    small, large = bcubed(SMALL_ERROR, TRUE), bcubed(LARGE_ERROR, TRUE)
    assert small.precision == pytest.approx((5 * 5 / 5 + 2 * 2 / 7 + 5 * 5 / 7) / 12)
    assert small.precision == pytest.approx(0.762, abs=5e-4)
    assert large.precision == pytest.approx((5 * 5 / 10 + 5 * 5 / 10 + 2) / 12)
    assert large.precision == pytest.approx(0.583, abs=5e-4)
    assert small.recall == large.recall == 1.0


def test_a_split_costs_recall_alone() -> None:
    found = parted("ab", "cde", "fg", "hijkl")
    assert pairwise(found, TRUE) == Scores(1.0, (1 + 3 + 1 + 10) / 21)
    assert bcubed(found, TRUE) == Scores(1.0, pytest.approx((2 * 2 / 5 + 3 * 3 / 5 + 2 + 5) / 12))


def test_a_record_that_the_hub_does_not_know_stands_alone() -> None:
    found = {record: cluster for record, cluster in TRUE.items() if record != "f"}
    assert counts(found, TRUE) == Counts(20, 20, 21)
    assert bcubed(found, TRUE).recall == pytest.approx((5 + 5 + 2 * (1 / 2)) / 12)


def test_records_outside_the_truth_do_not_count() -> None:
    assert pairwise({**TRUE, "y": 0, "z": 0}, TRUE) == Scores(1.0, 1.0)


def test_nothing_said_is_nothing_wrong_and_nothing_true_is_nothing_missed() -> None:
    alone = {record: at for at, record in enumerate(TRUE)}
    assert pairwise(alone, TRUE) == Scores(1.0, 0.0)
    assert pairwise(TRUE, alone) == Scores(0.0, 1.0)
    assert pairwise({}, {}) == Scores(1.0, 1.0)
    assert Scores(0.0, 0.0).f1 == 0.0


def test_f1_is_the_harmonic_mean_and_lines_are_rounded() -> None:
    assert Scores(0.5, 1.0).f1 == pytest.approx(2 / 3)
    assert Scores(1.0, 1 / 3).line("pair_") == {"pair_precision": 1.0, "pair_recall": 0.33333, "pair_f1": 0.5}


PARTITIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=14).map(
    lambda cells: ({n: a for n, (a, _) in enumerate(cells)}, {n: b for n, (_, b) in enumerate(cells)})
)


@given(PARTITIONS)
def test_pairs_agree_with_looking_at_every_pair(parts: tuple[dict[int, int], dict[int, int]]) -> None:
    found, truth = parts
    said = {pair for pair in combinations(truth, 2) if found[pair[0]] == found[pair[1]]}
    true = {pair for pair in combinations(truth, 2) if truth[pair[0]] == truth[pair[1]]}
    assert counts(found, truth) == Counts(len(said & true), len(said), len(true))


@given(PARTITIONS)
def test_b_cubed_agrees_with_asking_every_record(parts: tuple[dict[int, int], dict[int, int]]) -> None:
    found, truth = parts
    shares = []
    for record in truth:
        cluster = {other for other in truth if found[other] == found[record]}
        kind = {other for other in truth if truth[other] == truth[record]}
        shares.append((len(cluster & kind) / len(cluster), len(cluster & kind) / len(kind)))
    scores = bcubed(found, truth)
    assert scores.precision == pytest.approx(sum(p for p, _ in shares) / len(shares) if shares else 1.0)
    assert scores.recall == pytest.approx(sum(r for _, r in shares) / len(shares) if shares else 1.0)


@given(PARTITIONS)
def test_result_and_truth_exchanged_exchange_precision_and_recall(parts: tuple[dict[int, int], dict[int, int]]) -> None:
    found, truth = parts
    for measure in (pairwise, bcubed):
        there, back = measure(found, truth), measure(truth, found)
        assert (there.precision, there.recall) == pytest.approx((back.recall, back.precision))
        assert 0 <= there.f1 <= 1
        assert measure(truth, truth) == Scores(1.0, 1.0)
