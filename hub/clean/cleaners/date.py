"""Dates as Indonesian offices write them; a day is never invented.

Kept and marked `default`: the days that a register writes when it knows only the year (1 January, 1 July,
31 December) or only the month (the 15th; Permendagri 19/2010).  A year alone gives no date: marked `default` with the
year in `was`, because writing 1 July for it would make two strangers of one year agree on a day.  Years of two digits
have no century and are set aside.  A month above 12 in day-month order can only be the day: turned and marked
`repaired`.
"""

from __future__ import annotations

import re
from datetime import date

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, upper

EPOCH = date(1970, 1, 1).toordinal()
"""Ordinal of the day that counts as 0."""
FIRST_YEAR, LAST_YEAR = 1890, 2199
_YMD = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?")
_DMY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ]\d{1,2}:\d{2}.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WORDS = re.compile(r"(\d{1,2})[-/. ]*([A-Z]{3,9})\.?[-/. ]*(\d{4})")
_YEAR = re.compile(r"(?:0{1,2}[-/. ]0{1,2}[-/. ])?(\d{4})(?:[-/. ]0{1,2}[-/. ]0{1,2})?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("JAN JANUARI JANUARY", "FEB PEB FEBRUARI PEBRUARI FEBRUARY", "MAR MRT MARET MARCH", "APR APRIL", "MEI MAY",
         "JUN JUNI JUNE", "JUL JULI JULY", "AGU AGS AGT AGUS AGUSTUS AUG AUGUST", "SEP SEPT SEPTEMBER",
         "OKT OCT OKTOBER OCTOBER", "NOV NOP NOVEMBER NOPEMBER", "DES DEC DESEMBER DECEMBER"), 1
    )
    for name in names.split()
}  # fmt: skip
_DEFAULT_DAYS = frozenset({(1, 1), (7, 1), (12, 31)})


def clean(text: str) -> Cleaned:
    """Return days since 1970-01-01."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    year_only = _YEAR.fullmatch(written)
    if year_only is not None and FIRST_YEAR <= int(year_only[1]) <= LAST_YEAR:
        return set_aside("default", text)
    found = _read(written)
    if found is None:
        return set_aside("implausible", text)
    year, month, day = found
    turned = month > 12 and day <= 12
    if turned:
        month, day = day, month
    return _judge(year, month, day, text, (("repaired", text),) if turned else ())


def _read(written: str) -> tuple[int, int, int] | None:
    for pattern in (_YMD, _COMPACT):
        match = pattern.fullmatch(written)
        if match is not None:
            return int(match[1]), int(match[2]), int(match[3])
    match = _DMY.fullmatch(written)
    if match is not None:
        return int(match[3]), int(match[2]), int(match[1])
    match = _WORDS.fullmatch(written)
    if match is not None and match[2] in _MONTHS:
        return int(match[3]), _MONTHS[match[2]], int(match[1])
    return None


def _judge(year: int, month: int, day: int, text: str, marks: tuple[tuple[str, str | None], ...]) -> Cleaned:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return set_aside("implausible", text)
    if (year, month, day) == (1900, 1, 1):
        return set_aside("placeholder", text)
    try:
        days = date(year, month, day).toordinal() - EPOCH
    except ValueError:
        return set_aside("implausible", text)
    if day == 15 or (month, day) in _DEFAULT_DAYS:
        marks += (("default", None),)
    return Cleaned(days, marks)
