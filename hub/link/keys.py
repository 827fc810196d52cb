"""Blocking keys: two records are compared when they share one that is not generic.

A key is an integer under 2**60 (small in memory): its kind in the top three bits, then exact digits where they fit,
else a fixed hash, so that every process derives the same keys.
"""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from hub.link.features import Features
from hub.link.names import Words, sound, telling

_KIND = 57
_MASK = (1 << _KIND) - 1
_NIK_PART, _BIRTH_WORD, _KK, _MOTHER, _VILLAGE = (kind << _KIND for kind in range(1, 6))
_WORDS = 3


def nik_key(nik: int) -> int:
    """Return the blocking key of an exact NIK."""
    return nik


def is_nik(key: int) -> bool:
    """Say whether a key is that of an exact NIK."""
    return key <= _MASK


def keys_of(features: Features) -> list[int]:
    """Return a record's blocking keys, each once.

    NIK; its digits 5 to 12 (sub-district, birth date, sex) with the initial; birth date (day and month in either
    order) with each of the first words; KK with the telling word, and in the year of birth; mother (with the name
    where she has one word only) in the year of birth; name and village in the year of birth.
    """
    keys: list[int] = []
    name, nik, ymd = features.name, features.nik, features.ymd
    if nik:
        keys.append(nik)
    if not name:
        return keys
    word = _hash(telling(name))
    if nik:
        keys.append(_NIK_PART | (nik // 10000 % 10**8) << 8 | (ord(name[0][0]) & 255))
    if features.kk:
        keys.append(_KK | hash((features.kk, word)) & _MASK)
        if ymd:
            keys.append(_KK | hash((features.kk, ymd >> 9)) & _MASK)
    if ymd:
        _dated(keys, features, word)
    return keys


def _dated(keys: list[int], features: Features, word: int) -> None:
    ymd = features.ymd
    year, month, day = ymd >> 9, ymd >> 5 & 15, ymd & 31
    low, high = (month, day) if month < day else (day, month)
    keys += _by_words(features.name, _BIRTH_WORD | (year << 10 | low << 5 | high) << 32)
    if features.mother:
        mother = sorted([_hash(each) for each in features.mother])
        keys.append(_MOTHER | hash((year, *mother, word if len(mother) == 1 else 0)) & _MASK)
    if features.region:
        keys.append(_VILLAGE | hash((year, word, features.region)) & _MASK)


def _by_words(name: Words, base: int) -> set[int]:
    return {base | _hash(word) for word in name[:_WORDS] if len(word) > 1}


@lru_cache(maxsize=1 << 14)
def _hash(word: str) -> int:
    return crc32(sound(word).encode())
