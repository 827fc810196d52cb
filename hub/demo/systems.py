"""Who stands in which office's system, and the three registers' databases, made and filled before anybody looks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from hub.demo import mistakes, rows, rows_more
from hub.demo.mistakes import Fault
from hub.demo.population import Person, Population
from hub.demo.rows import ALL, MORE, PROGRAMMES, SYSTEMS, Entry, Row


class World:
    """The population and every record that the offices hold of it."""

    def __init__(self, people: int, seed: int, sources: Sequence[str] = tuple(SYSTEMS)) -> None:
        self.population = Population(people, seed)
        self.sources = tuple(source for source in ALL if source in sources)
        self.seed = seed
        self.rng = random.Random(f"systems {seed}")
        self._ids = itertools.count(1)
        self._lines = {programme: itertools.count(1) for programme in PROGRAMMES}
        self._numbers = {source: itertools.count(1) for source in MORE}
        self.entries: dict[str, list[Entry]] = {source: [] for source in self.sources}
        for person in self.population.people:
            for source in self._offices(person):
                if source in self.entries:
                    self.entries[source].append(self.new_entry(source, person, set()))
        dealt = mistakes.deal({source: len(found) for source, found in self.entries.items()}, self.rng)
        for source, found in self.entries.items():
            for entry, faults in zip(found, dealt[source], strict=True):
                entry.faults = faults

    def _offices(self, person: Person) -> Iterator[str]:
        yield "dukcapil"
        rng = self.rng
        chance = 0.96 if 6 <= person.age <= 18 else 0.35 if 4 <= person.age < 6 or 18 < person.age < 21 else 0
        if rng.random() < chance:
            yield "dapodik"
        if person.age >= 18 and self.population.family_of(person).poor:
            if rng.random() < 0.9:
                yield "dinsos"
            if rng.random() < 0.1:  # in two programmes
                yield "dinsos"
        dice = random.Random(f"offices {self.seed} {person.number}")
        yield from rows_more.offices(person, self.population.family_of(person), dice)

    def new_entry(self, source: str, person: Person, faults: set[Fault]) -> Entry:
        """Return a new record of a person, under the system's next key."""
        entry = Entry(source, person.number, self.next_key(source), faults, self.rng.getrandbits(32))
        entry.more = rows.own_values(source, self.rng)
        return entry

    def next_key(self, source: str, programme: str | None = None) -> tuple[Any, ...]:
        """Return a key that the system never gave before."""
        if source == "dukcapil":
            return (next(self._ids),)
        if source == "dapodik":
            return rows.pupil_key(self.rng)
        if source in MORE:
            return self._more_key(source)
        chosen = programme or self.rng.choice(PROGRAMMES)
        return chosen, next(self._lines[chosen])

    def _more_key(self, source: str) -> tuple[Any, ...]:
        number = next(self._numbers[source])
        texts = {"rsud": f"{number:06d}", "puskesmas": f"P{number:05d}", "dtsen": f"DT-{number:06d}"}
        return (texts.get(source, number),)

    def row(self, entry: Entry) -> Row:
        """Return the row that the system holds of an entry."""
        return rows.render(entry, self.population)

    def error_rates(self) -> dict[str, float]:
        """Return the share of all records that carry each mistake, and of people who are twins."""
        everything = [entry for found in self.entries.values() for entry in found]
        rates: dict[str, float] = {f: sum(f in e.faults for e in everything) / len(everything) for f in mistakes.RATES}
        people = self.population.people
        rates["twins"] = sum(p.twin for p in people) / len(people)
        return {name: round(rate, 4) for name, rate in rates.items()}


def create(server_dsn: str) -> dict[str, str]:
    """Make the three databases anew and return the connection string of each."""
    found = {}
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        for source in SYSTEMS:
            _drop(connection, source)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(source)))
            found[source] = psycopg.conninfo.make_conninfo(server_dsn, dbname=source)
    for source, dsn in found.items():
        ddl = (resources.files("hub.demo") / "systems" / f"{source}.sql").read_text(encoding="utf-8")
        with psycopg.connect(dsn) as connection:
            connection.execute(ddl.encode())
    return found


def _drop(connection: psycopg.Connection[Any], database: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = %s AND active_pid > 0",
        [database],
    )
    for (slot,) in connection.execute(
        "SELECT slot_name FROM pg_replication_slots WHERE database = %s", [database]
    ).fetchall():
        connection.execute("SELECT pg_drop_replication_slot(%s)", [slot])
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def export(dsns: Mapping[str, str]) -> list[Row]:
    """Return the civil register's rows of which there is a monthly export: those that one of its branches keeps."""
    statement = "SELECT * FROM public.penduduk WHERE id % 5 IN (0, 1)"
    with psycopg.connect(dsns["dukcapil"], row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def load(world: World, dsns: Mapping[str, str]) -> None:
    """Write every record of the world into its system by COPY."""
    for source in SYSTEMS:
        entries = world.entries.get(source, [])
        if not entries:
            continue
        with psycopg.connect(dsns[source]) as connection:
            _copy(connection, SYSTEMS[source].table, (world.row(entry) for entry in entries))
            if source == "dukcapil":
                connection.execute("SELECT setval('penduduk_id_seq', %s)", [len(entries)])


def _copy(connection: psycopg.Connection[Any], table: str, found: Iterable[Row]) -> None:
    first, rest = itertools.tee(found)
    columns = tuple(next(first))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rest:
            copy.write_row([row[column] for column in columns])
