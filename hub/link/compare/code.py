"""Any identifier that people type: equal, mistyped, or another."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "typo", "near", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "typo": ("beda satu karakter, mungkin salah ketik", "one character off, perhaps mistyped"),
    "near": ("beda dua karakter", "two characters off"),
    "different": ("berbeda", "different"),
}

_LONG = 6
"""Characters from which two that are off can still be one code."""

read = forms.text
spell = str


def compare(a: str, b: str) -> int:
    """Return the level of two codes; a character too many, missing or swapped with its neighbour is one off."""
    if a == b:
        return 1
    off = OSA.distance(a, b, score_cutoff=2)
    if off <= 1:
        return 2
    return 3 if off == 2 and min(len(a), len(b)) >= _LONG else 4
