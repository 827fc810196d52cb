"""Runs fault cases in parallel: topics, workers as processes, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from hub.wire.kafka import KafkaLog
from hub.wire.topics import Topic
from tests.integration.transport.worker import Task

ROOT = Path(__file__).resolve().parents[3]
COUNT = 30
POISON = b"{not json"
RESTARTED = {"L2", "L3", "L3b", "L5"}
"""Cases in which a second worker of ours must take up what the first left; elsewhere a plain reader does."""


@dataclass(frozen=True)
class Outcome:
    """What a fault and a healthy restart left behind."""

    handled: Counter[str]
    expected: set[str]
    committed_after_fault: int
    committed: int
    generation: int
    first_exit: int

    @property
    def lost(self) -> set[str]:
        return self.expected - set(self.handled)

    @property
    def invented(self) -> set[str]:
        return set(self.handled) - self.expected

    @property
    def repeated(self) -> int:
        return sum(self.handled.values()) - len(self.handled)


def make_topic(bootstrap: str, name: str, partitions: int = 1) -> None:
    KafkaLog(bootstrap).ensure([Topic(name, "none", "none", partitions, "delete", 3_600_000, ("test",), ("test",))])


def produce(bootstrap: str, topic: str, values: list[bytes], partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0})
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(30) == 0


def produce_with_aborted(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for n in range(5):
        producer.produce(topic, b"aborted-%d" % n)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    producer.commit_transaction(30)


def committed(bootstrap: str, group: str, topic: str, partition: int = 0) -> int:
    request = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])]
    admin = AdminClient({"bootstrap.servers": bootstrap})  # a name, or it is gone before it answers
    (future,) = admin.list_consumer_group_offsets(request).values()
    return int(future.result(30).topic_partitions[0].offset)


def commit(bootstrap: str, group: str, topic: str, offsets: dict[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    consumer.commit(offsets=[TopicPartition(topic, p, at) for p, at in offsets.items()], asynchronous=False)
    consumer.close()


def start(module: str, argument: str, errors: Path) -> subprocess.Popen[str]:
    with errors.open("a", encoding="utf-8") as file:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, argument],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=file, text=True,
        )  # fmt: skip


def finish(process: subprocess.Popen[str], seconds: float) -> tuple[int, str]:
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
    return process.returncode, text


class Lab:
    """Starts the wanted cases at once, a few processes at a time."""

    def __init__(self, bootstrap: str, folder: Path, cases: set[tuple[str, str]]) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._pool = ThreadPoolExecutor(6)
        wanted = sorted(cases, key=lambda pair: pair[0] != "L9")  # the longest first
        self._running: dict[tuple[str, str], Future[Outcome]] = {
            pair: self._pool.submit(self._run, *pair) for pair in wanted
        }

    def outcome(self, case: str, side: str) -> Outcome:
        return self._running[case, side].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _prepare(self, case: str, topic: str, out: Path) -> list[bytes]:
        make_topic(self._bootstrap, topic)
        make_topic(self._bootstrap, f"{topic}-out")
        values = [b"%d" % n for n in range(COUNT)]
        if case == "L4":
            values[15] = POISON
        (produce_with_aborted if case == "L8" else produce)(self._bootstrap, topic, values)
        if case == "L3":
            commit(self._bootstrap, f"g-{topic}", topic, {0: 10})
            out.write_text("".join(f"{n}\n" for n in range(10)))
        return values

    def _run(self, case: str, side: str) -> Outcome:
        topic = f"fault.{case}.{side}.{os.urandom(4).hex()}"
        out = self._folder / topic
        values = self._prepare(case, topic, out)
        task = Task(case, side, self._bootstrap, topic, str(out), fault=True)
        if case == "L7" and side == "stock":  # it delivers nothing, however long one waits
            task = replace(task, most_s=8)
        code, text = self._once(task)
        after = committed(self._bootstrap, f"g-{topic}", topic)
        if side == "ours" and case in RESTARTED:
            self._once(replace(task, fault=False))
        elif case not in {"L7", "L9"}:  # these two are about what one process does
            self._read_the_rest(topic, after, out)
        lines = [line for line in text.splitlines() if line.startswith("{")]
        return Outcome(
            handled=self._handled(case, topic, out),
            expected={value.decode() for value in values},
            committed_after_fault=after,
            committed=committed(self._bootstrap, f"g-{topic}", topic),
            generation=json.loads(lines[-1])["generation"] if lines else -1,
            first_exit=code,
        )

    def _once(self, task: Task) -> tuple[int, str]:
        process = start("tests.integration.transport.worker", json.dumps(asdict(task)), Path(f"{task.out}.err"))
        return finish(process, task.most_s + 15)

    def _read_the_rest(self, topic: str, after: int, out: Path) -> None:
        """Be the healthy restart of a group: read on from what it committed."""
        rest = KafkaLog(self._bootstrap).read(topic, {0: max(0, after)})
        with out.open("a", encoding="utf-8") as file:
            file.writelines((message.value or b"").decode() + "\n" for message in rest)

    def _handled(self, case: str, topic: str, out: Path) -> Counter[str]:
        if case == "L5":  # what counts is what arrived in the next topic
            return Counter(
                (m.value or b"")[:20].decode("latin-1") for m in KafkaLog(self._bootstrap).read(f"{topic}-out")
            )
        text = out.read_text(encoding="utf-8") if out.exists() else ""
        return Counter(line.removeprefix("quarantined:") for line in text.splitlines())
