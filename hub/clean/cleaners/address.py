"""Addresses: the street, RT and RW as numbers; village and above are left to the region code.

In Bungo the village is called *Dusun* (141 of them, beside 12 kelurahan), so `Dusun ...` is no part of a street.
"""

from __future__ import annotations

import re

from hub.clean.cleaned import MISSING, Cleaned, Value, set_aside
from hub.clean.cleaners.text import says_nothing, upper

_PLACE = r"DUSUN|DSN|DESA|DS|KELURAHAN|KEL|KECAMATAN|KEC|KABUPATEN|KAB|PROVINSI|PROPINSI|PROV"
_ROAD = r"JALAN|JLN|JL|GANG|GG|LORONG|LRG|LR|KOMPLEKS|KOMPLEK|KOMP|PERUMAHAN|PERUM"
_BOTH = re.compile(r"\bRT\.? ?[/\-.] ?RW\b[ .:]*0*(\d{1,3}) ?[/\-.] ?0*(\d{1,3})\b")
_RT = re.compile(r"\bRT[ .:/]*0*(\d{1,3})\b")
_RW = re.compile(r"\bRW[ .:/]*0*(\d{1,3})\b")
_ALONE = re.compile(r"0*(\d{1,3}) ?[/\-] ?0*(\d{1,3})")
_AGAIN = re.compile(r"\bR[TW]|^\d+ ?[/\-]")
_UPWARDS = re.compile(rf"\b(?:{_PLACE})\b\.? ?[^,]*?(?=,|$|\b(?:{_PLACE}|{_ROAD})\b)")
_HINT = re.compile(r"DUS|DSN|DS|DES|KEL|KEC|KAB|PRO")
_WORDS = {
    "JL": "JALAN", "JLN": "JALAN", "GG": "GANG", "LRG": "LORONG", "LR": "LORONG", "KP": "KAMPUNG", "KMP": "KAMPUNG",
    "KOMP": "KOMPLEK", "KOMPLEKS": "KOMPLEK", "PERUM": "PERUMAHAN", "NOMOR": "NO", "SEI": "SUNGAI", "SEI.": "SUNGAI",
    "LBK": "LUBUK", "SP": "SIMPANG", "SIMP": "SIMPANG", "BLK": "BLOK",
}  # fmt: skip
_GAPS = re.compile(r"[\s,;:()\"]+|\.+(?!\d)|(?<!\d)\.+")
_EDGES = " -/.'"


def clean(text: str) -> Cleaned:
    """Return the street, with `rt` and `rw` beside it."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    rest, rt, rw = _numbers(written)
    street = _street(rest)
    while street is not None and _AGAIN.search(street) is not None:
        before = street  # more numbers came to light once the marks around them were gone
        rest, rt_more, rw_more = _numbers(street)
        street, rt, rw = _street(rest), rt or rt_more, rw or rw_more
        if street == before:
            break
    more: list[tuple[str, Value]] = [(name, value) for name, value in (("rt", rt), ("rw", rw)) if value]
    if street is None:
        return Cleaned(None, (("missing", None),), tuple(more))
    return Cleaned(street, (), tuple(more))


def _numbers(written: str) -> tuple[str, int, int]:
    whole = _ALONE.fullmatch(written)
    if whole is not None:
        return "", int(whole[1]), int(whole[2])
    told = ("RT" in written, "RW" in written)
    both = _BOTH.search(written) if all(told) else None
    if both is not None:
        return written[: both.start()] + "," + written[both.end() :], int(both[1]), int(both[2])
    found = []
    for pattern, there in ((_RT, told[0]), (_RW, told[1])):
        match = pattern.search(written) if there else None
        found.append(0 if match is None else int(match[1]))
        if match is not None:
            written = written[: match.start()].rstrip(" /-") + ", " + written[match.end() :].lstrip(" /-")
    return written, found[0], found[1]


def _street(rest: str) -> str | None:
    if _HINT.search(rest) is not None:
        rest = _UPWARDS.sub(" ", rest)
    words = [word for word in (raw.strip(_EDGES) for raw in _GAPS.sub(" ", rest).split()) if word]
    street = " ".join([_WORDS.get(word, word) for word in words])
    return None if says_nothing(street) else street
