"""An older backup comes back while the offices go on working: the store converges, subscribers' versions rise."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.demo.play import Play
from hub.demo.screen import Progress
from hub.demo.verdict import Verdict
from hub.platform.embedded import Platform
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.kafka import KafkaLog
from hub.wire.records import GoldenPerson
from hub.wire.topics import CHANGES_PERSON, GOLDEN_PERSON
from tests.e2e.river import SmallRiver, flowing
from tests.services.fixtures import lent

pytestmark = pytest.mark.timeout(400)
Version = tuple[int, int]


@dataclass(frozen=True)
class Restored:
    """A river into which a backup was restored while life went on, at rest and judged."""

    river: SmallRiver
    verdict: Verdict
    backup_us: int
    seen: dict[str, dict[str, list[Version]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Versions in the order in which a subscriber reads them, by topic and entity."""
    last: dict[str, GoldenPerson] = field(default_factory=dict)


@contextmanager
def living(play: Play, rate: float) -> Iterator[None]:
    """Let life go on at the offices meanwhile."""
    stop, trouble = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            play.life.run(rate, stop)
        except BaseException as error:
            trouble.append(error)
            raise

    play.started_us = time.time_ns() // 1000
    thread = threading.Thread(target=run, name="life")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        play.ended_us = time.time_ns() // 1000
    assert trouble == []


def commits(river: SmallRiver) -> int:
    (row,) = river.rows("select sequence from store.clock")
    return int(row["sequence"])


def forward(river: SmallRiver, count: int) -> None:
    """Wait until the store has taken so many more commits."""
    target = commits(river) + count
    river.wait(lambda: commits(river) > target)


@pytest.fixture(scope="module")
def restored(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    file = tmp_path_factory.mktemp("backup") / "store.dump"
    with lent(platform) as services, flowing(people=150, services=services) as river:
        play = Play(river, Progress(), lambda: None)
        with living(play, rate=40):
            forward(river, 40)
            backup_us = time.time_ns() // 1000
            river.satudata("backup", str(file))
            forward(river, 80)
            bring_back(river, file)
            forward(river, 40)
        found = Restored(river, play.judge(), backup_us)
        read(found)
        yield found


def bring_back(river: SmallRiver, file: Path) -> None:
    """Restore as the command's help says: the writer stopped, everything else running on."""
    refused = river.run("hub", "restore", str(file))
    assert refused.returncode != 0
    assert "lease" in refused.stderr + refused.stdout
    river.supervisor.stop("reconcile")
    assert "restored as generation 2" in river.satudata("restore", str(file))
    river.begin("reconcile")


def read(found: Restored) -> None:
    """Read what a subscriber reads."""
    settings = found.river.settings
    with closing(ConfluentRegistry(settings.endpoint("registry"))) as registry:
        codec, log = Codec(registry), KafkaLog(settings.endpoint("kafka"))
        for topic in (GOLDEN_PERSON.name, CHANGES_PERSON.name):
            for message in log.read(topic):
                record: Any = codec.decode_record(message.value or b"")
                found.seen[topic][record.entity_id].append((record.generation, record.sequence))
                if isinstance(record, GoldenPerson):
                    found.last[record.entity_id] = record


def test_the_restored_store_converges_to_what_the_offices_hold(restored: Restored) -> None:
    line = restored.verdict.line()
    assert (line["lost"], line["store_equals_oracle"], line["at_rest"]) == (0, True, True), line
    assert line["changes"] > 100


def test_subscribers_versions_rise_over_the_restore(restored: Restored) -> None:
    for topic in (GOLDEN_PERSON.name, CHANGES_PERSON.name):
        over = 0
        for entity, versions in restored.seen[topic].items():
            assert versions == sorted(set(versions)), (topic, entity)
            over += {generation for generation, _ in versions} == {1, 2}
        assert over > 50, f"{topic}: hardly an entity was published before and after the restore"


def test_the_last_that_subscribers_read_is_what_the_store_holds(restored: Restored) -> None:
    with psycopg.connect(restored.river.settings.endpoint("database")) as store:
        rows = store.execute("select entity_id::text, generation, sequence, status, name from store.person").fetchall()
    held = {row[0]: tuple(row[1:]) for row in rows}
    read = {entity: (g.generation, g.sequence, g.status, g.name) for entity, g in restored.last.items()}
    assert {entity: read[entity] for entity in held} == held
    assert {read[entity][2] for entity in read.keys() - held.keys()} <= {"deleted", "merged", "split"}


def test_only_the_publisher_of_before_ended_as_the_restore_fenced_it(restored: Restored) -> None:
    assert restored.river.restarts() == {"publish": 1}
