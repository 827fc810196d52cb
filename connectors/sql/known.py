"""What the connector knows the hub to have: a record id, an 8-byte keyed digest of its last row, in a file of SQLite.

The file may be lost: then the source is read anew and swept.  It may never be ahead of Kafka, nor behind it, for a row
that is thought to be sent is not sent again, and a record that is not known is not missed when it goes.  So every
change passes through three steps:

    note     durable in the journal before the message leaves      crash: the record is in doubt
    settle   Kafka has it, and the position                         crash: still in doubt
    flush    digest or removal durable, the journal's line gone     crash: known

A record in doubt is sent again when it is met, and its delete when it is not.  No value of a row is kept, nor its key.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hub.wire.errors import RefuseToStart, TryAgain

FILE = "known.sqlite"
_FLUSH = 50_000
_CHUNK = 5_000
_LAYOUT = 1
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE known (k BLOB PRIMARY KEY, digest INTEGER, deleted INTEGER NOT NULL, slot INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX doubt ON known (k) WHERE digest IS NULL;
CREATE TABLE journal (n INTEGER NOT NULL, k BLOB NOT NULL);
"""
_PRIMARY = 0xFF
_OF_THE_DISK = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM
})  # fmt: skip
"""Codes of SQLite that speak of the place where a file lies, not of what is in it."""
_FIND = "SELECT digest, slot FROM known WHERE k = ?"
_PUT = """
INSERT INTO known (k, digest, deleted, slot) VALUES (?, ?, ?, ?)
ON CONFLICT (k) DO UPDATE SET digest = excluded.digest, deleted = excluded.deleted
"""


class Entry(NamedTuple):
    """What is known of a record."""

    digest: int | None
    """None: in doubt."""
    slot: int
    """A small number of its own, for sets of records as bits."""


class Change(NamedTuple):
    """What the record becomes when the hub has the message."""

    k: bytes
    """Table's byte and record id."""
    digest: int | None
    """None: the record goes."""
    deleted: bool = False
    """Whether the row tells of itself that it is deleted."""


@dataclass(slots=True)
class _Pending:
    digest: int | None
    deleted: bool
    slot: int
    n: int


class Known:
    """The records of one source; used by one thread, but for `counted`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._db: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._pending: dict[bytes, _Pending] = {}
        self.token = ""
        """Which file this is; the position names it."""
        self.noted = self.settled = 0
        """Highest counter in the journal, and the highest that is known to be with the hub."""
        self._slots = 0
        self._living: Counter[int] = Counter()

    def open(self) -> None:
        """Open the file if there is one; raises TryAgain while another process has it, RefuseToStart without rights."""
        self.close()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self._folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise _unwritten(error) from error
            raise RefuseToStart(f"folder {self._folder} cannot be written: {error.strerror}; give this process the "
                                "right, or set options.state in the contract") from error  # fmt: skip
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TryAgain(f"another process holds {self._folder / FILE}; end it, or wait") from error
        self._begin_with(self._path) if self._path.exists() else self._forget()

    def _forget(self) -> None:
        self.token, self.noted, self.settled, self._slots = "", 0, 0, 0
        self._pending.clear()
        self._living.clear()

    def _begin_with(self, path: Path) -> None:
        """Take up what a file holds; one that cannot be read counts as lost, one on a full disk is waited for."""
        try:
            self._db = _connect(path)
            meta = dict(self._db.execute("SELECT name, value FROM meta").fetchall())
            if meta.get("layout") != _LAYOUT:
                raise sqlite3.DatabaseError("another layout")
            self.token, self.noted, self.settled, self._slots = (
                meta["token"], meta["noted"], meta["settled"], meta["slots"]
            )  # fmt: skip
            self._doubt()
            counted_ = self._db.execute("SELECT substr(k, 1, 1), count(*) FROM known GROUP BY 1").fetchall()
            self._living.update({bytes(table)[0]: count for table, count in counted_})
        except (sqlite3.DatabaseError, KeyError) as error:
            if self._db is not None:
                self._db.close()
            self._db = None
            self._forget()
            if getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _OF_THE_DISK:
                raise _unwritten(error) from error

    def _doubt(self) -> None:
        """Put the journal's records in doubt: whether the hub has their last message is not known."""
        db = self._open()
        marks = [bytes(k) for (k,) in db.execute("SELECT DISTINCT k FROM journal ORDER BY k")]
        with _transaction(db):
            for k in marks:
                found = db.execute(_FIND, [k]).fetchone()
                db.execute(_PUT, [k, None, 0, found[1] if found else self._take_slot()])
            db.execute("DELETE FROM journal")
            self._put_meta(db)

    def begin(self, token: str) -> None:
        """Forget everything and begin a new file."""
        if self._db is not None:
            self._db.close()
        for path in self._folder.glob(f"{FILE}*"):
            if not path.name.endswith(".lock"):
                path.unlink()
        self._forget()
        self.token = token
        try:
            self._db = _connect(self._path)
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise _unwritten(error) from error
        with _transaction(self._db):
            self._put_meta(self._db)

    def _put_meta(self, db: sqlite3.Connection) -> None:
        values = {"layout": _LAYOUT, "token": self.token, "noted": self.noted, "settled": self.settled,
                  "slots": self._slots}  # fmt: skip
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            raise RefuseToStart("the connector's memory is not open; report this")
        return self._db

    def _take_slot(self) -> int:
        self._slots += 1
        return self._slots - 1

    # ------------------------------------------------------------------ reading

    def find(self, marks: Sequence[bytes]) -> list[Entry | None]:
        """Return what is known of records, in their order."""
        execute, pending = self._open().execute, self._pending
        found: list[Entry | None] = []
        for k in marks:
            new = pending.get(k)
            if new is None:
                row = execute(_FIND, [k]).fetchone()
                found.append(None if row is None else Entry(*row))
            else:
                found.append(None if new.digest is None else Entry(new.digest, new.slot))
        return found

    @property
    def waiting(self) -> bool:
        """Whether some change is noted and not yet settled."""
        return any(change.n > self.settled for change in self._pending.values())

    def doubtful(self, table: int) -> bool:
        """Say whether records of a table are in doubt."""
        asked = "SELECT 1 FROM known WHERE digest IS NULL AND k >= ? AND k < ? LIMIT 1"
        return self._open().execute(asked, _bounds(table)).fetchone() is not None

    def size(self, table: int) -> int:
        """Return how many records of a table are known."""
        return self._living[table]

    def pages(self, table: int) -> Iterator[list[tuple[bytes, int]]]:
        """Yield every flushed record of a table with its slot, in chunks; changes may be noted between two of them."""
        after, end = _bounds(table)
        while True:
            rows = self._open().execute(
                "SELECT k, slot FROM known WHERE k > ? AND k < ? ORDER BY k LIMIT ?", [after, end, _CHUNK]
            ).fetchall()  # fmt: skip
            yield rows
            if len(rows) < _CHUNK:
                return
            after = rows[-1][0]

    def still(self, k: bytes) -> bool:
        """Say whether a flushed record has not gone since."""
        change = self._pending.get(k)
        return change is None or change.digest is not None

    # ------------------------------------------------------------------ changing

    def note(self, n: int, changes: Sequence[Change]) -> list[int]:
        """Make durable that messages up to counter `n` are about to be sent; return the records' slots."""
        db = self._open()
        slots = []
        self.noted = n
        for change in changes:
            slot = self._slot(db, change)
            self._pending[change.k] = _Pending(change.digest, change.deleted, slot, n)
            slots.append(slot)
        with _transaction(db):
            db.executemany("INSERT INTO journal VALUES (?, ?)", [(n, change.k) for change in changes])
            db.execute("UPDATE meta SET value = ? WHERE name = 'noted'", [n])
            db.execute("UPDATE meta SET value = ? WHERE name = 'slots'", [self._slots])
        return slots

    def _slot(self, db: sqlite3.Connection, change: Change) -> int:
        """Return a record's slot, and count it in or out."""
        pending = self._pending.get(change.k)
        found = None if pending is not None else db.execute(_FIND, [change.k]).fetchone()
        known = found is not None or (pending is not None and pending.digest is not None)
        self._living[change.k[0]] += (change.digest is not None) - known
        if pending is not None:
            return pending.slot
        return self._take_slot() if found is None else int(found[1])

    def settle(self, n: int) -> None:
        """Learn that the hub has every message up to counter `n`, and that the position says so."""
        self.settled = max(self.settled, n)
        if len(self._pending) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what is settled."""
        done = sorted((k, change) for k, change in self._pending.items() if change.n <= self.settled)
        if not done:
            return
        db = self._open()
        with _transaction(db):
            for k, change in done:
                if change.digest is None:
                    db.execute("DELETE FROM known WHERE k = ?", [k])
                else:
                    db.execute(_PUT, [k, change.digest, change.deleted, change.slot])
            db.execute("DELETE FROM journal WHERE n <= ?", [self.settled])
            self._put_meta(db)
        for k, _ in done:
            del self._pending[k]

    def snapshot(self) -> sqlite3.Connection:
        """Return a connection that goes on seeing what is known at this moment; nothing may be `waiting`."""
        self.flush()
        reader = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM known LIMIT 1").fetchall()
        return reader

    def close(self) -> None:
        """Write what is settled and let go of the file; what is not settled stays in the journal."""
        try:
            if self._db is not None:
                with contextlib.suppress(TryAgain):  # the journal knows
                    self.flush()
                self._db.close()
        finally:
            self._db = None
            self._pending.clear()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def _bounds(table: int) -> list[bytes]:
    return [bytes([table]), bytes([table + 1])]


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16000"):
            db.execute(f"PRAGMA {setting}").fetchall()
    except sqlite3.Error:
        db.close()
        raise
    return db


class _transaction:  # noqa: N801 - read as a statement
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _unwritten(error) from error

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                self._db.execute("COMMIT")
                return
        except sqlite3.OperationalError as failed:
            error = failed
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise _unwritten(error) from error


def _unwritten(error: Exception) -> TryAgain:
    return TryAgain(f"the memory of what was sent cannot be written: {error}; make room on the connector's disk")


def counted(reader: sqlite3.Connection, table: int) -> Iterator[tuple[bytes, int | None]]:
    """Yield record id and digest of every record of a table that does not tell of itself that it is deleted."""
    rows = reader.execute("SELECT k, digest FROM known WHERE NOT deleted AND k >= ? AND k < ?", _bounds(table))
    for k, digest in rows:
        yield bytes(k[1:]), digest
