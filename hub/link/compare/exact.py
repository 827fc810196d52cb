"""Any identifier or code: equal or not."""

from __future__ import annotations

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "same", "different")
TEXTS = {"same": ("sama", "equal"), "different": ("berbeda", "different")}

read = forms.text
spell = str


def compare(a: str, b: str) -> int:
    """Return the level of two texts."""
    return 1 if a == b else 2
