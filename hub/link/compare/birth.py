"""Birth date: exact, day and month swapped, default dates, one part off."""

from __future__ import annotations

from hub.link.features import Features

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
_MIDDLE = 15
_DAY, _MONTH, _YEAR = range(3)


def compare(a: Features, b: Features) -> int:
    """Return the level of two birth dates; a default date tells its year only, the 15th its month too."""
    x, y = a.ymd, b.ymd
    if not x or not y:
        return 0
    known = max(_known(a), _known(b)) if a.default or b.default else _DAY
    if x == y:
        return (1, 3, 2)[known]
    if x >> 9 == y >> 9:
        return _same_year(x, y, known)
    return 7 if known == _DAY and x & 511 == y & 511 else 9


def _known(features: Features) -> int:
    """Return how fine a date is: where only the month is known registers write the 15th of it."""
    if not features.default:
        return _DAY
    return _MONTH if features.ymd & 31 == _MIDDLE else _YEAR


def _same_year(x: int, y: int, known: int) -> int:
    month_x, day_x, month_y, day_y = x >> 5 & 15, x & 31, y >> 5 & 15, y & 31
    if month_x == day_y and day_x == month_y:
        return 4
    if known == _YEAR:
        return 5
    if known == _MONTH:
        return 6 if month_x == month_y else 8
    return 7 if month_x == month_y or day_x == day_y else 8
