"""The publisher's loop: fence, read the cursor, then outbox rows into Kafka, a transaction a batch.

fence()          older publishers can commit nothing from here on
cursor           read only after the fence: what an older one published is in it, or is sent again
rows -> Kafka    one transaction, in the order of ids; the next begins a little later, unless it is full already
cursor rises     after Kafka's commit; a crash between the two repeats the same bytes
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import psycopg

from hub.publish.outbox import Outbox, Row
from hub.wire import log, metrics
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.errors import Halt, TryAgain

BATCH = 2000
KEEP_SECONDS = 3600
"""Published rows stay this long in the outbox, for an operator's look."""
_PRUNE_ROWS = 5000
_HOUSEKEEPING_SECONDS = 5.0
_COUNTING_SECONDS = 1.0
_BUSY_WAIT = 0.005
_IDLE_WAIT = 0.05
_NOTIFIED_WAIT = 0.5
_CALM_AFTER = 200
_APART = 0.05
"""Seconds between the beginnings of two transactions, but after a full batch: one costs Kafka as much as five requests
without, whatever it holds, so under load rows gather for the next."""
_LOG = log.get(__name__)


class Sender(Protocol):
    """What the publisher needs of `hub.wire.transactional.TransactionalSender`."""

    def fence(self) -> None:
        """Become the only sender of this id."""
        ...

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages in one transaction."""
        ...


class Publisher:
    """Carries one outbox to Kafka until told to stop; `fault` says what it waits for at the moment."""

    def __init__(self, connect: Callable[[], Outbox], sender: Sender, clock: Clock, stop: threading.Event) -> None:
        self._connect = connect
        self._sender = sender
        self._clock = clock
        self._stop = stop
        self._outbox: Outbox | None = None
        self._empty = 0
        self._housekept = self._counted = 0.0
        self.fault: str | None = "not fenced yet"

    def run(self) -> None:
        """Publish until stopped; raises Halt when another publisher took over."""
        self._insist(self._sender.fence, "fence")
        while not self._stop.is_set():
            self._insist(self.step, "publish")

    def _insist(self, work: Callable[[], None], what: str) -> None:
        """Do work; while Kafka or PostgreSQL is away, wait and do it again."""
        pause = 0.05
        while not self._stop.is_set():
            try:
                work()
            except (TryAgain, psycopg.OperationalError) as error:
                self._away(error, what)
                self._stop.wait(pause)
                pause = min(2 * pause, 2.0)
            except psycopg.Error as error:
                raise Halt(
                    f"the outbox could not be read ({type(error).__name__}: {error}); run `satudata prepare` if the "
                    "store's tables are not up to date, else look at PostgreSQL's log"
                ) from error
            else:
                self.fault = None
                return

    def _away(self, error: Exception, what: str) -> None:
        service = "Kafka" if isinstance(error, TryAgain) else "PostgreSQL"
        if self.fault is None or "not fenced" in self.fault:
            _LOG.warning("publish_waits", on=service, what=what, detail=str(error))
        self.fault = f"{service} is away: {type(error).__name__}"
        metrics.RETRIES.labels(stage="publish", what=service.lower()).inc()
        if isinstance(error, psycopg.Error) and self._outbox is not None:
            self._outbox.close()
            self._outbox = None

    def step(self) -> None:
        """Publish one batch, or wait a little when there is none."""
        if self._outbox is None:
            self._outbox = self._connect()
            _LOG.info("outbox_opened", cursor=self._outbox.open())
        began = self._clock.monotonic()
        rows = self._outbox.pending(BATCH)
        self._tell_waiting(self._outbox, len(rows))
        if rows:
            self._publish(self._outbox, rows)
        if self._clock.monotonic() - self._housekept > _HOUSEKEEPING_SECONDS:
            self._keep_house(self._outbox)
        if not rows:
            self._rest(self._outbox)
        elif len(rows) < BATCH:
            self._stop.wait(max(0.0, began + _APART - self._clock.monotonic()))

    def _publish(self, outbox: Outbox, rows: Sequence[Row]) -> None:
        self._sender.send([row.message for row in rows])
        now = self._clock.now_us()
        outbox.advance(rows[-1].id)
        self._empty = 0
        for row in rows:
            metrics.PUBLISHED.labels(topic=row.message.topic).inc()
            metrics.GOLDEN_TO_TOPIC.observe(max(0, now - row.at_us) / 1e6)

    def _tell_waiting(self, outbox: Outbox, seen: int) -> None:
        """Set the gauge at every look; what is more than a batch is counted once a second."""
        now = self._clock.monotonic()
        if seen < BATCH:
            metrics.OUTBOX_WAITING.set(seen)
        elif now - self._counted >= _COUNTING_SECONDS:
            self._counted = now
            metrics.OUTBOX_WAITING.set(outbox.waiting())

    def _keep_house(self, outbox: Outbox) -> None:
        if outbox.prune(KEEP_SECONDS, _PRUNE_ROWS) < _PRUNE_ROWS:
            self._housekept = self._clock.monotonic()

    def _rest(self, outbox: Outbox) -> None:
        """Wait for the next commit: announced ones wake at once; unannounced ones are looked for, ever more seldom."""
        self._empty += 1
        if outbox.notified:
            outbox.wait(_NOTIFIED_WAIT)
        else:
            outbox.wait(_BUSY_WAIT if self._empty < _CALM_AFTER else _IDLE_WAIT)

    def close(self) -> None:
        """Give the connection back."""
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
