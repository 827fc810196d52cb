"""NIK, the citizen's number: PP KK CC DDMMYY SSSS, by parts.

The parts tell where and when a person was first registered.  They stay when the person moves or the birth date is
corrected, so a disagreement with the record is a warning, never a refusal.  There is no check digit.  Only a number
that cannot have been issued is set aside: it would tie strangers together.
Sources: dukcapil.klaten.go.id/arti-16-digit-nomor-induk-kependudukan-nik; OpenSID's nik_sementara.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, upper

LENGTH = 16
_SEPARATORS = re.compile(r"[\s.\-/']+")
_EXCEL = re.compile(r"E[+\-]?\d+$|[.,]0$|^\d[.,]\d{5,}$")
_FLOAT = re.compile(r"\d[.,]\d+E[+\-]?\d+")
_LADDER = "01234567890123456789"
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Parts(NamedTuple):
    """What a NIK says of its holder's first registration."""

    region: str
    """Kemendagri code of the kecamatan, six digits; it may be abolished since."""
    day: int
    month: int
    year: int
    """Two digits: the century is not told."""
    sex: str


def parts(nik: str) -> Parts | None:
    """Return the parts of sixteen digits, or None where the date in them never was."""
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    sex = "male"
    if day > 40:
        day, sex = day - 40, "female"
    if not real_day(day, month, year):
        return None
    return Parts(nik[:6], day, month, year, sex)


def real_day(day: int, month: int, year: int) -> bool:
    """Tell whether a date of a two-digit year can be one of any century."""
    return 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1] and (day != 29 or month != 2 or year % 4 == 0)


def repeats(digits: str) -> bool:
    """Tell whether a number is one that people type to fill a field: one digit all along, or counted up or down."""
    return len(set(digits)) == 1 or (len(digits) > 4 and (digits in _LADDER or digits in _LADDER[::-1]))


def digits_of(text: str) -> str | None:
    """Return the digits of a number written with blanks, dots or dashes; None where anything else is in it."""
    digits = _SEPARATORS.sub("", text)
    return digits if digits.isascii() and digits.isdigit() else None


def excel_damaged(text: str) -> bool:
    """Tell whether a spreadsheet made a float of the number: its last digits are lost."""
    return _EXCEL.search(text) is not None


def written_as_float(text: str) -> bool:
    """Tell the same of a code that may hold letters: E1234567 is a passport's number, 1.5E+12 is damage."""
    return _FLOAT.fullmatch(text) is not None


def clean(text: str) -> Cleaned:
    """Return sixteen digits that can identify a person."""
    if len(text) == LENGTH and text.isascii() and text.isdigit():
        return _judge(text, text, ())
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    digits = None if excel_damaged(written) else digits_of(written)
    if digits is None:
        return set_aside("implausible", text)
    return _judge(digits, text, () if digits == written else (("repaired", text),))


def _judge(digits: str, text: str, marks: tuple[tuple[str, str | None], ...]) -> Cleaned:
    if repeats(digits):
        return set_aside("placeholder", text)
    if len(digits) != LENGTH:
        return set_aside("implausible", text)
    if digits[0] == "0":
        return set_aside("temporary", text)
    if digits[12:] == "0000" or digits[2:4] == "00" or digits[4:6] == "00" or parts(digits) is None:
        return set_aside("implausible", text)
    return Cleaned(digits, marks)
