"""The contract's tables as they are being read: their columns, plans and drift, and why one must be read again.

A plan belongs to a description in the log, so a changed table changes the schema between the right rows.  What the log
does not say is taken from the catalogue, which may be newer than the rows; rows that cannot be named with certainty
are never guessed at: the table is read again whole, which heals whatever was missed, and a notice says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from connectors.drift import Columns, Drift, standing
from connectors.kinds.mysql_binlog import catalog, columns, tasks
from connectors.kinds.mysql_binlog.catalog import Server, TableRow
from connectors.kinds.mysql_binlog.client import Session
from connectors.kinds.mysql_binlog.columns import Column, Mismatch
from connectors.kinds.mysql_binlog.events import Shape
from connectors.kinds.mysql_binlog.statements import Statement
from connectors.kinds.mysql_binlog.table import TablePlan
from connectors.protocol import Notice, Surroundings
from hub.wire import log, metrics
from hub.wire.contract import Contract, Table
from hub.wire.errors import Halt
from hub.wire.topics import raw_topic

_LOG = log.get(__name__)


class Seen(NamedTuple):
    """A table in the catalogue, and when it was looked up."""

    row: TableRow
    columns: tuple[Column, ...]
    as_of: int
    """The end of the log before that, as a version's number."""


class Tables:
    """What is known of each table of one contract."""

    def __init__(
        self, contract: Contract, around: Surroundings, server: Server, ask: Callable[[], Session], seal: tasks.Seal
    ) -> None:
        self._source = contract.source.name
        self._around = around
        self._server = server
        self._ask = ask
        self._seal = seal
        self._contract = contract
        self.known: Mapping[str, Table] = {table.name: table for table in contract.table}
        self.plans: dict[Shape, TablePlan] = {}
        self.turns: dict[str, int] = {}
        """How often each table was read in this epoch, but for the first time."""
        self.due: list[tasks.Task] = []
        """Tables to be read again; who reads them takes them out."""
        self.parents: dict[str, list[str]] = {}
        """Tables whose deletes the server carries over to tables of the contract, without logging them."""
        self._seen: dict[str, Seen] = {}
        self._to_judge: dict[str, Seen] = {}
        self._skipping: dict[str, int] = {}
        self._uncertain: dict[str, int] = {}
        """Up to where tables may have been another than the catalogue says: their names are only the log's to tell."""
        self._charsets: Mapping[int, str] = {}
        self._notices: list[Notice] = []
        self._state: dict[str, str] = {}

    def begin(self, state: Mapping[str, str]) -> None:
        """Look at every table, and judge by the contract what was known of it last."""
        self._drift = Drift(self._contract, state)
        self.turns = tasks.turns(state)
        self._charsets = {int(number): str(name) for number, name in self._ask().ask(columns.COLLATIONS)}
        for name in self.known:
            seen = self._look(name)
            last = standing(state, name)
            if last is not None:
                self._judge(name, last.columns)
                if seen is not None and list(last.columns) != words(seen.columns):
                    self._uncertain[name] = seen.as_of
            elif seen is not None:
                self._judge(name, words(seen.columns))

    @property
    def told(self) -> bool:
        """Say whether something must be sent or remembered before the next row."""
        return bool(self._notices or self._state)

    def tell(self) -> tuple[list[Notice], dict[str, str]]:
        """Return notices to be sent and what is to be remembered, once."""
        told = self._notices, self._state
        self._notices, self._state = [], {}
        return told

    def stopped(self, name: str) -> bool:
        """Say whether a table drifted and its contract says stop."""
        return self._drift.action(name) == "stop"

    def row(self, name: str) -> TableRow | None:
        """Return what the catalogue said of a table last."""
        seen = self._seen.get(name)
        return None if seen is None else seen.row

    # ------------------------------------------------------------------ plans

    def of_log(self, shape: Shape, at: int) -> TablePlan | None:
        """Return the plan for rows of this description at a place of the log; None if they are not to be sent."""
        name = shape.name
        table = self.known.get(name)
        if table is None or at < self._skipping.get(name, 0):
            return None
        if not shape.described and at < self._uncertain.get(name, 0):
            self._skip(name, self._uncertain[name])
            return None
        found = self._named(shape, at)
        if found is None:
            return None
        self._to_judge.pop(name, None)
        if not self._judge(name, words(found)):
            return None
        plan = self.plans[shape] = self._plan(table, found, shape)
        for column in plan.left_out:
            _LOG.error("column_left_out", source=self._source, table=name, column=column)
            self._notices.append(Notice("column_left_out", name, {"column": column}))
        return plan

    def of_catalogue(self, session: Session, name: str) -> tuple[TablePlan, TableRow] | None:
        """Return the plan for a table's rows as they are now; None if it is not there or stopped."""
        seen = self._look(name, session)
        if seen is None or self.stopped(name):
            return None
        return self._plan(self.known[name], seen.columns, None), seen.row

    def _plan(self, table: Table, found: tuple[Column, ...], shape: Shape | None) -> TablePlan:
        return _made(table, self._source, found, server=self._server, around=self._around, shape=shape)

    def _named(self, shape: Shape, at: int) -> tuple[Column, ...] | None:
        """Return the columns of a description, with the catalogue's help where the log does not name them."""
        reason = ""
        for seen in (self._seen.get(shape.name), None):
            fresh = seen or self._look(shape.name)
            try:
                return columns.from_log(shape, fresh.columns if fresh else (), self._charsets)
            except Mismatch as error:
                reason = str(error)
        as_of = fresh.as_of if fresh else self._end()
        if at >= as_of:
            raise Halt(f"source {self._source}: {reason}; SET GLOBAL binlog_row_metadata = FULL lets the log name its "
                       f"columns, then `satudata source snapshot {self._source} --table {shape.name}`")  # fmt: skip
        self._skip(shape.name, as_of)
        return None

    def _skip(self, name: str, as_of: int) -> None:
        """Send no rows from before the catalogue was looked at: what they hold is read from the table itself."""
        self._skipping[name] = as_of
        self.again(name, "unnamed_rows")

    def _look(self, name: str, session: Session | None = None) -> Seen | None:
        """Look a table up in the catalogue."""
        asked = session or self._ask()
        as_of = self._end()
        row = catalog.table(asked, name)
        if row is None or row.name != name:
            self._seen.pop(name, None)
            return None
        found = columns.from_catalogue(asked.ask(columns.CATALOGUE, *name.split(".", 1)))
        seen = self._seen[name] = Seen(row, found, as_of)
        self.parents = {}
        for child, each in self._seen.items():
            for parent in each.row.parents:
                if parent.on_delete:
                    self.parents.setdefault(parent.name, []).append(child)
        return seen

    def _end(self) -> int:
        return catalog.end_number(self._ask(), self._server)

    # ------------------------------------------------------------------ changes of structure

    def after(self, statement: Statement, at: int) -> None:
        """Take note of a statement, which ends at a place of the log."""
        for name in statement.tables:
            self._after(name, statement, at)

    def _after(self, name: str, statement: Statement, at: int) -> None:
        before = self._seen.get(name)
        now = self._look(name)
        self._forget(name)
        if now is None:
            self.again(name, "table_gone")
            return
        self._to_judge[name] = now
        if statement.kind == "rows":
            self.again(name, "statement_logged")
        elif statement.replacing:
            self.again(name, "table_replaced")
        elif before is None or self._changes(name, statement, before, now):
            self.again(name, "column_changed")
        if statement.kind == "structure" and now.as_of > at:
            self._uncertain[name] = now.as_of

    def _changes(self, name: str, statement: Statement, before: Seen, now: Seen) -> bool:
        """Say whether columns that the contract uses may hold other values than before."""
        table = self.known[name]
        used = {*table.mapped, *table.key}
        pairs = [[column for column in seen.columns if column.name in used] for seen in (before, now)]
        return pairs[0] != pairs[1] or not statement.columns.isdisjoint(column.lower() for column in used)

    def _forget(self, name: str) -> None:
        for shape in [shape for shape in self.plans if shape.name == name]:
            del self.plans[shape]

    def passed(self, at: int) -> None:
        """Judge tables that changed without a row so far, once the log is read to where their catalogue is known."""
        for name, seen in list(self._to_judge.items()):
            if at >= seen.as_of:
                del self._to_judge[name]
                self._judge(name, words(seen.columns))

    def _judge(self, name: str, found: Columns) -> bool:
        verdict = self._drift.seen(name, found)
        self._notices += verdict.notices
        self._state |= verdict.state or {}
        stopped = verdict.action == "stop"
        metrics.TABLE_STOPPED.labels(source=self._source, table=name).set(stopped)
        if stopped or verdict.state:
            self._forget(name)
        return not stopped

    def again(self, name: str, reason: str, *requests: str) -> None:
        """Have a table read again whole."""
        if not requests and any(task.table == name for task in self.due):
            return
        task = tasks.due(self.known[name], reason, requests, self.turns.get(name, -1))
        self.due.append(task)
        self._state[tasks.PREFIX + name] = task.text(self._seal)
        _LOG.warning("table_read_again", source=self._source, table=name, reason=reason)
        if not requests:
            self._notices.append(Notice("table_read_again", name, {"reason": reason}))

    def refuse(self, name: str, request: str, reason: str) -> None:
        """Tell that a request cannot be fulfilled."""
        self._notices.append(Notice("signal_refused", name, {"request": request, "reason": reason}))


def plan_of(session: Session, table: Table, source: str, server: Server, around: Surroundings) -> TablePlan:
    """Return the plan for a table's rows as they are now, whatever its drift."""
    found = columns.from_catalogue(session.ask(columns.CATALOGUE, *table.name.split(".", 1)))
    return _made(table, source, found, server=server, around=around, shape=None)


def _made(
    table: Table, source: str, found: tuple[Column, ...], *, server: Server, around: Surroundings, shape: Shape | None
) -> TablePlan:
    topic = raw_topic(source, table.name).name
    return TablePlan(
        table, topic, found, connector=server.connector, key=around.key, registry=around.registry, shape=shape
    )


def words(found: tuple[Column, ...]) -> list[tuple[str, str]]:
    """Return name and type of each column, the same words whether log or catalogue described it."""
    return [(column.name, _word(column)) for column in found]


def _word(column: Column) -> str:
    size = f"({column.size},{column.scale})" if column.scale else f"({column.size})" if column.size else ""
    labels = "(" + ",".join(column.labels) + ")" if column.labels else ""
    return f"{column.kind}{size}{labels}{' unsigned' if column.unsigned else ''}"
