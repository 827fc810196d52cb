"""Confidence limits: values of the literature, edges, and coverage of a known population."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evaluate.limits import Estimate, Stratum, precision, ratio, recall, share_of, total, wilson


def test_wilson_equals_the_values_of_newcombe() -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    for right, judged, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                     (1, 29, 0.0061, 0.1718)):  # fmt: skip
        found = wilson(right, judged)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_what_was_judged_to_the_last_pair_is_known() -> None:
    assert wilson(9, 10, 10) == Estimate(0.9, 0.9, 0.9)
    wide, narrow = wilson(45, 50), wilson(45, 50, 60)
    assert wide.low < narrow.low < 0.9 < narrow.high < wide.high


def test_nothing_judged_says_nothing() -> None:
    assert wilson(0, 0) == Estimate(0.5, 0.0, 1.0)


def test_unsure_pairs_widen_the_limits_and_leave_the_value() -> None:
    sure, unsure = share_of(Stratum(1000, 45, 5)), share_of(Stratum(1000, 45, 5, unsure=4))
    assert unsure.value == sure.value == 0.9
    assert unsure.low < sure.low < sure.high < unsure.high


def test_one_stratum_alone_keeps_its_own_limits() -> None:
    stratum = Stratum(400, 38, 2)
    share = share_of(stratum)
    assert precision([stratum]) == Estimate(share.value, pytest.approx(share.low), pytest.approx(share.high))


def test_strata_count_by_their_size() -> None:
    sure, doubtful = Stratum(900, 30, 0), Stratum(100, 15, 15)
    assert precision([sure, doubtful]).value == pytest.approx(0.95)
    assert total([sure, doubtful]).value == pytest.approx(950)


def test_recall_counts_what_was_missed() -> None:
    found = recall([Stratum(900, 40, 0)], [Stratum(10_000, 1, 99)])
    assert found.value == pytest.approx(900 / 1000)
    assert 0.5 < found.low < 0.9 < found.high < 1


def test_all_pairs_judged_leave_no_doubt() -> None:
    assert recall([Stratum(8, 8, 0)], [Stratum(4, 2, 2)]) == Estimate(0.8, pytest.approx(0.8), pytest.approx(0.8))


def test_nothing_linked_and_nothing_missed() -> None:
    assert precision([]) == recall([], []) == Estimate(1.0, 1.0, 1.0)
    assert recall([], [Stratum(5, 5, 0)]).value == 0.0


def test_a_ratio_whose_base_may_be_nothing_has_no_upper_limit() -> None:
    assert ratio(Estimate(1, 0.5, 2), Estimate(1, 0, 3)).high == inf


STRATA = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5), st.integers(0, 500)).map(
        lambda n: Stratum(n[0] + n[1] + n[2] + n[3], n[0], n[1], n[2])
    ),
    max_size=5,
)


@given(STRATA, STRATA)
def test_a_value_stands_between_its_limits_and_these_between_nothing_and_all(
    linked: list[Stratum], unlinked: list[Stratum]
) -> None:
    for found in (precision(linked), recall(linked, unlinked)):
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9
        assert found.high <= 1 + 1e-9


def test_limits_hold_the_truth_about_as_often_as_they_say() -> None:
    random = Random(7)
    linked, unlinked = [(4000, 0.999, 60), (300, 0.9, 60)], [(200, 0.4, 60), (5000, 0.01, 100)]
    right = sum(n * share for n, share, _ in linked)
    true = right + sum(n * share for n, share, _ in unlinked)

    def drawn(strata: list[tuple[int, float, int]]) -> list[Stratum]:
        found = []
        for size, share, sample in strata:
            population = [True] * round(size * share) + [False] * (size - round(size * share))
            same = sum(random.sample(population, sample))
            found.append(Stratum(size, same, sample - same))
        return found

    rounds, held = 400, [0, 0]
    for _ in range(rounds):
        one, other = drawn(linked), drawn(unlinked)
        held[0] += precision(one).low <= right / 4300 <= precision(one).high
        held[1] += recall(one, other).low <= right / true <= recall(one, other).high
    assert min(held) / rounds >= 0.92
