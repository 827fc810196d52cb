"""Faust's consumer with the ledger in place of its acknowledgements: revoke, settle, commit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage
from mode import Service

from hub.wire import log, metrics
from hub.wire.errors import Halt, HubError, TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.transport.batch import Batch, Place
from hub.wire.transport.ledger import Ledger, Slip
from hub.wire.transport.polling import Poller
from hub.wire.transport.thread import Thread

_LOG = log.get(__name__)
_TOUCH_S = 0.5
_LOOK_UP_S = 2.0


class BatchMessage(ConsumerMessage):  # type: ignore[misc]
    """Faust's message whose value is a batch, with the slip that acknowledges it."""

    __slots__ = ("slip",)

    def __init__(self, batch: Batch, slip: Slip, generation: int) -> None:
        last = batch.records[-1]
        super().__init__(
            last.topic, last.partition, last.offset, last.timestamp / 1000, last.timestamp_type, None, None, batch,
            None, 0, 0, batch.tp, generation_id=generation,
        )  # fmt: skip
        self.slip = slip


class Consumer(driver.Consumer):  # type: ignore[misc]
    """The consumer of one app; all of its own state is used by the main event loop only."""

    logger = logging.getLogger("faust.transport")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tuning = self.app.tuning
        self.ledger = Ledger(
            time.monotonic, each=tuning.in_hand, together=1 if tuning.serial else None,
            backoff=tuning.backoff_s, backoff_max=tuning.backoff_max_s,
        )  # fmt: skip
        self.running: set[BatchMessage] = set()
        self.wake = asyncio.Event()
        self.poller = Poller(self)
        self._commits_fail_since: float | None = None

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Do nothing: the stock livelock detector gives false alarms and fails after a revoke."""

    # -- what an agent does with a batch
    def take(self, message: BatchMessage) -> bool:
        """Begin a batch; False if it is stale and must be left unacknowledged, for it comes again."""
        if self.app.ending or not self.app.flow_control.is_active() or not self.live(message):
            return False
        self.running.add(message)
        return True

    def live(self, message: BatchMessage) -> bool:
        """Tell whether the message belongs to the present assignment and stay."""
        return bool(message.generation_id == self.app.consumer_generation_id) and self.ledger.live(message.slip)

    def finish(self, message: BatchMessage) -> None:
        """Acknowledge a batch whose effect is durable."""
        self.running.discard(message)
        if self.live(message) and self.ledger.finish(message.slip):
            metrics.BATCH_SECONDS.labels(self.app.conf.id).observe(time.monotonic() - message.slip.since)
        self.wake.set()

    def fail(self, message: BatchMessage, reason: str) -> None:
        """Give a failed batch back: its partition is paused, then read again from where the store of offsets says."""
        self.running.discard(message)
        pause = self.ledger.fail(message.slip) if self.live(message) else None
        self.wake.set()
        if pause is not None:
            metrics.RETRIES.labels(self.app.conf.id, "batch").inc()
            _LOG.warning("batch_rewound", topic=message.topic, partition=message.partition, next_offset=message.offset,
                         reason=reason, pause_s=round(pause, 2))  # fmt: skip

    # -- what the source of offsets may ask
    async def committed(self, tps: Iterable[Place]) -> dict[Place, int]:
        """Return the group's committed offsets; a partition without one is absent."""
        found: dict[Place, int] = await self._thread.call_thread(self._thread.committed_offsets, list(tps))
        return found

    async def bounds(self, tps: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        """Return (first offset, next offset) of each partition's log."""
        found: dict[Place, tuple[int, int]] = await self._thread.call_thread(self._thread.log_bounds, list(tps))
        return found

    def acknowledged(self, tp: Place) -> int | None:
        """Return how far this stay has acknowledged."""
        return self.ledger.acknowledged(tp)

    def lag(self) -> dict[Place, int]:
        """Return the records of each owned partition that are not yet acknowledged."""
        found = {}
        for owned in self.assignment():
            tp = Place(*owned)
            waiting = self._thread.waiting(tp)
            if waiting is not None:
                found[tp] = waiting + self.ledger.in_hand(tp) + self.poller.fetched(tp)
        return found

    # -- rebalance and stop
    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Start no new batch, let running ones finish within bounds, commit, forget."""
        self.stop_flow()
        self.app.flow_control.suspend()
        await self.wait_empty()
        self.ledger.revoke(Place(*tp) for tp in revoked)
        self.wake.set()
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Wait for the batches in hand, for `settle_s` at most, then commit; stock waits for ever."""
        deadline = time.monotonic() + self.app.tuning.settle_s
        while any(map(self.live, self.running)) and time.monotonic() < deadline:
            await self.woken(0.2)
        await self.commit()

    async def woken(self, seconds: float) -> None:
        """Wait until something was finished or failed, or for so many seconds."""
        self.wake.clear()
        try:
            await asyncio.wait_for(self.wake.wait(), seconds)
        except TimeoutError:
            return

    async def perform_seek(self) -> None:
        """Have positions looked up again; only the polling loop sets them, so no seek races a poll."""
        for tp in self.assignment():
            self.ledger.drop(Place(*tp))

    # -- commit
    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Commit what is finished without a gap; bookkeeping moves only when Kafka confirmed (faults L3, L6)."""
        offsets = self.ledger.committable([Place(*tp) for tp in self.assignment()])
        if not offsets:
            self._commits_fail_since = None
            return False
        epochs = {tp: self.ledger.epoch(tp) for tp in offsets}
        try:
            confirmed = await asyncio.wait_for(self._commit(offsets), self.app.tuning.commit_s + 1)
        except TimeoutError:
            confirmed = False
        except KafkaError as error:
            self.app.end(Halt(f"Kafka refuses this app's commits: {error}; grant its group READ and start it again"))
            return False
        if not confirmed:
            metrics.RETRIES.labels(self.app.conf.id, "commit").inc()
            await self._judge_commits()
            return False
        self._commits_fail_since = None
        self.ledger.committed({tp: at for tp, at in offsets.items() if self.ledger.epoch(tp) == epochs[tp]})
        return True

    async def _judge_commits(self) -> None:
        """End the process when commits have failed for long although Kafka answers: its session is beyond repair.

        aiokafka has been seen to stay deaf on the coordinator's connection after a broker was killed.  A fresh process
        goes on from what is committed; until then everything since would be repeated after any other end, too.
        """
        now = time.monotonic()
        since = self._commits_fail_since = self._commits_fail_since or now
        if now - since < self.app.tuning.commit_patience_s:
            return
        try:
            await asyncio.to_thread(KafkaLog(self.app.bootstrap).committed, self.app.conf.id)
        except TryAgain:
            self._commits_fail_since = None  # Kafka is away for everybody
            return
        self.app.end(Halt(f"commits have failed for {now - since:.0f} s although Kafka answers; a new start goes on "
                          "from what is committed"))  # fmt: skip

    # -- polling and signs of life
    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            await self.poller.run(fetcher)
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if self.should_stop or fetcher.should_stop or self.app.should_stop:
                return
            raise
        except HubError as error:
            self.app.end(error)
        except Exception as error:
            self.app.end(error)
            raise

    @Service.task  # type: ignore[untyped-decorator]
    async def _sign_of_life(self) -> None:
        while not self.should_stop:
            loop = self._thread.thread_loop
            if loop is not None and loop.is_running():
                loop.call_soon_threadsafe(self._thread.touch)
            await self.sleep(_TOUCH_S)

    @Service.task  # type: ignore[untyped-decorator]
    async def _know_topics(self) -> None:
        while not self.should_stop:
            await self.sleep(_LOOK_UP_S)
            await self._thread.call_thread(self._thread.look_up_topics)

    @Service.task  # type: ignore[untyped-decorator]
    async def _measure(self) -> None:
        while not self.should_stop:
            await self.sleep(1.0)
            self.app.measure()

    async def deliver(self, batch: Batch, generation: int) -> None:
        """Hand one batch to the agent of its topic."""
        slip = self.ledger.deliver(batch.tp, batch.next, len(batch))
        await self.wait_first(self.callback(BatchMessage(batch, slip, generation)), self.suspend_flow.wait())
