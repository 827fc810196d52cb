"""Family card number: a whole family shares it, and it changes with marriage and moves, so it counts little."""

from __future__ import annotations

from hub.link.features import Features

LEVELS = ("missing", "same", "different")


def compare(a: Features, b: Features) -> int:
    """Return the level of two family card numbers."""
    if not a.kk or not b.kk:
        return 0
    return 1 if a.kk == b.kk else 2
