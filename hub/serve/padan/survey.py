"""One pass over a source: which record is in which category, in what order; kept as record ids, never as values.

The result lies in a private database of SQLite that spills to a nameless file and is gone with its survey.  A page or
a sheet takes its record ids from there and reads the values from the store anew.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_bytes
from threading import Lock
from typing import Any
from weakref import finalize

from hub.serve.padan.collect import CHUNK, Collector
from hub.serve.padan.findings import CATEGORIES, Category, Finding, assess
from hub.serve.store import Snapshot

_TABLES = """
create table row (record blob primary key, tbl text, category integer, rank integer, place text, entity text,
  nik blob) without rowid;
"""
_INDEXES = """
create index in_order on row (category, rank, place, record);
create index by_entity on row (tbl, entity);
create index by_nik on row (tbl, nik) where nik is not null;
create table twin as
select a.record record, 'entity' kind, a.tbl || '/' || a.entity knot, a.place place from row a
where exists (select 1 from row b where b.tbl = a.tbl and b.entity = a.entity and b.record <> a.record)
union all
select a.record, 'nik', a.tbl || '/' || hex(a.nik), a.place from row a
where a.nik is not null
  and exists (select 1 from row b where b.tbl = a.tbl and b.nik = a.nik and b.entity <> a.entity);
create index twin_record on twin (record);
create index twin_knot on twin (kind, knot, place, record);
"""


@dataclass(frozen=True, slots=True)
class Twin:
    """One row of a group of rows of the office's own list that seem to be of one person."""

    record: bytes
    kind: str
    """entity: the hub takes them for one person; nik: they bear one NIK and are not one person."""
    knot: str
    """The same for all rows of a group; says nothing else."""


class Survey:
    """A finished pass over one source; safe to ask from several threads."""

    def __init__(self, source: str, registers: Collection[str]) -> None:
        self.source = source
        self.registers = frozenset(registers)
        self.version = (0, 0)
        """Generation and sequence of the store that was read."""
        self.total = 0
        self.counts: Mapping[Category, int] = {}
        self.twins = 0
        """Rows that have a duplicate."""
        self._lock = Lock()
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(_TABLES)
        finalize(self, self._database.close)

    def ask(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    # ------------------------------------------------------------------ the pass

    def run(self, snapshot: Snapshot, order_by_key: Collection[str]) -> None:
        """Read the whole source; `order_by_key` names the tables whose keys are no personal numbers."""
        clock = snapshot.clock()
        self.version = (0, 0) if clock is None else (int(clock.generation), int(clock.sequence))
        secret = token_bytes(32)
        counts: Counter[Category] = Counter()
        for chunk in self.collector(snapshot).chunks():
            found = [assess(facts) for facts in chunk]
            counts.update(one.category for one in found)
            self._keep([_row(one, secret, order_by_key) for one in found])
        self._database.executescript(_INDEXES)
        self.counts = {category: counts[category] for category in CATEGORIES}
        self.total = counts.total()
        self.twins = int(self.ask("select count(distinct record) from twin")[0][0])

    def _keep(self, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._lock, self._database:
            self._database.executemany("insert into row values (?, ?, ?, ?, ?, ?, ?)", rows)

    def collector(self, snapshot: Snapshot) -> Collector:
        """Return what gathers facts of this source's records."""
        return Collector(snapshot, self.source, self.registers)

    # ------------------------------------------------------------------ reading

    def place(self, record: bytes) -> tuple[Any, ...] | None:
        """Return a record's row as `page` gives it, None where the pass did not see it."""
        rows = self.ask("select category, rank, place, record from row where record = ?", (record,))
        return rows[0] if rows else None

    def page(
        self, after: Sequence[Any] | None, limit: int, category: Category | None = None, *, twins: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return (category number, rank, place, record) of the next rows, in order; `after` is such a row."""
        where, values = ["1"], []
        if category is not None:
            where.append("category = ?")
            values.append(CATEGORIES.index(category))
        if after is not None:
            where.append("(category, rank, place, record) > (?, ?, ?, ?)")
            values += after
        if twins:
            where.append("record in (select record from twin)")
        query = (
            f"select category, rank, place, record from row where {' and '.join(where)} "  # noqa: S608 - own words
            "order by category, rank, place, record limit ?"
        )
        return self.ask(query, [*values, limit])

    def findings(self, snapshot: Snapshot, category: Category) -> Iterator[Finding]:
        """Return the findings of a category in order, read anew in chunks."""
        collector, after = self.collector(snapshot), None
        while rows := self.page(after, CHUNK, category):
            after = rows[-1]
            yield from self.read(collector, [row[3] for row in rows])

    @staticmethod
    def read(collector: Collector, records: Sequence[bytes]) -> Iterator[Finding]:
        """Return the findings of these records as the store has them now; those that are gone are left out."""
        facts = collector.of(records)
        for record in records:
            if record in facts:
                yield assess(facts[record])

    def groups(self) -> Iterator[Twin]:
        """Return rows that have duplicates, group by group, a chunk of them in memory."""
        after: Sequence[Any] = ("", "", "", b"")
        while rows := self.ask(
            "select kind, knot, place, record from twin where (kind, knot, place, record) > (?, ?, ?, ?) "
            "order by kind, knot, place, record limit ?", (*after, CHUNK),
        ):  # fmt: skip
            after = rows[-1]
            yield from (Twin(record, kind, knot) for kind, knot, _, record in rows)

    def groups_of(self, records: Sequence[bytes]) -> list[Twin]:
        """Return the rows of the groups that hold these records."""
        marks = ",".join("?" * len(records))
        query = (  # only marks are put in
            "select record, kind, knot from twin where (kind, knot) in "  # noqa: S608
            f"(select kind, knot from twin where record in ({marks})) order by kind, knot, place, record"
        )
        return [Twin(*row) for row in self.ask(query, records)]


def key_of(record: Any) -> str:
    """Return the row's own key, as its office knows it; its record id where it was cleaned before keys were kept."""
    return " / ".join(getattr(record, "key", ())) or f"({record.id.hex()})"


def _row(found: Finding, secret: bytes, order_by_key: Collection[str]) -> tuple[Any, ...]:
    record = found.record
    mark = None if record.nik is None else blake2b(record.nik.encode(), key=secret, digest_size=16).digest()
    place = natural(key_of(record)) if record.table in order_by_key else ""
    return record.id, record.table, CATEGORIES.index(found.category), found.rank, place, found.entity_id, mark


def natural(key: str) -> str:
    """Return a text that sorts as people count: 9 before 10."""
    return f"{int(key):030d}" if key.isascii() and key.isdigit() and len(key) < 30 else key
