"""Coordinates in decimal degrees, WGS 84; whether the two of a place fit Indonesia is for `hub.clean.cross`."""

from __future__ import annotations

import math
import re

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, tidy

SOUTH, NORTH, WEST, EAST = -11.2, 6.2, 94.9, 141.1
"""Indonesia, in degrees."""
_DECIMALS = 7
"""Kept of a degree: about a centimetre."""
_DEGREES = re.compile(r"([+\-]?)(\d{1,3}(?:[.,]\d+)?)\s*°?\s*(LS|LU|BT|BB|N|S|E|W|B|T)?", re.IGNORECASE)
_PARTS = re.compile(
    r"(\d{1,3})\s*°\s*(\d{1,2})\s*['’′]\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:\"|”|″|'')\s*)?(LS|LU|BT|BB|N|S|E|W)?",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*[;/]\s*|\s*,\s+|\s+|(?<=\d),(?=[+\-]?\d+\.)")
_AGAINST = frozenset({"LS", "S", "BB", "W"})


def clean_degrees(text: str) -> Cleaned:
    """Return one coordinate in degrees, out of `-1.4823`, `1,4823 LS` or `1° 28' 56" LS`."""
    written = tidy(text)
    if not written:
        return MISSING
    value = _degrees(written)
    if value is None:
        return set_aside("placeholder" if says_nothing(written.upper()) else "implausible", text)
    return Cleaned(value) if abs(value) <= 180 else set_aside("implausible", text)


def clean_pair(text: str) -> Cleaned:
    """Return the latitude of a text that holds both, such as `-1.4823, 102.1177`, with `longitude` beside it."""
    written = tidy(text)
    if not written:
        return MISSING
    parts = [part for part in _SPLIT.split(written) if part]
    values = [_degrees(part) for part in parts] if len(parts) == 2 else []
    if len(values) != 2 or values[0] is None or values[1] is None:
        return set_aside("placeholder" if says_nothing(written.upper()) else "implausible", text)
    if max(map(abs, values)) > 180:  # type: ignore[arg-type]  # none of them is None
        return set_aside("implausible", text)
    return Cleaned(values[0], (), (("longitude", values[1]),))


def in_indonesia(latitude: float, longitude: float) -> bool:
    """Tell whether a place can lie in Indonesia."""
    return SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST


def _degrees(written: str) -> float | None:
    match = _DEGREES.fullmatch(written)
    if match is not None:
        value = float(match[2].replace(",", "."))
        sign, side = match[1], match[3]
    else:
        match = _PARTS.fullmatch(written)
        if match is None:
            return None
        seconds = float((match[3] or "0").replace(",", "."))
        value = int(match[1]) + int(match[2]) / 60 + seconds / 3600
        sign, side = "", match[4]
    if sign == "-" or (side or "").upper() in _AGAINST:
        value = -value
    return round(value, _DECIMALS) + 0.0 if math.isfinite(value) else None
