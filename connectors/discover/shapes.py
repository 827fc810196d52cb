"""What values look like: the share of a sample that could be a NIK, a date, a telephone number, a person's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_PLACEHOLDER = re.compile(r"[\s\-.0*xX?/]*|(?:tidak|belum)[ _]?ada|null|none|nihil|n/?a", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9]\d{15}")
_DAYS = ((1, 31), (41, 71))
_PROVINCES = frozenset([*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82,
                        *range(91, 98)])  # fmt: skip
_DATE = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[T ].*)?|"
    r"(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|1[0-2]|[A-Za-z]{3,9})[-/. ](?:19|20)?\d\d|(?:19|20)\d\d"
)
_MOMENT = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d")
_PHONE = re.compile(r"(?:\+?62|0|8)\d{7,12}")
_WORDS = re.compile(r"[^\W\d_][\w'`.,\-() ]*")
_KEMENDAGRI = re.compile(r"\d{2}(?:\.?\d{2}(?:\.?\d{2}(?:\.?\d{4})?)?)?")
_ENOUGH_VILLAGES = 8
"""Of a list of BPS villages about half would pass for Kemendagri's; eight in a row hardly ever do."""
_BPS_KECAMATAN = re.compile(r"\d{7}")


def told(values: Sequence[str]) -> list[str]:
    """Return the values that say something: `-`, `0` and the like are an office's way to write nothing."""
    return [value.strip() for value in values if not _PLACEHOLDER.fullmatch(value.strip())]


def share(values: Sequence[str], test: Callable[[str], bool]) -> float:
    """Return the share of values that pass, 0 if there are none."""
    return sum(map(test, values)) / len(values) if values else 0.0


def nik(value: str) -> bool:
    """Say whether a text could be a NIK: region, day (women's plus 40) and month, year, serial."""
    return _numbered(value, _DAYS)


def kk(value: str) -> bool:
    """Say whether a text could be a family card's number: region, day, month, year, serial."""
    return _numbered(value, _DAYS[:1])


def _numbered(value: str, days: Sequence[tuple[int, int]]) -> bool:
    digits = value.strip().removesuffix(".0").replace(".", "").replace(" ", "")
    if not _NUMBER.fullmatch(digits) or int(digits[:2]) not in _PROVINCES or digits[12:] == "0000":
        return False
    day, month = int(digits[6:8]), int(digits[8:10])
    return 1 <= month <= 12 and any(first <= day <= last for first, last in days)


def date(value: str) -> bool:
    """Say whether a text could be a date, or a year alone."""
    return bool(_DATE.fullmatch(value.strip()))


def moment(value: str) -> bool:
    """Say whether a text is a date with a time of day, as SQLite keeps them."""
    return bool(_MOMENT.match(value))


def phone(value: str) -> bool:
    """Say whether a text could be a telephone number."""
    return bool(_PHONE.fullmatch(re.sub(r"[\s.\-()]", "", value)))


def words(value: str) -> bool:
    """Say whether a text could be a name of a person or a place."""
    return bool(_WORDS.fullmatch(value.strip()))


def address(value: str) -> bool:
    """Say whether a text could be an address: it has letters, whatever else it has."""
    return sum(map(str.isalpha, value)) >= 3


def house_number(value: str) -> bool:
    """Say whether a text could be a number of RT or RW."""
    digits = value.strip().removesuffix(".0")
    return digits.isdigit() and len(digits) <= 3


def region_system(values: Sequence[str]) -> str | None:
    """Return the code system that region codes are of, None where they do not tell.

    Only Kemendagri writes a kecamatan in six digits or puts dots, only BPS in seven.  Ten digits are either's, but a
    Kemendagri village's last four begin with 1, 2 or 3 (Permendagri 58/2021) and many a BPS one's do not.
    """
    found = sorted({value.strip() for value in told(values)})
    if share(found, lambda value: bool(_BPS_KECAMATAN.fullmatch(value))) >= 0.9:
        return "bps"
    if share(found, lambda value: bool(_KEMENDAGRI.fullmatch(value)) and ("." in value or len(value) == 6)) >= 0.9:
        return "kemendagri"
    if share(found, lambda value: len(value) == 10 and value.isdigit()) >= 0.9:
        villages = [value for value in found if len(value) == 10]
        if any(value[6] not in "123" for value in villages):
            return "bps"
        return "kemendagri" if len(villages) >= _ENOUGH_VILLAGES else None
    return None


def region(value: str) -> bool:
    """Say whether a text could be a region's code in either system."""
    digits = value.strip().replace(".", "")
    return digits.isdigit() and len(digits) in (2, 4, 6, 7, 10) and int(digits[:2]) in _PROVINCES


def year_of(value: str) -> int | None:
    """Return the year of a date, or None."""
    if not date(value):
        return None
    found = re.search(r"(?:19|20)\d\d", value)
    return int(found[0]) if found else None
