"""Birth date: exact, day and month swapped, default dates, one part off."""

from __future__ import annotations

from hub.link.features import Features

LEVELS = ("missing", "exact", "exact_default", "swapped", "default_year", "near", "year", "different")


def compare(a: Features, b: Features) -> int:
    """Return the level of two birth dates; a default date (1 January, 1 July, 31 December ...) tells its year only."""
    x, y = a.ymd, b.ymd
    if not x or not y:
        return 0
    default = a.default or b.default
    if x == y:
        return 2 if default else 1
    if x >> 9 == y >> 9:
        return _same_year(x, y, default)
    if default:
        return 7
    return 5 if x & 511 == y & 511 else 7


def _same_year(x: int, y: int, default: bool) -> int:
    month_x, day_x, month_y, day_y = x >> 5 & 15, x & 31, y >> 5 & 15, y & 31
    if month_x == day_y and day_x == month_y:
        return 3
    if default:
        return 4
    return 5 if month_x == month_y or day_x == day_y else 6
