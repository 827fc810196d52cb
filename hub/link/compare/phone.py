"""Phone number: shared in a family and passed on, so it counts little."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "same", "typo", "different")
TEXTS = {
    "same": ("sama", "equal"),
    "typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "different": ("berbeda", "different"),
}

read = forms.phone
spell = str


def compare(a: int, b: int) -> int:
    """Return the level of two phone numbers."""
    if a == b:
        return 1
    return 2 if OSA.distance(str(a), str(b), score_cutoff=1) <= 1 else 3
