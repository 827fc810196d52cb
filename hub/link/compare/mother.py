"""Mother's name: what parts people of one name and birth date, and what siblings share."""

from __future__ import annotations

from hub.link import forms
from hub.link.forms import CUT
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "exact_word", "close", "partial", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "exact_word": ("sama, hanya satu kata", "equal, one word only"),
    "close": ("hampir sama", "nearly equal"),
    "partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "different": ("berbeda", "different"),
}

_LEVEL = {SAME: 1, REORDERED: 3, SHORTENED: 3, CLOSE: 3, PARTIAL: 4, MIXED: 5, DIFFERENT: 5}

read = forms.names
spell = forms.first


def compare(a: str, b: str) -> int:
    """Return the level of two mothers' names."""
    if CUT in a or CUT in b:
        a, b = forms.first(a), forms.first(b)
    if a == b:
        return 1 if " " in a else 2
    return _LEVEL[relate(tuple(a.split()), tuple(b.split()))]
