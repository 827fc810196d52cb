"""Is the river at rest?  Told by offsets and log positions from end to end, once life has stopped.

Asked in the order of the flow: when a stage has read its input to the end, what it wrote is final, and so the next
stage's input has an end too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import psycopg

from hub.demo.offices import Office
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.errors import TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings
from hub.wire.topics import CLEAN_TOPIC, JUDGEMENT, POSITION, QUARANTINE_CLEAN

CLEAN_GROUP = "clean"
RECONCILED = (*[topic.name for topic in CLEAN_TOPIC.values()], JUDGEMENT.name, QUARANTINE_CLEAN.name)
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Rest:
    """Waits for rest; `problem` says which stage did not get there."""

    settings: Settings
    offices: Mapping[str, Office]
    """The offices' systems that were written to, by source."""
    raw: tuple[str, ...]
    """Raw topics."""
    observed: Callable[[], bool] = lambda: True
    """Whether the store holds what the systems without a log hold."""

    def wait(self, timeout_s: float, stop: threading.Event, tick: Callable[[], None]) -> str | None:
        """Return None once everything is at rest, else what was not in time; `tick` is called meanwhile."""
        deadline, log = time.monotonic() + timeout_s, KafkaLog(self.settings.endpoint("kafka"))
        marks = {source: office.mark() for source, office in self.offices.items()}
        stages: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("connectors: changes of an OPD's log not confirmed", lambda: self._captured(log, marks)),
            ("systems without a log: the store does not hold what they hold", self.observed),
            ("clean: raw topics not read to their end", lambda: self._cleaned(log)),
            ("reconcile: clean topics not read to their end", lambda: self._reconciled(log)),
            ("publish: outbox not empty", self._published),
        )
        for name, done in stages:
            while not (looked := _try(done)).done:
                if time.monotonic() > deadline or stop.is_set():
                    return name
                tick()
                time.sleep(max(_PAUSE_S, 2 * looked.seconds))  # who looks leaves most of the machine to the river
        return None

    def _captured(self, log: KafkaLog, marks: Mapping[str, Any]) -> bool:
        return all(
            self.offices[source].taken(mark, partial(self._position, log, source)) for source, mark in marks.items()
        )

    def _position(self, log: KafkaLog, source: str) -> dict[str, str]:
        """Return the state of a source's last position."""
        found: dict[str, str] = {}
        with closing(ConfluentRegistry(self.settings.endpoint("registry"))) as registry:
            codec = Codec(registry)
            for message in log.read(POSITION.named(source=source).name):
                if message.value is not None:
                    found = dict(codec.decode_record(message.value).state)
        return found

    def _cleaned(self, log: KafkaLog) -> bool:
        return _read_up(log, self.raw, log.committed(CLEAN_GROUP))

    def _reconciled(self, log: KafkaLog) -> bool:
        ids = {identity: topic for topic, identity in log.topic_ids(RECONCILED).items()}
        with psycopg.connect(self.settings.endpoint("database")) as connection:
            rows = connection.execute(
                'SELECT topic_id, partition, next_offset FROM link."offset" WHERE cluster_id = %s', [log.cluster_id()]
            ).fetchall()
            sweeping = connection.execute("SELECT count(*) FROM link.sweep").fetchone()
        offsets = {(ids[topic], partition): offset for topic, partition, offset in rows if topic in ids}
        return _read_up(log, RECONCILED, offsets) and sweeping == (0,)

    def _published(self) -> bool:
        with psycopg.connect(self.settings.endpoint("database")) as connection:
            row = connection.execute(
                "SELECT coalesce((SELECT max(id) FROM store.outbox), 0)"
                " <= coalesce((SELECT max(cursor) FROM store.published), 0)"
            ).fetchone()
        return row == (True,)


class _Looked(NamedTuple):
    done: bool
    seconds: float


def _try(done: Callable[[], bool]) -> _Looked:
    began = time.monotonic()
    try:
        found = done()
    except (psycopg.OperationalError, TryAgain):
        found = False
    return _Looked(found, time.monotonic() - began)


def _read_up(log: KafkaLog, topics: Sequence[str], offsets: Mapping[tuple[str, int], int]) -> bool:
    return all(offsets.get(place, low) >= high for place, (low, high) in log.bounds_of(topics).items())
