"""Numbers of businesses: NIB, NPWP and KBLI.

An NPWP has 15 digits in its old form and 16 today: of a body, or of a person without a NIK, the old one with a 0
before it; of a resident the NIK itself.  Every one is kept in 16 digits, so that the ways of writing it are
one.  Behind the 16 a place of business may have six more (NITKU), which are left out.
Sources: PMK 112/2022 and PER-6/PJ/2024 (NPWP, NITKU); PP 5/2021 (NIB, 13 digits); BPS's KBLI 2020 (5 digits).
"""

from __future__ import annotations

import re

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners import nik
from hub.clean.cleaners.nik import digits_of, excel_damaged, repeats
from hub.clean.cleaners.text import says_nothing, upper

_NIB, _OLD, _NEW, _PLACE, _KBLI = 13, 15, 16, 22, 5
_CLASS = re.compile(r"(?:KBLI[ :]*)?[A-U]?\.?(\d{5})(?!\d)(.*)")


def clean_nib(text: str) -> Cleaned:
    """Return the thirteen digits of a business identification number."""
    digits = _digits(text)
    if isinstance(digits, Cleaned):
        return digits
    if len(digits) != _NIB:
        return set_aside("implausible", text)
    return Cleaned(digits, _repaired(digits, text))


def clean_npwp(text: str) -> Cleaned:
    """Return sixteen digits; a number that begins with 1 to 9 is a NIK and must be one that can be."""
    digits = _digits(text)
    if isinstance(digits, Cleaned):
        return digits
    if len(digits) == _OLD:
        return _of_body(f"0{digits}", (("converted", text),), text)
    if len(digits) not in (_NEW, _PLACE):
        return set_aside("implausible", text)
    number = digits[:_NEW]
    marks = _repaired(number, text)
    if is_person(number):
        judged = nik.clean(number)
        return Cleaned(number, marks) if judged.value else set_aside(judged.marks[0][0], text)
    return _of_body(number, marks, text)


def is_person(npwp: str) -> bool:
    """Tell whether a 16-digit NPWP is a NIK: no NIK begins with 0."""
    return npwp[0] != "0"


def clean_kbli(text: str) -> Cleaned:
    """Return the five digits of an economic activity, out of `47112`, `G47112` or `47112 - Perdagangan eceran`."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    match = _CLASS.match(written)
    if match is None or match[1].startswith("00"):
        return set_aside("implausible", text)
    return Cleaned(match[1], _repaired(match[1], text))


def _of_body(number: str, marks: tuple[tuple[str, str | None], ...], text: str) -> Cleaned:
    if repeats(number[1:]) or set(number[1:10]) == {"0"}:
        return set_aside("placeholder", text)
    return Cleaned(number, marks)


def _digits(text: str) -> str | Cleaned:
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    digits = None if excel_damaged(written) else digits_of(written)
    if digits is None:
        return set_aside("implausible", text)
    return set_aside("placeholder", text) if repeats(digits) else digits


def _repaired(value: str, text: str) -> tuple[tuple[str, str | None], ...]:
    return () if value == text else (("repaired", text),)
