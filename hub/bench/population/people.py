"""Invented residents, family by family: NIK and family cards by the registry's rules, twins, namesakes, default dates.

A family is made and let go, so that millions of people need little memory; only the serials of NIKs are kept.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hub.bench.population import names

YEAR = 2026
TWINS = 0.006
"""Share of people who are one of twins."""
NAMESAKES = 0.01
"""Share of families in which a son, if there is one, has his father's name."""
TWO_NIKS = 0.004
"""Share of people whom some office knows under a NIK that was given to them before."""
DEFAULT_BORN = 0.12
"""Share of people born before 1975 of whom nobody knows more than the year or the month."""
_DISTRICTS, _VILLAGES = 17, 9
_PLACES = ("MUARA BUNGO", "BUNGO", "MUARA BUNGO", "BUNGO", "TEBO", "JAMBI", "BANGKO", "PADANG", "SOLOK", "MEDAN")
_STREETS = ("SUDIRMAN", "DIPONEGORO", "GAJAH MADA", "RANGKAYO HITAM", "SULTAN THAHA", "LINTAS SUMATERA", "MERDEKA")
_CHILDREN = (0, 1, 1, 2, 2, 2, 3, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Person:
    """One invented resident; the number is the truth."""

    number: int
    family: int
    name: str
    sex: str
    born: date
    birth_place: str
    mother: str
    nik: str
    old_nik: str | None
    twins: int | None
    """The elder twin's number, of both."""


@dataclass(frozen=True, slots=True)
class Family:
    """People on one card at one address."""

    kk: str
    region: str
    street: str
    rt: int
    rw: int
    phone: str
    poor: bool
    people: tuple[Person, ...]


class Registry:
    """Makes families; equal seeds make equal ones."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"people {seed}")
        self._serials: Counter[str] = Counter()
        self._number = 0
        self._family = 0

    def families(self, people: int) -> Iterator[Family]:
        """Yield families until there are so many people, the last one whole."""
        while self._number < people:
            yield self._make()

    def _make(self) -> Family:
        rng = self._rng
        district = f"1508{1 + rng.randrange(_DISTRICTS):02d}"
        issued = date(2008, 1, 1) + timedelta(days=rng.randrange(6800))
        kk = self._next(f"{district}{issued:%d%m%y}", "K")
        age = rng.choice((rng.randint(22, 45), rng.randint(30, 60), rng.randint(45, 84)))
        parents = self._parents(district, age)
        mother = next((each.name for each in parents if each.sex == "female"), None) or names.draw("female", rng)
        father = next((each.name for each in parents if each.sex == "male"), None)
        found = parents + self._children(district, age, mother, father)
        self._family += 1
        return Family(
            kk, f"{district}{2001 + rng.randrange(_VILLAGES)}", f"{rng.choice(_STREETS)} NO {1 + rng.randrange(190)}",
            1 + rng.randrange(18), 1 + rng.randrange(6), f"+628{rng.randrange(10**9, 10**10)}", rng.random() < 0.4,
            tuple(found),
        )  # fmt: skip

    def _parents(self, district: str, age: int) -> list[Person]:
        rng = self._rng
        found = []
        alone = rng.random()
        if alone > 0.08:
            found.append(self._person(district, "male", self._day(age), names.draw("female", rng)))
        if alone < 0.88:
            older = self._day(max(20, age - rng.randint(-2, 7)))
            found.append(self._person(district, "female", older, names.draw("female", rng)))
        return found

    def _children(self, district: str, age: int, mother: str, father: str | None) -> list[Person]:
        rng = self._rng
        namesake = father if rng.random() < NAMESAKES else None
        shared = names.last(rng) if rng.random() < 0.5 else None
        oldest = min(24, age - 19)
        found: list[Person] = []
        for years in sorted(rng.sample(range(oldest), min(rng.choice(_CHILDREN), max(0, oldest))), reverse=True):
            sex = rng.choice(("male", "female"))
            child = self._person(district, sex, self._day(years), mother, shared)
            if namesake and sex == "male":
                child, namesake = replace(child, name=namesake), None
            if rng.random() < TWINS:
                child = replace(child, twins=child.number)
                twin = self._person(district, sex, child.born, mother)
                found.append(replace(twin, twins=child.number, name=names.of_twin(child.name, sex, rng),
                                     birth_place=child.birth_place))  # fmt: skip
            found.append(child)
        return found

    def _person(self, district: str, sex: str, born: date, mother: str, shared: str | None = None) -> Person:
        rng = self._rng
        first = district if rng.random() < 0.9 else rng.choice(("150901", "157103", "137102", "127111", "150202"))
        old = None
        if rng.random() < TWO_NIKS:
            old = self._nik(f"1509{1 + rng.randrange(12):02d}", born, sex)
        number = self._number
        self._number += 1
        return Person(number, self._family, names.draw(sex, rng, shared), sex, born, rng.choice(_PLACES), mother,
                      self._nik(first, born, sex), old, None)  # fmt: skip

    def _nik(self, district: str, born: date, sex: str) -> str:
        return self._next(f"{district}{born.day + (40 if sex == 'female' else 0):02d}{born:%m%y}", "N")

    def _next(self, stem: str, kind: str) -> str:
        self._serials[kind + stem] += 1
        return f"{stem}{self._serials[kind + stem]:04d}"

    def _day(self, age: int) -> date:
        rng = self._rng
        born = date(YEAR - 1 - age, 1, 1) + timedelta(days=rng.randrange(365))
        if born.year < 1975 and rng.random() < DEFAULT_BORN:
            return rng.choice((born.replace(month=7, day=1), born.replace(month=12, day=31), born.replace(day=15)))
        return born
