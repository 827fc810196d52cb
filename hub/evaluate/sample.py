"""Draw pairs for a person to judge, by strata of match weight, and reckon what the judgements say; pure.

The pairs of one entity tell precision; the scored pairs of two entities tell how many true ones were missed.  A pair
that shares no blocking key was never scored and is in no stratum: recall is said of scored pairs only.

Each stratum's sample is the pairs with the smallest keyed hashes, so it is random, needs one pass and little memory,
and the same seed over the same store draws the same pairs.  Sizes follow Neyman: by a stratum's pairs times how
doubtful they are, with a least number in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappush, heappushpop
from math import inf

from hub.evaluate import limits
from hub.evaluate.store import Pair

LEAST = 10
"""Pairs drawn of each stratum at least, or all that it has."""
SAME, DIFFERENT, UNSURE = "same", "different", "unsure"


@dataclass(frozen=True, slots=True)
class Band:
    """A stratum: pairs whose weight lies so many milli-bits above or below the threshold."""

    name: str
    linked: bool
    above: float
    """Lower bound of the margin, milli-bits; the band reaches up to the next one's."""
    doubt: float
    """Standard deviation expected of one judgement: half where weights say nothing, little where they say much."""


BANDS = (
    Band("together: 20 bits and more over the threshold", True, 20_000, 0.03),
    Band("together: 10 to 20 bits over", True, 10_000, 0.06),
    Band("together: 5 to 10 bits over", True, 5_000, 0.15),
    Band("together: up to 5 bits over", True, 0, 0.3),
    Band("together through others", True, -inf, 0.4),
    Band("apart: over the threshold, kept apart", False, 0, 0.5),
    Band("apart: up to 3 bits under", False, -3_000, 0.4),
    Band("apart: 3 to 8 bits under", False, -8_000, 0.15),
    Band("apart: more than 8 bits under", False, -inf, 0.03),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stratum and what was drawn of it."""

    name: str
    linked: bool
    pairs: int
    sample: Mapping[str, tuple[bytes, bytes]]
    """The drawn pairs by their code."""


def band_of(pair: Pair, threshold: int) -> int:
    """Return the number of a pair's band; one without a score counts as far under the threshold."""
    margin = -inf if pair.weight is None else pair.weight - threshold
    return next(at for at, band in enumerate(BANDS) if band.linked == pair.linked and margin >= band.above)


def draw(pairs: Iterable[Pair], threshold: int, wanted: int, seed: str) -> list[Drawn]:
    """Draw about `wanted` pairs; `threshold` in milli-bits."""
    sizes: Counter[int] = Counter()
    kept: dict[int, list[tuple[int, bytes, bytes]]] = {at: [] for at in range(len(BANDS))}
    key = blake2b(seed.encode(), digest_size=32).digest()
    for pair in pairs:
        at = band_of(pair, threshold)
        sizes[at] += 1
        rank = -int.from_bytes(blake2b(pair.a + pair.b, key=key, digest_size=8).digest(), "big")
        entry = (rank, pair.a, pair.b)  # the heap's least is the largest hash: the first to go
        if len(kept[at]) < wanted:
            heappush(kept[at], entry)
        elif entry > kept[at][0]:
            heappushpop(kept[at], entry)
    share = allot([sizes[at] for at in range(len(BANDS))], wanted)
    return [
        Drawn(band.name, band.linked, sizes[at], {f"{-rank:016x}"[:10]: (a, b) for rank, a, b in
                                                  sorted(kept[at], reverse=True)[: share[at]]})
        for at, band in enumerate(BANDS)
        if sizes[at]
    ]  # fmt: skip


def allot(sizes: Sequence[int], wanted: int) -> list[int]:
    """Return how many pairs of each band are drawn."""
    claims = [size * band.doubt for size, band in zip(sizes, BANDS, strict=True)]
    whole = sum(claims) or 1.0
    return [min(size, max(LEAST, round(wanted * claim / whole))) for size, claim in zip(sizes, claims, strict=True)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judged sample says."""

    precision: limits.Estimate
    recall: limits.Estimate
    judged: int
    unsure: int
    unjudged: int
    strata: Sequence[tuple[str, limits.Stratum]]

    @property
    def f1(self) -> float:
        """The harmonic mean of the two values."""
        both = self.precision.value + self.recall.value
        return 2 * self.precision.value * self.recall.value / both if both else 0.0


def reckon(drawn: Sequence[Drawn], verdicts: Mapping[str, str]) -> Verdict:
    """Return the estimates; pairs without a verdict are as if not drawn."""
    strata = []
    unjudged = 0
    for stratum in drawn:
        said = Counter(verdicts.get(code, "") for code in stratum.sample)
        unjudged += said[""]
        judged = limits.Stratum(stratum.pairs, said[SAME], said[DIFFERENT], said[UNSURE])
        strata.append((stratum, judged))
    linked = [judged for stratum, judged in strata if stratum.linked]
    unlinked = [judged for stratum, judged in strata if not stratum.linked]
    return Verdict(
        limits.precision(linked), limits.recall(linked, unlinked), sum(judged.judged for _, judged in strata),
        sum(judged.unsure for _, judged in strata), unjudged, [(stratum.name, judged) for stratum, judged in strata],
    )  # fmt: skip
