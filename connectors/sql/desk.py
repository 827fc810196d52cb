"""What the tables of one session share: the connection's thread, the counter, the memory, the pace."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from connectors.drift import Drift
from connectors.protocol import Batch, Position, Surroundings
from connectors.sql.engine import hang_up
from connectors.sql.known import Change, Known
from connectors.sql.options import Options
from connectors.sql.plan import Image, Plan
from connectors.sql.queries import Asked
from connectors.sql.schedule import Pace, Window
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import TryAgain
from hub.wire.topics import HEADER_VERSION
from hub.wire.version import stamp

T = TypeVar("T")
TOKEN = "sql:known"  # noqa: S105 - the name of a key
DONE = "sql:n"
RESERVED = "reserved"
_RESERVE = 100_000
_ANSWER_S = 0.05
_IDLE_S = 30.0
"""Rest after which a connection is made anew."""


class Turn(Enum):
    """What a table's reader did in its turn, when that is no batch."""

    WAIT = "its question is under way, and nobody else may ask meanwhile"
    IDLE = "nothing is to be done at the moment"
    MORE = "it goes on in its next turn"


Turns = Generator[Batch | Turn, None, T]


class Hand:
    """One thread that asks the database, one question at a time, so that a slow answer never blocks the runner.

    Its connection is kept while questions come, and made anew after a rest: firewalls forget idle ones.  A file is
    opened for every question, for it may be replaced by another at any time.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._kept_s = 0.0 if engine.dialect.name == "sqlite" else _IDLE_S
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sql")
        self._connection: Connection | None = None
        self._used_at = 0.0
        self._asking: Any = None

    def ask(self, work: Callable[[Connection], T]) -> Future[T]:
        """Do something with a connection; its transaction ends with it."""
        return self._thread.submit(self._work, work)

    def _work(self, work: Callable[[Connection], T]) -> T:
        if self._clock.monotonic() - self._used_at > self._kept_s:
            self._drop()
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            self._asking = self._connection.connection.dbapi_connection
            answer = work(self._connection)
            self._connection.rollback()
        except sa.exc.SQLAlchemyError:
            self._asking = None
            self._drop()
            raise
        self._asking = None
        self._used_at = self._clock.monotonic()
        return answer

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.close()

    def close(self) -> None:
        """Give up the question under way and hang up."""
        if self._asking is not None:
            hang_up(self._asking)
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=False)


class Observed(NamedTuple):
    """A record that is another than the hub knows it."""

    record: bytes
    op: str
    image: Image | None
    """None: it is gone."""
    digest: int | None
    at_us: int


@dataclass
class Desk:
    """One session's surroundings."""

    contract: Contract
    around: Surroundings
    options: Options
    known: Known
    hand: Hand
    drift: Drift
    pace: Pace
    """Of passes; polls have one of their own, or a busy table would never be compared."""
    polling: Pace
    window: Window
    epoch: int
    counter: int
    reserved: int
    named: bool
    """Whether the position names the memory in use."""

    @classmethod
    def of(
        cls, contract: Contract, around: Surroundings, options: Options, *, known: Known, hand: Hand, position: Position
    ) -> Desk:  # fmt: skip
        """Return the surroundings of a session that reads on from a position."""
        reserved = int(position.state.get(RESERVED, 0))
        passes, polls = (Pace(options.rows_per_s, around.clock) for _ in range(2))
        window, drift = Window(options.window, options.zone), Drift(contract, position.state)
        named = position.state.get(TOKEN) == known.token
        return cls(
            contract, around, options, known, hand, drift, passes, polls, window,
            position.epoch, reserved, reserved, named,
        )  # fmt: skip

    def ask(self, work: Callable[[Connection], T]) -> Turns[T]:
        """Ask the database and wait for the answer without blocking."""
        future, clock = self.hand.ask(work), self.around.clock
        asked_at = clock.monotonic()
        while not wait([future], _ANSWER_S).done:
            if clock.monotonic() - asked_at > self.options.answer:
                raise TryAgain(f"source {self.contract.source.name} gave no answer in {self.options.answer:.0f} s")
            yield Turn.WAIT
        return future.result()

    def fetch(self, asked: Asked, pace: Pace | None = None) -> Turns[list[tuple[Any, ...]]]:
        """Return a statement's rows, which count for a pace: of the passes, where none is given."""
        statement, bound = asked
        rows = yield from self.ask(lambda connection: [tuple(row) for row in connection.execute(statement, bound)])
        (pace or self.pace).spend(len(rows))
        return rows

    def batch(
        self, plan: Plan, number: int, found: Sequence[Observed], state: Mapping[str, str]
    ) -> tuple[Batch, list[int]]:
        """Return a batch of changes, noted in the memory before it can leave, and the records' slots."""
        now_us, messages = self.around.clock.now_us(), []
        for one in found:
            self.counter += 1
            value = plan.value(one.op, one.image, one.at_us, now_us)
            headers = ((HEADER_VERSION, stamp(self.epoch, self.counter, 0)),)
            messages.append(Outgoing(plan.topic, one.record, value, headers))
        changes = [
            Change(mark(number, one.record), one.digest, one.image is not None and plan.deleted(one.image))
            for one in found
        ]
        slots = self.known.note(self.counter, changes) if changes else []
        counts = Counter((plan.table.name, one.op) for one in found)
        newest = max((one.at_us for one in found if one.op in "cu"), default=0)
        done = {DONE: str(self.counter), **state}
        return Batch(messages, done, self._reserve(), counts=counts, newest_us=newest), slots

    def _reserve(self) -> Mapping[str, str] | None:
        if self.counter <= self.reserved and self.named:
            return None
        self.reserved, self.named = max(self.reserved, self.counter + _RESERVE), True
        return {RESERVED: str(self.reserved), TOKEN: self.known.token}

    def of_now(self) -> Mapping[str, str]:
        """Return what names this session's memory in a state, for batches without changes."""
        return {TOKEN: self.known.token}


def mark(table: int, record: bytes) -> bytes:
    """Return a record's place in the memory."""
    return bytes([table]) + record
