"""Small numbers such as RT and RW: 7, 007 and 7.0 are one; 0 means that nobody knows."""

from __future__ import annotations

import re

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, tidy

LARGEST = 999
_NUMBER = re.compile(r"0*([0-9]{1,3})(?:[.,]0+)?")


def clean(text: str) -> Cleaned:
    """Return a whole number from 1 to 999."""
    written = tidy(text)
    if not written:
        return MISSING
    if says_nothing(written.upper()):
        return set_aside("placeholder", text)
    match = _NUMBER.fullmatch(written)
    return set_aside("implausible", text) if match is None else Cleaned(int(match[1]))
