"""The share u of the random pairs that shows each level, and where EM begins.

Random pairs are counted; a level that they hardly show is bounded by them, because absence from a sample proves no
rarity: with n pairs and none seen, a share below 3/n is all that can be said (the rule of three, 95 %).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hub.link.evidence import Comparison
from hub.link.model import Model
from hub.train.pairs import Vector

SEEN = 5
"""Random pairs at a level from which its share is taken as counted."""
_M_OF_AGREEMENT = 0.5


@dataclass(frozen=True, slots=True)
class Chances:
    """Of one comparison, by the index of the level; the first, `missing`, is never used."""

    u: tuple[float, ...]
    m: tuple[float, ...]
    """Where EM begins: what the present weights mean under u."""
    counted: tuple[int, ...]
    """Random pairs at each level."""


def chances(model: Model, drawn: Counter[Vector]) -> dict[str, Chances]:
    """Return the chances of every comparison of a model."""
    found = {}
    for place, one in enumerate(model.comparisons):
        counts = [0] * len(one.levels)
        for vector, number in drawn.items():
            counts[vector[place]] += number
        found[one.name] = _of(one, counts)
    return found


def _of(one: Comparison, counts: list[int]) -> Chances:
    known = max(1, sum(counts[1:]))
    u = [1.0, *[_u(one, index, counts[index], known) for index in range(1, len(counts))]]
    raw = [0.0, *[u[index] * 2 ** (one.weights[index].milli / 1000) for index in range(1, len(counts))]]
    total = sum(raw)
    m = [each / total for each in raw]
    for index, weight in enumerate(one.weights):
        if index and weight.fixed:
            m[index] = min(0.999, u[index] * 2 ** (weight.milli / 1000))
    return Chances(tuple(u), tuple(m), tuple(counts))


def _u(one: Comparison, index: int, count: int, known: int) -> float:
    if count >= SEEN:
        return count / known
    bound = (count + 3) / known
    weight = one.weights[index]
    guess = weight.u
    if guess is None:
        guess = _M_OF_AGREEMENT / 2 ** (weight.milli / 1000) if weight.milli > 0 else (count + 0.5) / known
    return min(guess, bound, 1.0)
