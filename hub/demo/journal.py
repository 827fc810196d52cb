"""The demo's own book of what was committed at the OPDs, and of who is who: the hub never sees it.

One SQLite file in the demo's folder.  Record ids stand in it, no names and no numbers of people.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DDL = """
CREATE TABLE IF NOT EXISTS change (
    seq INTEGER PRIMARY KEY, source TEXT, tbl TEXT, op TEXT, record BLOB, previous BLOB, xid INTEGER, at_us INTEGER
);
CREATE TABLE IF NOT EXISTS truth (record BLOB PRIMARY KEY, person INTEGER);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT);
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of one row."""

    source: str
    table: str
    op: str
    """c, u or d; a changed key is k, and `previous` is the record under its old key."""
    record: bytes
    previous: bytes | None
    xid: int
    """The source's transaction id, 64 bits."""
    at_us: int
    """Wall clock right after the commit returned."""

    def expected(self) -> list[bytes]:
        """Return the records of which raw must hold a message with this transaction id."""
        return [self.record] if self.previous is None else [self.record, self.previous]


class Journal:
    """Appends committed changes; safe to use from the threads that run life and the screen."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _DDL)

    def add(self, changes: Iterable[Change], truths: Iterable[tuple[bytes, int]] = ()) -> None:
        """Write what one transaction did, and whose the records are now."""
        with self._lock:
            self._base.execute("BEGIN")
            self._base.executemany(
                "INSERT INTO change (source, tbl, op, record, previous, xid, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(c.source, c.table, c.op, c.record, c.previous, c.xid, c.at_us) for c in changes],
            )
            self._base.executemany("INSERT OR REPLACE INTO truth VALUES (?, ?)", list(truths))
            self._base.execute("COMMIT")

    def note(self, name: str, value: str) -> None:
        """Keep one fact about the run, such as when the tables were filled."""
        with self._lock:
            self._base.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", [name, value])

    def fact(self, name: str) -> str | None:
        """Return a fact, or None."""
        found = self._rows("SELECT value FROM fact WHERE name = ?", [name])
        return str(found[0][0]) if found else None

    def changes(self) -> Iterator[Change]:
        """Yield every change in the order of its commit."""
        for row in self._rows("SELECT source, tbl, op, record, previous, xid, at_us FROM change ORDER BY seq"):
            yield Change(*row)

    def truth(self) -> dict[bytes, int]:
        """Return the person of each record."""
        return dict(self._rows("SELECT record, person FROM truth"))

    def _rows(self, statement: str, parameters: Iterable[Any] = ()) -> list[Any]:
        with self._lock:
            return self._base.execute(statement, list(parameters)).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._base.close()
