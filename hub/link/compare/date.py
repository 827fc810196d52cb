"""Any date: equal, day and month swapped, mistyped, one part off."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms
from hub.link.compare.birth import spell as written

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "swapped", "typo", "near", "year", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "swapped": ("tanggal dan bulan tertukar", "day and month swapped"),
    "typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "near": ("satu bagian berbeda", "one part differs"),
    "year": ("hanya tahun sama", "only the year is equal"),
    "different": ("berbeda", "different"),
}

read = forms.date
spell = written


def compare(a: int, b: int) -> int:
    """Return the level of two dates."""
    x, y = a >> 2, b >> 2
    if x == y:
        return 1
    same_year = x >> 9 == y >> 9
    if same_year and (x >> 5 & 15, x & 31) == (y & 31, y >> 5 & 15):
        return 2
    if OSA.distance(_digits(x), _digits(y), score_cutoff=1) <= 1:
        return 3
    if same_year + (x >> 5 & 15 == y >> 5 & 15) + (x & 31 == y & 31) == 2:
        return 4
    return 5 if same_year else 6


def _digits(ymd: int) -> str:
    return f"{ymd >> 9:04d}{ymd >> 5 & 15:02d}{ymd & 31:02d}"
