"""Any quantity: equal, near, or another."""

from __future__ import annotations

from hub.link import forms

FIELDS = (1, 1)
LEVELS = ("missing", "exact", "near", "different")
TEXTS = {
    "exact": ("sama", "equal"),
    "near": ("selisihnya kecil", "nearly equal"),
    "different": ("berbeda", "different"),
}

_NEAR = 20
"""A difference up to the larger one's twentieth is near."""

read = forms.number


def spell(value: tuple[int]) -> str:
    """Write a number with three decimals."""
    return f"{value[0] / forms.THOUSANDTHS:.3f}"


def compare(a: tuple[int], b: tuple[int]) -> int:
    """Return the level of two numbers; whole numbers one apart are near too."""
    off = abs(a[0] - b[0])
    if not off:
        return 1
    return 2 if off <= forms.THOUSANDTHS or off * _NEAR <= max(abs(a[0]), abs(b[0])) else 3
