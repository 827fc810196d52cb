"""Mother's name: what parts people of one name and birth date, and what siblings share."""

from __future__ import annotations

from hub.link.features import Features
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

LEVELS = ("missing", "exact", "exact_word", "close", "partial", "different")

_LEVEL = {SAME: 1, REORDERED: 3, SHORTENED: 3, CLOSE: 3, PARTIAL: 4, MIXED: 5, DIFFERENT: 5}


def compare(a: Features, b: Features) -> int:
    """Return the level of two mothers' names."""
    x, y = a.mother, b.mother
    if not x or not y:
        return 0
    if x == y:
        return 1 if len(x) > 1 else 2
    return _LEVEL[relate(x, y)]
