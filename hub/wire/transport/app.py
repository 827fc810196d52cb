"""The hub's Faust app: its defaults, its topics of batches, its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import faust

from hub.wire import log, metrics
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.transport.batch import Place
from hub.wire.transport.idle import Idle
from hub.wire.transport.offsets import KafkaOffsets, OffsetSource, Outside
from hub.wire.transport.stream import Agent, RawSchema, Stream, Supervisor
from hub.wire.transport.tuning import Tuning

_LOG = log.get(__name__)


class App(faust.App):  # type: ignore[misc]
    """A Faust app on the batch transport.

    `retry_on` are the errors of an agent after which its batch is read again, with growing pauses; any other error
    ends the process with code 1 and the batch stays unacknowledged.
    """

    logger = logging.getLogger("faust.app")

    def __init__(
        self,
        app_id: str,
        bootstrap: str,
        *,
        offsets: OffsetSource | None = None,
        outside: Outside = Outside.HOLD,
        tuning: Tuning | None = None,
        retry_on: tuple[type[Exception], ...] = (TryAgain,),
        **settings: Any,
    ) -> None:
        self.bootstrap = bootstrap
        self.offsets: OffsetSource = offsets or KafkaOffsets()
        self.outside = outside
        self.tuning = tuning or Tuning()
        self.retry_on = retry_on
        self.idle_work: Idle | None = None
        self.failure: BaseException | None = None
        self.stop_asked: threading.Event | None = None
        """Set when a signal to end came before the worker listened to signals."""
        self.held: dict[Place, str] = {}
        self.batch_topics: list[str] = []
        super().__init__(app_id, **{**_defaults(bootstrap, self.tuning), **settings})

    @property
    def ending(self) -> bool:
        """Whether a fatal error has been met: no further batch begins."""
        return self.failure is not None

    def batches(self, *topics: str) -> Any:
        """Return the channel of these topics' batches, for one agent."""
        known = sorted(set(topics) & set(self.batch_topics))
        if known or not topics:
            raise RefuseToStart(
                f"app {self.conf.id}: topics {known or 'none'} for an agent; every topic has exactly one agent, since "
                "one agent's rewind would repeat batches for the other"
            )
        self.batch_topics += topics
        return self.topic(*topics, schema=RawSchema())

    def idle(self, every_s: float) -> Callable[[Callable[[], Awaitable[None]]], Callable[[], Awaitable[None]]]:
        """Decorate the work to be done at least every `every_s` seconds, never while a batch is processed."""

        def register(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
            self.idle_work = Idle(work, every_s)
            return work

        return register

    def lag(self) -> dict[Place, int]:
        """Return the records not yet acknowledged of each owned partition."""
        found: dict[Place, int] = {} if self._consumer is None else self._consumer.lag()
        return found

    def stalled_s(self) -> float:
        """Return for how long the oldest batch has been in hand: a health check's question."""
        return 0.0 if self._consumer is None else float(self._consumer.ledger.oldest())

    def measure(self) -> None:
        """Set the metrics of lag and of held partitions."""
        totals = dict.fromkeys(self.batch_topics, 0)
        for tp, waiting in self.lag().items():
            totals[tp.topic] = totals.get(tp.topic, 0) + waiting
        for topic, waiting in totals.items():
            metrics.STAGE_LAG.labels(self.conf.id, topic).set(waiting)
        metrics.HELD_PARTITIONS.labels(self.conf.id).set(len(self.held))

    async def kafka_identity(self) -> tuple[str, dict[str, str]]:
        """Return the cluster's id and the id of each topic: what an offset is an offset of; raises TryAgain."""
        admin = KafkaLog(self.bootstrap)
        return await asyncio.to_thread(admin.cluster_id), await asyncio.to_thread(admin.topic_ids, self.batch_topics)

    def note_start(self, tp: Place, stored: int | None, start: int | None, begin: int, end: int) -> None:
        """Log a start that is not the stored offset, and keep account of held partitions."""
        fields = {"topic": tp.topic, "partition": tp.partition, "offset": stored, "log_begin": begin, "log_end": end}
        if start is None:
            self.held[tp] = f"stored offset {stored} of {tp.topic}[{tp.partition}] lies outside its log {begin}..{end}"
            _LOG.critical(
                "partition_held", remedy="set the group's offset by hand, then this partition goes on", **fields
            )
            return
        self.held.pop(tp, None)
        if stored is not None and start != stored:
            _LOG.error("read_from_the_beginning", reason="the stored offset lies outside the log", **fields)

    # -- the end
    def end(self, error: BaseException) -> None:
        """End the process with code 1: no further batch begins, what is finished is committed, nothing else."""
        if self.ending:
            return
        self.failure = error
        _LOG.critical("process_ends", reason=f"{type(error).__name__}: {error}")
        timer = threading.Timer(self.tuning.end_s, os._exit, (1,))
        timer.daemon = True
        timer.start()
        os.kill(os.getpid(), signal.SIGTERM)

    async def on_first_start(self) -> None:
        """Refuse combinations that could break order, before anything is read."""
        for agent in self.agents.values():
            parallel = agent.concurrency > 1
            if parallel and (self.tuning.serial or self.idle_work is not None):
                raise RefuseToStart(
                    f"agent {agent.name} has concurrency {agent.concurrency}; serial order and idle work need exactly 1"
                )
            if parallel and self.tuning.in_hand > 1 and not isinstance(self.offsets, KafkaOffsets):
                raise RefuseToStart(
                    f"agent {agent.name} has concurrency {agent.concurrency} and offsets of its own; set "
                    "Tuning(in_hand=1), or batches of one partition would overtake each other"
                )
        if self.stop_asked is not None and self.stop_asked.is_set():
            os.kill(os.getpid(), signal.SIGTERM)  # the worker listens by now
        await super().on_first_start()

    async def _stop_consumer(self) -> None:
        consumer = self._consumer
        if consumer is not None:  # let running batches finish, within bounds, and commit, before agents are cancelled
            consumer.stop_flow()
            self.flow_control.suspend()
            await consumer.wait_empty()
        await super()._stop_consumer()

    def _create_directories(self) -> None:
        """Create none: the hub keeps no state in Faust."""


def _defaults(bootstrap: str, tuning: Tuning) -> dict[str, Any]:
    return {
        "broker": "hub://" + ";".join(server.strip() for server in bootstrap.split(",")),
        "Agent": Agent,
        "Stream": Stream,
        "agent_supervisor": Supervisor,
        "store": "memory://",
        "datadir": Path(tempfile.gettempdir()) / "satudata-unused",
        "stream_wait_empty": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "table_standby_replicas": 0,  # Faust then uses aiokafka's round-robin assignor
        "web_enabled": False,
        "producer_acks": -1,
        "broker_max_poll_records": tuning.records,
        "consumer_max_fetch_size": tuning.fetch_bytes,
        "broker_commit_interval": tuning.commit_every_s,
        "broker_session_timeout": tuning.session_s,
        "broker_heartbeat_interval": tuning.heartbeat_s,
        "broker_max_poll_interval": tuning.poll_interval_s,
        "broker_request_timeout": tuning.request_s,
        "worker_redirect_stdouts": False,
    }


def run(app: App, stop_asked: threading.Event | None = None) -> int:
    """Run the app until SIGTERM, SIGINT or a fatal error; return the exit code.  Logging stays as configured.

    Whoever had the signals before may hand over the event that they set, so that none is lost in between.
    """
    import uvloop

    app.stop_asked = stop_asked

    for chatty in ("faust", "mode", "aiokafka"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # The consumer's thread keeps asyncio's own loop: after a reset by the broker uvloop raises RuntimeError from a
    # write where asyncio fails the request, and aiokafka's search for metadata ends by it for good (fault L11).
    asyncio.set_event_loop(uvloop.new_event_loop())
    started = time.monotonic()
    worker = app.Worker(quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it writes cursor escapes even when told to be quiet
    code: Any = 0
    try:
        worker.execute_from_commandline()
    except SystemExit as done:
        code = done.code
    if app.failure is not None:
        return 1
    _LOG.info("worker_stopped", code=code or 0, after_s=round(time.monotonic() - started, 1))
    return int(code or 0)
