"""Statements of offices that are reached without a query builder: names are the demo's own, values are parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.demo.rows import ALL

if TYPE_CHECKING:
    from hub.demo.writing import Write


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a driver marks a parameter and a database quotes a name."""

    mark: str
    quote: str
    qualified: bool
    """Whether a table is named with its database."""

    def name(self, table: str) -> str:
        """Return a table's name, quoted."""
        parts = table.split(".") if self.qualified else [table.rpartition(".")[2]]
        return ".".join(map(self._quoted, parts))

    def _quoted(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}"

    def select(self, table: str) -> str:
        """Return the statement that reads a whole table."""
        return f"SELECT * FROM {self.name(table)}"  # noqa: S608 - the demo's own name

    def insert(self, table: str, names: Sequence[str]) -> str:
        """Return the statement that inserts a row."""
        columns, marks = ", ".join(map(self._quoted, names)), ", ".join([self.mark] * len(names))
        return f"INSERT INTO {self.name(table)} ({columns}) VALUES ({marks})"  # noqa: S608 - the demo's own names

    def write(self, write: Write) -> tuple[str, list[Any]]:
        """Return the statement of one write and its parameters."""
        system = ALL[write.source]
        table, where = self.name(system.table), " AND ".join(map(self._equal, system.key))
        if write.values is None:
            return f"DELETE FROM {table} WHERE {where}", list(write.key)  # noqa: S608 - the demo's own names
        if write.insert:
            return self.insert(system.table, list(write.values)), list(write.values.values())
        pairs = ", ".join(map(self._equal, write.values))
        parameters = [*write.values.values(), *write.key]
        return f"UPDATE {table} SET {pairs} WHERE {where}", parameters  # noqa: S608 - the demo's own names

    def _equal(self, name: str) -> str:
        return f"{self._quoted(name)} = {self.mark}"
