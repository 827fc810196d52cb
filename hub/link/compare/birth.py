"""Birth date: exact, day and month swapped, default dates, year alone, one part off."""

from __future__ import annotations

from hub.link import forms
from hub.link.forms import DAY, MONTH, YEAR

FIELDS = (1, 1)
LEVELS = (
    "missing",
    "exact",
    "exact_default",
    "exact_month",
    "swapped",
    "default_year",
    "default_month",
    "near",
    "year",
    "different",
)
TEXTS = {
    "exact": ("sama", "equal"),
    "exact_default": ("sama, tetapi tanggal baku", "equal, but a default date"),
    "exact_month": (
        "sama, tetapi tanggal 15, mungkin hanya bulannya diketahui",
        "equal, but the 15th, perhaps only the month is known",
    ),
    "swapped": ("tanggal dan bulan tertukar", "day and month swapped"),
    "default_year": (
        "tahun sama, salah satunya tanggal baku atau tahun saja",
        "same year, one is a default date or a year alone",
    ),
    "default_month": ("bulan dan tahun sama, salah satunya tanggal 15", "same month and year, one is the 15th"),
    "near": ("satu bagian berbeda", "one part differs"),
    "year": ("hanya tahun sama", "only the year is equal"),
    "different": ("berbeda", "different"),
}

read = forms.date


def spell(value: int) -> str:
    """Write a date as year-month-day."""
    return f"{value >> 11:04d}-{value >> 7 & 15:02d}-{value >> 2 & 31:02d}"


def compare(a: int, b: int) -> int:
    """Return the level of two birth dates; a default date tells its year only, the 15th its month too."""
    known_a, known_b, x, y = a & 3, b & 3, a >> 2, b >> 2
    known = known_a if known_a > known_b else known_b
    if x == y:
        return (1, 3, 2)[known] if x & 511 else 5
    if x >> 9 == y >> 9:
        return _same_year(x, y, known)
    return 7 if known == DAY and x & 511 == y & 511 else 9


def _same_year(x: int, y: int, known: int) -> int:
    month_x, day_x, month_y, day_y = x >> 5 & 15, x & 31, y >> 5 & 15, y & 31
    if month_x == day_y and day_x == month_y:
        return 4
    if known == YEAR:
        return 5
    if known == MONTH:
        return 6 if month_x == month_y else 8
    return 7 if month_x == month_y or day_x == day_y else 8
