"""The contract's tables at this database: their plans, what they are recognised by, and what their drift means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from connectors.drift import Drift, Verdict, standing
from connectors.kinds.postgres_wal import catalog, parts
from connectors.kinds.postgres_wal.catalog import Column, Connection, TableRow
from connectors.kinds.postgres_wal.parts import Part
from connectors.kinds.postgres_wal.stream import Announced, Relation
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.protocol import Notice, Surroundings
from hub.wire.contract import Contract, Table
from hub.wire.errors import Halt, TryAgain
from hub.wire.topics import raw_topic

TABLE = "table:"
"""Prefix of the state's keys that say which table of this name was read."""
PARTS = "parts:"
"""Prefix of the state's keys that say which partitions were read."""
_WORDS = """
SELECT format_type(o, m) FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY u (o, m, n) ORDER BY n
"""


def plan(contract: Contract, around: Surroundings, conn: Connection, table: Table, columns: list[Column]) -> TablePlan:
    """Return how a table's rows travel, given the columns that the log or COPY shows."""
    topic = raw_topic(contract.source.name, table.name).name
    types = partial(catalog.type_row, conn)
    return TablePlan(table, topic, columns, types=types, key=around.key, registry=around.registry)


def live_columns(conn: Connection, table: str, publication: str) -> list[Column]:
    """Return a table's columns as COPY reads them now, those that the log has; raises TryAgain if it is gone."""
    row = catalog.table(conn, table, publication)
    if row is None:
        raise TryAgain(f"table {table} is gone")
    return [column for column in row.columns if not column.generated]


class Tables:
    """The tables during one session at the database."""

    def __init__(
        self, contract: Contract, around: Surroundings, sql: Connection, publication: str, state: Mapping[str, str]
    ) -> None:
        self._contract = contract
        self._around = around
        self._sql = sql
        self._publication = publication
        self._drift = Drift(contract, state)
        self._state = state
        self._oids: dict[str, int] = {}
        self._partitioned: set[str] = set()
        self.stopped: set[str] = set()
        """Tables that drifted and whose contract wants them stopped."""
        self.resumed: set[str] = set()
        """Tables that must be read anew: they were stopped and go on, or ALTER TABLE gave a column that the contract
        names other values, which the log does not tell."""

    @property
    def names(self) -> Sequence[str]:
        """The tables, in the contract's order."""
        return [table.name for table in self._contract.table]

    def plan(self, name: str, columns: list[Column]) -> TablePlan:
        """Return a table's plan."""
        return plan(self._contract, self._around, self._sql, self._contract.table_named(name), columns)

    def read_plan(self, name: str) -> TablePlan:
        """Return a table's plan as COPY shows it; the table must be locked."""
        return self.plan(name, self._live(name))

    def _live(self, name: str) -> list[Column]:
        return live_columns(self._sql, name, self._publication)

    def identities(self) -> dict[str, str]:
        """Return what is recognised of each table, as the state remembers it: its own, and its partitions'."""
        root = parts.root(self._sql, self._publication)
        found: dict[str, str] = {}
        for table in self._contract.table:
            row = catalog.table(self._sql, table.name)
            partitioned = row is not None and row.kind == "p"
            (self._partitioned.add if partitioned else self._partitioned.discard)(table.name)
            self._oids[table.name] = row.oid if row else 0
            member = parts.membership(self._sql, self._publication, table.name)
            found[TABLE + table.name] = _identity(table, row, member) + (
                f" root={bool(root and root.published)}" if partitioned else ""
            )
            found[PARTS + table.name] = parts.mark(self.parts(table.name), partitioned=partitioned)
        return found

    def relation(self, name: str) -> str:
        """Return a whole table as SQL reads it; ordinary tables without those that inherit from them, as the log."""
        return catalog.quoted(name) if name in self._partitioned else f"ONLY {catalog.quoted(name)}"

    def parts(self, name: str) -> list[Part]:
        """Return what holds a table's rows now."""
        return parts.parts(self._sql, name)

    def first_look(self) -> Iterator[Verdict]:
        """Judge each table as the session begins: as it was seen last, or, if it never was, as it is now."""
        for name in self.names:
            known = standing(self._state, name)
            yield self._seen(name, known.columns if known else self._words(self._live(name)))

    def announced(self, relation: Relation) -> Announced:
        """Say what to do with the rows of a table that the log announces."""
        name = self._name(relation)
        if name not in self._oids:
            return Announced(None)  # also each partition, which is announced beside its root
        row = catalog.table(self._sql, name)
        if row is not None and row.oid == relation.oid != self._oids[name]:
            raise TryAgain(f"table {name} was dropped and made anew")
        self._keep_key(name, relation.columns)
        verdict = self._seen(name, self._words(relation.columns))
        if name in self.stopped:
            return Announced(None, verdict.notices, verdict.state)
        required = {c.name for c in row.columns if c.not_null} if row and row.oid == relation.oid else set()
        columns = [column._replace(not_null=column.name in required) for column in relation.columns]
        return Announced(self.plan(name, columns), verdict.notices, verdict.state)

    def _name(self, relation: Relation) -> str:
        """Return what the contract calls a table: one that is renamed for a while stays the same table."""
        return next((name for name, oid in self._oids.items() if oid == relation.oid), relation.name)

    def _seen(self, name: str, columns: Sequence[tuple[str, str]]) -> Verdict:
        verdict, table = self._drift.seen(name, columns), self._contract.table_named(name)
        was = name in self.stopped or _told(verdict.notices, "table_resumed")
        if verdict.action == "stop":
            self.stopped.add(name)
        elif was:
            self.stopped.discard(name)
            self.resumed.add(name)
        elif _altered(verdict.notices) & table.mapped.union(table.key):
            self.resumed.add(name)
        return verdict

    def _words(self, columns: Sequence[Column]) -> list[tuple[str, str]]:
        arguments = [[c.type_oid for c in columns], [c.modifier for c in columns]]
        types = self._sql.execute(_WORDS, arguments, prepare=False).fetchall()
        return [(column.name, str(type_)) for column, (type_,) in zip(columns, types, strict=True)]

    def _keep_key(self, name: str, columns: Sequence[Column]) -> None:
        lost = set(self._contract.table_named(name).key) - {column.name for column in columns}
        if lost:
            raise Halt(f"table {name} no longer has its key column {', '.join(sorted(lost))}; name the present key in "
                       f"the contract of {self._contract.source.name}, then start again: the table is read anew"
                       )  # fmt: skip


def _altered(notices: Sequence[Notice]) -> set[str]:
    """Return the columns that are new under their name or have another type than before."""
    return {
        notice.detail["column"]
        for notice in notices
        if notice.code in ("column_added", "column_renamed", "column_retyped")
    }


def _told(notices: Sequence[Notice], code: str) -> bool:
    return any(notice.code == code for notice in notices)


def _identity(table: Table, row: TableRow | None, member: str) -> str:
    """Say what was read: another table of this name, or another column of a name in the contract, is read anew."""
    columns = {column.name: column.number for column in row.columns} if row else {}
    numbers = ",".join(str(columns.get(name, 0)) for name in sorted(table.mapped.union(table.key)))
    return (
        f"oid={row.oid if row else 0} columns={numbers} publication={member} key={','.join(table.key)} "
        f"ignore={','.join(sorted(table.ignore))}"
    )
