"""What a record says that can identify its person, packed small: the engine holds this and no body.

A packed feature is one bytes object of about 120 bytes; it is unpacked when its record is compared.
"""

from __future__ import annotations

import struct
from datetime import date, timedelta
from functools import lru_cache

from hub.link.names import Words, fold
from hub.wire.records import CleanPerson

_HEAD = struct.Struct("<QQIBQ")
_BITS = 20
"""Offset of the byte of sex and marks."""
_EPOCH = date(1970, 1, 1)
_SEX = {"male": 1, "female": 2}
_DEFAULT, _DOUBTFUL = 4, 8
_DIGITS = 16


class Features:
    """A record's features, unpacked for comparing; numbers are 0 and words empty where nothing is known."""

    __slots__ = ("default", "doubtful", "kk", "mother", "name", "nik", "region", "sex", "spellings", "ymd")

    nik: int
    kk: int
    ymd: int
    """Birth date as year << 9 | month << 5 | day."""
    sex: int
    default: bool
    """The birth date is one that registers write when they do not know it."""
    doubtful: bool
    """The NIK's date or sex is not the record's own: a borrowed one, or a corrected birth date."""
    region: int
    """Deepest region code, with its code system in the lowest bit."""
    name: Words
    spellings: tuple[Words, ...]
    """Other foldings of the name, for comparison only."""
    mother: Words


def read(person: CleanPerson) -> Features:
    """Return the features of a living record."""
    features = Features()
    features.nik = _number(person.nik)
    features.kk = _number(person.kk)
    features.ymd = _date(person.birth_date)
    features.sex = _SEX.get(person.sex or "", 0)
    features.default = bool(person.flags) and _is_default(person)
    features.doubtful = _disagrees(features.nik, features.ymd, features.sex)
    features.region = _number(person.region) << 1 | (person.region_system == "bps")
    features.name = name = fold(person.name) if person.name else ()
    features.mother = fold(person.mother) if person.mother else ()
    features.spellings = ()
    for variant in person.name_variants:
        spelling = fold(variant)
        if spelling and spelling != name and spelling not in features.spellings:
            features.spellings += (spelling,)
    return features


def pack(features: Features) -> bytes:
    """Return features in the form that the engine keeps."""
    bits = features.sex | (_DEFAULT if features.default else 0) | (_DOUBTFUL if features.doubtful else 0)
    head = _HEAD.pack(features.nik, features.kk, features.ymd, bits, features.region)
    text = " ".join(features.name) + "\n" + " ".join(features.mother)
    for spelling in features.spellings:
        text += "\n" + " ".join(spelling)
    return head + text.encode()


def unpack(packed: bytes) -> Features:
    """Return packed features in the form that comparisons read."""
    features = Features()
    features.nik, features.kk, features.ymd, bits, features.region = _HEAD.unpack_from(packed)
    features.sex = bits & 3
    features.default = bits & _DEFAULT > 0
    features.doubtful = bits & _DOUBTFUL > 0
    texts = packed[_HEAD.size :].decode().split("\n")
    features.name = tuple(texts[0].split())
    features.mother = tuple(texts[1].split())
    features.spellings = tuple([tuple(text.split()) for text in texts[2:]]) if len(texts) > 2 else ()
    return features


def _disagrees(nik: int, ymd: int, sex: int) -> bool:
    """Say whether a NIK's digits 7 to 12 (DDMMYY, women with 40 added to the day) are of another person."""
    if not nik or not ymd:
        return False
    day, month, year = nik // 10**8 % 100, nik // 10**6 % 100, nik // 10**4 % 100
    other_sex = sex != 0 and (sex == _SEX["female"]) != (day > 40)
    return other_sex or (day % 40, month, year) != (ymd & 31, ymd >> 5 & 15, (ymd >> 9) % 100)


def _is_default(person: CleanPerson) -> bool:
    return any(flag.field == "birth_date" and flag.code == "default" for flag in person.flags)


def _number(digits: str | None) -> int:
    return int(digits) if digits and digits.isdecimal() and len(digits) <= _DIGITS else 0


@lru_cache(maxsize=1 << 14)
def _date(days: int | None) -> int:
    if days is None:
        return 0
    try:
        day = _EPOCH + timedelta(days=days)
    except OverflowError:
        return 0
    return day.year << 9 | day.month << 5 | day.day


def claim_of(packed: bytes) -> int:
    """Return the NIK of packed features if the record's own birth date and sex bear it out, else 0."""
    return 0 if packed[_BITS] & _DOUBTFUL else nik_of(packed)


def nik_of(packed: bytes) -> int:
    """Return the NIK of packed features, or 0."""
    return int.from_bytes(packed[:8], "little")
