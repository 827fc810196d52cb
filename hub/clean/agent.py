"""The clean agent: the stage on the batch transport, with one idempotent sender.

A batch is worked out and handed to the sender in a thread of its own, so that a slow registry or a full buffer never
costs the membership of the consumer group; it is acknowledged when Kafka has acknowledged all that it became.  One
batch at a time: a sweep's markers must not overtake the rows before them.  TryAgain is the transport's to repeat;
poison is quarantined and goes on; anything else ends the process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from hub.clean.cleaners import region
from hub.clean.rules import STAGE, Cleaner
from hub.clean.stage import Stage, Work
from hub.wire import log
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.broker import Incoming, Sender, Ticket
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import Halt, Quarantine, RefuseToStart, TryAgain
from hub.wire.identity import digest_key
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.probe import Probe
from hub.wire.settings import Settings
from hub.wire.topics import CLEAN_TOPIC
from hub.wire.transport import App, Batch, Outside, run

_LOG = log.get(__name__)
_STALLED_S = 300.0


class Shell:
    """The stage between a batch and its acknowledgement."""

    def __init__(self, stage: Stage, sender: Sender) -> None:
        self._stage = stage
        self._sender = sender

    async def take(self, batch: Batch) -> None:
        """Clean one batch; returns when Kafka has acknowledged everything that it became."""
        work, ticket = await asyncio.to_thread(self._submit, batch.records)
        try:
            await ticket.wait_async()
        except Quarantine as error:
            raise Halt(
                f"a record of {batch.tp.topic}[{batch.tp.partition}] from {batch.base} is over the limit of the topic "
                f"that it goes to ({error}); raise that topic's max.message.bytes as `satudata prepare` sets it"
            ) from error
        self._stage.settled(work)

    def _submit(self, records: Sequence[Any]) -> tuple[Work, Ticket]:
        work = self._stage.process([incoming(record) for record in records])
        return work, self._sender.submit(work.outgoing)

    def close(self) -> None:
        """Deliver what is buffered."""
        self._sender.close()


def incoming(record: Any) -> Incoming:
    """Return aiokafka's record as the stage reads it; a header without a value is none."""
    headers = tuple([(name, value) for name, value in record.headers if value is not None])
    return Incoming(
        record.topic, record.partition, record.offset, record.key, record.value, headers, record.timestamp
    )  # fmt: skip


def assemble(settings: Settings, contracts: Mapping[str, Contract]) -> tuple[App, Shell]:
    """Return the Faust app and the shell that it feeds; raises RefuseToStart where a topic or contract is amiss."""
    bootstrap = settings.endpoint("kafka")
    secret = settings.master_secret()
    keys = {name: digest_key(secret, name) for name in contracts}
    kafka = KafkaLog(bootstrap)
    partitions = {entity: _partitions(kafka, topic.name) for entity, topic in CLEAN_TOPIC.items()}
    cleaner = Cleaner(contracts, keys, partitions, SystemClock())
    for topic in cleaner.topics:
        _partitions(kafka, topic)
    region.known("1508")  # read the list of regions now, not at the first row
    codec = Codec(ConfluentRegistry(settings.endpoint("registry")))
    shell = Shell(Stage(cleaner, codec, settings.quarantine_limit), KafkaSender(bootstrap, STAGE, linger_ms=1))
    app = App(STAGE, bootstrap, outside=Outside.BEGINNING)

    @app.agent(app.batches(*cleaner.topics), name=STAGE)  # type: ignore[untyped-decorator]
    async def clean(stream: Any) -> None:
        async for batch in stream:
            await shell.take(batch)

    return app, shell


def build(settings: Settings, contracts: Mapping[str, Contract]) -> App:
    """Return the Faust app that cleans every source's raw topics."""
    return assemble(settings, contracts)[0]


def run_agent(settings: Settings, contracts: Mapping[str, Contract]) -> int:
    """Clean until told to stop; return the exit code."""
    probe = Probe(STAGE, settings.home, settings.probe_port)
    try:
        app, shell = assemble(settings, contracts)
        probe.ready = lambda: "; ".join(app.held.values()) or None
        probe.healthy = lambda: _stalled(app.stalled_s())
        code = run(app)
        shell.close()
        return code
    finally:
        probe.close()


def _stalled(seconds: float) -> str | None:
    return None if seconds < _STALLED_S else f"a batch has been in hand for {seconds:.0f} s"


def _partitions(kafka: KafkaLog, topic: str) -> int:
    """Return a topic's number of partitions, waiting while Kafka is away."""
    while True:
        try:
            found = kafka.partitions(topic)
        except TryAgain as error:
            _LOG.warning("retry", what="topics", reason=str(error))
            time.sleep(1)
            continue
        if not found:
            raise RefuseToStart(f"there is no topic {topic}; run `satudata prepare`")
        return found
