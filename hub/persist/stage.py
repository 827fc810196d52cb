"""The bulk path: rows go by COPY into a temporary table, then one guarded statement moves them to their table.

Staging tables belong to the connection and are emptied at the end of each transaction; they are read in key order, so
that two transactions always lock rows in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from hub.wire.errors import Halt

Database = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Upsert:
    """A staged insert-or-update of whole rows, refused where the guard does not hold."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    guard: str
    """Condition over `t` (the row there) and `excluded` under which a row may be replaced."""
    override: tuple[tuple[str, str], ...] = ()
    """Columns that are not simply replaced: (column, expression)."""

    @property
    def stage(self) -> str:
        """Name of the staging table."""
        return "stage_" + self.table.replace(".", "_")

    @property
    def create(self) -> str:
        """Statement that makes the staging table on a new connection."""
        columns = ", ".join(self.columns)
        return (
            f"create temporary table {self.stage} on commit delete rows as "  # noqa: S608 - our own names
            f"select {columns} from {self.table} with no data"
        )

    @property
    def copy(self) -> str:
        """COPY statement into the staging table."""
        return f"copy {self.stage} ({', '.join(self.columns)}) from stdin"

    @property
    def merge(self) -> str:
        """The guarded statement: returns (rows written, rows that are new)."""
        columns, key = ", ".join(self.columns), ", ".join(self.key)
        special = dict(self.override)
        updates = ", ".join(
            f"{name} = {special.get(name, f'excluded.{name}')}" for name in self.columns if name not in self.key
        )
        return (
            f"with done as (insert into {self.table} as t ({columns}) "  # noqa: S608 - our own names
            f"select {columns} from {self.stage} order by {key} "
            f"on conflict ({key}) do update set {updates} where {self.guard} returning xmax = 0 as fresh) "
            f"select count(*), count(*) filter (where fresh) from done"
        )

    def add(self, database: Database, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows that are known to be new, straight into their table."""
        if rows:
            copy(database, f"copy {self.table} ({', '.join(self.columns)}) from stdin", rows)

    def run(self, database: Database, rows: Sequence[Sequence[Any]]) -> int:
        """Write rows and return how many are new; raises Halt when a guard refused one."""
        if not rows:
            return 0
        copy(database, self.copy, rows)
        written, fresh = database.execute(self.merge).fetchone() or (0, 0)
        if written != len(rows):
            raise Halt(f"{self.table}: {len(rows) - written} of {len(rows)} rows are newer in the store than in this "
                       "writer's memory; the process must end and load the store again")  # fmt: skip
        return int(fresh)


def copy(database: Database, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Send rows by COPY in text form, where PostgreSQL reads each value by its column's type."""
    with database.cursor().copy(statement) as target:
        for row in rows:
            target.write_row(row)


def each(database: Database, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Execute a statement for each of a few rows.

    Not by `executemany`: its pipeline ends with a Flush message, after which PostgreSQL (18 and before) does not arm
    `idle_in_transaction_session_timeout` again, and a writer that froze there would hold its locks for ever.
    """
    for row in rows:
        database.execute(statement, row)


def uuids(ids: Iterable[str]) -> str:
    """Return UUIDs as the text of a PostgreSQL array; a tenth of the cost of a list parameter."""
    return "{" + ",".join(ids) + "}"


def byteas(values: Iterable[bytes]) -> str:
    r"""Return bytes as the text of a PostgreSQL array, each element `"\\x..."`."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"
