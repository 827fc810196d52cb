"""Checks between the fields of one record; they mark, and set aside only what cannot be.

`disagrees` stands on the record's own field: the NIK tells of the first registration and is not changed when a person
moves or a birth date is corrected, so neither is known to be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from hub.clean.cleaners import nik
from hub.clean.cleaners.coordinates import EAST, WEST, in_indonesia
from hub.clean.cleaners.date import EPOCH
from hub.clean.cleaners.taxpayer import is_person
from hub.wire.entities import Entity, attributes
from hub.wire.records import Flag

Check = Callable[[list[Any], list[Flag], int], None]
"""Takes the values in the order of a record's attributes, its flags, and when the record changed (0: not known)."""
_BODIES = frozenset({"PT", "CV", "FIRMA", "KOPERASI", "YAYASAN", "BUMDES", "PERUMDA"})
_NAMES = attributes("person")
_NIK, _BIRTH, _SEX, _REGION, _SYSTEM = (
    _NAMES.index(name) for name in ("nik", "birth_date", "sex", "region", "region_system")
)
_DAY_US = 86_400_000_000
_BIRTH_DISAGREES = Flag("birth_date", "disagrees")
_SEX_DISAGREES = Flag("sex", "disagrees")
_REGION_DISAGREES = Flag("region", "disagrees")


def check_person(values: list[Any], flags: list[Flag], changed_at: int) -> None:
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


_BUSINESS = attributes("business")
_NPWP, _OWNER, _FORM = (_BUSINESS.index(name) for name in ("npwp", "owner_nik", "form"))


def check_business(values: list[Any], flags: list[Flag], _changed_at: int) -> None:
    """Take a NIK that stands as the tax number for the owner's, and mark one that does not fit."""
    number = values[_NPWP]
    if number is None or not is_person(number):
        return
    if values[_FORM] in _BODIES:
        flags.append(Flag("npwp", "disagrees"))  # a body's own begins with 0: this is somebody's
    elif values[_OWNER] is None:
        values[_OWNER] = number
    elif values[_OWNER] != number:
        flags.append(Flag("npwp", "disagrees"))


_FACILITY = attributes("facility")
_LATITUDE, _LONGITUDE = _FACILITY.index("latitude"), _FACILITY.index("longitude")


def check_facility(values: list[Any], flags: list[Flag], _changed_at: int) -> None:
    """Turn coordinates that changed places, and set aside a place that is not in Indonesia."""
    north, east = values[_LATITUDE], values[_LONGITUDE]
    if north is None and east is None:
        return
    if north is None or east is None:
        values[_LATITUDE] = values[_LONGITUDE] = None
        flags.append(Flag("latitude", "implausible", f"{_shown(north)}, {_shown(east)}"))
    elif not in_indonesia(north, east):
        _mend(values, flags, north, east)


def _mend(values: list[Any], flags: list[Flag], north: float, east: float) -> None:
    was = f"{_shown(north)}, {_shown(east)}"
    if WEST <= north <= EAST and in_indonesia(east, north):
        values[_LATITUDE], values[_LONGITUDE] = east, north
        flags.append(Flag("latitude", "repaired", was))
        return
    values[_LATITUDE] = values[_LONGITUDE] = None
    flags.append(Flag("latitude", "placeholder" if north == east == 0 else "implausible", was))


def _shown(degrees: float | None) -> str:
    return "-" if degrees is None else repr(degrees)


def check_nothing(_values: list[Any], _flags: list[Flag], _changed_at: int) -> None:
    """Find nothing: no fields of a family's record tell on one another."""


CHECKS: Mapping[Entity, Check] = {
    "person": check_person,
    "family": check_nothing,
    "business": check_business,
    "facility": check_facility,
}
"""The check of each kind of entity's records."""
