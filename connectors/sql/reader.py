"""One table, as its passes and polls see it: its columns, what differs from what the hub knows, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.protocol import Batch, Notice
from connectors.sql import catalog, marks
from connectors.sql.desk import Desk, Observed, Turns, mark
from connectors.sql.options import PollOptions
from connectors.sql.plan import Plan
from connectors.sql.queries import Queries
from hub.wire import log
from hub.wire.contract import Table
from hub.wire.errors import TryAgain

_LOG = log.get(__name__)
READ, KEYS, FULL, DUE, MARK = "sql:read:", "sql:keys:", "sql:full:", "sql:due:", "sql:mark:"
"""Keys of the state, each followed by the table's name: first reading finished, last comparison of all keys, of all
rows, a comparison that is owed, and (with the column behind it) the watermark."""
_LOOK_S = 30.0


class Seen:
    """A set of records as bits, by their slots."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, slot: int) -> None:
        """Take up a record."""
        at = slot >> 3
        if at >= len(self._bits):
            self._bits.extend(bytes(max(at + 1 - len(self._bits), len(self._bits) // 4)))
        bit = 1 << (slot & 7)
        if not self._bits[at] & bit:
            self._bits[at] |= bit
            self._size += 1

    def __contains__(self, slot: int) -> bool:
        at = slot >> 3
        return at < len(self._bits) and bool(self._bits[at] >> (slot & 7) & 1)


class Reader:
    """One table in one session."""

    def __init__(
        self, desk: Desk, number: int, table: Table, state: Mapping[str, str], watermarks: Sequence[str] = ()
    ) -> None:
        self.desk = desk
        self.number = number
        self._watermarks = watermarks
        self.table = table
        self.name = table.name
        self.read = READ + self.name in state
        self.marks = {
            key.removeprefix(f"{MARK}{self.name}:"): value
            for key, value in state.items()
            if key.startswith(f"{MARK}{self.name}:")
        }
        self.compared = {
            kind: float(state.get(kind + self.name) or state.get(READ + self.name) or 0) for kind in (KEYS, FULL)
        }
        self.owed = DUE + self.name in state
        """Whether all rows must be compared soon, for the table's columns changed."""
        self.doubtful = desk.known.doubtful(number)
        self.stopped = False
        self.seen: Seen | None = None
        """Records met by the pass under way; a poll that meets one tells it too."""
        self._shape: tuple[tuple[str, str], ...] | None = None
        self._looked_at = 0.0
        self._made: tuple[Plan, Queries] | None = None

    @property
    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self.desk.around.clock.now_us() / 1e6

    @property
    def plan(self) -> Plan:
        """How rows travel; `refresh` was called before."""
        return self._parts()[0]

    @property
    def queries(self) -> Queries:
        """The statements on this table."""
        return self._parts()[1]

    def _parts(self) -> tuple[Plan, Queries]:
        if self._made is None:
            raise TryAgain(f"table {self.name} was not looked at yet")
        return self._made

    def refresh(self, *, always: bool = False) -> Turns[None]:
        """Look at the table's columns, now and then; what changed is told before the first row of the new shape."""
        monotonic = self.desk.around.clock.monotonic()
        if self._made is not None and not always and monotonic - self._looked_at < _LOOK_S:
            return
        row = yield from self.desk.ask(lambda connection: (catalog.table(connection, self.name), _about(connection)))
        found, (dialect, database) = row
        if found is None:
            raise TryAgain(f"table {self.name} is gone")
        self._looked_at = monotonic
        if found.shape == self._shape:
            return
        if not set(self.table.key) <= {column.name for column in found.columns}:
            raise TryAgain(f"table {self.name}: a column of its key is gone")
        around = self.desk.around
        plan = Plan(
            self.desk.contract.source.name, self.table, found.columns,
            database=database, key=around.key, registry=around.registry,
        )  # fmt: skip
        # before anything is yielded: another turn must not meet the new shape with the old plan
        self._shape = found.shape
        self._made = plan, Queries(
            self.name, plan.columns, self.table.key, dialect, watermarks=self._watermarks
        )  # fmt: skip
        yield from self._judge(found)

    def _judge(self, found: catalog.TableRow) -> Turns[None]:
        """Obey what the contract says of changed columns.

        Without a mapped column no row can be of use, so the table waits whatever the contract says; nothing is lost by
        that, for the next comparison finds what changed meanwhile.
        """
        verdict = self.desk.drift.seen(self.name, found.shape)
        missing = self.table.mapped - {column.name for column in found.columns}
        if missing and not self.stopped:
            _LOG.error("table_waits", source=self.desk.contract.source.name, table=self.name, missing=sorted(missing))
        self.stopped = verdict.action == "stop" or bool(missing)
        if verdict.state is not None:
            self.owed = self.read
            owed = {DUE + self.name: "yes"} if self.read else {}
            yield Batch(state={**verdict.state, **owed}, notices=verdict.notices)

    def differing(
        self, rows: Sequence[Sequence[Any]], op: str, *, when: Sequence[int] = (), force: bool = False
    ) -> list[Observed]:  # fmt: skip
        """Return the rows that are others than the hub knows them, all of them by `force`; `op` is a new one's."""
        plan, known, key = self.plan, self.desk.known, self.desk.around.digest_key
        records = [plan.record_id(plan.key(row)) for row in rows]
        now_us = self.desk.around.clock.now_us()
        found = []
        for at, entry in enumerate(known.find([mark(self.number, record) for record in records])):
            image = plan.image(rows[at])
            digest = plan.digest(key, image)
            if entry is not None:
                self.meet(entry.slot)
                if entry.digest == digest and not force:
                    continue
            as_ = op if entry is None or op == "r" else "u"
            found.append(Observed(records[at], as_, image, digest, (when[at] if when else 0) or now_us))
        return found

    def meet(self, slot: int) -> None:
        """Tell the pass under way that a record is there."""
        if self.seen is not None:
            self.seen.add(slot)

    def send(self, found: Sequence[Observed], state: Mapping[str, str] | None = None) -> Batch:
        """Return a batch of changes."""
        batch, slots = self.desk.batch(self.plan, self.number, found, state or {})
        for one, slot in zip(found, slots, strict=True):
            if one.image is not None:
                self.meet(slot)
        return batch

    def tell(self, code: str, **detail: object) -> Notice:
        """Return a notice of this table."""
        return Notice(code, self.name, {name: str(value) for name, value in detail.items()})

    def told(self, watermark: Any) -> str:
        """Return a watermark as the position keeps it."""
        now_us = self.desk.around.clock.now_us()
        return marks.dumps(marks.not_after(watermark, now_us, self.desk.options.zone))

    def check(self, watermark: Any) -> None:
        """Raise RefuseToStart for a watermark that the contract's overlap does not fit, or that has no order."""
        if isinstance(self.desk.options, PollOptions):
            marks.behind(watermark, self.desk.options.overlap)

    def rest(self) -> Turns[bool]:
        """Return whether the table may be read; one that is stopped is looked at now and then."""
        if self._made is None or self.stopped:
            yield from self.refresh()
        return not self.stopped


def _about(connection: Any) -> tuple[str, str]:
    url = connection.engine.url
    database = url.database or ""
    return connection.dialect.name, database.rpartition("/")[2]
