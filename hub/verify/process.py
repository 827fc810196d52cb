"""`satudata run verify`: the comparison of sources and hub as a process, with its probe and its signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import psycopg

from hub.verify.passed import CLEAN_GROUP, RECONCILED, Place
from hub.verify.refused import Refused
from hub.verify.store import Store
from hub.verify.watch import Watch
from hub.wire import log, metrics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import TryAgain
from hub.wire.identity import digest_key
from hub.wire.kafka import KafkaLog
from hub.wire.probe import Probe
from hub.wire.settings import Settings
from hub.wire.topics import VERIFICATION

NAME = "verify"
PAUSE_S = 2.0
_LOG = log.get(__name__)


class RiverOffsets:
    """How far the river's topics go and are read, from Kafka and the store (`hub.verify.passed.Offsets`)."""

    def __init__(self, kafka: KafkaLog, store: Store) -> None:
        self._kafka = kafka
        self._store = store

    def ends(self, topics: Sequence[str]) -> Mapping[Place, int]:
        """Return the next offset of every partition that holds messages."""
        bounds = {topic: self._kafka.bounds(topic) for topic in topics}
        return {
            (topic, part): high for topic, parts in bounds.items() for part, (low, high) in parts.items() if high > low
        }

    def cleaned(self) -> Mapping[Place, int]:
        """Return the offsets that clean has committed."""
        return self._kafka.committed(CLEAN_GROUP)

    def reconciled(self) -> Mapping[Place, int]:
        """Return the offsets that reconcile has committed with its rows."""
        names = {identity: topic for topic, identity in self._kafka.topic_ids(RECONCILED).items()}
        read = self._store.reconciled(self._kafka.cluster_id())
        return {(names[topic], part): at for (topic, part), at in read.items() if topic in names}


class Loop:
    """Steps until told to stop; `fault` says what it waits for at the moment."""

    def __init__(self, step: Callable[[], int], stop: threading.Event) -> None:
        self._step = step
        self._stop = stop
        self.fault: str | None = "starting"

    def run(self) -> None:
        """Step, and wait while a service is away."""
        while not self._stop.is_set():
            try:
                self._step()
            except (TryAgain, psycopg.OperationalError, psycopg.InterfaceError) as error:
                self._away(error)
            else:
                self.fault = None
            self._stop.wait(PAUSE_S)

    def _away(self, error: Exception) -> None:
        service = "kafka" if isinstance(error, TryAgain) else "postgresql"
        if self.fault is None:
            _LOG.warning("verify_waits", on=service, detail=type(error).__name__)
        self.fault = f"{service} is away: {type(error).__name__}"
        metrics.RETRIES.labels(stage=NAME, what=service).inc()


def run(settings: Settings, contracts: Mapping[str, Contract]) -> int:
    """Compare until SIGTERM or SIGINT; return the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    secret = settings.master_secret()
    kafka = KafkaLog(settings.endpoint("kafka"))
    with (
        closing(ConfluentRegistry(settings.endpoint("registry"))) as registry,
        closing(Store(settings.endpoint("database"))) as store,
        closing(Probe(NAME, settings.home, settings.probe_port)) as probe,
    ):
        codec = Codec(registry)
        watch = Watch(
            contracts, store=store, offsets=RiverOffsets(kafka, store),
            read=lambda start: kafka.read(VERIFICATION.name, dict(start)), codec=codec,
            refused=Refused(codec, contracts, {name: digest_key(secret, name) for name in contracts}),
            clock=SystemClock(),
        )  # fmt: skip
        loop = Loop(watch.step, stop)
        probe.ready = lambda: loop.fault
        _LOG.info("verify_started", probe_port=probe.port, sources=sorted(contracts))
        loop.run()
    _LOG.info("verify_stopped")
    return 0
