"""The one loop that sets positions, fetches and hands batches over, so that a seek never races a poll."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from hub.wire import log
from hub.wire.errors import TryAgain
from hub.wire.transport.batch import Batch, Place, cut
from hub.wire.transport.offsets import start_of

_LOG = log.get(__name__)
_IDLE_S = 0.5
_BUSY_S = 0.02
_RETRY_S = 0.5


class Poller:
    """Polls for one consumer; `consumer` is a hub.wire.transport.consumer.Consumer."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._app = consumer.app
        self._ledger = consumer.ledger
        self._fetched: dict[Place, deque[tuple[int, int, Batch]]] = {}

    def fetched(self, tp: Place) -> int:
        """Return the number of records fetched but not handed over."""
        return sum(len(batch) for _, _, batch in self._fetched.get(tp, ()))

    async def run(self, fetcher: Any) -> None:
        """Poll until the fetcher or the consumer stops; trouble of Kafka or of the offset store is waited out."""
        while not (self._consumer.should_stop or fetcher.should_stop or self._app.ending):
            try:
                await self._turn(fetcher)
            except (GroupAuthorizationFailedError, TopicAuthorizationFailedError):
                raise
            except OffsetOutOfRangeError as error:
                for tp in error.args[0] if error.args else ():
                    self._ledger.drop(Place(*tp))
            except (KafkaError, TryAgain, OSError, TimeoutError) as error:
                await self._wait_out(error)

    async def _wait_out(self, error: BaseException) -> None:
        """Look positions up again after a pause; batches in hand stay valid, for nothing was read past them."""
        _LOG.warning("polling_failed", reason=f"{type(error).__name__}: {error}", pause_s=_RETRY_S)
        if isinstance(error, IllegalStateError | NoOffsetForPartitionError):  # the assignment changed under our feet
            for tp in self._consumer._get_active_partitions():
                self._ledger.drop(Place(*tp))
        await asyncio.sleep(_RETRY_S)

    async def _turn(self, fetcher: Any) -> None:
        consumer = self._consumer
        if not consumer.flow_active:
            await consumer.wait_first(consumer.can_resume_flow.wait(), fetcher._stopped.wait(), timeout=_IDLE_S)
            return
        active = {Place(*tp) for tp in consumer._get_active_partitions()}
        reading = self._ledger.open(active)
        unplaced = [tp for tp in reading if self._ledger.position(tp) is None]
        if unplaced:
            await self._set_positions(unplaced)
            return
        await self._hand_over()
        ready = {tp for tp in reading if not self._fetched.get(tp) and self._ledger.has_room(tp)}
        if self._app.tuning.serial and any(self._fetched.values()):
            ready = set()
        if not ready:  # never ask with an empty set: aiokafka takes it for all partitions
            await consumer.woken(0.05 if active else _IDLE_S)
            return
        await self._fetch(ready, _IDLE_S if len(ready) == len(active) else _BUSY_S)

    async def _hand_over(self) -> None:
        """Deliver what was fetched, one batch a partition in turn, as far as there is room."""
        moved = True
        while moved:
            moved = False
            for tp in list(self._fetched):
                moved = await self._deliver_next(tp) or moved

    async def _deliver_next(self, tp: Place) -> bool:
        queue = self._fetched[tp]
        while queue and not self._fresh(tp, queue[0]):
            queue.popleft()
        if not queue:
            del self._fetched[tp]
            return False
        if not self._ledger.has_room(tp):
            return False
        generation, _, batch = queue.popleft()
        self._fetched[tp] = self._fetched.pop(tp)  # to the end of the row: every partition has its turn
        await self._consumer.deliver(batch, generation)
        return True

    def _fresh(self, tp: Place, item: tuple[int, int, Batch]) -> bool:
        generation, epoch, _ = item
        return bool(generation == self._app.consumer_generation_id) and epoch == self._ledger.epoch(tp)

    async def _fetch(self, ready: set[Place], seconds: float) -> None:
        consumer, ledger = self._consumer, self._ledger
        generation, epochs = self._app.consumer_generation_id, {tp: ledger.epoch(tp) for tp in ready}
        got = await consumer._getmany(ready, seconds)
        for owned, records in got.items():
            tp = Place(*owned)
            if not records:
                continue
            base = ledger.position(tp)
            stale = generation != self._app.consumer_generation_id or ledger.epoch(tp) != epochs.get(tp)
            if stale or base is None or not consumer.flow_active:
                ledger.drop(tp)  # fetched too late, across a rebalance or rewind: position again
                continue
            if records[0].offset < base:
                ledger.drop(tp)
                raise TryAgain(f"{tp.topic}[{tp.partition}] gave offset {records[0].offset} below position {base}")
            queue = self._fetched.setdefault(tp, deque())
            queue.extend(
                (generation, epochs[tp], part) for part in cut(tp, base, records, self._app.tuning.batch_bytes)
            )
            ledger.advance(tp, records[-1].offset + 1)

    async def _set_positions(self, tps: list[Place]) -> None:
        consumer, ledger = self._consumer, self._ledger
        epochs = {tp: ledger.epoch(tp) for tp in tps}
        stored = await self._app.offsets.load(consumer, tps)
        bounds = await consumer.bounds(tps)
        starts: dict[Place, int] = {}
        for tp in tps:
            begin, end = bounds[tp]
            start = start_of(tp, stored.get(tp), begin, end, self._app.outside)
            self._app.note_start(tp, stored.get(tp), start, begin, end)
            if start is None:
                ledger.hold(tp, self._app.tuning.held_s)
            else:
                starts[tp] = start
        with contextlib.suppress(IllegalStateError):  # revoked meanwhile: the next turn knows
            await consumer._thread.call_thread(consumer._thread.seek_all, starts)
            for tp, start in starts.items():
                if ledger.epoch(tp) == epochs[tp] and consumer.flow_active:
                    ledger.place(tp, start)
