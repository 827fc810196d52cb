"""What was read on its way to Kafka: submitted, acknowledged in order, and only then part of the position.

Two states are kept: what Kafka has acknowledged, which a position written now would say, and what the last durable
position says, which is all that the source may be told to forget.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors import orders
from connectors.notices import Notices
from connectors.positions import Positions
from connectors.protocol import Batch, Notice, Position
from hub.wire import metrics
from hub.wire.broker import Sender, Ticket
from hub.wire.clock import Clock
from hub.wire.errors import Halt, HubError, Quarantine, TryAgain

MAX_WAITING = 5_000
"""Messages that may wait for Kafka's acknowledgement before the source is no longer read."""
MAX_WAITING_BYTES = 8 * 1024 * 1024
BUSY_SECONDS = 1.0
"""Time between two positions while changes flow."""
IDLE_SECONDS = 2.0
"""Time between two positions while only the source's log moves on."""
KEEP_ALIVE_SECONDS = 2.0
TICK = 0.05


class Stopped(HubError):
    """The process was told to stop; not a fault."""


@dataclass(slots=True)
class _Waiting:
    """A submitted batch whose acknowledgement is awaited; its messages are the sender's now."""

    batch: Batch
    ticket: Ticket
    count: int
    size: int


class Delivery:
    """One source's batches and its position.

    `confirm` is called with the durable state, also to keep a connection alive, while the source is open; `due` is
    called before a position is written and may raise; `changed` is called with the keys of the state that changed.
    """

    def __init__(self, source: str, positions: Positions, sender: Sender, notices: Notices, clock: Clock) -> None:
        self._source = source
        self._positions = positions
        self._sender = sender
        self._notices = notices
        self._clock = clock
        self.stopping = threading.Event()
        self.confirm: Callable[[Mapping[str, str]], None] | None = None
        self.due: Callable[[], None] = lambda: None
        self.changed: Callable[[Mapping[str, str]], None] = lambda _changes: None
        self.away: Callable[[], None] = lambda: None
        """Called again and again while Kafka is waited for and the source is not connected."""
        self._waiting: deque[_Waiting] = deque()
        self._count = self._size = 0
        self.now = clock.monotonic()
        """When the loop made its last step."""
        self.begin(Position(0))

    def begin(self, position: Position, *, moved: bool = False) -> None:
        """Go on from a position; without an epoch nothing is written."""
        self.durable = position
        self.acknowledged = dict(position.state)
        self._moved, self._flowed = moved, False
        self._writing: tuple[Ticket, Position] | None = None
        self._written_at = self._kept_at = self.now = self._clock.monotonic()
        self._seen: dict[str, int] = {}

    def take(self, batch: Batch) -> None:
        """Submit a batch, after what it asks to be done before."""
        if batch.barrier:
            self.drain()
        if batch.reserve is not None:
            self._finish_writing()
            self.write_now(orders.merged(self.durable.state, batch.reserve))
            self.acknowledged = orders.merged(self.acknowledged, batch.reserve)
        messages = batch.messages
        if batch.notices:
            messages = [*messages, *self._notices.messages(batch.notices)]
        ticket = self._sender.submit(messages)
        count, size = len(messages), sum([len(m.value) for m in messages if m.value])
        self._waiting.append(_Waiting(dataclasses.replace(batch, messages=()), ticket, count, size))
        self._count += count
        self._size += size

    def tell(self, notice: Notice) -> Ticket:
        """Send a notice that belongs to no batch: a process's last words."""
        return self._sender.submit(self._notices.messages([notice]))

    def write_now(self, state: Mapping[str, str]) -> None:
        """Write the position with a state and wait until it is durable."""
        position = dataclasses.replace(self.durable, state=state)
        self.wait(self._positions.write(position))
        self.durable = position

    def settle(self) -> None:
        """Count what is acknowledged, contiguously from the oldest, and move the position behind it."""
        while self._waiting and self._waiting[0].ticket.done:
            first = self._waiting.popleft()
            self._count -= first.count
            self._size -= first.size
            self._raise_refused(first.ticket.error)
            self._account(first.batch)
            if first.batch.state is not None:
                self._flowed = self._flowed or first.count > 0
                self.change(first.batch.state)
            if first.batch.notices:
                self._notices.count(first.batch.notices)
                self.change(orders.followed(first.batch.notices, self.acknowledged))
        self._advance()

    def change(self, state: Mapping[str, str]) -> None:
        """Write over the acknowledged state; an empty value removes its key."""
        for key, value in state.items():
            if value:
                self.acknowledged[key] = value
            else:
                self.acknowledged.pop(key, None)
        self._moved = self._moved or bool(state)
        self.changed(state)

    def _raise_refused(self, error: Exception | None) -> None:
        if isinstance(error, Quarantine):
            raise Halt(f"source {self._source}: Kafka refused a change: {error}; raise max.message.bytes of the raw "
                       "topic to what the hub declares") from error  # fmt: skip
        if error is not None:
            raise error

    def _account(self, batch: Batch) -> None:
        if not batch.counts and not batch.newest_us:
            return
        now_us = self._clock.now_us()
        for (table, op), count in batch.counts.items():
            metrics.CAPTURED.labels(source=self._source, table=table, op=op).inc(count)
            self._seen[table] = now_us // 1_000_000
            if op == "r":
                metrics.SNAPSHOT_ROWS.labels(source=self._source, table=table).inc(count)
        if batch.newest_us:
            age = (now_us - batch.newest_us) / 1e6
            metrics.SOURCE_LAG_SECONDS.labels(source=self._source).set(max(age, 0))

    def _advance(self) -> None:
        """Write the position when it is time, and confirm to the source what is durable."""
        self.now = now = self._clock.monotonic()
        if self._writing is not None and self._writing[0].done:
            self._finish_writing()
            self._keep_alive(now)
        elif self._writing is None and self._moved and now - self._written_at >= self._pause():
            self.due()
            self._write()
        if now - self._kept_at >= KEEP_ALIVE_SECONDS:
            self._keep_alive(now)

    def _pause(self) -> float:
        return BUSY_SECONDS if self._flowed else IDLE_SECONDS

    def _write(self) -> None:
        self._moved = self._flowed = False
        if not self.durable.epoch:
            return
        for table, at in self._seen.items():
            metrics.SOURCE_CHANGED.labels(source=self._source, table=table).set(at)
        self.acknowledged |= orders.changed(self._seen)
        position = dataclasses.replace(self.durable, state=dict(self.acknowledged))
        self._writing = self._positions.write(position), position
        self._written_at = self._clock.monotonic()

    def _finish_writing(self) -> None:
        if self._writing is not None:
            ticket, position = self._writing
            self.wait(ticket)
            self.durable, self._writing = position, None

    def _keep_alive(self, now: float) -> None:
        if self.confirm is not None:
            self.confirm(self.durable.state)
            metrics.SOURCE_SUCCESS.labels(source=self._source).set(self._clock.now_us() // 1_000_000)
        self._kept_at = now

    def make_room(self) -> None:
        """Wait while too much is on its way."""
        while self._count > MAX_WAITING or self._size > MAX_WAITING_BYTES:
            self._wait_first()

    def drain(self) -> None:
        """Wait until everything is acknowledged."""
        while self._waiting:
            self._wait_first()

    def _wait_first(self) -> None:
        """Wait for the oldest batch, keeping the source's connection alive meanwhile."""
        self.wait(self._waiting[0].ticket)
        self.settle()

    def wait(self, ticket: Ticket) -> None:
        """Wait for a ticket; raises Stopped when the process is told to stop meanwhile."""
        while not ticket.done:
            if self.stopping.is_set():
                raise Stopped("told to stop")
            if not _done(ticket, TICK):
                self.now = self._clock.monotonic()
                if self.now - self._kept_at >= KEEP_ALIVE_SECONDS:
                    self._keep_alive(self.now)
        self._raise_refused(ticket.error)

    def drop(self) -> None:
        """Let what an earlier session submitted settle: it goes out before anything of the new one."""
        for waiting in list(self._waiting):
            while not _done(waiting.ticket, TICK):
                self.now = self._clock.monotonic()
                if self.stopping.is_set():
                    raise Stopped("told to stop")
                self.away()
        self._waiting.clear()
        self._count = self._size = 0

    def finish(self) -> None:
        """At a clean end: take the acknowledgements that come within seconds, then write and confirm."""
        deadline = self._clock.monotonic() + 10
        while self._waiting and self._clock.monotonic() < deadline:
            _done(self._waiting[0].ticket, TICK)
            self.settle()
        self._take_written()
        if self._moved:
            self._write()
            self._take_written()
        if self.confirm is not None:
            self.confirm(self.durable.state)

    def _take_written(self) -> None:
        if self._writing is not None and _done(self._writing[0], 5):
            self.durable, self._writing = self._writing[1], None


def _done(ticket: Ticket, timeout: float) -> bool:
    """Wait for a ticket without raising its error."""
    try:
        return ticket.wait(timeout)
    except (TryAgain, Quarantine, Halt):
        return True
