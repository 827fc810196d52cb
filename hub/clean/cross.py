"""Checks between the fields of one record; they mark, and set aside only what lies in the future.

`disagrees` stands on the record's own field: the NIK tells of the first registration and is not changed when a person
moves or a birth date is corrected, so neither is known to be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from hub.clean.cleaners import nik
from hub.clean.cleaners.date import EPOCH
from hub.wire.records import CleanPerson, Flag

_NAMES = list(CleanPerson.__dataclass_fields__)[9:-1]
_NIK, _BIRTH, _SEX, _REGION, _SYSTEM = (
    _NAMES.index(name) for name in ("nik", "birth_date", "sex", "region", "region_system")
)
_DAY_US = 86_400_000_000
_BIRTH_DISAGREES = Flag("birth_date", "disagrees")
_SEX_DISAGREES = Flag("sex", "disagrees")
_REGION_DISAGREES = Flag("region", "disagrees")


def check(values: list[Any], flags: list[Flag], changed_at: int) -> None:
    """Mark what disagrees; `values` in the order of a record's attributes, `changed_at` 0 where it is not known."""
    born = values[_BIRTH]
    if born is not None and changed_at and born > changed_at // _DAY_US + 1:  # one day for the time zones
        flags.append(Flag("birth_date", "implausible", date.fromordinal(born + EPOCH).isoformat()))
        values[_BIRTH] = born = None
    number = values[_NIK]
    if number is None:
        return
    told = nik.parts(number)
    if told is None:
        return
    if born is not None and not _same_day(told, born):
        flags.append(_BIRTH_DISAGREES)
    if values[_SEX] is not None and values[_SEX] != told.sex:
        flags.append(_SEX_DISAGREES)
    region = values[_REGION]
    if region is not None and values[_SYSTEM] == "kemendagri" and not _within(told.region, region):
        flags.append(_REGION_DISAGREES)


def _same_day(told: nik.Parts, born: int) -> bool:
    day = date.fromordinal(born + EPOCH)
    return day.day == told.day and day.month == told.month and day.year % 100 == told.year


def _within(first: str, now: Sequence[str] | str) -> bool:
    """Compare regencies: within one, people move without a word."""
    return first[:4] == now[:4]
