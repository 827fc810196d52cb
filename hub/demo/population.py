"""A seeded invented population: families, NIK and family cards by the civil registry's rules, twins, addresses.

Only the demo knows who is who: a person's number never leaves this package and the journal.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from hub.demo import names, regions
from hub.demo.regions import Village

TODAY = date(2026, 11, 1)
FIRST_BIRTH = date(1940, 1, 1)
TWINS = 0.006
"""Share of people who are one of twins: a little over the half per cent that is asked for."""


@dataclass(slots=True)
class Person:
    """One invented resident; `number` is the truth that the hub must find again."""

    number: int
    family: int
    name: str
    before: str
    after: str
    sex: str
    """L or P."""
    born: date
    birth_place: str
    nik: str
    mother: str
    phone: str
    marital: int = 1
    alive: bool = True
    twin: bool = False

    @property
    def age(self) -> int:
        """Return the age in years on the demo's day."""
        return TODAY.year - self.born.year - ((TODAY.month, TODAY.day) < (self.born.month, self.born.day))


@dataclass(slots=True)
class Family:
    """People on one family card, at one address."""

    number: int
    kk: str
    street: str
    rt: int
    rw: int
    village: Village
    poor: bool
    members: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Numbers:
    """Gives out NIK, family card, telephone and serial numbers, each once."""

    serials: Counter[str] = field(default_factory=Counter)
    phones: int = 0

    def nik(self, region: str, born: date, sex: str) -> str:
        """Return the next NIK: region of first registration, birth date (day + 40 for women), serial."""
        day = born.day + (40 if sex == "P" else 0)
        return self._next(f"{region}{day:02d}{born:%m%y}")

    def kk(self, region: str, issued: date) -> str:
        """Return the next family card number: region, day of issue, serial."""
        return self._next(f"{region}{issued:%d%m%y}")

    def _next(self, stem: str) -> str:
        self.serials[stem] += 1
        return f"{stem}{self.serials[stem]:04d}"

    def phone(self, rng: random.Random) -> str:
        """Return a mobile number nobody else has."""
        self.phones += 1
        return f"08{rng.choice(('12', '13', '52', '53', '77'))}{self.phones * 7919 % 100_000_000:08d}"


class Population:
    """Everybody of the demo; grows by births, is never shrunk: the dead stay on record."""

    def __init__(self, people: int, seed: int) -> None:
        self.rng = random.Random(f"population {seed}")
        self.people: list[Person] = []
        self.families: list[Family] = []
        self.numbers = Numbers()
        self._twins_due = max(1, round(people * TWINS / 2)) if people >= 100 else 0
        while len(self.people) < people:
            self._household()

    def _household(self) -> None:
        rng = self.rng
        family = self.new_family(rng.choice(regions.villages()), poor=rng.random() < 0.4)
        age = rng.choice((rng.randint(22, 45), rng.randint(30, 60), rng.randint(45, 80)))
        father = None if rng.random() < 0.12 else self.new_person(family, "L", self._birthday(age))
        mother_age = max(20, age - rng.randint(-2, 7))
        mother = None if father is not None and rng.random() < 0.08 else self.new_person(
            family, "P", self._birthday(mother_age)
        )  # fmt: skip
        for parent in filter(None, (father, mother)):
            parent.marital = 2 if father and mother else rng.choice((3, 4))
        mother_name = mother.name if mother else names.full_name(rng, "P")
        self._children(family, mother_name, mother_age)
        if rng.random() < 0.1:
            elder = self.new_person(family, rng.choice("LP"), self._birthday(min(86, age + rng.randint(20, 30))))
            elder.marital = 4

    def _children(self, family: Family, mother: str, mother_age: int) -> None:
        count = self.rng.choice((0, 1, 1, 2, 2, 2, 3, 3, 4, 5))
        oldest = min(24, mother_age - 18)
        ages = sorted(self.rng.sample(range(oldest), min(count, max(0, oldest))), reverse=True)
        for age in ages:
            child = self.new_person(family, self.rng.choice("LP"), self._birthday(age), mother)
            if self._twins_due and 6 <= child.age <= 17 and self.rng.random() < 0.2:
                self._twins_due -= 1
                self.twin_of(child)

    def twin_of(self, child: Person) -> Person:
        """Add a twin: same family, date, sex and mother, the next serial, a name one letter away."""
        twin = self.new_person(self.families[child.family], child.sex, child.born, child.mother, child.nik[:6])
        twin.name, twin.birth_place = names.twin_name(self.rng, child.name), child.birth_place
        child.twin = twin.twin = True
        return twin

    def new_family(self, village: Village, *, poor: bool) -> Family:
        """Add an empty family at an address in a village."""
        rng = self.rng
        issued = date(2008, 1, 1) + timedelta(days=rng.randrange(6800))
        street = f"{rng.choice(names.STREETS)} No. {rng.randint(1, 190)}"
        kk = self.numbers.kk(village.code[:6], issued)
        family = Family(len(self.families), kk, street, rng.randint(1, 18), rng.randint(1, 6), village, poor)
        self.families.append(family)
        return family

    def new_person(
        self, family: Family, sex: str, born: date, mother: str | None = None, region: str | None = None
    ) -> Person:
        """Add a person to a family; the NIK's region is where they were registered first."""
        rng = self.rng
        if region is None:
            region = family.village.code[:6] if rng.random() < 0.9 else rng.choice(regions.first_registrations())
        age = (TODAY - born).days // 365
        before, after = names.title(rng, sex, age)
        person = Person(
            len(self.people), family.number, names.full_name(rng, sex), before, after, sex, born,
            rng.choice(names.BIRTH_PLACES), self.numbers.nik(region, born, sex),
            mother or names.full_name(rng, "P"), self.numbers.phone(rng),
        )  # fmt: skip
        self.people.append(person)
        family.members.append(person.number)
        return person

    def family_of(self, person: Person) -> Family:
        """Return a person's family."""
        return self.families[person.family]

    def relatives(self, person: Person) -> list[Person]:
        """Return the others of the person's family."""
        return [self.people[n] for n in self.family_of(person).members if n != person.number]

    def _birthday(self, age: int) -> date:
        born = date(TODAY.year - age, 1, 1) + timedelta(days=self.rng.randrange(365))
        return min(max(born, FIRST_BIRTH), TODAY - timedelta(days=1))
