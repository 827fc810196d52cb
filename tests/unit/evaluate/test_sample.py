"""Clerical samples: strata, what is drawn, and what judgements say of a population whose truth is known."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evaluate.sample import BANDS, DIFFERENT, LEAST, SAME, UNSURE, allot, band_of, draw, reckon
from hub.evaluate.store import Pair

THRESHOLD = 3000


def pair(number: int, weight: int | None, *, linked: bool) -> Pair:
    return Pair(number.to_bytes(16, "big"), (number + 1).to_bytes(16, "big"), weight, linked)


@pytest.mark.parametrize(("weight", "linked", "name"), [
    (30_000, True, "together: 20 bits and more over the threshold"), (3000, True, "together: up to 5 bits over"),
    (2999, True, "together through others"), (None, True, "together through others"),
    (3000, False, "apart: over the threshold, kept apart"), (2999, False, "apart: up to 3 bits under"),
    (-20_000, False, "apart: more than 8 bits under"),
])  # fmt: skip
def test_a_pair_is_of_one_band(weight: int | None, linked: bool, name: str) -> None:
    assert BANDS[band_of(pair(1, weight, linked=linked), THRESHOLD)].name == name


def population(seed: int) -> list[Pair]:
    random = Random(seed)
    return [pair(2 * n, random.choice([25_000, 9000, 3500, None]), linked=True) for n in range(2000)] + [
        pair(2 * n, random.choice([4000, 1000, -9000]), linked=False) for n in range(2000, 6000)
    ]


def test_the_same_seed_draws_the_same_pairs_whatever_their_order() -> None:
    pairs = population(1)
    drawn = draw(pairs, THRESHOLD, 200, "a")
    shuffled = Random(3).sample(pairs, len(pairs))
    assert draw(shuffled, THRESHOLD, 200, "a") == drawn
    assert draw(pairs, THRESHOLD, 200, "b") != drawn


def test_every_stratum_is_counted_whole_and_drawn_from() -> None:
    pairs = population(1)
    drawn = draw(pairs, THRESHOLD, 200, "a")
    sizes = Counter(BANDS[band_of(one, THRESHOLD)].name for one in pairs)
    assert {one.name: one.pairs for one in drawn} == sizes
    known = {(one.a, one.b): band_of(one, THRESHOLD) for one in pairs}
    for one in drawn:
        assert len(one.sample) >= LEAST
        assert {BANDS[known[ends]].name for ends in one.sample.values()} == {one.name}


def test_doubtful_pairs_are_drawn_more_often_than_sure_ones() -> None:
    share = allot([10_000] * len(BANDS), 900)
    assert share[0] < share[3] < share[5]
    assert allot([3] * len(BANDS), 900) == [3] * len(BANDS)


def test_few_pairs_are_all_drawn() -> None:
    pairs = population(2)[:4]
    drawn = draw(pairs, THRESHOLD, 100, "a")
    assert sorted(ends for one in drawn for ends in one.sample.values()) == sorted((one.a, one.b) for one in pairs)


def test_judgements_of_all_pairs_give_the_true_values() -> None:
    pairs = [pair(2 * n, 25_000, linked=True) for n in range(8)] + [pair(2 * n, 0, linked=False) for n in range(8, 12)]
    drawn = draw(pairs, THRESHOLD, 100, "a")
    verdicts = {}
    for one in drawn:
        for at, code in enumerate(one.sample):
            verdicts[code] = SAME if (at < 6 if one.linked else at < 2) else DIFFERENT
    found = reckon(drawn, verdicts)
    assert (found.precision.value, found.precision.low, found.precision.high) == (0.75, 0.75, 0.75)
    assert found.recall.value == pytest.approx(6 / 8)
    assert (found.judged, found.unsure, found.unjudged) == (12, 0, 0)


def test_unsure_and_unjudged_pairs_are_counted_apart() -> None:
    drawn = draw([pair(2 * n, 25_000, linked=True) for n in range(10)], THRESHOLD, 100, "a")
    codes = list(drawn[0].sample)
    found = reckon(drawn, {codes[0]: SAME, codes[1]: UNSURE})
    assert (found.judged, found.unsure, found.unjudged) == (1, 1, 8)
    assert found.precision.value == 1.0
    assert found.precision.low < 0.5


@given(st.lists(st.tuples(st.integers(-20_000, 40_000), st.booleans()), max_size=60), st.integers(20, 60))
def test_no_pair_is_drawn_twice_and_values_keep_their_bounds(found: list[tuple[int, bool]], wanted: int) -> None:
    pairs = [pair(2 * n, weight, linked=linked) for n, (weight, linked) in enumerate(found)]
    drawn = draw(pairs, THRESHOLD, wanted, "s")
    ends = [one for stratum in drawn for one in stratum.sample.values()]
    assert len(set(ends)) == len(ends) == sum(len(stratum.sample) for stratum in drawn)
    assert sum(stratum.pairs for stratum in drawn) == len(pairs)
    verdict = reckon(drawn, {code: SAME for stratum in drawn for code in stratum.sample})
    assert verdict.precision.value == 1.0
    assert 0 <= verdict.recall.value <= 1
