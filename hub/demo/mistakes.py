"""The mistakes that offices make, at known rates: how a true value becomes the text that a system holds.

Every function is seeded by the record, so a record shows the same mistake until somebody corrects it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from hub.demo import names
from hub.demo.population import Person

Fault = Literal["missing", "mistyped", "borrowed", "placeholder", "variant", "birth", "nameless"]
RATES: Mapping[Fault, float] = {
    "missing": 0.08, "mistyped": 0.03, "borrowed": 0.01, "placeholder": 0.02, "variant": 0.20, "birth": 0.04,
}  # fmt: skip
"""Share of all records that carry each mistake, at the least.  `nameless` is not dealt: life makes a few such rows,
which the hub must refuse and take in once somebody has written the name."""
NIK_FAULTS: tuple[Fault, ...] = ("missing", "mistyped", "borrowed", "placeholder")
CLEANER = 0.75
"""The civil register makes three quarters of its share; the other offices make up for it."""
PLACEHOLDERS = (
    "0", "-", "0000000000000000", "1111111111111111", "1234567890123456", "9999999999999999", "1508000000000000"
)  # fmt: skip
_OLD_SPELLING = (("u", "oe"), ("j", "dj"), ("y", "j"), ("c", "tj"))


def deal(sizes: Mapping[str, int], rng: random.Random) -> dict[str, list[set[Fault]]]:
    """Return the mistakes of every record of each source, so that the rates over all records hold.

    `sizes` is the number of records by source; the source `dukcapil` gets the smaller share.
    """
    dealt: dict[str, list[set[Fault]]] = {source: [set() for _ in range(size)] for source, size in sizes.items()}
    for group in (NIK_FAULTS, ("variant",), ("birth",)):
        free = {source: rng.sample(range(size), size) for source, size in sizes.items()}
        for fault in group:
            for source, count in _shares(RATES[fault], sizes).items():
                for _ in range(min(count, len(free[source]))):
                    dealt[source][free[source].pop()].add(fault)
    return dealt


def _shares(rate: float, sizes: Mapping[str, int]) -> dict[str, int]:
    wanted = round(rate * sum(sizes.values())) + 1
    register = sizes.get("dukcapil", 0)
    others = sum(sizes.values()) - register
    clean = round(rate * CLEANER * register) if others else wanted
    share = {"dukcapil": clean} if register else {}
    for source, size in sizes.items():
        if source != "dukcapil":
            share[source] = -(-(wanted - clean) * size // max(1, others))
    return share


def draw(source: str, rng: random.Random) -> set[Fault]:
    """Return the mistakes of one record that is made while life goes on."""
    factor = CLEANER if source == "dukcapil" else 2 - CLEANER
    faults: set[Fault] = {fault for fault in ("variant", "birth") if rng.random() < RATES[fault] * factor}
    point = rng.random() / factor
    for fault in NIK_FAULTS:
        if point < RATES[fault]:
            faults.add(fault)
            break
        point -= RATES[fault]
    return faults


def nik(person: Person, relatives: Sequence[Person], faults: set[Fault], rng: random.Random) -> str | None:
    """Return the NIK as the record has it."""
    if "missing" in faults:
        return None
    if "placeholder" in faults:
        return rng.choice(PLACEHOLDERS)
    if "borrowed" in faults and relatives:
        return rng.choice(relatives).nik
    if "mistyped" in faults or "borrowed" in faults:
        return mistyped(person.nik, rng)
    return person.nik


def mistyped(number: str, rng: random.Random) -> str:
    """Return a number with one digit wrong or two neighbours changed over."""
    places = [i for i in range(6, 15) if number[i] != number[i + 1]]
    if places and rng.random() < 0.4:
        at = rng.choice(places)
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    at = rng.randrange(4, 16)
    return number[:at] + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1 :]


def birth(born: date, faults: set[Fault], rng: random.Random) -> date:
    """Return the birth date as the record has it: day and month changed over, or an office's default day."""
    if "birth" not in faults:
        return born
    if born.day <= 12 and born.day != born.month and rng.random() < 0.6:
        return born.replace(month=born.day, day=born.month)
    defaults = [d for d in (born.replace(month=7, day=1), born.replace(month=12, day=31)) if d != born]
    return rng.choice(defaults)


def name(person: Person, faults: set[Fault], rng: random.Random) -> str:
    """Return the name as the record writes it, without case: a variant, or the name with its titles."""
    if "nameless" in faults:
        return ""
    if "variant" not in faults:
        return f"{person.before} {person.name}{', ' + person.after if person.after else ''}".strip()
    for _ in range(20):
        variant = rng.choice(_VARIANTS)(person, person.name.split(), rng)
        if variant != person.name:
            return variant
    return letter_wrong(person.name, rng)


def letter_wrong(text: str, rng: random.Random) -> str:
    """Return a text with one letter left out, doubled or taken for another."""
    at = rng.randrange(1, len(text))
    while text[at] == " " and len(text) > 2:
        at = rng.randrange(1, len(text))
    other = rng.choice([letter for letter in "aeiu" if letter != text[at].lower()])
    return rng.choice(
        (text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[:at] + other + text[at + 1 :])
    )


def _spelled(_person: Person, words: list[str], rng: random.Random) -> str:
    first = words[0]
    if first == "Muhammad":
        return " ".join([rng.choice(names.MUHAMMAD[1:]), *words[1:]])
    if first == "Ahmad":
        return " ".join([rng.choice(("Achmad", "Akhmad")), *words[1:]])
    return " ".join(["St." if first == "Siti" else first, *words[1:]])


def _old(_person: Person, words: list[str], rng: random.Random) -> str:
    new, old = rng.choice(_OLD_SPELLING)
    return " ".join(word[0] + word[1:].replace(new, old) for word in words)


def _initial(_person: Person, words: list[str], _rng: random.Random) -> str:
    return " ".join([*words[:-1], words[-1][0]]) if len(words) > 2 else " ".join(words)


def _short(_person: Person, words: list[str], _rng: random.Random) -> str:
    return " ".join(words[:-1] if len(words) > 1 else words)


def _turned(_person: Person, words: list[str], _rng: random.Random) -> str:
    return " ".join([*words[1:], words[0]])


def _titled(person: Person, words: list[str], rng: random.Random) -> str:
    if person.age < 24:
        return " ".join(words)
    before = names.TITLES_BEFORE if person.sex == "L" else names.TITLES_BEFORE_WOMEN
    return f"{rng.choice(before)} {' '.join(words)}"


def _wrong(_person: Person, words: list[str], rng: random.Random) -> str:
    return letter_wrong(" ".join(words), rng)


_VARIANTS = (_spelled, _spelled, _old, _initial, _short, _turned, _titled, _wrong, _wrong)
