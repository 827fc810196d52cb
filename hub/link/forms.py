"""The forms in which the engine keeps what a record says: small values that marshal writes, false where unknown.

A form reads one or more fields of a clean record.  Comparisons compare two values of one form, blocking keys and rules
are made from the same values, so a field that several of them read is kept once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date as calendar_date
from datetime import timedelta
from functools import lru_cache
from typing import Any

from hub.link.labels import fold_firm, fold_institution, fold_street
from hub.link.names import Words, fold

Record = Any
"""A clean record of any entity; the model file says which fields are read, and is checked against the schema."""
Fields = tuple[str, ...]
Slot = int | str | tuple[int | str, ...]
Form = Callable[[Record, Fields], Slot]

_EPOCH = calendar_date(1970, 1, 1)
_DIGITS = 16
_MALE, _FEMALE = 1, 2
_SEXES = {"male": _MALE, "female": _FEMALE}
_WOMAN = 40 * 10**4
"""What stands in a NIK's digits 7 to 12 above a woman's birth date."""
_YEAR_ALONE = re.compile(r"\d{4}")
_NOT_WORD = re.compile(r"[^A-Z0-9]+")
_CUT_AT = frozenset({30, 40})
"""Widths at which registers cut names off."""

MORE = "\n"
"""Stands before each further spelling of a name, and before an institution's type."""
CUT = "-"
"""Ends the first line of a name that a register may have cut off."""
THOUSANDTHS, MICRO = 1000, 1_000_000
"""Parts of one in which quantities and degrees are kept."""
DAY, MONTH, YEAR = range(3)
"""How fine a date is; the lowest two bits of a date's value."""


def digits(record: Record, fields: Fields) -> int:
    """A number of at most 16 digits, such as NIK or KK; 0 where unknown."""
    written = getattr(record, fields[0])
    return int(written) if written and written.isdecimal() and len(written) <= _DIGITS else 0


def nik(record: Record, fields: Fields) -> int:
    """A NIK; negative where it is doubtful: not of the record's own birth date and sex (second and third field)."""
    number = digits(record, fields)
    if number and len(fields) > 1:
        _, born, sex_ = fields
        if _disagrees(number, date(record, (born,)), sex(record, (sex_,))):
            return -number
    return number


def phone(record: Record, fields: Fields) -> int:
    """A phone number's digits; 0 where unknown."""
    written = getattr(record, fields[0])
    kept = written.removeprefix("+") if written else ""
    return int(kept) if kept.isdecimal() and len(kept) <= _DIGITS else 0


def sex(record: Record, fields: Fields) -> int:
    """Sex: 1 male, 2 female, 0 unknown."""
    return _SEXES.get(getattr(record, fields[0]) or "", 0)


def text(record: Record, fields: Fields) -> str:
    """Capital letters and digits of a text or number, words parted by one space."""
    written = getattr(record, fields[0])
    return "" if written is None else _plain(str(written))


def names(record: Record, fields: Fields) -> str:
    """A person's name: folded words, then a line for each other spelling (of the second field) that differs.

    The first line ends with CUT where the name is as long as registers hold.
    """
    written = getattr(record, fields[0])
    name = _folded(written) if written else ""
    if not name:
        return ""
    kept = name + CUT if len(written) in _CUT_AT else name
    if len(fields) > 1 and (variants := getattr(record, fields[1])):
        for spelling in dict.fromkeys([_folded(each) for each in variants]):
            if spelling and spelling != name:
                kept += MORE + spelling
    return kept


def first(value: str) -> str:
    """Return the name itself of a value of form `names`, without spellings and mark."""
    return value.partition(MORE)[0].removesuffix(CUT) if MORE in value or CUT in value else value


def rest(value: str) -> str:
    """Return what stands after the first line of a value."""
    return value.partition(MORE)[2]


def words(value: str) -> Words:
    """Return the words of the name itself of a value of form `names`."""
    return tuple((first(value) if MORE in value or CUT in value else value).split())


def date(record: Record, fields: Fields) -> int:
    """A date as year << 11 | month << 7 | day << 2 | fineness; month and day 0 where only the year was given.

    A date that cleaning marks `default` is known to the month when it is a 15th, else to the year.
    """
    field = fields[0]
    marked = None
    for flag in record.flags:
        if flag.field == field and flag.code == "default":
            marked = flag
    days = getattr(record, field)
    if days is not None:
        ymd = _date(days)
        if marked is None or not ymd:
            return ymd << 2
        return ymd << 2 | (MONTH if ymd & 31 == 15 else YEAR)
    if marked is not None and marked.was and (year := _YEAR_ALONE.search(marked.was)):
        return int(year[0]) << 11 | YEAR
    return 0


def place(record: Record, fields: Fields) -> int:
    """A region code with its code system (second field) in the lowest bit; 0 where unknown."""
    return _place(getattr(record, fields[0]), getattr(record, fields[1]))


def place_digits(value: int) -> str:
    """Return the code of a value of form `place`."""
    return str(value >> 1)


def number(record: Record, fields: Fields) -> Slot:
    """A quantity in thousandths, alone in a tuple; empty where unknown."""
    written = getattr(record, fields[0])
    return () if written is None else (round(float(written) * THOUSANDTHS),)


def point(record: Record, fields: Fields) -> Slot:
    """Latitude and longitude in micro-degrees; empty where either is unknown."""
    north, east = getattr(record, fields[0]), getattr(record, fields[1])
    return () if north is None or east is None else (round(float(north) * MICRO), round(float(east) * MICRO))


def address(record: Record, fields: Fields) -> Slot:
    """(words of the street, RT, RW, region) of the fields street, RT, RW, region, region system; empty if unknown."""
    street, rt, rw, region, system = fields
    written, lane, ward = getattr(record, street), getattr(record, rt), getattr(record, rw)
    where = _place(getattr(record, region), getattr(record, system))
    if written or lane or ward or where:
        return (fold_street(written) if written else "", lane or 0, ward or 0, where)
    return ()


def firm(record: Record, fields: Fields) -> str:
    """A business's name: folded words without legal form and words like toko."""
    written = getattr(record, fields[0])
    return fold_firm(written) if written else ""


def institution(record: Record, fields: Fields) -> str:
    """An institution's name: folded words without those for its type, then a line with the type, if told."""
    written = getattr(record, fields[0])
    if not written:
        return ""
    name, type_ = fold_institution(written)
    return name + MORE + type_ if type_ else name


def _disagrees(number: int, born: int, sex_: int) -> bool:
    """Say whether a NIK's digits 7 to 12 are not of its record's own birth date and sex.

    Such a NIK is a borrowed one, or the birth date was corrected since.
    """
    ymd = born >> 2
    if not ymd & 511:
        return False
    written = number // 10**4 % 10**6
    own = (ymd & 31) * 10**4 + (ymd >> 5 & 15) * 100 + (ymd >> 9) % 100
    if written == own:
        return sex_ == _FEMALE
    return written != own + _WOMAN or sex_ == _MALE


@lru_cache(maxsize=1 << 14)
def _date(days: int) -> int:
    try:
        day = _EPOCH + timedelta(days=days)
    except OverflowError:
        return 0
    return day.year << 9 | day.month << 5 | day.day


@lru_cache(maxsize=1 << 12)
def _place(written: str | None, system: str | None) -> int:
    if not written or not written.isdecimal() or len(written) > _DIGITS:
        return 0
    code = int(written)
    return code << 1 | (system == "bps") if code else 0


@lru_cache(maxsize=1 << 14)  # a person's offices and a mother's children write one name again and again
def _folded(name: str) -> str:
    return " ".join(fold(name))


@lru_cache(maxsize=1 << 12)
def _plain(written: str) -> str:
    return _NOT_WORD.sub(" ", written.upper()).strip()
