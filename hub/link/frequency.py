"""Term frequencies: agreement on a rare value counts for more, on a common one for less.

A level's weight stands for the average value, shared by chance with probability u; agreement on a value that a share f
of the records holds weighs log2(u / f) more (Fellegi and Sunter 1969, section 3.3.1; Splink's term-frequency
adjustment).  The adjustment is rounded to whole bits, so that pairs alike in levels share one code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from hub.link import kinds
from hub.link.evidence import Comparison, Frequency

LEAST, MOST = -8, 7
"""Bits that an adjustment can take away or add."""
COMMON, RARE = "common", "rare"
"""How an adjustment is named beside the level that it belongs to."""


class Adjustment:
    """The adjustments of one level of a comparison."""

    def __init__(self, comparison: Comparison, frequency: Frequency, level: str) -> None:
        usual = comparison.weights[comparison.levels.index(level)].u or 1.0
        self._spell: Callable[[Any], str] = kinds.find(comparison.kind).spell
        self._other = 0 if frequency.least is None else _bits(usual, frequency.least)
        self._bits = {value: _bits(usual, share) for value, share in frequency.shares.items()}

    def bits(self, a: object, b: object) -> int:
        """Return the adjustment of two values that agree, of the commoner one; symmetric."""
        found = self._bits.get(self._spell(a), self._other)
        return found if a == b else min(found, self._bits.get(self._spell(b), self._other))


def adjustments(comparison: Comparison) -> dict[int, Adjustment]:
    """Return the adjustments of a comparison by the index of the level."""
    frequency = comparison.frequency
    if frequency is None:
        return {}
    levels = comparison.levels
    return {levels.index(level): Adjustment(comparison, frequency, level) for level in frequency.levels}


def _bits(usual: float, share: float) -> int:
    return max(LEAST, min(MOST, round(math.log2(usual / share))))
