"""Train the public sets' model without labels: `python -m hub.evaluate.public.train`.

u of each level is its share among random pairs.  m comes from expectation maximisation with u held, once for each
blocking key, over the comparisons that do not read the key's own fields (Winkler 1988; Splink trains alike), averaged
by the matches that each key finds.  The prior is the share of all pairs at which the expected matches among the
candidates agree with themselves.  No record id is looked at: the truth stands in them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from math import log2
from pathlib import Path
from random import Random
from typing import Any

from hub.evaluate.public import river, sets
from hub.evaluate.public.people import cleaned
from hub.link import keys as link_keys
from hub.link import model as models
from hub.link.features import Layout, Slots
from hub.link.score import Scorer

RANDOM_PAIRS = 2_000_000
ROUNDS, SETTLED = 200, 1e-6
_ADDED = 0.5
"""Pairs added to each level's count, so that no level that happens weighs without end."""
_MOST = 14.0
"""Bits that a level may weigh, either way."""
Levels = tuple[int, ...]
Shares = list[list[float]]
"""Share of each level, by comparison."""


def train(
    model: models.Model, people: Sequence[Any], seed: int = 1, pairs: int = RANDOM_PAIRS
) -> tuple[Shares, Shares, float]:
    """Return m and u of every level, and the prior in bits."""
    layout = Layout(model)
    scorer = Scorer(model, layout)
    slots = [layout.read(person) for person in people]

    def levels(a: int, b: int) -> Levels:
        return scorer.indices(scorer.score(slots[a], slots[b]))

    u = _random(model, levels, len(people), Random(seed), pairs)  # noqa: S311 - a sample, no secret
    blocks = _blocks(model, layout, slots)
    found: list[tuple[float, Shares, frozenset[int]]] = []
    for at, block in enumerate(model.blocks):
        own = {field for field, _ in block.parts}
        free = frozenset(n for n, one in enumerate(model.comparisons) if not own & set(one.fields))
        seen = Counter(levels(*pair) for pair in blocks[at])
        matches, m = _maximised(model, seen, u, free)
        found.append((matches, m, free))
    m = _averaged(model, found)
    every = Counter(levels(*pair) for pair in set().union(*blocks.values()))
    return m, u, _prior(every, m, u, len(people))


def _random(
    model: models.Model, levels: Callable[[int, int], Levels], people: int, random: Random, pairs: int
) -> Shares:
    counts = [[_ADDED] * len(one.levels) for one in model.comparisons]
    for _ in range(pairs):
        a, b = random.randrange(people), random.randrange(people)
        if a != b:
            for place, level in enumerate(levels(a, b)):
                counts[place][level] += 1
    return [_shares(each) for each in counts]


def _shares(counts: Sequence[float]) -> list[float]:
    """Return the shares of the known levels; `missing`, which tells nothing, is left out of the whole."""
    whole = sum(counts[1:])
    return [1.0, *[count / whole for count in counts[1:]]]


def _blocks(model: models.Model, layout: Layout, slots: Sequence[Slots]) -> dict[int, set[tuple[int, int]]]:
    """Return the candidate pairs of each blocking key."""
    holders: dict[int, list[int]] = defaultdict(list)
    for number, each in enumerate(slots):
        for key in layout.keys(each):
            holders[key].append(number)
    found: dict[int, set[tuple[int, int]]] = {at: set() for at in range(len(model.blocks))}
    for key, members in holders.items():
        if 1 < len(members) <= model.generic_bound:
            at = next(at for at in found if link_keys.is_of(at, key))
            found[at] |= set(combinations(members, 2))
    return found


def _maximised(
    model: models.Model, seen: Mapping[Levels, int], u: Shares, free: frozenset[int]
) -> tuple[float, Shares]:
    """Return the expected matches of one key's pairs and the m of the comparisons that are free."""
    m = [[1.0, *_descending(len(one.levels) - 1)] for one in model.comparisons]
    share = 0.5
    matches = 0.0
    for _ in range(ROUNDS):
        counts = [[_ADDED] * len(one.levels) for one in model.comparisons]
        matches = 0.0
        for pattern, times in seen.items():
            odds = share / (1 - share)
            for place in free:
                odds *= m[place][pattern[place]] / u[place][pattern[place]]
            expected = times * odds / (1 + odds)
            matches += expected
            for place in free:
                counts[place][pattern[place]] += expected
        before, share = share, min(0.9999, max(1e-9, matches / max(1, sum(seen.values()))))
        m = [_shares(each) if place in free else m[place] for place, each in enumerate(counts)]
        if abs(before - share) < SETTLED:
            break
    return matches, m


def _descending(levels: int) -> Iterator[float]:
    """Return where m begins: most true pairs agree, the rest is dealt evenly."""
    yield 0.8
    for _ in range(levels - 1):
        yield 0.2 / (levels - 1)


def _averaged(model: models.Model, found: Sequence[tuple[float, Shares, frozenset[int]]]) -> Shares:
    out: Shares = []
    for place, one in enumerate(model.comparisons):
        told = [(matches, m[place]) for matches, m, free in found if place in free and matches >= 1]
        whole = sum(matches for matches, _ in told)
        out.append([sum(matches * m[level] for matches, m in told) / whole for level in range(len(one.levels))])
    return out


def _prior(every: Mapping[Levels, int], m: Shares, u: Shares, people: int) -> float:
    pairs = people * (people - 1) / 2
    share = 1e-4
    for _ in range(ROUNDS):
        expected = 0.0
        for pattern, times in every.items():
            odds = share / (1 - share)
            for place, level in enumerate(pattern):
                odds *= m[place][level] / u[place][level]
            expected += times * odds / (1 + odds)
        share = expected / pairs
    return log2(share / (1 - share))


def written(text: str, model: models.Model, m: Shares, u: Shares, prior: float) -> str:
    """Return the model file's text with the trained weights in the place of the old ones."""
    text = re.sub(r"(?m)^prior = .*$", f"prior = {prior:.2f}", text)
    for place, one in enumerate(model.comparisons):
        lines = []
        for level, name in enumerate(one.levels[1:], 1):
            bits = max(-_MOST, min(_MOST, log2(m[place][level] / u[place][level])))
            lines.append(f"{name} = {{ bits = {bits:.2f}, m = {m[place][level]:.2g}, u = {u[place][level]:.2g} }}")
        head = rf'(?ms)(name = "{re.escape(one.name)}"\n.*?\[compare\.levels\]\n)(.*?)(?=\n\n|\Z)'
        text = re.sub(head, "\\g<1>" + "\n".join(lines), text, count=1)
    return text


def main() -> None:
    """Train the shipped file anew and write it in its place."""
    [path] = Path(river.MODELS).glob("person-*.toml")
    model = models.read(path)
    people = [
        person
        for name in ("febrl3", "febrl4")
        for person in cleaned(sets.SETS[name], sets.rows_of(sets.SETS[name], sets.folder()))
    ]
    people.sort(key=lambda person: blake2b(person.id).digest())
    m, u, prior = train(model, people)
    path.write_text(written(path.read_text(encoding="utf-8"), model, m, u, prior), encoding="utf-8")


if __name__ == "__main__":
    main()
