"""The publisher between a real PostgreSQL and a real Kafka: order, fencing, repeats, and the process itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.publish.outbox import Outbox
from hub.publish.publisher import Publisher
from hub.wire.broker import Incoming
from hub.wire.clock import SystemClock
from hub.wire.errors import Halt
from hub.wire.kafka import KafkaLog
from hub.wire.topics import Topic
from hub.wire.transactional import TransactionalSender
from tests.integration.serve.stores import TestStore, entity_id

ROWS = 2500
_PUT = """
insert into store.outbox (generation, sequence, topic, key, value, headers, at)
select 1, n, %s, convert_to('key ' || n %% 50, 'utf8'), convert_to(n::text, 'utf8'), '{"ce_id": "x"}', now()
from generate_series(%s::int, %s::int) n"""


class Bench:
    """An outbox, a topic of its own, and publishers under an id of their own."""

    def __init__(self, url: str, kafka: str) -> None:
        self.url, self.kafka = url, kafka
        self.log = KafkaLog(kafka)
        self.topic = f"test.publish.{os.urandom(6).hex()}"
        self.id = f"test-{os.urandom(6).hex()}"
        self.senders: list[TransactionalSender] = []
        self.log.ensure([Topic(self.topic, "none", "test", 3, "delete", 3_600_000, ("test",), ("test",))])

    def put(self, first: int, last: int) -> None:
        with psycopg.connect(self.url) as database:
            database.execute(_PUT, (self.topic, first, last))
            database.execute("notify outbox")

    def cursor(self) -> int:
        with psycopg.connect(self.url) as database:
            row = database.execute("select max(cursor) from store.published").fetchone()
            return int(row[0] or 0) if row else 0

    def sender(self, kind: type[TransactionalSender] = TransactionalSender) -> TransactionalSender:
        made = kind(self.kafka, self.id)
        self.senders.append(made)
        return made

    def publisher(self, sender: TransactionalSender, stop: threading.Event) -> Publisher:
        return Publisher(partial(Outbox, self.url), sender, SystemClock(), stop)

    def publish_all(self) -> None:
        """Run a publisher until nothing waits."""
        stop = threading.Event()
        publisher = self.publisher(self.sender(), stop)
        worker = threading.Thread(target=publisher.run)
        worker.start()
        try:
            wait_until(lambda: self.waiting() == 0)
        finally:
            stop.set()
            worker.join()
            publisher.close()

    def waiting(self) -> int:
        with psycopg.connect(self.url) as database:
            row = database.execute(
                "select count(*) from store.outbox where id > coalesce((select max(cursor) from store.published), 0)"
            ).fetchone()
            return int(row[0]) if row else 0

    def messages(self, awaited: int = 0) -> list[Incoming]:
        """Return what a reader of committed messages sees, once it sees as many as awaited.

        Kafka answers a commit before its markers stand in each partition, so a reader may see it a moment later.
        """
        found: list[Incoming] = []

        def read() -> bool:
            found[:] = self.log.read(self.topic)
            return len(found) >= awaited

        wait_until(read)
        return found


def wait_until(done: Callable[[], bool], seconds: float = 30) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if done():
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen")


def by_key(messages: list[Incoming]) -> dict[bytes | None, list[int]]:
    found: dict[bytes | None, list[int]] = {}
    for message in messages:
        found.setdefault(message.key, []).append(int(message.value or b"-1"))
    return found


@pytest.fixture
def bench(migrated: str, kafka: str) -> Iterator[Bench]:
    made = Bench(migrated, kafka)
    yield made
    for sender in made.senders:
        sender.close()


def test_everything_arrives_once_in_the_order_of_each_key(bench: Bench) -> None:
    bench.put(1, ROWS)
    bench.publish_all()
    found = by_key(bench.messages(ROWS))
    assert found == {b"key %d" % k: [n for n in range(1, ROWS + 1) if n % 50 == k] for k in range(50)}
    assert bench.messages()[0].headers == (("ce_id", b"x"),)


def test_it_goes_on_where_it_stopped(bench: Bench) -> None:
    bench.put(1, 10)
    bench.publish_all()
    bench.put(11, 20)
    bench.publish_all()
    assert sorted(int(message.value or b"") for message in bench.messages(20)) == list(range(1, 21))
    assert bench.cursor() == 20


def test_uncommitted_rows_stay_where_they_are(bench: Bench) -> None:
    bench.put(1, 3)
    with psycopg.connect(bench.url) as open_transaction:
        open_transaction.execute(_PUT, (bench.topic, 4, 6))
        bench.publish_all()
        assert len(bench.messages(3)) == 3
        open_transaction.rollback()
    bench.put(7, 7)
    bench.publish_all()
    assert sorted(int(message.value or b"") for message in bench.messages(4)) == [1, 2, 3, 7]


class FreezesBeforeCommit(TransactionalSender):
    """A sender that stops, as by SIGSTOP, after its messages are in the log and before its commit."""

    frozen: threading.Event
    woken: threading.Event

    def _insist(self, call: Callable[[float], None]) -> None:
        if call.__name__ == "commit_transaction":
            self.frozen.set()
            self.woken.wait()
        super()._insist(call)


def test_a_frozen_publisher_that_wakes_publishes_nothing(bench: Bench) -> None:
    bench.put(1, 100)
    sender = bench.sender(FreezesBeforeCommit)
    assert isinstance(sender, FreezesBeforeCommit)
    sender.frozen, sender.woken = threading.Event(), threading.Event()
    ended: list[Exception] = []
    old = bench.publisher(sender, threading.Event())

    def run_old() -> None:
        try:
            old.run()
        except Halt as error:
            ended.append(error)

    worker = threading.Thread(target=run_old)
    worker.start()
    assert sender.frozen.wait(30)
    bench.publish_all()
    assert len(bench.messages(100)) == 100
    bench.put(101, 110)
    sender.woken.set()
    worker.join(60)
    old.close()
    assert [type(error) for error in ended] == [Halt]
    bench.publish_all()
    assert sorted(int(message.value or b"") for message in bench.messages(110)) == list(range(1, 111))


def test_a_publisher_that_was_fenced_while_idle_ends_at_its_next_rows(bench: Bench) -> None:
    old, new = bench.sender(), bench.sender()
    old.fence()
    publisher = bench.publisher(old, threading.Event())
    publisher.step()
    new.fence()
    bench.put(1, 50)
    with pytest.raises(Halt, match="another process took over"):
        publisher.step()
    publisher.close()
    assert bench.messages() == []
    assert bench.cursor() == 0


def test_a_message_that_kafka_never_takes_is_said_so_and_holds_the_cursor(bench: Bench) -> None:
    with psycopg.connect(bench.url) as database:
        database.execute(
            "insert into store.outbox (generation, sequence, topic, key, value, headers, at) values "
            "(1, 1, %s, 'k', %s, '{}', now())", (bench.topic, os.urandom(3_000_000)),
        )  # fmt: skip
    stop = threading.Event()
    publisher = bench.publisher(bench.sender(), stop)
    with pytest.raises(Halt, match=r"max\.message\.bytes"):
        publisher.run()
    publisher.close()
    assert bench.cursor() == 0


def test_a_crash_between_kafka_and_the_cursor_repeats_the_same_bytes(bench: Bench) -> None:
    bench.put(1, 5)
    outbox = Outbox(bench.url)
    outbox.open()
    sender = bench.sender()
    sender.fence()
    sender.send([row.message for row in outbox.pending(10)])
    outbox.close()
    bench.publish_all()
    messages = sorted(bench.messages(10), key=lambda message: (message.partition, message.offset))
    twice = {key: [*values, *values] for key, values in by_key(messages).items() for values in [values[:1]]}
    assert by_key(messages) == twice
    assert len(messages) == 10


def test_the_cursor_only_rises(bench: Bench) -> None:
    outbox = Outbox(bench.url)
    outbox.open()
    outbox.advance(7)
    outbox.advance(3)
    assert bench.cursor() == 7
    outbox.close()


def test_published_rows_are_pruned_in_bounded_batches_and_waiting_ones_never(bench: Bench) -> None:
    bench.put(1, 10)
    outbox = Outbox(bench.url)
    outbox.open()
    outbox.advance(6)
    with psycopg.connect(bench.url) as database:
        database.execute("update store.outbox set at = now() - interval '2 hours'")
    assert [outbox.prune(3600, 4), outbox.prune(3600, 4), outbox.prune(3600, 4)] == [4, 2, 0]
    assert [row.id for row in outbox.pending(10)] == [7, 8, 9, 10]
    assert outbox.waiting() == 4
    outbox.close()


def test_a_commit_of_the_hub_s_writer_wakes_the_publisher(migrated: str) -> None:
    store = TestStore(migrated)
    outbox = Outbox(migrated)
    outbox.open()
    outbox.wait(0.01)
    assert not outbox.notified
    store.person(1, [(1, "dukcapil")])
    outbox.wait(30)
    assert outbox.notified
    rows = outbox.pending(10)
    assert [(row.message.topic, row.message.key) for row in rows] == [
        ("golden.person", entity_id(1).encode()), ("changes.person", entity_id(1).encode())
    ]  # fmt: skip
    assert dict(rows[0].message.headers)["ce_subject"] == entity_id(1).encode()
    outbox.close()
    store.close()


def test_the_process_publishes_tells_its_state_and_ends_cleanly(bench: Bench, tmp_path: Path) -> None:
    bench.put(1, 5)
    env = {**os.environ, "SATUDATA_HOME": str(tmp_path), "SATUDATA_KAFKA": bench.kafka,
           "SATUDATA_DATABASE": bench.url}  # fmt: skip
    code = "from hub.publish import process; from hub.wire.settings import Settings; exit(process.run(Settings()))"
    with subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: bench.cursor() == 5)
            probe: Any = json.loads((tmp_path / "run" / "probes" / "publish.json").read_text())
            assert probe[0]["labels"]["process"] == "publish"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert ended == 0
    assert len(bench.messages(5)) == 5
