"""Telephone numbers to E.164, by lokal-id; of several in one field the first good one."""

from __future__ import annotations

import re

from lokal import parse_phone

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.nik import excel_damaged, repeats
from hub.clean.cleaners.text import says_nothing, tidy

_SEVERAL = re.compile(r"[/,;|]|\bATAU\b|\bDAN\b", re.IGNORECASE)
_E164 = re.compile(r"\+62[1-9][0-9]{6,11}")


def clean(text: str) -> Cleaned:
    """Return a number as +62..., or none where it cannot be one."""
    written = tidy(text)
    if not written:
        return MISSING
    if says_nothing(written.upper()):
        return set_aside("placeholder", text)
    if excel_damaged(written.upper()):
        return set_aside("implausible", text)
    several = _SEVERAL.split(written)
    for number in several:
        found = parse_phone(number).e164
        if found is None or _E164.fullmatch(found) is None:
            continue
        if repeats(found[4:]):
            return set_aside("placeholder", text)
        return Cleaned(found, (("repaired", text),) if len(several) > 1 else ())
    return set_aside("implausible", text)
