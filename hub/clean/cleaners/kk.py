"""KK, the family card's number: region 6, date of issue 6, serial 4.

It changes when a family divides or the card is issued anew, so it is evidence, not an identity.  Older cards carry
odd dates: those are marked and kept.
"""

from __future__ import annotations

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.nik import LENGTH, digits_of, excel_damaged, real_day, repeats
from hub.clean.cleaners.text import says_nothing, upper


def clean(text: str) -> Cleaned:
    """Return sixteen digits of a family card."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    digits = None if excel_damaged(written) else digits_of(written)
    wrong = "implausible" if digits is None else _wrong(digits)
    if digits is None or wrong is not None:
        return set_aside(wrong or "implausible", text)
    marks: tuple[tuple[str, str | None], ...] = () if digits == written else (("repaired", text),)
    if not real_day(int(digits[6:8]), int(digits[8:10]), int(digits[10:12])):
        marks += (("implausible", None),)
    return Cleaned(digits, marks)


def _wrong(digits: str) -> str | None:
    if repeats(digits):
        return "placeholder"
    if len(digits) != LENGTH or digits[12:] == "0000":
        return "implausible"
    return "temporary" if digits[0] == "0" else None
