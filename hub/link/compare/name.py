"""Name: words in any order, with known variants, initials, truncation and typing errors told apart."""

from __future__ import annotations

from hub.link import forms
from hub.link.forms import CUT, MORE
from hub.link.names import CLOSE, DIFFERENT, MIXED, PARTIAL, REORDERED, SAME, SHORTENED, relate

FIELDS = (1, 2)
LEVELS = (
    "missing",
    "exact",
    "exact_word",
    "reordered",
    "variant",
    "shortened",
    "close",
    "partial",
    "mixed",
    "different",
    "truncated",
)
TEXTS = {
    "exact": ("sama", "equal"),
    "exact_word": ("sama, hanya satu kata", "equal, one word only"),
    "reordered": ("kata sama, urutan lain", "same words in another order"),
    "variant": ("ejaan lain dari nama yang sama", "another spelling of the same name"),
    "shortened": ("disingkat atau kata tidak ditulis", "abbreviated, or words left out"),
    "close": ("hampir sama, mungkin salah ketik", "nearly equal, perhaps mistyped"),
    "partial": ("hanya satu kata yang sama", "one word only, and it is equal"),
    "mixed": ("sebagian kata sama, sebagian lain", "some words equal, others not"),
    "different": ("berbeda", "different"),
    "truncated": ("terpotong oleh lebar kolom, selebihnya sama", "cut off by a column's width, otherwise equal"),
}

_LEVEL = {SAME: 1, REORDERED: 3, SHORTENED: 5, CLOSE: 6, PARTIAL: 7, MIXED: 8, DIFFERENT: 9}

read = forms.names
spell = forms.first


def compare(a: str, b: str) -> int:
    """Return the level of two names; a spelling of one that equals a spelling of the other is `variant`."""
    if MORE in a or MORE in b or CUT in a or CUT in b:
        return _marked(a, b)
    if a == b:
        return 1 if " " in a else 2
    return _LEVEL[relate(tuple(a.split()), tuple(b.split()))]


def _marked(a: str, b: str) -> int:
    """As `compare`, of names with spellings or a mark that they may be cut off."""
    x, y = forms.first(a), forms.first(b)
    if x == y:
        return 1 if " " in x else 2
    if not {x, *a.split(MORE)[1:]}.isdisjoint({y, *b.split(MORE)[1:]}):
        return 4
    if (CUT in a and y.startswith(x)) or (CUT in b and x.startswith(y)):
        return 10
    return _LEVEL[relate(tuple(x.split()), tuple(y.split()))]
