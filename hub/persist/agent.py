"""The reconcile agent: waits for the lease, loads the store, and only then reads Kafka, one batch at a time.

Trouble that passes (PostgreSQL, registry or Kafka away) is waited out with the same step in hand; anything else ends
the process, and the next one begins from what is committed.  Everything that touches link or the store runs in one
thread of its own, so that the event loop keeps the membership of the consumer group alive.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from hub.persist.kinds import Stages
from hub.persist.lease import Lease
from hub.persist.migration import require_current
from hub.persist.reconcile import Reconciler, Step
from hub.persist.turning import Models
from hub.persist.work import Log
from hub.wire import log, metrics, topics
from hub.wire.avro import Codec
from hub.wire.clock import SystemClock
from hub.wire.entities import Entity
from hub.wire.errors import TryAgain
from hub.wire.probe import Probe
from hub.wire.settings import Settings
from hub.wire.transport import App, Batch, ConsumerView, Outside, Place, Tuning, run

T = TypeVar("T")
NAME = "reconcile"
_log = log.get(__name__)
_IDLE_S = 0.05
_MEASURE_S = 5.0
_LOOK_S = 0.1
_SETTLE_S = 1.0
"""How much of what was allocated one collection may have to walk: a second of it takes some milliseconds."""
THRESHOLDS = (5_000, 10, 1_000_000)
"""Of Python's collector: the last keeps full collections to those of `settle_memory`."""
_BACKGROUND_S = 0.25
"""How long one round of background work may keep a batch waiting, beyond its last step."""


class Shell:
    """One writer's thread, its retries, and the three things that Faust asks of it."""

    def __init__(self, reconciler: Reconciler) -> None:
        self.reconciler = reconciler
        self.app: App | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._logs: dict[Place, Log] = {}
        self._measured = 0.0
        self._settled = 0.0
        self._given_up = False

    async def insist(self, what: str, work: Callable[[], T]) -> T:
        """Do `work` in the writer's thread, again and again while it raises TryAgain."""
        pause = 0.1
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except TryAgain as error:
                metrics.RETRIES.labels(NAME, what).inc()
                _log.warning("retry", what=what, reason=str(error), pause_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 3.0)

    async def load(self, view: ConsumerView, tps: Iterable[Place]) -> Mapping[Place, int | None]:
        """Return where the store says each partition is to be read from (the transport's OffsetSource)."""
        assert self.app is not None
        places = [Place(*tp) for tp in tps]
        cluster, ids = await self.app.kafka_identity()
        bounds = await view.bounds(places)
        logs = {place: Log(cluster, ids[place.topic], place.partition) for place in places}
        begins = {logs[place]: (place.topic, bounds[place][0]) for place in places}
        found = await self.insist("offsets", lambda: self.reconciler.offsets(begins))
        self._logs |= logs
        return {place: found[logs[place]] for place in places}

    async def take(self, batch: Batch) -> None:
        """Bring one batch into the store; returns when it is committed."""
        where = self._logs[Place(*batch.tp)]
        step = await self.insist("decide", lambda: self.reconciler.batch(where, batch.base, batch.next, batch.records))
        while step is not None:
            await self._commit(step)
            step = await self.insist("decide", self.reconciler.more)

    async def background(self) -> None:
        """Do due background work for a bounded time, and bring the gauges up to date now and then."""
        until = time.monotonic() + _BACKGROUND_S
        while time.monotonic() < until:
            step = await self.insist("background", self.reconciler.tick)
            if step is None:
                break
            await self._commit(step)
        if time.monotonic() - self._settled > _SETTLE_S:
            self._settled = time.monotonic()
            settle_memory()
        if time.monotonic() - self._measured > _MEASURE_S:
            self._measured = time.monotonic()
            await self.insist("measure", self.reconciler.measure)
            if self.app is not None:
                self.app.measure()

    async def _commit(self, step: Step) -> None:
        await self.insist("commit", lambda: self.reconciler.commit(step))

    def digest(self) -> str:
        """Return link's digest of its memory, between two steps of the writer."""
        return self._thread.submit(self.reconciler.digest).result()

    def start(self, stop: threading.Event) -> bool:
        """Load the store into link, waiting while PostgreSQL is away; returns False when `stop` was set first.

        The load then still runs in the writer's thread: only the end of the process ends it.
        """
        gc.set_threshold(*THRESHOLDS)  # nothing that loads is garbage
        while not stop.is_set():
            loading = self._thread.submit(self.reconciler.load)
            while not wait([loading], _LOOK_S).done:
                if stop.is_set():
                    self._given_up = True
                    return False
            try:
                loading.result()
            except TryAgain as error:
                _log.warning("load_waits", reason=str(error))
                stop.wait(1)
            else:
                settle_memory()
                return True
        return False

    def close(self) -> None:
        """Wait for the step in hand, then give the connection back; a load that was given up is left alone."""
        if self._given_up:
            return
        self._thread.shutdown(wait=True, cancel_futures=True)
        self.reconciler.close()


def settle_memory() -> None:
    """Take what lives long out of the garbage collector's sight, or a full collection walks all of link's memory.

    What was allocated since the last time is collected first: a dead cycle that is frozen stays for ever.
    """
    gc.collect()
    gc.freeze()


def build(settings: Settings, shell: Shell) -> App:
    """Return the Faust app that feeds a loaded shell."""
    app = App(
        NAME, settings.endpoint("kafka"), offsets=shell, outside=Outside.HALT,
        tuning=Tuning(serial=True, in_hand=2), retry_on=(TryAgain,),
    )  # fmt: skip
    shell.app = app

    clean = [topics.CLEAN_TOPIC[entity].name for entity in shell.reconciler.entities]

    @app.agent(app.batches(*clean, topics.JUDGEMENT.name, topics.QUARANTINE_CLEAN.name), name=NAME)  # type: ignore[untyped-decorator]
    async def reconcile(stream: object) -> None:
        async for batch in stream:  # type: ignore[attr-defined]
            await shell.take(batch)

    app.idle(_IDLE_S)(shell.background)
    return app


def run_agent(
    settings: Settings, stages: Mapping[Entity, Stages], codec: Codec, models: Mapping[Entity, Models] | None = None
) -> int:
    """Run the writer, or stand by until there is none; return the exit code.

    A standby answers its probe as `reconcile-standby` and is ready: it does what it is for.
    """
    url = settings.endpoint("database")
    require_current(url)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lease = Lease(url, f"{socket.gethostname()}:{os.getpid()}")
    try:
        if not _stand_by(settings, lease, stop):
            return 0
        shell = Shell(Reconciler(url, lease.epoch, stages, codec, SystemClock(), models=models))
        code = _hold(settings, shell, stop)
    finally:
        lease.release()
    if code is None:
        _log.info("stopped", reason="told to stop while the store was loaded; nothing was begun")
        logging.shutdown()
        os._exit(0)  # the load reads on in its thread, and an ordinary end would wait for it
    return code


def _stand_by(settings: Settings, lease: Lease, stop: threading.Event) -> bool:
    probe = Probe(f"{NAME}-standby", settings.home, settings.probe_port)
    probe.ready = lambda: None
    try:
        return lease.acquire(stop)
    finally:
        probe.close()


def _hold(settings: Settings, shell: Shell, stop: threading.Event) -> int | None:
    """Load the store and write until the end; None when it was to end before the store was loaded."""
    probe = Probe(NAME, settings.home, settings.probe_port)
    probe.ready = lambda: "loads the store"
    try:
        began = time.monotonic()
        if not shell.start(stop):
            return None
        _log.info("store_loaded", seconds=round(time.monotonic() - began, 2))
        probe.ready = lambda: None
        probe.answers["/digest"] = shell.digest
        return run(build(settings, shell), stop)
    finally:
        shell.close()
        probe.close()
