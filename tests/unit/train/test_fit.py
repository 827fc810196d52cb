"""What EM learns of pairs whose making is known, and what is refused."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from hub.link import model as models
from hub.train import estimate
from hub.train.chance import chances
from hub.train.fit import fit
from hub.train.pairs import Pass, Vectors
from hub.train.plan import Plan

MODEL = models.read()
PLACES = {each.name: place for place, each in enumerate(MODEL.comparisons)}
HELD = frozenset(PLACES) - {"nik", "name", "sex", "birth"}
PLAN = Plan(least_pairs=100, least_level=1, keep_rare=True, accept_move=True)
KNOWN = {
    "nik": {"exact": (0.9, 0.0001), "different": (0.1, 0.9999)},
    "name": {"exact": (0.7, 0.01), "close": (0.2, 0.01), "different": (0.1, 0.98)},
    "sex": {"same": (0.98, 0.5), "different": (0.02, 0.5)},
    "birth": {"exact": (0.95, 0.01), "different": (0.05, 0.99)},
}


def made(
    count: int, true: float, seed: int, known: dict[str, dict[str, tuple[float, float]]]
) -> Counter[tuple[int, ...]]:
    """Vectors of pairs of which a share is true, each level drawn by its m or u."""
    chance = random.Random(seed)
    found: Counter[tuple[int, ...]] = Counter()
    for _ in range(count):
        at = 0 if chance.random() < true else 1
        vector = [0] * len(MODEL.comparisons)
        for name, levels in known.items():
            drawn = chance.choices(list(levels), [share[at] for share in levels.values()])[0]
            vector[PLACES[name]] = MODEL.comparisons[PLACES[name]].levels.index(drawn)
        found[tuple(vector)] += 1
    return found


def vectors(known: dict[str, dict[str, tuple[float, float]]] = KNOWN) -> Vectors:
    pairs = made(6000, 0.4, 1, known)
    return Vectors((Pass("kk_year", HELD, pairs),), pairs, made(60_000, 0.0, 2, known), 3000, 40_000)


def weights(given: Vectors, plan: Plan = PLAN):
    known = chances(MODEL, given.random)
    learned = estimate.passes(MODEL, given, known, plan.least_pairs)
    return learned, fit(MODEL, given, known, learned, plan)


def test_em_finds_the_shares_that_made_the_pairs() -> None:
    learned, found = weights(vectors())
    assert learned[0].converged
    assert learned[0].matches == pytest.approx(2400, rel=0.05)
    for name, levels in KNOWN.items():
        for level, (m, u) in levels.items():
            each = next(one for one in found.of(name) if one.level == level)
            assert each.m == pytest.approx(m, abs=0.03)
            if u > 0.001:
                assert each.u == pytest.approx(u, rel=0.15)


def test_a_pass_does_not_teach_what_its_key_holds() -> None:
    learned, found = weights(vectors())
    assert set(learned[0].m) == set(KNOWN)
    assert {each.kept for each in found.of("kk")} == {"untaught"}


def test_a_comparison_that_no_pass_teaches_is_a_reason_to_refuse() -> None:
    _, found = weights(vectors(), Plan(least_pairs=100, least_level=1, accept_move=True))
    assert any(each.startswith("kk: no blocking key taught it") for each in found.refusals)


def test_agreement_taught_as_less_than_disagreement_is_refused() -> None:
    upside_down = KNOWN | {"sex": {"same": (0.02, 0.5), "different": (0.98, 0.5)}}
    _, found = weights(vectors(upside_down))
    assert any(each.startswith("sex: same now weighs less than different") for each in found.refusals)


def test_a_level_that_random_pairs_never_show_is_bounded_by_them() -> None:
    known = chances(MODEL, Counter({tuple([7] + [0] * (len(MODEL.comparisons) - 1)): 1000}))
    nik = known["nik"]
    assert nik.counted[1] == 0
    assert nik.u[1] <= 3 / 1000
    assert nik.u[7] == 1.0


def test_too_few_pairs_teach_nothing() -> None:
    given = vectors()
    assert estimate.passes(MODEL, given, chances(MODEL, given.random), least_pairs=10**6) == []
