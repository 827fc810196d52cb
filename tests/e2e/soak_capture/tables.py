"""A table altered four times: its office adds a column, renames it, changes its type, and drops it again."""

from __future__ import annotations

from abc import abstractmethod

from hub.demo.rows import ALL
from tests.e2e.soak_capture.troubles import DRIFTED, DRIFTS, NOTICES, Lane

_FIRST, _SECOND = "catatan", "keterangan"


class Altering(Lane):
    """Offices whose tables can be altered."""

    types: tuple[str, str]
    """The new column's first type, and the one that it gets."""

    def alter(self, source: str) -> None:
        """Alter the table, waiting after each step until it was told."""
        table = ALL[source].table
        steps = (
            ("column_added", f"ALTER TABLE {self.named(table)} ADD COLUMN {_FIRST} {self.types[0]}", _FIRST),
            ("column_renamed", f"ALTER TABLE {self.named(table)} RENAME COLUMN {_FIRST} TO {_SECOND}", _SECOND),
            ("column_retyped", self.retyping(source, _SECOND), _SECOND),
            ("column_dropped", f"ALTER TABLE {self.named(table)} DROP COLUMN {_SECOND}", _SECOND),
        )
        for code, statement, column in steps:
            since, counted = self.sight.mark(), self.sight.metric(source, NOTICES, code=code)
            drifts = self.sight.metric(source, DRIFTS, table=table)
            self.execute(source, statement)
            self.sight.notice(source, code, since, column=column)
            self._counted(source, NOTICES, counted, code=code)
            self._counted(source, DRIFTS, drifts, table=table)
            if code == "column_added":
                self.sight.until("a stranger", lambda: self.sight.metric(source, DRIFTED, table=table) == 1)
                self.sight.shows(source, "a column unlike", lambda row: row["drifted_columns"].get(table) == 1)
        self.sight.until("no stranger", lambda: self.sight.metric(source, DRIFTED, table=table) == 0)
        self.sight.shows(source, "no column unlike", lambda row: not row["drifted_columns"])
        self.saw("metric", "notice", "status")

    def _counted(self, source: str, name: str, before: float, **labels: str) -> None:
        self.sight.until(f"{source}: {name} {labels}", lambda: self.sight.metric(source, name, **labels) > before)

    def named(self, table: str) -> str:
        """Return a table's name as the office's database knows it."""
        return table

    @abstractmethod
    def execute(self, source: str, statement: str) -> None:
        """Run a statement at an office."""

    @abstractmethod
    def retyping(self, source: str, column: str) -> str:
        """Return the statement that changes the column's type."""
