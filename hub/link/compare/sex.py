"""Sex: says little when equal, much when not."""

from __future__ import annotations

from hub.link.features import Features

LEVELS = ("missing", "same", "different")


def compare(a: Features, b: Features) -> int:
    """Return the level of two sexes."""
    if not a.sex or not b.sex:
        return 0
    return 1 if a.sex == b.sex else 2
