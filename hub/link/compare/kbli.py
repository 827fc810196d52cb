"""Line of business (KBLI, five digits): how far two agree."""

from __future__ import annotations

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "group", "division", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "group": ("golongan sama", "same group"),
    "division": ("golongan pokok sama", "same division"),
    "different": ("berbeda", "different"),
}

read = forms.digits
spell = "{:05d}".format


def compare(a: int, b: int) -> int:
    """Return the level of two lines of business; three digits name the group, two the division."""
    if a == b:
        return 1
    if a // 100 == b // 100:
        return 2
    return 3 if a // 1000 == b // 1000 else 4
