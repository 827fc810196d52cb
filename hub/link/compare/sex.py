"""Sex: says little when equal, much when not."""

from __future__ import annotations

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "same", "different")
TEXTS = {"same": ("sama", "equal"), "different": ("berbeda", "different")}

read = forms.sex
spell = str


def compare(a: int, b: int) -> int:
    """Return the level of two sexes."""
    return 1 if a == b else 2
