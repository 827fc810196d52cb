"""An office whose program keeps one SQLite file; what its connector sees of it is all that the hub can know."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.demo.offices import Position
from hub.demo.offices.statements import Dialect
from hub.demo.rows import ALL, Row

if TYPE_CHECKING:
    from hub.demo.writing import Write

_SQL = Dialect("?", '"', qualified=False)


class SqliteOffice:
    """One file with one table."""

    def __init__(self, source: str, folder: Path) -> None:
        self.source = source
        self.path = folder / f"{source}.sqlite"
        self.dsn = f"sqlite:///{self.path}"
        self._lock = threading.Lock()

    def create(self) -> None:
        """Make the file anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()
        ddl = (resources.files("hub.demo") / "systems" / f"{self.source}.sql").read_text(encoding="utf-8")
        with closing(self._open()) as base:
            base.executescript(f"PRAGMA journal_mode=WAL; {ddl}")

    def load(self, rows: Iterable[Row]) -> None:
        """Write the first filling."""
        with closing(self._open()) as base, base:
            for row in rows:
                base.execute(_SQL.insert(ALL[self.source].table, list(row)), list(row.values()))

    def commit(self, writes: Sequence[Write]) -> int:
        """Write one transaction; there is no log that would number it."""
        with self._lock, closing(self._open()) as base, base:
            for write in writes:
                base.execute(*_SQL.write(write))
        return 0

    def mark(self) -> Any:
        """Return nothing: no position tells what a poll has seen, so the store itself is looked at."""
        return None

    def taken(self, mark: Any, position: Position) -> bool:  # noqa: ARG002 - the offices' common signature
        """Return True: see `mark`."""
        return True

    def close(self) -> None:
        """Do nothing: a session lives for one transaction."""

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)


def rows_of(dsn: str, table: str) -> list[Row]:
    """Return a table's rows as they are now."""
    with closing(sqlite3.connect(dsn.removeprefix("sqlite:///"), timeout=30)) as base:
        base.row_factory = sqlite3.Row
        return [dict(row) for row in base.execute(_SQL.select(table))]
