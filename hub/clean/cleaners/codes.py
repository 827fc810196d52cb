"""Small codes and names of an address, and identity numbers of who has no NIK."""

from __future__ import annotations

import re

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.nik import repeats, written_as_float
from hub.clean.cleaners.text import says_nothing, upper

_POSTCODE = re.compile(r"[1-9][0-9]{4}")
_IDENTITY = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,20}")
_SEPARATORS = re.compile(r"[\s.\-/]+")
_VILLAGE = re.compile(r"(?:DUSUN|DSN|DESA|DS|KELURAHAN|KEL)\b\.?\s*(?=\w)")


def clean_postcode(text: str) -> Cleaned:
    """Return the five digits of a postcode."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written) or repeats(written):
        return set_aside("placeholder", text)
    digits = _SEPARATORS.sub("", written)
    if _POSTCODE.fullmatch(digits) is None:
        return set_aside("implausible", text)
    return Cleaned(digits, () if digits == text else (("repaired", text),))


def clean_identity(text: str) -> Cleaned:
    """Return a passport's or another identity's number: capitals and digits, 5 to 20 of them."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    number = _SEPARATORS.sub("", written)
    if written_as_float(written) or _IDENTITY.fullmatch(number) is None:
        return set_aside("implausible", text)
    if repeats(number):
        return set_aside("placeholder", text)
    return Cleaned(number, () if number == text else (("repaired", text),))


def clean_village(text: str) -> Cleaned:
    """Return a village's name in capitals, without the word for village (in Bungo *Dusun*)."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    return Cleaned(_VILLAGE.sub("", written, count=1) if _VILLAGE.match(written) else written)
