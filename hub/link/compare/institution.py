"""Name of a school, health post or market without the words for what it is; its number parts it from its neighbours."""

from __future__ import annotations

from hub.link import forms
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

FIELDS = (1, 1)
LEVELS = (
    "missing",
    "exact",
    "reordered",
    "close",
    "shortened",
    "mixed",
    "other_number",
    "other_type",
    "different",
)
TEXTS = {
    "exact": ("sama", "equal"),
    "reordered": ("kata sama, urutan lain", "same words in another order"),
    "close": ("hampir sama, mungkin salah ketik", "nearly equal, perhaps mistyped"),
    "shortened": ("disingkat atau kata tidak ditulis", "abbreviated, or words left out"),
    "mixed": ("sebagian kata sama, sebagian lain", "some words equal, others not"),
    "other_number": ("nomornya lain", "another number"),
    "other_type": ("jenisnya lain menurut namanya", "another type by its name"),
    "different": ("berbeda", "different"),
}

_LEVEL = {SAME: 1, REORDERED: 2, CLOSE: 3, SHORTENED: 4, PARTIAL: 4, MIXED: 5, DIFFERENT: 8}

read = forms.institution
spell = forms.first


def compare(a: str, b: str) -> int:
    """Return the level of two names of form `institution`."""
    if a == b:
        return 1
    type_a, type_b = forms.rest(a), forms.rest(b)
    if type_a and type_b and type_a != type_b:
        return 7
    x, y = forms.words(a), forms.words(b)
    if x == y:
        return 1
    numbers_x, numbers_y = _numbers(x), _numbers(y)
    if numbers_x and numbers_y and numbers_x != numbers_y:
        return 6
    return _LEVEL[relate(x, y)]


def _numbers(words: tuple[str, ...]) -> list[str]:
    return sorted([word.lstrip("0") for word in words if word.isdecimal()])
