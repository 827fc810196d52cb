"""Name of a business without its legal form and words like toko."""

from __future__ import annotations

from hub.link import forms
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "exact_word", "reordered", "close", "shortened", "partial", "mixed", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "exact_word": ("sama, hanya satu kata", "equal, one word only"),
    "reordered": ("kata sama, urutan lain", "same words in another order"),
    "close": ("hampir sama, mungkin salah ketik", "nearly equal, perhaps mistyped"),
    "shortened": ("disingkat atau kata tidak ditulis", "abbreviated, or words left out"),
    "partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "mixed": ("sebagian kata sama, sebagian lain", "some words equal, others not"),
    "different": ("berbeda", "different"),
}

_LEVEL = {SAME: 1, REORDERED: 3, CLOSE: 4, SHORTENED: 5, PARTIAL: 6, MIXED: 7, DIFFERENT: 8}

read = forms.firm
spell = str


def compare(a: str, b: str) -> int:
    """Return the level of two names."""
    if a == b:
        return 1 if " " in a else 2
    return _LEVEL[relate(tuple(a.split()), tuple(b.split()))]
