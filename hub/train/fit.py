"""From what the passes taught to weights: m over all passes, bits, the prior, and what must be refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.link.evidence import Comparison
from hub.link.model import Model
from hub.train.chance import Chances
from hub.train.estimate import Learned
from hub.train.pairs import Vector, Vectors
from hub.train.plan import Plan

_ROUNDS = 30
_LEAST_M = 0.001
"""Share of the true pairs that any level is granted: offices err in every way, also where a sample does not show it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A level as it was and as it is."""

    comparison: str
    level: str
    before: int
    """Milli-bits."""
    after: int
    m: float | None
    u: float | None
    pairs: int
    """Pairs of the passes that teach the comparison which show the level."""
    kept: str
    """Why the present weight stays: fixed, rare, untaught; empty when it was learned."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained model's numbers."""

    levels: tuple[Fitted, ...]
    prior_before: int
    prior: int
    curve: tuple[tuple[float, float, float, float], ...]
    """(threshold in bits, expected linked pairs a record, precision, recall among candidates)."""
    refusals: tuple[str, ...]

    def of(self, comparison: str) -> list[Fitted]:
        """The levels of a comparison, in the kind's order."""
        return [each for each in self.levels if each.comparison == comparison]


def fit(
    model: Model, vectors: Vectors, chances: Mapping[str, Chances], learned: Sequence[Learned], plan: Plan
) -> Fit:  # fmt: skip
    """Return the weights that the passes teach, and every reason against them."""
    good = [each for each in learned if each.matches >= plan.least_matches and each.converged]
    refusals = [_not_converged(each) for each in learned if not each.converged]
    levels: list[Fitted] = []
    for place, one in enumerate(model.comparisons):
        teachers = [each for each in good if one.name in each.m]
        found = _comparison(one, _shown(place, vectors, teachers), chances[one.name], teachers, plan)
        levels += found
        refusals += _against(one, found, plan)
    weights = {(each.comparison, each.level): each.after for each in levels}
    totals = _totals(model, weights, vectors.candidates)
    prior = _prior(totals, vectors, model.prior)
    if abs(prior - model.prior) > plan.most_move * 1000 and not plan.accept_move:
        refusals.append(f"the prior moves from {model.prior / 1000:.1f} to {prior / 1000:.1f} bits, "
                        f"more than {plan.most_move:g}; look at the report, then --accept-move")  # fmt: skip
    return Fit(tuple(levels), model.prior, prior, _curve(totals, prior, vectors.seeds), tuple(refusals))


def _shown(place: int, vectors: Vectors, teachers: Sequence[Learned]) -> Counter[int]:
    """Pairs at each level of a comparison, in the passes that teach it."""
    shown: Counter[int] = Counter()
    blocks = {each.block for each in teachers}
    for each in vectors.passes:
        if each.block in blocks:
            for vector, count in each.counts.items():
                shown[vector[place]] += count
    return shown


def _comparison(
    one: Comparison, shown: Counter[int], chances: Chances, teachers: Sequence[Learned], plan: Plan
) -> list[Fitted]:  # fmt: skip
    found = []
    for index, level in enumerate(one.levels[1:], start=1):
        weight, m = one.weights[index], _m(one.name, index, teachers)
        kept = "fixed" if weight.fixed else "untaught" if not teachers else ""
        if not kept and (m is None or shown[index] < plan.least_level):
            kept = "rare"
        if kept or m is None:
            found.append(Fitted(one.name, level, weight.milli, weight.milli, weight.m, weight.u, shown[index], kept))
            continue
        u = chances.u[index]
        m = max(m, _LEAST_M)
        found.append(Fitted(one.name, level, weight.milli, round(math.log2(m / u) * 1000), m, u, shown[index], ""))
    return found


def _m(name: str, index: int, teachers: Sequence[Learned]) -> float | None:
    """The mean of the passes that show the level, weighed by their true pairs."""
    taught = [(each.matches, share) for each in teachers if (share := each.m[name][index]) is not None]
    total = sum(matches for matches, _ in taught)
    return sum(matches * share for matches, share in taught) / total if total else None


# ---------------------------------------------------------------------- refusals


def _not_converged(each: Learned) -> str:
    return (f"EM did not come to rest in {each.iterations} rounds on pairs by {each.block}; "
            "draw more seeds (--seeds)")  # fmt: skip


def _against(one: Comparison, found: list[Fitted], plan: Plan) -> list[str]:
    said = []
    if all(each.kept == "untaught" for each in found if each.kept != "fixed") and found and not plan.keep_rare:
        said.append(f"{one.name}: no blocking key taught it, EM starved; draw more seeds (--seeds), "
                    "or --keep-rare keeps its present weights")  # fmt: skip
    rare = [each.level for each in found if each.kept == "rare"]
    if rare and not plan.keep_rare:
        said.append(f"{one.name}: fewer than {plan.least_level} pairs show {', '.join(rare)}, EM starved there; "
                    "draw more seeds (--seeds), or --keep-rare keeps their present weights")  # fmt: skip
    learned = [each for each in found if not each.kept]
    moved = [each for each in learned if abs(each.after - each.before) > plan.most_move * 1000]
    if moved and not plan.accept_move:
        told = ", ".join([f"{each.level} {each.before / 1000:+.1f} to {each.after / 1000:+.1f}" for each in moved])
        said.append(f"{one.name}: weights moved more than {plan.most_move:g} bits ({told}); look at the report, "
                    "then --accept-move")  # fmt: skip
    said += [
        f"{one.name}: {above.level} now weighs less than {below.level} ({above.after / 1000:+.1f} and "
        f"{below.after / 1000:+.1f} bits), which it led clearly: the sample taught the comparison upside down"
        for above in found
        for below in found
        if above.before - below.before >= plan.clear * 1000 and above.after < below.after
    ]
    return said


# ---------------------------------------------------------------------- prior and curve


def _totals(
    model: Model, weights: Mapping[tuple[str, str], int], counts: Counter[Vector]
) -> list[tuple[int, int]]:  # fmt: skip
    """(evidence in milli-bits without the prior, pairs), caps counted, frequencies not."""
    found = []
    for vector, number in counts.items():
        bits = {
            one.name: weights[one.name, one.levels[index]]
            for one, index in zip(model.comparisons, vector, strict=True)
            if index
        }
        over = [sum(bits.get(name, 0) for name in each.names) - each.cap for each in model.together]
        found.append((sum(bits.values()) - sum(max(0, each) for each in over), number))
    return sorted(found)


def _prior(totals: list[tuple[int, int]], vectors: Vectors, start: int) -> int:
    """Milli-bits at which the expected true pairs and the prior agree, for the whole store."""
    prior = start / 1000
    for _ in range(_ROUNDS):
        matches = sum(number * _chance(bits / 1000 + prior) for bits, number in totals) / vectors.seeds
        share = min(0.5, max(1e-12, matches / max(1, vectors.population - 1)))
        prior = math.log2(share / (1 - share))
    return round(prior * 1000)


def _curve(totals: list[tuple[int, int]], prior: int, seeds: int) -> tuple[tuple[float, float, float, float], ...]:
    true = sum(number * _chance((bits + prior) / 1000) for bits, number in totals)
    found = []
    for threshold in range(-10, 26):
        linked = [(bits, number) for bits, number in totals if bits + prior >= threshold * 1000]
        pairs = sum(number for _, number in linked)
        right = sum(number * _chance((bits + prior) / 1000) for bits, number in linked)
        found.append((float(threshold), pairs / seeds, right / pairs if pairs else 1.0, right / true if true else 0.0))
    return tuple(found)


def _chance(bits: float) -> float:
    return 1 / (1 + 2 ** -max(-200.0, min(200.0, bits)))
