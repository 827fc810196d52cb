"""Name: words in any order, with known variants, initials, truncation and typing errors told apart."""

from __future__ import annotations

from hub.link.features import Features
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

LEVELS = (
    "missing",
    "exact",
    "exact_word",
    "reordered",
    "variant",
    "shortened",
    "close",
    "partial",
    "mixed",
    "different",
)

_LEVEL = {SAME: 1, REORDERED: 3, SHORTENED: 5, CLOSE: 6, PARTIAL: 7, MIXED: 8, DIFFERENT: 9}


def compare(a: Features, b: Features) -> int:
    """Return the level of two names; a spelling of one that equals a spelling of the other is `variant`."""
    x, y = a.name, b.name
    if not x or not y:
        return 0
    if x == y:
        return 1 if len(x) > 1 else 2
    if (a.spellings or b.spellings) and not {x, *a.spellings}.isdisjoint({y, *b.spellings}):
        return 4
    return _LEVEL[relate(x, y)]
