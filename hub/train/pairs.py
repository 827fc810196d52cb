"""Level vectors of pairs: as each blocking key brings them, all of the seeds, and of random pairs.

The levels are those of the engine's own comparisons, so that what is learned is what will be scored.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from hub.link import keys
from hub.link.features import Layout
from hub.link.model import Model
from hub.link.score import Scorer
from hub.train.plan import Plan
from hub.train.sample import Sample, rank

Vector = tuple[int, ...]
"""Index of the level of each comparison, in the model's order."""
Pair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Pass:
    """The pairs that one blocking key brings together."""

    block: str
    held: frozenset[str]
    """Comparisons that agree by choice in such pairs, so that they cannot be learned from them."""
    counts: Counter[Vector]

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Vectors:
    """All that training counts."""

    passes: tuple[Pass, ...]
    candidates: Counter[Vector]
    """Every candidate of every seed, once a seed."""
    random: Counter[Vector]
    """Pairs of seeds drawn evenly, without those that the present model has in one entity."""
    seeds: int
    population: int


def count(model: Model, layout: Layout, sample: Sample, plan: Plan) -> Vectors:
    """Compare pairs; where a pass has too many, those that it takes are chosen by the hash of their ids."""
    look = _Look(model, layout, sample)
    by_block = [set[Pair]() for _ in model.training_blocks]
    for key, members in _members(sample).items():
        at = next(place for place in range(len(model.training_blocks)) if keys.is_of(place, key))
        by_block[at].update(_with_seed(members, look.seeds))
    met = set[Pair]().union(*by_block)
    candidates: Counter[Vector] = Counter()
    for pair in met:
        candidates[look(pair)] += (pair[0] in look.seeds) + (pair[1] in look.seeds)
    passes = tuple([
        Pass(block.name, _held(model, {field for field, _ in block.parts}),
             Counter([look(pair) for pair in _chosen(pairs, plan.pass_pairs, plan.seed)]))
        for block, pairs in zip(model.training_blocks, by_block, strict=True)
    ])  # fmt: skip
    drawn = Counter([look(pair) for pair in _random(sample, plan.random_pairs, plan.seed)])
    return Vectors(passes, candidates, drawn, len(sample.seeds), sample.population)


class _Look:
    """Returns the vector of a pair."""

    def __init__(self, model: Model, layout: Layout, sample: Sample) -> None:
        self._scorer = Scorer(model, layout)
        self._slots = sample.slots
        self.seeds = frozenset(sample.seeds)
        self._known: dict[int, Vector] = {}

    def __call__(self, pair: Pair) -> Vector:
        code = self._scorer.score(self._slots[pair[0]], self._slots[pair[1]])
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = self._scorer.indices(code)
        return known


def _members(sample: Sample) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for id_ in sorted(sample.keys):
        for key in sample.keys[id_]:
            found.setdefault(key, []).append(id_)
    return found


def _with_seed(members: list[bytes], seeds: frozenset[bytes]) -> Iterator[Pair]:
    return (pair for pair in combinations(members, 2) if pair[0] in seeds or pair[1] in seeds)


def _chosen(pairs: set[Pair], limit: int, seed: str) -> list[Pair]:
    ordered = sorted(pairs)
    return ordered if len(ordered) <= limit else sorted(ordered, key=lambda pair: rank(seed, b"".join(pair)))[:limit]


def _held(model: Model, fields: set[str]) -> frozenset[str]:
    """Comparisons of these fields, and what is counted together with one: a family's pairs share all of that."""
    held = {each.name for each in model.comparisons if not fields.isdisjoint(each.fields)}
    for together in model.together:
        if not held.isdisjoint(together.names):
            held.update(together.names)
    return frozenset(held)


def _random(sample: Sample, wanted: int, seed: str) -> Iterator[Pair]:
    """Yield random pairs of seeds of two entities; the same for the same seed."""
    chance, ids, most = random.Random(f"pairs {seed}"), sample.seeds, len(sample.seeds)  # noqa: S311 - a draw
    for _ in range(min(wanted, most * (most - 1) // 2)):
        a, b = chance.randrange(most), chance.randrange(most)
        if a != b and sample.entity[ids[a]] != sample.entity[ids[b]]:
            yield (ids[a], ids[b]) if a < b else (ids[b], ids[a])
