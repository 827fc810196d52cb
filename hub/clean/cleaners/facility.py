"""Facilities: their names with the usual short forms written out, and the numbers that registers give them.

Sources: Dapodik's NPSN (8 characters); Kemenkes' and BPJS' codes of health facilities.
"""

from __future__ import annotations

import re

from hub.clean.cleaned import MISSING, Cleaned, set_aside
from hub.clean.cleaners.nik import digits_of, repeats, written_as_float
from hub.clean.cleaners.text import says_nothing, upper

_SHORT = {
    "SDN": "SD NEGERI", "SMPN": "SMP NEGERI", "SMAN": "SMA NEGERI", "SMKN": "SMK NEGERI", "SLBN": "SLB NEGERI",
    "TKN": "TK NEGERI", "MIN": "MI NEGERI", "MTSN": "MTS NEGERI", "MAN": "MA NEGERI", "SLTPN": "SMP NEGERI",
    "SLTP": "SMP", "SDIT": "SD ISLAM TERPADU", "SMPIT": "SMP ISLAM TERPADU", "PKM": "PUSKESMAS", "PUSK": "PUSKESMAS",
    "PUSTU": "PUSKESMAS PEMBANTU", "RSU": "RUMAH SAKIT UMUM", "RSUD": "RUMAH SAKIT UMUM DAERAH", "RS": "RUMAH SAKIT",
    "PSR": "PASAR", "MSJ": "MASJID",
}  # fmt: skip
"""Short forms of a name's first word."""
_KINDS = (
    ("PUSKESMAS PEMBANTU", "pustu"), ("PUSKESMAS", "puskesmas"), ("POSYANDU", "posyandu"), ("KLINIK", "clinic"),
    ("RUMAH SAKIT", "hospital"), ("PAUD", "kindergarten"), ("TK", "kindergarten"), ("RA", "kindergarten"),
    ("KB", "kindergarten"), ("SD", "school"), ("SMP", "school"), ("SMA", "school"), ("SMK", "school"),
    ("SLB", "school"), ("MI", "school"), ("MTS", "school"), ("MA", "school"), ("PKBM", "school"),
    ("PASAR", "market"), ("MASJID", "worship"), ("MUSHALA", "worship"), ("MUSALA", "worship"), ("GEREJA", "worship"),
    ("KANTOR", "office"),
)  # fmt: skip
_NUMBER = frozenset({"NO", "NOMOR"})
_STATE = frozenset({"N", "NEG"})
_NOT_NAME = re.compile(r"[^\w/'\- ]|_")
_LOOSE = re.compile(r"(?<!\w)['\-/]+|['\-/]+(?!\w)")
_NPSN = re.compile(r"[A-Z]?[0-9]{7,8}")
_CODE = re.compile(r"[A-Z]{0,2}[0-9]{4,14}")
_SEPARATORS = re.compile(r"[\s.\-/]+")


def clean_name(text: str) -> Cleaned:
    """Return a facility's name in capitals, with `kind` beside it where its first words tell it."""
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    words = _LOOSE.sub(" ", _NOT_NAME.sub(" ", written)).split()
    if not any(map(str.isalpha, "".join(words))):
        return set_aside("implausible", text)
    rest = [word for word in words[1:] if word not in _NUMBER]
    if rest and rest[0] in _STATE:  # the N of "SD N 12", but no other N
        rest[0] = "NEGERI"
    name = " ".join([_SHORT.get(words[0], words[0]), *rest])
    kind = next((kind for start, kind in _KINDS if name == start or name.startswith(f"{start} ")), None)
    return Cleaned(name, (), () if kind is None else (("kind", kind),))


def clean_npsn(text: str) -> Cleaned:
    """Return the eight characters of a school's national number."""
    code = _code(text)
    if isinstance(code, Cleaned):
        return code
    if len(code) != 8 or _NPSN.fullmatch(code) is None:
        return set_aside("implausible", text)
    return Cleaned(code, () if code == text else (("repaired", text),))


def clean_health_code(text: str) -> Cleaned:
    """Return a health facility's code, capitals and digits alone."""
    code = _code(text)
    if isinstance(code, Cleaned):
        return code
    if _CODE.fullmatch(code) is None:
        return set_aside("implausible", text)
    return Cleaned(code, () if code == text else (("repaired", text),))


def _code(text: str) -> str | Cleaned:
    written = upper(text)
    if not written:
        return MISSING
    if says_nothing(written):
        return set_aside("placeholder", text)
    if written_as_float(written):
        return set_aside("implausible", text)
    code = _SEPARATORS.sub("", written)
    digits = digits_of(code)
    return set_aside("placeholder", text) if digits is not None and repeats(digits) else code
