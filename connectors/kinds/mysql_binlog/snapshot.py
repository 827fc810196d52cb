"""Tables are read in chunks along their key while the stream runs; a kill costs one chunk.

Each chunk is read in a transaction of its own whose place in the log is known, and has that place as its version, so a
row that changed meanwhile wins by version whichever reaches Kafka first.  When the last chunk is through, what was
older than the first one's place and did not turn up no longer exists: a sweep says so.

MariaDB tells an open transaction's exact place without any lock.  MySQL does not: with GTIDs a transaction begins after
the server has committed all that the stream has passed, so that place is not too high; without them a read lock on the
whole server is held for the moment in which the transaction begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import pymysql

from connectors.kinds.mysql_binlog import catalog, tasks
from connectors.kinds.mysql_binlog.catalog import Server, TableRow
from connectors.kinds.mysql_binlog.client import Row, Session
from connectors.kinds.mysql_binlog.place import LIMIT, TURNS, Place
from connectors.kinds.mysql_binlog.stream import Markers, Sheet
from connectors.kinds.mysql_binlog.table import TablePlan
from connectors.kinds.mysql_binlog.tables import Tables
from connectors.kinds.mysql_binlog.tasks import Seal, Task
from connectors.protocol import Batch, Notice, Request
from hub.wire import log, metrics
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.contract import Table
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.topics import HEADER_VERSION
from hub.wire.version import pack, stamp

_LOG = log.get(__name__)
_ROWS = 1000
_LATER_SECONDS = 2.0
_MISSING_SECONDS = 30.0
_LINE = frozenset({1053, 1927, 2006, 2013})
_LOCKED = frozenset({1205, 1213, 1412, 1969, 3024})
_NO_TABLE = 1146
_PASSING = frozenset({1054, _NO_TABLE}) | _LOCKED
"""Errors of a chunk that another try may not meet: the table just changed, or is locked, or the statement was ended."""
_COMMITTED_SECONDS = 5


class Where(NamedTuple):
    """Which part of a table a chunk is."""

    condition: str
    limited: bool


def begin(session: Session, server: Server, passed: Place) -> Place:
    """Begin a transaction that sees the tables as of a known place, and return it; raises TryAgain.

    `passed`: behind what place the stream is.  At a MySQL with GTIDs the place returned may be older than what is seen.
    """
    session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    if server.mariadb:
        return _begun(session, catalog.snapshot_place(_started(session)))
    if server.settings.get("gtid_mode") == "ON" and passed.gtid:
        waited = session.one("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", passed.gtid, _COMMITTED_SECONDS)
        if waited[0] != 0:
            raise TryAgain("the server has not yet committed what its log holds")
        _started(session)
        return passed
    return exactly(session, server)


def exactly(session: Session, server: Server) -> Place:
    """Begin a transaction that sees the tables exactly as of the place returned; raises TryAgain."""
    if server.mariadb:
        session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _begun(session, catalog.snapshot_place(_started(session)))
    session.query("SET SESSION lock_wait_timeout = 5")
    session.query("FLUSH TABLES WITH READ LOCK")
    try:
        session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _started(session)
        return catalog.end(session, server)
    finally:
        session.query("UNLOCK TABLES")


def _started(session: Session) -> Session:
    session.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    return session


def _begun(session: Session, place: Place | None) -> Place:
    if place is None:
        session.query("ROLLBACK")
        raise TryAgain("the server does not tell a transaction's place in its log")
    return place


class Snapshots:
    """What is to be read of one source's tables, and the reading of it, a piece at a time."""

    def __init__(
        self, epoch: int, tables: Tables, server: Server, sheet: Sheet, *, connect: Callable[[], Session],
        passed: Callable[[], Place], markers: Markers, seal: Seal, chunk_rows: int, source: str, clock: Clock,
    ) -> None:  # fmt: skip
        self._epoch = epoch
        self._tables = tables
        self._server = server
        self._sheet = sheet
        self._connect = connect
        self._passed = passed
        self._markers = markers
        self._seal = seal
        self._chunk_rows = chunk_rows
        self._source = source
        self._tasks: list[Task] = []
        self._clock = clock
        self._session: Session | None = None
        self._missing: set[str] = set()

    def resume(self, state: Mapping[str, str]) -> dict[str, str]:
        """Take up what a position's state leaves to do; return what of it must be remembered anew."""
        changed = {key: "" for key in state if key.startswith(tasks.PREFIX) and key[5:] not in self._tables.known}
        for table in self._tables.known.values():
            for task in tasks.of_state(state, table, self._seal):
                self._tasks.append(task)
                changed[tasks.PREFIX + table.name] = task.text(self._seal)
        return changed

    @property
    def pending(self) -> bool:
        """Say whether there is something to read now."""
        self._take_due()
        return self._next() is not None

    @property
    def finished(self) -> bool:
        """Say whether every table is read."""
        return not self._tasks

    def _next(self) -> Task | None:
        now = self._clock.monotonic()
        return next((task for task in self._tasks if task.not_before <= now), None)

    def ask(self, request: Request) -> None:
        """Take a request for tables to be read again; raises RefuseToStart when its keys do not fit."""
        if any(request.id in task.requests for task in (*self._tasks, *self._tables.due)):
            return
        names = [request.table] if request.table else list(self._tables.known)
        for name in names:
            table = self._tables.known[name]
            if request.keys or request.where:
                keys = _parts(table, request.keys)
                self._check(table, keys)
                self._tasks.append(Task(name, "", (request.id,), "request", keys=keys, where=request.where))
            else:
                self._tables.again(name, "request", request.id)

    def close(self) -> None:
        """Leave the source."""
        if self._session is not None:
            self._session.leave()
            self._session = None

    def _check(self, table: Table, keys: Sequence[Sequence[str]]) -> None:
        """Raise RefuseToStart unless the server's columns can hold these keys."""
        row = self._tables.row(table.name)
        if row is not None:
            for parts in keys:
                _equal(row, table.key, parts)

    def _turned(self, task: Task) -> dict[str, str] | None:
        """Remember that a part of a table is read once more, where no reading of the whole remembers it."""
        table = self._tables.known[task.table]
        if any(other.table == task.table and other.whole for other in self._tasks):
            return None
        return {tasks.PREFIX + task.table: tasks.done(table, task.turn)}

    def _take_due(self) -> None:
        """Take in tables that must be read again: behind a reading that has begun, else together with it."""
        for due in self._tables.due:
            waiting = next((t for t in self._tasks if t.table == due.table and t.whole and not t.floor), None)
            if waiting is None:
                self._tasks.append(due)
            else:
                waiting.requests += due.requests
        self._tables.due.clear()

    def _state(self, task: Task) -> dict[str, str] | None:
        """Return what is to be remembered of a task; a part of a table that was asked for is asked for again."""
        if not task.whole:
            return None
        again = any(other.table == task.table and other.whole for other in self._tasks if other is not task)
        return {tasks.PREFIX + task.table: task.text(self._seal, again)}

    # ------------------------------------------------------------------ pieces

    def pieces(self) -> Iterator[Batch | None]:
        """Yield what is read, without end; None when nothing came at the moment."""
        while True:
            self._take_due()
            task = self._next()
            if task is None:
                self.close()
                yield None
                continue
            try:
                yield from self._chunk(task)
            except pymysql.Error as error:
                self._fail(task, error)
                yield None

    def _fail(self, task: Task, error: pymysql.Error) -> None:
        """Try again in a moment what may pass; the connection is given up."""
        self.close()
        number = error.args[0] if error.args else 0
        if task.where and number not in _LINE | _LOCKED:
            self._tasks.remove(task)
            self._tables.refuse(
                task.table, task.requests[0], f"the server does not take the condition (error {number})"
            )
        elif number in _PASSING:
            task.not_before = self._clock.monotonic() + _LATER_SECONDS
            _LOG.warning("snapshot_waits", source=self._source, table=task.table, error=number)
        else:
            raise error

    def _chunk(self, task: Task) -> Iterator[Batch | None]:
        """Read one chunk and remember how far it came."""
        session = self._session = self._session or self._connect()
        place = begin(session, self._server, self._passed())
        if place.position > LIMIT:  # behind a giant transaction; the next file begins soon
            self._later(task, _LATER_SECONDS)
            return
        found = self._found(session, task.table)
        if found is None:
            yield self._not_there(task)
            return
        self._missing.discard(task.table)
        started = not task.floor
        task.floor = task.floor or place.major
        if started:
            task.turn = self._tables.turns[task.table] = min(self._tables.turns.get(task.table, -1) + 1, TURNS)
            yield Batch(
                (), self._state(task) or self._turned(task), notices=self._notices("snapshot_started", task, found[1])
            )
        yield from self._read(task, session, place, *found)

    def _found(self, session: Session, name: str) -> tuple[TablePlan, TableRow] | None:
        """Return a table's plan, its definition held still until the transaction ends; None if it is not to be read."""
        try:
            if not catalog.readable(session, name):
                raise RefuseToStart(f"table {name} may not be read: GRANT SELECT ON {name} to this account")
        except pymysql.err.ProgrammingError as error:
            if error.args[0] == _NO_TABLE:
                return None
            raise
        return self._tables.of_catalogue(session, name)

    def _later(self, task: Task, seconds: float) -> None:
        task.not_before = self._clock.monotonic() + seconds
        if self._session is not None:
            self._session.query("ROLLBACK")

    def _not_there(self, task: Task) -> Batch | None:
        self._later(task, _MISSING_SECONDS)
        if task.table in self._missing or self._tables.stopped(task.table):
            return None
        self._missing.add(task.table)
        _LOG.error("table_missing", source=self._source, table=task.table,
                   remedy="make the table again, or take it out of the contract")  # fmt: skip
        return Batch((), notices=[Notice("table_missing", task.table)])

    def _read(
        self, task: Task, session: Session, place: Place, plan: TablePlan, row: TableRow
    ) -> Iterator[Batch | None]:
        key = self._tables.known[task.table].key
        where = self._where(task, row, key)
        limit = f" ORDER BY {', '.join(map(catalog.identifier, key))} LIMIT {self._chunk_rows}" if where.limited else ""
        extra = "".join(f", {catalog.identifier(part)}" for part in key)
        query = f"SELECT {', '.join(plan.select)}{extra} FROM {catalog.quoted(task.table)} {where.condition}{limit}"  # noqa: S608 - quoted
        count, last = 0, None
        for rows in session.stream(query):
            if not rows:
                yield None
                continue
            for at in range(0, len(rows), _ROWS):
                piece = rows[at : at + _ROWS]
                yield self._batch(plan, place, piece, task.turn)
            count += len(rows)
            last = rows[-1]
        session.query("COMMIT")
        task.rows += count
        after = tuple(value or b"" for value in last[-len(key) :]) if where.limited and last else None
        yield self._chunk_read(task, row, count, after)

    def _batch(self, plan: TablePlan, place: Place, rows: list[Row], turn: int) -> Batch:
        self._sheet.refresh()
        head, after = self._sheet.lines(plan, self._sheet.now_us, "incremental", place)
        rest = head + b"\0" + after + self._sheet.tails["r"]
        headers = ((HEADER_VERSION, stamp(self._epoch, place.major, turn)),)
        messages, columns = [], len(plan.select)
        for values in rows:
            change = plan.read(values[:columns])
            messages.append(Outgoing(plan.topic, change.record, change.beginning + rest, headers))
        return Batch(messages, counts={(plan.name, "r"): len(messages)})

    def _chunk_read(self, task: Task, row: TableRow, count: int, after: tuple[bytes, ...] | None) -> Batch:
        """Return the end of a chunk: how far the table is read, or that it is."""
        share = min(task.rows / row.rows, 0.99) if row.rows else 0.99
        if after is not None and count == self._chunk_rows:
            task.after = after
            metrics.SNAPSHOT_PROGRESS.labels(source=self._source, table=task.table).set(share)
            return Batch((), self._state(task))
        metrics.SNAPSHOT_PROGRESS.labels(source=self._source, table=task.table).set(1)
        return self._finished(task, row)

    def _finished(self, task: Task, row: TableRow) -> Batch:
        self._tasks.remove(task)
        notices = self._notices("snapshot_finished", task, row)
        if not task.whole:
            return Batch((), notices=notices)
        markers = self._markers(task.table, pack(self._epoch, task.floor, task.turn))
        waiting = next((other for other in self._tasks if other.table == task.table and other.whole), None)
        if waiting is not None:
            waiting.turn = task.turn
        text = waiting.text(self._seal) if waiting else tasks.done(self._tables.known[task.table], task.turn)
        return Batch(markers, {tasks.PREFIX + task.table: text}, barrier=True, notices=notices)

    def _notices(self, code: str, task: Task, row: TableRow) -> list[Notice]:
        """Return a notice for each request that the task fulfils, or one."""
        detail = {"reason": task.reason, "rows": str(task.rows), "about": str(row.rows)}
        named = [{**detail, "request": request} for request in task.requests]
        return [Notice(code, task.table, each) for each in named or [detail]]

    def _where(self, task: Task, row: TableRow, key: Sequence[str]) -> Where:
        """Return the condition of a task's next chunk."""
        limited = task.whole and catalog.in_order(row, key)
        conditions = []
        if task.where:
            conditions.append(f"({task.where})")
        if task.keys:
            conditions.append("(" + " OR ".join(_equal(row, key, parts) for parts in task.keys) + ")")
        if limited and task.after:
            conditions.append(_behind(row, key, task.after))
        return Where(f"WHERE {' AND '.join(conditions)}" if conditions else "", limited)


def _behind(row: TableRow, key: Sequence[str], after: Sequence[bytes]) -> str:
    """Return the condition of all rows behind a key, in a form that an index serves."""
    names = [catalog.identifier(part) for part in key]
    values = [catalog.literal(row, part, value) for part, value in zip(key, after, strict=True)]
    ways = []
    for at in range(len(names)):
        equal = [f"{name} = {value}" for name, value in zip(names[:at], values[:at], strict=True)]
        ways.append("(" + " AND ".join([*equal, f"{names[at]} > {values[at]}"]) + ")")
    first = f"{names[0]} >= {values[0]} AND " if len(names) > 1 else ""
    return f"{first}({' OR '.join(ways)})"


def _equal(row: TableRow, key: Sequence[str], parts: Sequence[str]) -> str:
    pairs = zip(key, parts, strict=True)
    return "(" + " AND ".join(
        f"{catalog.identifier(name)} = {catalog.literal(row, name, part.encode())}" for name, part in pairs
    ) + ")"  # fmt: skip


def _parts(table: Table, keys: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return a request's keys in their parts; raises RefuseToStart when they do not fit the table's key."""
    found = []
    for key in keys:
        parts: object = [key]
        if len(table.key) > 1:
            with suppress(ValueError):
                parts = json.loads(key)
        if not isinstance(parts, list) or len(parts) != len(table.key) or not all(isinstance(p, str) for p in parts):
            raise RefuseToStart(f"a key of {table.name} has {len(table.key)} parts ({', '.join(table.key)}): give each "
                                "as a JSON array of texts")  # fmt: skip
        found.append(tuple(parts))
    return tuple(found)
