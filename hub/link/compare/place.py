"""Region codes: how deep two agree."""

from __future__ import annotations

from hub.link import forms

FIELDS = (2, 2)
LEVELS = ("missing", "village", "district", "regency", "elsewhere")
TEXTS = {
    "village": ("desa, dusun atau kelurahan sama", "same village"),
    "district": ("hanya kecamatan sama", "only the district is equal"),
    "regency": ("hanya kabupaten sama", "only the regency is equal"),
    "elsewhere": ("kabupaten lain", "another regency"),
}
VILLAGE, DISTRICT, REGENCY = 10, 6, 4
"""Digits of a code down to each."""

read = forms.place
spell = forms.place_digits


def compare(a: int, b: int) -> int:
    """Return the level of two codes; codes of two systems cannot be compared."""
    if a & 1 != b & 1:
        return 0
    x, y = forms.place_digits(a), forms.place_digits(b)
    for level, depth in enumerate((VILLAGE, DISTRICT, REGENCY), 1):
        if len(x) >= depth <= len(y) and x[:depth] == y[:depth]:
            return level
    return 4
