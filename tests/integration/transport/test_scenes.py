"""The transport under rebalance, outage, kill, lost logs and fatal errors, on a real broker."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.integration.transport import lab
from tests.integration.transport.scene import Scene

pytestmark = pytest.mark.timeout(180)
Event = dict[str, Any]


class Stage:
    """Topics, workers and what the workers noted, for one test."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.group = f"scene-{secrets.token_hex(4)}"
        self.out = folder / "events"
        self.errors = folder / "errors"
        self.running: list[subprocess.Popen[str]] = []

    def topic(self, *values: list[str]) -> str:
        """Create a topic with one partition a list of values."""
        name = f"scene.{secrets.token_hex(5)}"
        lab.make_topic(self.bootstrap, name, len(values))
        for partition, texts in enumerate(values):
            lab.produce(self.bootstrap, name, [text.encode() for text in texts], partition)
        return name

    def start(self, *topics: str, **changes: Any) -> subprocess.Popen[str]:
        scene = Scene(self.bootstrap, self.group, list(topics), str(self.out), **changes)
        file = self.folder / f"scene-{len(self.running)}.json"
        file.write_text(json.dumps(asdict(scene)), encoding="utf-8")
        process = lab.start("tests.integration.transport.scene", str(file), self.errors)
        self.running.append(process)
        return process

    def events(self) -> list[Event]:
        if not self.out.exists():
            return []
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines() if line.endswith("}")]

    def done(self) -> Counter[str]:
        return Counter(value for event in self.events() if event["what"] == "done" for value in event["values"])

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for: {what}\n{self.errors.read_text()[-3000:]}"
            time.sleep(0.1)

    def noted(self, what: str, who: str = "a") -> bool:
        return any(event["what"] == what and event["who"] == who for event in self.events())

    def stop(self, process: subprocess.Popen[str]) -> int:
        process.send_signal(signal.SIGTERM)
        return lab.finish(process, 30)[0]

    def exit_of(self, process: subprocess.Popen[str]) -> int:
        return lab.finish(process, 60)[0]


@pytest.fixture
def stage(kafka: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(kafka, tmp_path)
    yield stage
    for process in stage.running:
        if process.poll() is None:
            process.kill()
            process.communicate()


def numbers(start: int, end: int) -> list[str]:
    return [str(n) for n in range(start, end)]


def test_a_partition_given_back_in_mid_batch_is_read_again_and_its_late_end_counts_for_nothing(stage: Stage) -> None:
    topic = stage.topic(["slow", *numbers(0, 20)], ["slow", *numbers(100, 120)])
    first = stage.start(topic, slow_s=60)
    stage.until(lambda: stage.noted("slow begins"), "the slow batch in hand")
    second = stage.start(topic, name="b")
    stage.until(lambda: stage.noted("done", "b"), "the second member's first batch")
    assert stage.stop(second) == 0
    stage.until(lambda: stage.noted("late"), "the slow batch ending after its partition went")
    everything = {"slow", *numbers(0, 20), *numbers(100, 120)}
    stage.until(lambda: everything <= set(stage.done()), "every record done")
    assert stage.stop(first) == 0
    assert [lab.committed(stage.bootstrap, stage.group, topic, p) for p in (0, 1)] == [21, 21]


def test_an_outage_longer_than_the_poll_interval_keeps_membership_and_repeats_nothing(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 40))
    process = stage.start(topic, outage_s=7, poll_interval_s=3)
    stage.until(lambda: len(stage.done()) == 40, "every record done after the outage")
    assert stage.stop(process) == 0
    done = [event for event in stage.events() if event["what"] == "done"]
    assert {event["generation"] for event in done} == {1}
    assert [value for event in done for value in event["values"]] == numbers(0, 40)
    assert stage.errors.read_text().count("batch_rewound") > 3


def test_an_outage_of_the_offset_store_is_waited_out(stage: Stage, tmp_path: Path) -> None:
    topic = stage.topic(numbers(0, 40))
    process = stage.start(topic, store=str(tmp_path / "store"), outage_s=5, poll_interval_s=3)
    stage.until(lambda: len(stage.done()) == 40, "every record done after the outage")
    assert stage.stop(process) == 0
    assert {event["generation"] for event in stage.events() if event["what"] == "done"} == {1}
    assert set(stage.done().values()) == {1}


def test_offsets_kept_with_the_effects_survive_kills_without_loss_or_repeat(stage: Stage, tmp_path: Path) -> None:
    topic = stage.topic(numbers(0, 3000), numbers(3000, 6000))
    store = tmp_path / "store"
    for round_ in range(2):
        process = stage.start(topic, store=str(store), records=40, name=f"r{round_}")
        stage.until(lambda who=f"r{round_}": stage.noted("done", who), "a batch done")  # type: ignore[misc]
        process.kill()
        process.communicate()
    last = stage.start(topic, store=str(store), records=500, name="last")
    import sqlite3

    def count() -> int:
        with sqlite3.connect(store) as db:
            return int(db.execute("select count(distinct value) from seen").fetchone()[0])

    stage.until(lambda: count() == 6000, "every record in the store")
    assert stage.stop(last) == 0
    with sqlite3.connect(store) as db:
        assert db.execute("select count(*) from seen").fetchone() == (6000,)
        in_order = [
            row[0] for row in db.execute("select cast(value as int) from seen where part=0 order by rowid").fetchall()
        ]
    assert in_order == list(range(3000))


def delete_before(bootstrap: str, topic: str, partition: int, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
        future.result(30)


@pytest.mark.parametrize("stored", [5, 99], ids=["below the log", "beyond the log"])
@pytest.mark.parametrize("outside", ["hold", "beginning", "halt"])
def test_a_stored_offset_outside_the_log(stage: Stage, outside: str, stored: int) -> None:
    topic = stage.topic(numbers(0, 20), numbers(100, 140))
    delete_before(stage.bootstrap, topic, 1, 30)
    lab.commit(stage.bootstrap, stage.group, topic, {0: 10, 1: stored})
    process = stage.start(topic, outside=outside)
    if outside == "halt":
        assert stage.exit_of(process) == 1
        assert "lies outside its log 30..40" in stage.errors.read_text()
        assert lab.committed(stage.bootstrap, stage.group, topic, 1) == stored
        return
    wanted = set(numbers(10, 20)) | (set(numbers(130, 140)) if outside == "beginning" else set())
    stage.until(lambda: wanted <= set(stage.done()), "what can be read")
    if outside == "hold":
        stage.until(lambda: any(event.get("held") == 1 for event in stage.events()), "the held partition reported")
    assert stage.stop(process) == 0
    assert set(stage.done()) == wanted
    assert ("partition_held" if outside == "hold" else "read_from_the_beginning") in stage.errors.read_text()


def test_nothing_stored_and_a_log_that_lost_its_beginning_halts(stage: Stage, tmp_path: Path) -> None:
    topic = stage.topic(numbers(0, 20))
    delete_before(stage.bootstrap, topic, 0, 7)
    process = stage.start(topic, outside="halt", store=str(tmp_path / "store"))
    assert stage.exit_of(process) == 1
    assert "starts at 7, not at 0" in stage.errors.read_text()
    assert not stage.done()


def test_a_fatal_error_ends_the_process_and_acknowledges_nothing_of_its_batch(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 20))
    assert stage.exit_of(stage.start(topic, halt_at="7")) == 1
    assert "a person must act" in stage.errors.read_text()
    assert lab.committed(stage.bootstrap, stage.group, topic) == 5
    assert set(stage.done()) == set(numbers(0, 5))


def test_a_signal_that_came_before_the_worker_listened_ends_it_all_the_same(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 20))
    assert stage.exit_of(stage.start(topic, stop_asked=True)) == 0


def test_serial_order_and_idle_work_never_overlap(stage: Stage) -> None:
    topics = [stage.topic(numbers(0, 60), numbers(60, 120)), stage.topic(numbers(200, 300))]
    process = stage.start(*topics, serial=True, idle_ms=40)
    stage.until(lambda: len(stage.done()) == 220, "every record done")
    before = len(stage.events())
    stage.until(lambda: sum(e["what"] == "idle ends" for e in stage.events()[before:]) > 5, "idle work without traffic")
    assert stage.stop(process) == 0
    steps = [event["what"] for event in stage.events() if event["what"] != "alive"]
    pairs = list(zip(steps[::2], steps[1::2], strict=False))
    assert set(pairs) == {("begins", "done"), ("idle begins", "idle ends")}
    for topic in topics:  # each partition in its own order
        for part in (0, 1):
            values = [
                int(value) for event in stage.events()
                if event["what"] == "done" and event["topic"] == topic and event["part"] == part
                for value in event["values"]
            ]  # fmt: skip
            assert values == sorted(values)


def test_a_leader_that_joined_without_knowing_its_topics_asks_again(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 20))
    process = stage.start(topic, deaf=1)
    stage.until(lambda: len(stage.done()) == 20, "every record done although the first look at the topics failed")
    assert stage.stop(process) == 0
    assert "No partition metadata" in stage.errors.read_text()
    assert "topics_unknown" in stage.errors.read_text()


def test_a_connection_lost_while_topics_are_asked_for_is_made_anew(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 20))
    process = stage.start(topic, lost=2)
    stage.until(lambda: len(stage.done()) == 20, "every record done although two connections were lost")
    assert stage.stop(process) == 0


def test_a_worker_whose_commits_are_never_answered_ends_so_that_a_new_one_can_go_on(stage: Stage) -> None:
    topic = stage.topic(numbers(0, 20))
    assert stage.exit_of(stage.start(topic, mute=True)) == 1
    assert "although Kafka answers" in stage.errors.read_text()
    fresh = stage.start(topic)
    stage.until(lambda: lab.committed(stage.bootstrap, stage.group, topic) == 20, "a fresh worker's commit")
    assert stage.stop(fresh) == 0


def test_a_busy_batch_shows_in_lag_and_stalled_time(stage: Stage) -> None:
    topic = stage.topic(["slow", *numbers(0, 30)])
    process = stage.start(topic, slow_s=4)
    stage.until(
        lambda: any(e.get("lag") == 31 and e.get("stalled", 0) > 1 for e in stage.events()),
        "31 records of lag, a stall",
    )
    stage.until(lambda: any(e.get("lag") == 0 for e in stage.events()), "no lag left")
    assert stage.stop(process) == 0
