"""Any text of one or several words: order-free, with typing errors, left-out words and likeness told apart."""

from __future__ import annotations

from rapidfuzz.distance import OSA, JaroWinkler

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "reordered", "close", "contained", "similar", "overlap", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "reordered": ("kata sama, urutan lain", "same words in another order"),
    "close": ("hampir sama, mungkin salah ketik", "nearly equal, perhaps mistyped"),
    "contained": ("yang satu memuat semua kata yang lain", "one holds every word of the other"),
    "similar": ("mirip", "alike"),
    "overlap": ("sebagian kata sama", "some words equal"),
    "different": ("berbeda", "different"),
}

_SHORT, _LONG = 4, 10
"""Letters from which one, and two, that are off are a typing error."""
_ALIKE = 0.88
"""Jaro-Winkler similarity of texts that are alike (the lower level of Splink's name comparison)."""

read = forms.text
spell = str


def compare(a: str, b: str) -> int:
    """Return the level of two texts."""
    if a == b:
        return 1
    if a > b:
        a, b = b, a
    words_a, words_b = a.split(), b.split()
    if sorted(words_a) == sorted(words_b):
        return 2
    shortest = min(len(a), len(b))
    allowed = 0 if shortest < _SHORT else 1 if shortest < _LONG else 2
    if OSA.distance(a, b, score_cutoff=allowed) <= allowed or a.replace(" ", "") == b.replace(" ", ""):
        return 3
    shared = set(words_a) & set(words_b)
    if shared in (set(words_a), set(words_b)):
        return 4
    if JaroWinkler.similarity(a, b, score_cutoff=_ALIKE) >= _ALIKE:
        return 5
    return 6 if shared else 7
