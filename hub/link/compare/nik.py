"""NIK by parts: twins and neighbours share its first twelve digits, so edit distance alone would join them."""

from __future__ import annotations

from rapidfuzz.distance import OSA

from hub.link.features import Features

LEVELS = ("missing", "exact", "typo", "serial_typo", "serial_next", "serial_other", "date_part", "different")


def compare(a: Features, b: Features) -> int:
    """Return the level of two NIKs; digits are PPKKCC DDMMYY SSSS, women with 40 added to the day."""
    x, y = a.nik, b.nik
    if not x or not y:
        return 0
    if x == y:
        return 1
    head_x, serial_x = divmod(x, 10000)
    head_y, serial_y = divmod(y, 10000)
    if head_x == head_y:
        return _serial(serial_x, serial_y)
    if OSA.distance(f"{x:016d}", f"{y:016d}", score_cutoff=1) <= 1:
        return 2
    return 6 if head_x % 10**6 == head_y % 10**6 else 7


def _serial(x: int, y: int) -> int:
    if abs(x - y) <= 2:
        return 4
    return 3 if OSA.distance(f"{x:04d}", f"{y:04d}", score_cutoff=1) <= 1 else 5
