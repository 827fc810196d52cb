"""Family card number: a whole family shares it, and it changes with marriage and moves, so it counts little."""

from __future__ import annotations

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "same", "different")
TEXTS = {"same": ("sama", "equal"), "different": ("berbeda", "different")}

read = forms.digits
spell = "{:016d}".format


def compare(a: int, b: int) -> int:
    """Return the level of two family card numbers."""
    return 1 if a == b else 2
