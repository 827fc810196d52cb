"""In which attribute groups an office's record and the register's disagree, and how; pure.

Only what both sides fill is compared.  How names relate was said by the comparison that scored the pair and is stored
with it; where the pair was never scored, the variants that cleaning found speak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

Kind = Literal["differs", "incomplete", "spelling", "swapped", "default", "default_register", "typing"]
ALL_KINDS: tuple[Kind, ...] = get_args(Kind)
Levels = Mapping[str, str]
"""The level of each comparison of a scored pair, by its name."""

_EPOCH = date(1970, 1, 1)
_SPELLED = frozenset({"exact", "exact_word", "same", "reordered", "variant", "shortened", "initials", "truncated",
                      "phonetic", "sounds", "old_spelling"})  # fmt: skip
_TYPED = frozenset({"close", "typo"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute group on which the two sides disagree."""

    group: str
    kind: Kind
    ours: str
    """The office's value, as a person reads it."""
    theirs: str
    """The register's."""

    @property
    def rank(self) -> int:
        """How much it matters, lower is more: what truly differs, what one side knows better, ways of writing."""
        return list(GROUPS).index(self.group) + _KIND_RANK.get(self.kind, 20)


_KIND_RANK: Mapping[Kind, int] = {"differs": 0, "swapped": 0, "incomplete": 10, "default_register": 10}


def _name(ours: Any, theirs: Any, levels: Levels) -> Kind | None:
    return _named(ours.name, theirs.name, levels.get("name", ""), {*ours.name_variants}, {*theirs.name_variants})


def _mother(ours: Any, theirs: Any, levels: Levels) -> Kind | None:
    return _named(ours.mother, theirs.mother, levels.get("mother", ""), set(), set())


def _named(x: str | None, y: str | None, level: str, variants: set[str], others: set[str]) -> Kind | None:
    if x is None or y is None or x == y:
        return None
    if level in _TYPED:
        return "typing"
    if level in _SPELLED or sorted(x.split()) == sorted(y.split()) or {x, *variants} & {y, *others}:
        return "spelling"
    short, long = sorted((set(x.split()), set(y.split())), key=len)
    return "incomplete" if short < long else "differs"


def _birth_date(ours: Any, theirs: Any, _levels: Levels) -> Kind | None:
    x, y = _day(ours), _day(theirs)
    if x is None or y is None or x == y:
        return None
    if (x.year, x.month, x.day) == (y.year, y.day, y.month):
        return "swapped"
    if x.year != y.year:
        return "differs"
    return "default" if _is_default(ours) else "default_register" if _is_default(theirs) else "differs"


def _is_default(record: Any) -> bool:
    return any(flag.field == "birth_date" and flag.code == "default" for flag in record.flags)


def _day(record: Any) -> date | None:
    return None if record.birth_date is None else _EPOCH + timedelta(days=record.birth_date)


def _plain(name: str) -> Callable[[Any, Any, Levels], Kind | None]:
    def differ(ours: Any, theirs: Any, _levels: Levels) -> Kind | None:
        x, y = getattr(ours, name), getattr(theirs, name)
        return None if x is None or y is None or x == y else "differs"

    return differ


def _address(ours: Any, theirs: Any, _levels: Levels) -> Kind | None:
    """Places differ where codes of one system part, or RT or RW do; streets where they share no telling word."""
    if ours.region and theirs.region and ours.region_system == theirs.region_system:
        depth = min(len(ours.region), len(theirs.region))
        if ours.region[:depth] != theirs.region[:depth]:
            return "differs"
    if any(x is not None and y is not None and x != y for x, y in ((ours.rt, theirs.rt), (ours.rw, theirs.rw))):
        return "differs"
    if not ours.street or not theirs.street or ours.street == theirs.street:
        return None
    x, y = ({word for word in record.street.split() if word not in _COMMON} for record in (ours, theirs))
    return "spelling" if x & y or not x or not y else "differs"


_COMMON = frozenset({"JALAN", "GANG", "LORONG", "NO", "NOMOR", "KAMPUNG", "KOMPLEK", "PERUMAHAN", "BLOK", "SIMPANG"})

GROUPS: Mapping[str, Callable[[Any, Any, Levels], Kind | None]] = {
    "name": _name,
    "birth_date": _birth_date,
    "sex": _plain("sex"),
    "mother": _mother,
    "kk": _plain("kk"),
    "marital": _plain("marital"),
    "birth_place": _plain("birth_place"),
    "address": _address,
}
"""What is compared, the weightiest first."""


def differences(ours: Any, theirs: Any, levels: Levels) -> tuple[Difference, ...]:
    """Return every group on which the two disagree, the weightiest first."""
    found = []
    for group, differ in GROUPS.items():
        kind = differ(ours, theirs, levels)
        if kind is not None:
            found.append(Difference(group, kind, shown(group, ours), shown(group, theirs)))
    return tuple(sorted(found, key=lambda one: one.rank))


def against(ours: Any, other: Any) -> tuple[str, ...]:
    """Return which of name, birth date and sex part this record from the holder of its NIK; no values."""
    return tuple([
        group for group in ("name", "birth_date", "sex") if GROUPS[group](ours, other, {}) in {"differs", "swapped"}
    ])  # fmt: skip


_WORDS: Mapping[str, str] = {
    "male": "Laki-laki", "female": "Perempuan", "single": "Belum kawin", "married": "Kawin", "divorced": "Cerai hidup",
    "widowed": "Cerai mati", "alive": "Hidup", "dead": "Meninggal",
}  # fmt: skip


def shown(group: str, record: Any) -> str:
    """Return a record's value of a group as a person reads it, empty where it has none."""
    if group == "address":
        return _shown_address(record)
    value = getattr(record, group)
    if group == "birth_date":
        day = _day(record)
        return "" if day is None else f"{day:%d-%m-%Y}"
    return "" if value is None else _WORDS.get(value, str(value))


def _shown_address(record: Any) -> str:
    parts = [record.street or ""]
    if record.rt or record.rw:
        parts.append(f"RT {record.rt or '-'}/RW {record.rw or '-'}")
    if record.region:
        parts.append(f"wilayah {record.region}" + (" (BPS)" if record.region_system == "bps" else ""))
    return ", ".join([part for part in parts if part])
