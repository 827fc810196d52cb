"""Is the river at rest?  Told by offsets and log positions from end to end, once life has stopped.

Asked in the order of the flow: when a stage has read its input to the end, what it wrote is final, and so the next
stage's input has an end too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from hub.wire.errors import TryAgain
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings
from hub.wire.topics import CLEAN_PERSON, JUDGEMENT, QUARANTINE_CLEAN

CLEAN_GROUP = "clean"
RECONCILED = (CLEAN_PERSON.name, JUDGEMENT.name, QUARANTINE_CLEAN.name)
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Rest:
    """Waits for rest; `problem` says which stage did not get there."""

    settings: Settings
    opd: Mapping[str, str]
    """Connection strings of the OPD databases, by source."""
    raw: tuple[str, ...]
    """Raw topics."""

    def wait(self, timeout_s: float, stop: threading.Event, tick: Callable[[], None]) -> str | None:
        """Return None once everything is at rest, else what was not in time; `tick` is called meanwhile."""
        deadline = time.monotonic() + timeout_s
        ends = {source: _log_end(dsn) for source, dsn in self.opd.items()}
        stages: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("connectors: changes of an OPD's log not confirmed", lambda: self._captured(ends)),
            ("clean: raw topics not read to their end", self._cleaned),
            ("reconcile: clean topics not read to their end", self._reconciled),
            ("publish: outbox not empty", self._published),
        )
        for name, done in stages:
            while not _try(done):
                if time.monotonic() > deadline or stop.is_set():
                    return name
                tick()
                time.sleep(_PAUSE_S)
        return None

    def _captured(self, ends: Mapping[str, str]) -> bool:
        return all(_confirmed(self.opd[source], end) for source, end in ends.items())

    def _cleaned(self) -> bool:
        log = KafkaLog(self.settings.endpoint("kafka"))
        return _read_up(log, self.raw, log.committed(CLEAN_GROUP))

    def _reconciled(self) -> bool:
        log = KafkaLog(self.settings.endpoint("kafka"))
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


def _try(done: Callable[[], bool]) -> bool:
    try:
        return done()
    except (psycopg.OperationalError, TryAgain):
        return False


def _read_up(log: KafkaLog, topics: Iterable[str], offsets: Mapping[tuple[str, int], int]) -> bool:
    return all(
        offsets.get((topic, partition), low) >= high
        for topic in topics
        for partition, (low, high) in log.bounds(topic).items()
    )


def _log_end(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    return str(row[0]) if row else "0/0"


def _confirmed(dsn: str, end: str) -> bool:
    statement = """
        SELECT count(*) > 0 AND bool_and(confirmed_flush_lsn >= %s::pg_lsn) FROM pg_replication_slots
        WHERE database = current_database() AND slot_type = 'logical' AND NOT temporary
    """
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement, [end]).fetchone() == (True,)
