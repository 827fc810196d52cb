"""Confidence limits for what a sample of judged pairs says; pure.

One stratum's share has Wilson's score limits (Wilson 1927; Brown, Cai and DasGupta 2001 recommend them down to small
samples and shares near 0 and 1, where precision lives).  A weighted sum of strata takes its limits from theirs by the
method of variance estimates recovery (Zou, Huang and Zhang 2009, "A note on confidence interval estimation for a linear
function of binomial proportions"), and the quotient of two independent sums by its form for ratios (Donner and Zou
2012).  Where a stratum was judged to its last pair nothing is left to guess: the finite population correction widens
the sample until its limits close on the share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt

Z95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its lower and upper limit."""

    value: float
    low: float
    high: float

    def line(self, name: str) -> dict[str, float]:
        """Return the value and its limits under names, rounded to five places."""
        return {name: round(self.value, 5), f"{name}_low": round(self.low, 5), f"{name}_high": round(self.high, 5)}


@dataclass(frozen=True, slots=True)
class Stratum:
    """So many pairs, of which a random sample was judged."""

    pairs: int
    """All pairs of the stratum."""
    same: int
    """Judged to be one and the same."""
    different: int
    unsure: int = 0
    """Left out of the value; the limits take them at their worst."""

    @property
    def judged(self) -> int:
        """Pairs that were judged one way or the other."""
        return self.same + self.different


def wilson(right: float, judged: float, population: float = inf, z: float = Z95) -> Estimate:
    """Return a share with Wilson's limits; nothing judged says nothing, and everything judged says all."""
    if judged <= 0:
        return Estimate(0.5, 0.0, 1.0)
    share = right / judged
    if judged >= population:
        return Estimate(share, share, share)
    n = judged if population == inf else judged * (population - 1) / (population - judged)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Estimate(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def share_of(stratum: Stratum, z: float = Z95) -> Estimate:
    """Return the share of one and the same in a stratum."""
    value = wilson(stratum.same, stratum.judged, stratum.pairs, z)
    if not stratum.unsure:
        return value
    n = stratum.judged + stratum.unsure
    low = wilson(stratum.same, n, stratum.pairs, z).low
    high = wilson(stratum.same + stratum.unsure, n, stratum.pairs, z).high
    return Estimate(value.value, min(low, value.value), max(high, value.value))


def total(strata: Sequence[Stratum], z: float = Z95) -> Estimate:
    """Return how many pairs of all strata together are one and the same."""
    shares = [(stratum.pairs, share_of(stratum, z)) for stratum in strata]
    value = sum(n * share.value for n, share in shares)
    below = hypot(*[n * (share.value - share.low) for n, share in shares])
    above = hypot(*[n * (share.high - share.value) for n, share in shares])
    most = sum(n for n, _ in shares)
    return Estimate(value, max(0.0, value - below), min(float(most), value + above))


def precision(linked: Sequence[Stratum], z: float = Z95) -> Estimate:
    """Return which share of the linked pairs is right; 1 where nothing is linked."""
    said = sum(stratum.pairs for stratum in linked)
    if not said:
        return Estimate(1.0, 1.0, 1.0)
    right = total(linked, z)
    return Estimate(right.value / said, right.low / said, right.high / said)


def recall(linked: Sequence[Stratum], unlinked: Sequence[Stratum], z: float = Z95) -> Estimate:
    """Return which share of the true pairs, among those that strata cover, is linked; 1 where none is true."""
    right, missed = total(linked, z), total(unlinked, z)
    if not missed.high:
        return Estimate(1.0, 1.0, 1.0)
    if not right.value:
        return Estimate(0.0, 0.0, right.high / (right.high + missed.low) if right.high + missed.low else 1.0)
    odds = ratio(missed, right)
    return Estimate(1 / (1 + odds.value), 1 / (1 + odds.high), 1 / (1 + odds.low))


def ratio(above: Estimate, below: Estimate) -> Estimate:
    """Return the quotient of two independent estimates that are not negative; `below.value` is positive."""
    value = above.value / below.value
    product = above.value * below.value
    low_root = product**2 - above.low * below.high * (2 * above.value - above.low) * (2 * below.value - below.high)
    high_root = product**2 - above.high * below.low * (2 * above.value - above.high) * (2 * below.value - below.low)
    low_base = below.high * (2 * below.value - below.high)
    high_base = below.low * (2 * below.value - below.low)
    # Where a denominator's limit reaches twice its value or nothing, the closed form ends; the plain bounds hold.
    low = (product - sqrt(max(0.0, low_root))) / low_base if low_base > 0 else above.low / below.high
    high = (product + sqrt(max(0.0, high_root))) / high_base if high_base > 0 else inf
    return Estimate(value, max(0.0, min(low, value)), max(high, value))
