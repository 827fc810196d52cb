"""Taxpayer number of 15 or 16 digits; the last three of the old form name a branch, and a NIK can stand as one."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "branch", "typo", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "branch": ("wajib pajak sama, cabang atau kantor pajak lain", "same taxpayer, another branch or tax office"),
    "typo": ("beda satu angka, mungkin salah ketik", "one digit off, perhaps mistyped"),
    "different": ("berbeda", "different"),
}
_OLD = 10**15
"""Below it a number has the old form, perhaps with the 0 that made it 16 digits long."""
_TAXPAYER = 10**6

read = forms.digits
spell = "{:016d}".format


def compare(a: int, b: int) -> int:
    """Return the level of two numbers; 15 digits and the same with 0 before them are one."""
    if a == b:
        return 1
    if a < _OLD and b < _OLD and a // _TAXPAYER == b // _TAXPAYER:
        return 2
    return 3 if OSA.distance(f"{a:016d}", f"{b:016d}", score_cutoff=1) <= 1 else 4
