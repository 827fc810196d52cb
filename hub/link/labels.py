"""Names of businesses, institutions and streets for comparison only: without the words that say what they are."""

from __future__ import annotations

import re
from functools import lru_cache

_NOT_WORD = re.compile(r"[^A-Z0-9]+")
_INITIALS = re.compile(r"(?<![A-Z])([A-Z])\.(?=[A-Z](?:[. ]|$))")
"""An initial with its point before another: P.T. is PT."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIRM = _set("PT CV UD FA FIRMA PD NV TB PERSERO PERORANGAN TBK TOKO TK WARUNG WR KIOS RM USAHA DAGANG")
_STREET = _set(
    "JL JLN JALAN GG GANG LR LRG LORONG NO NOMOR KP KAMPUNG DUSUN DSN DESA DS KEL KELURAHAN RT RW KOMP KOMPLEK "
    "PERUM PERUMAHAN BLOK"
)
_OWNED = frozenset({"NEGERI", "NEG", "N", "SWASTA", "S", "NO", "NOMOR"})
"""Words of an institution that say neither its name nor its type."""
_TYPES: dict[str, str] = {
    word: type_
    for type_, words in {
        "SD": "SD SDN SDS SDIT",
        "SMP": "SMP SMPN SMPS SMPIT SLTP",
        "SMA": "SMA SMAN SMAS SLTA SMU",
        "SMK": "SMK SMKN SMKS",
        "MI": "MI MIN MIS",
        "MTS": "MTS MTSN MTSS",
        "MA": "MA MAN MAS",
        "TK": "TK TKN",
        "PAUD": "PAUD KB",
        "PUSKESMAS": "PUSKESMAS PKM PUSK",
        "PUSTU": "PUSTU",
        "POSKESDES": "POSKESDES POLINDES",
        "POSYANDU": "POSYANDU",
        "RS": "RS RSU RSUD",
        "KLINIK": "KLINIK",
        "APOTEK": "APOTEK APOTIK",
        "PASAR": "PASAR",
    }.items()
    for word in words.split()
}
_PHRASES = (
    ("SEKOLAH DASAR", "SD"),
    ("SEKOLAH MENENGAH PERTAMA", "SMP"),
    ("SEKOLAH MENENGAH ATAS", "SMA"),
    ("SEKOLAH MENENGAH KEJURUAN", "SMK"),
    ("MADRASAH IBTIDAIYAH", "MI"),
    ("MADRASAH TSANAWIYAH", "MTS"),
    ("MADRASAH ALIYAH", "MA"),
    ("TAMAN KANAK KANAK", "TK"),
    ("PUSKESMAS PEMBANTU", "PUSTU"),
    ("PUSAT KESEHATAN MASYARAKAT", "PUSKESMAS"),
    ("RUMAH SAKIT UMUM DAERAH", "RS"),
    ("RUMAH SAKIT", "RS"),
)


@lru_cache(maxsize=1 << 12)
def fold_firm(name: str) -> str:
    """Return the words of a business's name; all of them where nothing else would be left."""
    return _without(_words(name), _FIRM)


@lru_cache(maxsize=1 << 12)
def fold_street(street: str) -> str:
    """Return the words of a street."""
    return _without(_words(street), _STREET)


@lru_cache(maxsize=1 << 12)
def fold_institution(name: str) -> tuple[str, str]:
    """Return an institution's words without type and leading zeros, and its type if its name begins with it."""
    text = " ".join(_words(name))
    for phrase, type_ in _PHRASES:
        text = re.sub(rf"^{phrase}\b", type_, text)
    words = text.split()
    type_ = _TYPES.get(words[0], "") if words else ""
    kept = [word.lstrip("0") or "0" for word in (words[1:] if type_ else words) if word not in _OWNED]
    return " ".join(kept or words), type_


def _words(text: str) -> list[str]:
    return _NOT_WORD.sub(" ", _INITIALS.sub(r"\1", text.upper())).split()


def _without(words: list[str], generic: frozenset[str]) -> str:
    return " ".join([word for word in words if word not in generic] or words)
