"""What five offices write down of the invented residents, with the mistakes that offices make, as clean records.

Names, NIKs and dates go through the hub's own cleaners as raw text; everything else is written as they would leave it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from hub.bench.population import names
from hub.bench.population.people import YEAR, Family, Person, Registry
from hub.clean.cleaners import date as date_cleaner
from hub.clean.cleaners import name as name_cleaner
from hub.clean.cleaners import nik as nik_cleaner
from hub.wire.records import CleanPerson, Flag
from hub.wire.version import pack

AUTHORITIES = {
    "dukcapil": "register", "puskesmas": "sector", "dapodik": "sector", "dinsos": "programme", "umkm": "programme",
}  # fmt: skip
ATTESTING = frozenset({"dukcapil"})
RATES = {"missing": 0.08, "placeholder": 0.02, "mistyped": 0.03, "borrowed": 0.01}
"""Shares of records with each fault of the NIK; the register makes three quarters of it, the others make up."""
VARIANT, BIRTH, MOVED, OTHER_CARD, TITLED = 0.20, 0.04, 0.06, 0.03, 0.06
_WIDTHS = {"dinsos": 30, "umkm": 25}
_TWICE = 0.005
"""Share of patients whom the health centre entered twice."""
_PLACEHOLDERS = ("-", "0", "0000000000000000", "1234567890123456", "9999999999999999", "1508000000000000")
_SHORT = {"MUHAMMAD": ("MUHAMAD", "MOHAMMAD", "MOHD", "MUH", "M."), "AHMAD": ("ACHMAD", "AKHMAD"), "SITI": ("ST.",),
          "ABDUL": ("ABD",), "NUR": ("NOER",)}  # fmt: skip
_OLD = (("U", "OE"), ("J", "DJ"), ("C", "TJ"), ("Y", "J"))


@dataclass(frozen=True, slots=True)
class Made:
    """A record with the truth about it, which no stage sees."""

    person: Person
    faults: frozenset[str]
    record: CleanPerson


def made(people: int, seed: int) -> Iterator[Made]:
    """Yield the records of so many residents, a family's side by side; equal seeds yield equal records."""
    rng = random.Random(f"records {seed}")
    for family in Registry(seed).families(people):
        yield from _Writer(family, rng).all()


class _Writer:
    """Writes the records of one family."""

    def __init__(self, family: Family, rng: random.Random) -> None:
        self._family = family
        self._rng = rng

    def all(self) -> Iterator[Made]:
        for person in self._family.people:
            for source in self._sources(person):
                yield self._record(person, source, 0)
                if source == "puskesmas" and self._rng.random() < _TWICE:
                    yield self._record(person, source, 1)

    def _sources(self, person: Person) -> list[str]:
        age, rng = YEAR - person.born.year, self._rng
        found = ["dukcapil"]
        if rng.random() < 0.8:
            found.append("puskesmas")
        if 6 <= age <= 18:
            found.append("dapodik")
        if self._family.poor:
            found.append("dinsos")
        if age > 20 and rng.random() < 0.45:
            found.append("umkm")
        return found

    def _record(self, person: Person, source: str, copy: int) -> Made:
        rng, family = self._rng, self._family
        faults: set[str] = set()
        factor = 0.75 if source in ATTESTING else 1.2
        nik = nik_cleaner.clean(self._nik(person, source, factor, faults))
        name = name_cleaner.clean(self._name(person, source, factor, faults))
        born = date_cleaner.clean(self._born(person, factor, faults).isoformat())
        flags = [Flag(field, code, was) for field, found in (("nik", nik), ("name", name), ("birth_date", born))
                 for code, was in found.marks]  # fmt: skip
        values: dict[str, Any] = {"nik": nik.value, "name": name.value, "birth_date": born.value, **dict(name.more)}
        if rng.random() < MOVED * factor:
            faults.add("moved")
            values["region"] = f"1508{1 + rng.randrange(17):02d}{2001 + rng.randrange(9)}"
        else:
            values |= {"region": family.region, "street": family.street, "rt": family.rt, "rw": family.rw}
        if source != "dapodik":
            values["kk"] = self._card(faults)
        if source != "dinsos":
            values["mother"] = person.mother
        if source != "dukcapil" and rng.random() < 0.6:
            values["phone"] = family.phone
        id_ = blake2b(f"{source}/{person.number}/{copy}".encode(), digest_size=16).digest()
        record = CleanPerson(
            id_, pack(1, person.number + 1, copy), False, source, "public.orang", 1_700_000_000_000_000 + person.number,
            rng.getrandbits(62), sex=person.sex, birth_place=person.birth_place, region_system="kemendagri",
            flags=tuple(flags), **values,
        )  # fmt: skip
        return Made(person, frozenset(faults), record)

    def _nik(self, person: Person, source: str, factor: float, faults: set[str]) -> str:
        rng = self._rng
        number = person.nik
        if person.old_nik and source not in ATTESTING and rng.random() < 0.5:
            faults.add("old_nik")
            number = person.old_nik
        dice = rng.random() / factor
        for fault, rate in RATES.items():
            if dice < rate:
                faults.add(fault)
                return self._faulty(person, number, fault)
            dice -= rate
        return number

    def _faulty(self, person: Person, number: str, fault: str) -> str:
        rng = self._rng
        if fault == "missing":
            return ""
        if fault == "placeholder":
            return rng.choice(_PLACEHOLDERS)
        others = [each.nik for each in self._family.people if each is not person]
        if fault == "borrowed" and others:
            return rng.choice(others)
        at = rng.randrange(4, 15)
        if rng.random() < 0.4 and number[at] != number[at + 1]:
            return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        return number[:at] + str((int(number[at]) + 1 + rng.randrange(9)) % 10) + number[at + 1 :]

    def _card(self, faults: set[str]) -> str:
        kk, rng = self._family.kk, self._rng
        if rng.random() < OTHER_CARD:
            faults.add("other_card")
            return f"{kk[:6]}{1 + rng.randrange(28):02d}{1 + rng.randrange(12):02d}{rng.randrange(5, 24):02d}{kk[12:]}"
        return kk

    def _born(self, person: Person, factor: float, faults: set[str]) -> date:
        born, rng = person.born, self._rng
        if rng.random() >= BIRTH * factor:
            return born
        if born.day <= 12 and born.day != born.month and rng.random() < 0.6:
            faults.add("birth_swapped")
            return born.replace(month=born.day, day=born.month)
        faults.add("birth_default")
        return rng.choice((born.replace(month=7, day=1), born.replace(month=12, day=31), born.replace(day=15)))

    def _name(self, person: Person, source: str, factor: float, faults: set[str]) -> str:
        rng, name = self._rng, person.name
        if rng.random() < VARIANT * factor:
            faults.add("name")
            name = _varied(name, rng)
        width = _WIDTHS.get(source)
        if width and len(name) > width:
            faults.add("name_cut")
            name = name[:width].rstrip()
        elif YEAR - person.born.year > 24 and rng.random() < TITLED:
            name = f"{rng.choice(names.TITLES)} {name}, {rng.choice(names.DEGREES)}"
        return name


def _varied(name: str, rng: random.Random) -> str:
    """Another way to write a name: short form, old spelling, word left out, initial, turned about, typing error."""
    words = name.split()
    known = [at for at, word in enumerate(words) if word in _SHORT]
    if known and rng.random() < 0.7:
        words[known[0]] = rng.choice(_SHORT[words[known[0]]])
        return " ".join(words)
    kind = rng.randrange(6)
    if kind == 0:
        new, old = rng.choice([each for each in _OLD if each[0] in name] or [("A", "AA")])
        return name.replace(new, old)
    if len(words) > 1 and kind <= 3:
        return " ".join((words[:-1], [*words[:-1], words[-1][0]], [*words[1:], words[0]])[kind - 1])
    at = rng.randrange(1, len(name))
    wrong = rng.choice("AEIUNR") if rng.random() < 0.5 else ""
    return name[:at] + wrong + name[at + 1 :] if name[at] != " " else name[:at] + name[at + 1 :]
