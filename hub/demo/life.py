"""Life goes on: births, deaths, moves, marriages, corrections, new mistakes, deletions and changed keys.

Each event commits at one or more offices, as an office would: the civil register first, the others when they hear.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

from hub.demo import mistakes, names, regions, rows, rows_more
from hub.demo.mistakes import NIK_FAULTS
from hub.demo.population import Person
from hub.demo.rows import ALL, MORE, Entry, Row
from hub.demo.systems import World
from hub.demo.writing import Desk, GivenUp, Write

Event = Callable[[], Iterator[list[Write]]]
KEEP = 0.5
"""No table shrinks under this share of its first size."""
NAMELESS = 0.3
"""Share of the aid office's new rows that are sent off before the name is written."""
PATIENCE = 4
"""Rows without a name that the aid office leaves lying before somebody writes the next one."""


class Life:
    """Makes events at a steady rate until it is stopped; the world is changed by its own thread only."""

    def __init__(self, world: World, desk: Desk, seed: int) -> None:
        self.world = world
        self.changes = 0
        self.deleted = self.rekeyed = 0
        self._desk = desk
        self._rng = random.Random(f"life {seed}")
        self._rows = {id(e): world.row(e) for found in world.entries.values() for e in found}
        self._of: dict[int, list[Entry]] = {}
        self._at: dict[int, int] = {}
        for found in world.entries.values():
            for place, entry in enumerate(found):
                self._at[id(entry)] = place
                self._of.setdefault(entry.person, []).append(entry)
        self._least = {source: len(found) * KEEP for source, found in world.entries.items()}
        self._events: dict[Event, float] = {
            self._errand: 38, self._repair: 15, self._mistake: 15, self._move: 5, self._birth: 3, self._death: 2,
            self._marriage: 2, self._delete: 5, self._rekey: 5, self._leave_school: 2, self._arrive: 6,
        }  # fmt: skip

    def run(self, rate: float, stop: threading.Event) -> None:
        """Make changes at `rate` a second until `stop`; when late, work without a pause until caught up."""
        start, before = time.monotonic(), self.changes
        while not stop.is_set():
            ahead = (self.changes - before) / rate - (time.monotonic() - start)
            if ahead > 0 and stop.wait(ahead):
                return
            try:
                self.step()
            except GivenUp:
                return

    def step(self) -> int:
        """Make one event and return how many rows it changed."""
        event = self._rng.choices(list(self._events), list(self._events.values()))[0]
        before = self.changes
        for writes in event():
            self.changes += self._desk.commit(writes)
        return self.changes - before

    # what happens

    def _errand(self) -> Iterator[list[Write]]:
        entry = self._any(self._source(dapodik=4))
        person = self.world.population.people[entry.person]
        if entry.source == "dukcapil":
            entry.more = {**entry.more, **rows.own_values("dukcapil", self._rng)}
        elif entry.source == "dapodik":
            if self._rng.random() < 0.3:
                person.phone = self.world.population.numbers.phone(self._rng)
            entry.more["nilai_rapor"] = round(self._rng.uniform(55, 98), 2)
        elif self._rng.random() < 0.5:
            person.phone = self.world.population.numbers.phone(self._rng)
        elif entry.source in MORE:
            entry.more = {**entry.more, **rows.own_values(entry.source, self._rng)}
        else:
            entry.more["nominal"] = Decimal(self._rng.randrange(200, 900) * 1000)
        yield from self._update([entry])

    def _repair(self) -> Iterator[list[Write]]:
        nameless = [entry for entry in self.world.entries["dinsos"] if "nameless" in entry.faults]
        if len(nameless) > PATIENCE:
            nameless[0].faults.discard("nameless")
            yield from self._update(nameless[:1])
            return
        for _ in range(60):
            entry = self._any()
            if entry.faults:
                entry.faults.discard(self._rng.choice(sorted(entry.faults)))
                entry.kk = None
                yield from self._update([entry])
                return

    def _mistake(self) -> Iterator[list[Write]]:
        for _ in range(60):
            entry = self._any()
            fresh = mistakes.draw(entry.source, self._rng)
            if any(f in NIK_FAULTS for f in fresh | entry.faults):
                fresh -= set(NIK_FAULTS) if any(f in NIK_FAULTS for f in entry.faults) else set()
            if fresh - entry.faults:
                entry.faults |= fresh
                yield from self._update([entry])
                return

    def _move(self) -> Iterator[list[Write]]:
        population = self.world.population
        family = population.families[population.people[self._any("dukcapil").person].family]
        family.village = self._rng.choice(regions.villages())
        family.street = f"{self._rng.choice(names.STREETS)} No. {self._rng.randint(1, 190)}"
        family.rt, family.rw = self._rng.randint(1, 18), self._rng.randint(1, 6)
        told = {"dukcapil"} | {s for s in self.world.sources[1:] if self._rng.random() < 0.6}
        yield from self._update([e for n in family.members for e in self._of.get(n, ()) if e.source in told])

    def _birth(self) -> Iterator[list[Write]]:
        population = self.world.population
        mother = self._resident(lambda p: p.sex == "P" and 18 <= p.age <= 42 and p.alive)
        if mother is None:
            return
        born = date(2026, self._rng.randint(1, 10), self._rng.randint(1, 28))
        child = population.new_person(population.family_of(mother), self._rng.choice("LP"), born, mother.name)
        babies = [child, population.twin_of(child)] if self._rng.random() < 0.01 else [child]
        yield [self._insert("dukcapil", baby) for baby in babies]

    def _death(self) -> Iterator[list[Write]]:
        person = self._resident(lambda p: p.alive and (p.age > 60 or self._rng.random() < 0.05))
        if person is None:
            return
        person.alive = False
        for relative in self.world.population.relatives(person):
            if relative.marital == 2 and person.marital == 2 and relative.sex != person.sex:
                relative.marital = 4
        yield from self._update([e for e in self._of.get(person.number, ()) if e.source == "dukcapil"])
        aid = [e for e in self._of.get(person.number, ()) if e.source == "dinsos"]
        if aid and self._rng.random() < 0.6 and self._can_lose("dinsos"):
            yield [self._remove(entry) for entry in aid]

    def _marriage(self) -> Iterator[list[Write]]:
        groom = self._resident(lambda p: p.sex == "L" and p.alive and p.marital != 2 and 19 <= p.age <= 45)
        bride = self._resident(lambda p: p.sex == "P" and p.alive and p.marital != 2 and 19 <= p.age <= 45)
        if groom is None or bride is None:
            return
        population = self.world.population
        home = population.new_family(self._rng.choice(regions.villages()), poor=self._rng.random() < 0.3)
        for person in (groom, bride):
            self._keep_old_card(person)
            population.family_of(person).members.remove(person.number)
            person.family, person.marital = home.number, 2
            home.members.append(person.number)
        yield from self._update(
            [e for p in (groom, bride) for e in self._of.get(p.number, ()) if e.source == "dukcapil"]
        )

    def _keep_old_card(self, person: Person) -> None:
        card = self.world.population.family_of(person).kk
        for entry in self._of.get(person.number, ()):
            if entry.source != "dukcapil":
                entry.kk = entry.kk or card

    def _delete(self) -> Iterator[list[Write]]:
        source = self._source(dapodik=2, dinsos=5)
        if self._can_lose(source):
            self.deleted += 1
            yield [self._remove(self._any(source))]

    def _rekey(self) -> Iterator[list[Write]]:
        source = "dinsos" if self._rng.random() < 0.85 else "dapodik"
        entry = self._any(source)
        old, entry.key = entry.key, self.world.next_key(source, entry.key[0] if source == "dinsos" else None)
        self.rekeyed += 1
        values = {**dict(zip(ALL[source].key, entry.key, strict=True)), **rows.touched(source, _now())}
        self._rows[id(entry)].update(values)
        yield [Write(source, entry.person, old, values)]

    def _leave_school(self) -> Iterator[list[Write]]:
        wanted = Decimal(self._rng.random() < 0.4)  # 1: out of the list, 0: back in it
        found = [e for e in (self._any("dapodik") for _ in range(60)) if e.more["soft_delete"] == 1 - wanted]
        if found:
            found[0].more["soft_delete"] = wanted
            yield from self._update(found[:1])

    def _arrive(self) -> Iterator[list[Write]]:
        """Take somebody in whom an office does not have: its deletions are made good again."""
        for _ in range(60):
            person = self._rng.choice(self.world.population.people)
            held = {entry.source for entry in self._of.get(person.number, ())}
            if not person.alive:
                continue
            if "dukcapil" not in held:
                yield [self._insert("dukcapil", person)]
            elif "dapodik" not in held and 6 <= person.age <= 18:
                yield [self._insert("dapodik", person)]
            elif "dinsos" not in held and person.age >= 18 and self.world.population.family_of(person).poor:
                yield [self._insert("dinsos", person)]
            elif missing := self._missing(person, held):
                yield [self._insert(missing, person)]
            else:
                continue
            return

    def _missing(self, person: Person, held: set[str]) -> str | None:
        """Return an office beside the registers that should know a person and does not."""
        family = self.world.population.family_of(person)
        sources = [s for s in self.world.sources if s in MORE and s not in held and self.world.entries[s]]
        found = [s for s in sources if rows_more.fits(s, person, family)]
        return self._rng.choice(found) if found else None

    # how it is written

    def _update(self, entries: list[Entry]) -> Iterator[list[Write]]:
        """Yield one transaction a source with the columns that changed; nothing when none did."""
        for source in self.world.sources:
            writes = [w for entry in entries if entry.source == source for w in self._difference(entry)]
            if writes:
                yield writes

    def _difference(self, entry: Entry) -> Iterator[Write]:
        held, row = self._rows[id(entry)], self.world.row(entry)
        values: Row = {column: value for column, value in row.items() if held.get(column) != value}
        if values:
            self._rows[id(entry)] = row
            yield Write(entry.source, entry.person, entry.key, {**values, **rows.touched(entry.source, _now())})

    def _insert(self, source: str, person: Person) -> Write:
        faults = mistakes.draw(source, self._rng)
        if source == "dinsos" and self._rng.random() < NAMELESS:
            faults.add("nameless")
        entry = self.world.new_entry(source, person, faults)
        found = self.world.entries[source]
        self._at[id(entry)] = len(found)
        found.append(entry)
        self._of.setdefault(person.number, []).append(entry)
        row = self._rows[id(entry)] = self.world.row(entry)
        return Write(source, person.number, entry.key, {**row, **rows.touched(source, _now())}, insert=True)

    def _remove(self, entry: Entry) -> Write:
        found = self.world.entries[entry.source]
        place, last = self._at.pop(id(entry)), found.pop()
        if last is not entry:
            found[place] = last
            self._at[id(last)] = place
        self._of[entry.person].remove(entry)
        del self._rows[id(entry)]
        return Write(entry.source, entry.person, entry.key, None)

    def _source(self, **weights: int) -> str:
        """Return an office by chance; one that is not named has weight 3, one without records none."""
        sources = [source for source in self.world.sources if self.world.entries[source]]
        return self._rng.choices(sources, [weights.get(source, 3) for source in sources])[0]

    def _can_lose(self, source: str) -> bool:
        return len(self.world.entries[source]) > self._least[source]

    def _any(self, source: str | None = None) -> Entry:
        chosen = source or self._rng.choices(self.world.sources, [len(e) for e in self.world.entries.values()])[0]
        return self._rng.choice(self.world.entries[chosen])

    def _resident(self, fits: Callable[[Person], bool]) -> Person | None:
        for _ in range(200):
            person = self.world.population.people[self._any("dukcapil").person]
            if fits(person):
                return person
        return None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=time.time_ns() // 1000 % 1_000_000)
