"""The reconcile process on real services: nothing lost or doubled by kills, a standby, an outage, a cut log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import structs

from hub.persist import migrate
from hub.platform.embedded import Platform
from hub.wire import topics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.broker import Outgoing
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.records import Judgement, Pair
from tests.integration.persist import build

CLEAN = topics.CLEAN_PERSON.name
COUNTS = """
select (select count(*) from link.record), (select count(*) from store.person where status = 'active'),
       (select count(*) from store.history), (select sum(next_offset) from link."offset" where topic = 'clean.person')
"""


class Hub:
    """Services of the test's own, a prepared store, and reconcile processes."""

    def __init__(self, platform: Platform, home: Path) -> None:
        self.platform = platform
        services = platform.services
        self.kafka = services["kafka"].endpoint
        self.database = services["database"].endpoint
        self.home = home
        self._environment = os.environ | {
            "SATUDATA_HOME": str(home), "SATUDATA_KAFKA": self.kafka, "SATUDATA_DATABASE": self.database,
            "SATUDATA_REGISTRY": services["registry"].endpoint,
        }  # fmt: skip
        migrate(self.database)
        self.log = KafkaLog(self.kafka)
        self.log.ensure(topics.fixed_topics())
        self._registry = ConfluentRegistry(services["registry"].endpoint)
        self.codec = Codec(self._registry, register=True)
        self.codec.prepare_all()
        self.sender = KafkaSender(self.kafka, "test")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more reconcile process; its log is a file of the home."""
        with (self.home / f"reconcile-{len(list(self.home.glob('reconcile-*.log')))}.log").open("wb") as file:
            started = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.persist.process"], env=self._environment, stderr=file
            )
        self.processes.append(started)
        return started

    def stop(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Tell a process to stop: it is to end in good order."""
        process.send_signal(signal.SIGTERM)
        assert process.wait(seconds) == 0
        self.processes.remove(process)

    def send(self, topic: str, *records: Any) -> None:
        """Send records and wait until Kafka has them."""
        messages = [Outgoing(topic, getattr(record, "id", None), self.codec.encode(record)) for record in records]
        self.sender.submit([
            structs.replace(message, key=message.key if isinstance(message.key, bytes) else None)
            for message in messages
        ]).wait(30)  # fmt: skip

    def people(self, first: int, last: int, position: int = 1) -> None:
        """Send a record each of people who have nothing in common."""
        self.send(CLEAN, *[
            replace(build.person(number, position), name=f"{number:b}".replace("0", "A").replace("1", "B"),
                    birth_date=number * 37 % 20_000, kk=None, mother=None, phone=None, region=None)
            for number in range(first, last)
        ])  # fmt: skip

    def until(self, query: str, found: tuple[Any, ...], seconds: float = 60) -> None:
        """Wait until a query answers so."""
        seen: object = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with psycopg.connect(self.database, autocommit=True) as connection:
                    seen = connection.execute(query).fetchone()  # type: ignore[call-overload]
            except psycopg.OperationalError as error:
                seen = error
            if seen == found:
                return
            assert all(process.poll() in (None, -9) for process in self.processes), self.said()
            time.sleep(0.1)
        raise AssertionError(f"expected {found}, found {seen}; {self.said()}")

    def said(self) -> str:
        """Return the ends of the processes' logs."""
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.home.glob("reconcile-*.log")))

    def close(self) -> None:
        """Stop everything that still runs."""
        self.sender.close()
        self._registry.close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def hub(own_platform: Platform, tmp_path: Path) -> Iterator[Hub]:
    made = Hub(own_platform, tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(400)
def test_nothing_is_lost_or_doubled(hub: Hub) -> None:
    first = hub.start()
    hub.people(1, 301)
    hub.until(COUNTS, (300, 300, 300, 300))
    _judgement_merges_two(hub)
    second = hub.start()
    _kill_in_mid_flow(hub, first)
    _database_outage_is_waited_out(hub)
    hub.stop(second, 60)
    _told_to_stop_while_it_loads(hub)
    _cut_log_is_refused(hub)


def _judgement_merges_two(hub: Hub) -> None:
    pair = Pair(build.record_id(1), build.record_id(2))
    hub.send(topics.JUDGEMENT.name, Judgement("j1", "same", (pair,), "ani", "same person", 1))
    hub.until(COUNTS, (300, 299, 302, 300))


def _kill_in_mid_flow(hub: Hub, first: subprocess.Popen[bytes]) -> None:
    hub.people(301, 2001)
    hub.until("select count(*) > 300 from link.record", (True,))
    first.send_signal(signal.SIGKILL)
    hub.people(2001, 2501)
    hub.until(COUNTS, (2500, 2499, 2502, 2500))


def _database_outage_is_waited_out(hub: Hub) -> None:
    database = hub.platform.services["database"]
    database.kill()
    hub.people(2501, 2601)
    database.start()
    hub.until(COUNTS, (2600, 2599, 2602, 2600))


def _told_to_stop_while_it_loads(hub: Hub) -> None:
    """A load that stands still behind a lock: the process ends all the same, in good order, and the lease is free."""
    with psycopg.connect(hub.database) as lock:
        lock.execute("lock table link.record in access exclusive mode")
        process = hub.start()
        hub.until("select count(*) > 0 from pg_locks where not granted and relation = 'link.record'::regclass", (True,))
        hub.stop(process, 10)
    hub.until("select expires_at <= clock_timestamp() from link.lease where name = 'reconcile'", (True,), 3)


def _cut_log_is_refused(hub: Hub) -> None:
    hub.people(2601, 2641)
    cut(hub, {partition: end for partition, (_, end) in hub.log.bounds(CLEAN).items()})
    late = hub.start()
    assert late.wait(90) == 1
    assert "lies outside its log" in hub.said()


def cut(hub: Hub, ends: dict[int, int]) -> None:
    """Delete everything before these offsets, as retention does."""
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": hub.kafka})
    wanted = [TopicPartition(CLEAN, partition, end) for partition, end in ends.items()]
    for future in admin.delete_records(wanted).values():
        future.result(30)
