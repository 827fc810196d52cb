"""Backup and restore on real services: an older store comes back, and subscribers' versions still rise."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from hub.persist import migrate
from hub.publish.outbox import Outbox
from hub.publish.publisher import Publisher
from hub.serve import backup
from hub.serve.restore import Restored, Surroundings, restore
from hub.wire.broker import Outgoing
from hub.wire.clock import SystemClock
from hub.wire.decisions import Delta
from hub.wire.errors import Halt, RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.records import EntityChange, GoldenPerson
from hub.wire.topics import Topic
from hub.wire.transactional import TransactionalSender
from tests.integration.serve.stores import TestStore, entity_id
from tests.services.committed import wait_committed

NIK = "1508012345670001"


@dataclass
class Hub:
    """A store, its golden topic under a name of its own, and a publisher between them."""

    store: TestStore
    kafka: str
    folder: Path
    golden: str = field(default_factory=lambda: f"test.golden.{os.urandom(5).hex()}")
    id: str = field(default_factory=lambda: f"test-{os.urandom(5).hex()}")
    senders: list[TransactionalSender] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = KafkaLog(self.kafka)
        self.make(self.golden)
        self.make(self.changes)
        self.memberships = self.golden.replace("golden", "memberships")

    @property
    def changes(self) -> str:
        return self.golden.replace("golden", "changes")

    def make(self, name: str) -> None:
        self.log.ensure([Topic(name, "none", "test", 2, "delete", 3_600_000, ("test",), ("test",))])

    def sender(self) -> TransactionalSender:
        made = TransactionalSender(self.kafka, self.id)
        self.senders.append(made)
        return made

    def around(self) -> Surroundings:
        return Surroundings(
            self.store.url,
            self.log,
            self.sender(),
            self.store.codec,
            SystemClock(),
            partial(migrate, self.store.url),
            {"person": self.golden},
            self.memberships,
        )

    def publish(self) -> None:
        """Publish what waits, to this test's own topics."""
        with psycopg.connect(self.store.url) as database:
            for old, new in (("golden.person", self.golden), ("changes.person", self.changes)):
                database.execute("update store.outbox set topic = %s where topic = %s", (new, old))
        stop = threading.Event()
        publisher = Publisher(partial(_Ending, self.store.url, stop), self.sender(), SystemClock(), stop)
        publisher.run()
        publisher.close()
        wait_committed(self.kafka, self.golden, self.changes)

    def backup(self, name: str = "store.dump") -> Path:
        file = self.folder / name
        backup.write(self.store.url, file)
        return file

    def restore(self, file: Path, *, skip_lost: bool = False) -> Restored:
        return restore(self.around(), file, skip_lost=skip_lost)

    def read(self) -> dict[str, list[GoldenPerson]]:
        """Return every published state by entity id, in the order of the topic."""
        found: dict[str, list[GoldenPerson]] = {}
        for message in self.log.read(self.golden):
            golden = self.store.codec.decode_record(message.value or b"")
            found.setdefault(golden.entity_id, []).append(golden)
        return found


class _Ending(Outbox):
    """An outbox whose publisher stops when nothing waits."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        super().__init__(url)
        self._done = stop

    def wait(self, seconds: float) -> None:
        self._done.set()


@pytest.fixture
def hub(kept: TestStore, kafka: str, tmp_path: Path) -> Iterator[Hub]:
    made = Hub(kept, kafka, tmp_path)
    yield made
    for sender in made.senders:
        sender.close()


@pytest.fixture
def aged(hub: Hub) -> tuple[Hub, Path]:
    """A hub whose store went on after its backup: 1 changed, 2 merged into 1, 4 is new."""
    hub.store.person(1, [(1, "dukcapil")], nik=NIK)
    hub.store.person(2, [(2, "dapodik")])
    hub.store.person(3, [(3, "dinsos")])
    hub.publish()
    file = hub.backup()
    hub.store.person(1, [(1, "dukcapil")], name="SEKAR WANGI")
    hub.store.merge(2, 1, [(1, "dukcapil"), (2, "dapodik")])
    hub.store.person(4, [(4, "dinsos")], nik="1508014455660002")
    hub.publish()
    hub.store.retire()
    return hub, file


def test_versions_rise_over_a_restore_and_every_id_tells_the_truth(aged: tuple[Hub, Path]) -> None:
    hub, file = aged
    assert hub.restore(file) == Restored(2, 3, 1)
    hub.publish()
    states = hub.read()
    for published in states.values():
        versions = [(one.generation, one.sequence) for one in published]
        assert versions == sorted(set(versions))
        assert versions[-1][0] == 2
    last = {number: states[entity_id(number)][-1] for number in (1, 2, 3, 4)}
    assert [last[number].status for number in (1, 2, 3, 4)] == ["active", "active", "active", "deleted"]
    assert (last[1].name, last[1].nik) == ("SEKAR MELATI", NIK)
    assert last[4] == GoldenPerson(entity_id(4), 2, last[4].sequence, "deleted")


def test_an_id_that_vanished_another_way_after_the_backup_tells_the_way_of_the_backup(hub: Hub) -> None:
    """Regression: subscribers kept the later way, to an entity that the restored store may not have."""
    for number in (1, 3, 5):
        hub.store.person(number, [(number, "dinsos")])
    hub.store.merge(5, 1, [(1, "dinsos"), (5, "dinsos")])
    hub.publish()
    file = hub.backup()
    hub.store.person(5, [(5, "dinsos")])
    hub.store.merge(5, 3, [(3, "dinsos"), (5, "dinsos")])
    hub.publish()
    hub.store.retire()
    assert hub.restore(file) == Restored(2, 2, 1)
    hub.publish()
    states = hub.read()[entity_id(5)]
    assert (states[-1].generation, states[-1].status, states[-1].moved_to) == (2, "merged", (entity_id(1),))
    assert states[-2].moved_to == (entity_id(3),)


def test_changes_tell_of_the_restore_and_history_keeps_it(aged: tuple[Hub, Path]) -> None:
    hub, file = aged
    hub.restore(file)
    hub.publish()
    told: list[EntityChange] = [hub.store.codec.decode_record(m.value or b"") for m in hub.log.read(hub.changes)]
    kinds = {change.entity_id: change.kind for change in told if change.causes[0].kind == "restored"}
    assert kinds == {entity_id(1): "changed", entity_id(2): "changed", entity_id(3): "changed",
                     entity_id(4): "deleted"}  # fmt: skip
    with psycopg.connect(hub.store.url) as database:
        rows = database.execute(
            "select h.entity_id::text, p.status from store.history h join store.person p using (entity_id, generation, "
            "sequence) where h.kind = 'restored'"
        ).fetchall()
    assert dict(rows) == {entity_id(1): "active", entity_id(2): "active", entity_id(3): "active",
                          entity_id(4): "deleted"}  # fmt: skip


def test_the_writer_goes_on_under_the_new_generation(aged: tuple[Hub, Path]) -> None:
    hub, file = aged
    before = hub.store.epoch
    hub.restore(file)
    hub.store.lead()
    assert hub.store.epoch > before, "an epoch is never given twice"
    hub.store.person(4, [(4, "dinsos")])
    hub.store.person(3, [(3, "dinsos")])
    hub.publish()
    assert hub.read()[entity_id(4)][-1].status == "active"
    assert [one.generation for one in hub.read()[entity_id(3)]] == [1, 2], "an unchanged record is not sent again"


def test_a_writer_and_a_publisher_from_before_change_nothing(hub: Hub) -> None:
    hub.store.person(1, [(1, "dukcapil")])
    file = hub.backup()
    frozen = hub.store._writer
    assert frozen is not None
    hub.publish()
    late = Outbox(hub.store.url)
    highest = late.open()
    with psycopg.connect(hub.store.url, autocommit=True) as database:
        database.execute("update link.lease set expires_at = clock_timestamp()")
    hub.restore(file)
    late.advance(highest)
    assert len(late.pending(10)) == 2, "the restored rows wait behind any cursor that was ever known"
    late.close()
    with pytest.raises(Halt, match="epoch"):
        hub.store.commit(Delta())


def test_a_live_writer_is_not_restored_under(hub: Hub) -> None:
    hub.store.person(1, [(1, "dukcapil")])
    file = hub.backup()
    with pytest.raises(RefuseToStart, match="lease"):
        hub.restore(file)
    hub.store.person(1, [(1, "dukcapil")], name="SEKAR WANGI")


def test_a_restore_that_was_cut_off_keeps_writers_out_until_it_is_done(aged: tuple[Hub, Path]) -> None:
    hub, file = aged

    class CutOff(TransactionalSender):
        def fence(self) -> None:
            raise Halt("cut off")

    cut = replace(hub.around(), sender=CutOff(hub.kafka, hub.id))
    with pytest.raises(Halt, match="cut off"):
        restore(cut, file)
    with pytest.raises(AssertionError, match="not free"):
        hub.store.lead()
    assert hub.restore(file).stubs == 1
    hub.store.lead()


def test_a_damaged_content_changes_nothing_and_gives_the_lease_back(aged: tuple[Hub, Path]) -> None:
    hub, file = aged
    content = file.read_bytes()
    damaged = content[: len(content) // 2]
    file.write_bytes(damaged)
    backup.sidecar(file).write_text(hashlib.sha256(damaged).hexdigest())
    with pytest.raises(RefuseToStart):
        hub.restore(file)
    with psycopg.connect(hub.store.url) as database:
        [name] = database.execute("select name from store.person where entity_id = %s", (entity_id(1),)).fetchone() or (
            None,
        )
    assert name == "SEKAR MELATI"
    hub.store.lead()


def test_a_backup_into_an_empty_database_is_a_whole_hub(aged: tuple[Hub, Path], opd_database: str) -> None:
    hub, file = aged
    done = restore(
        Surroundings(
            opd_database,
            hub.log,
            hub.sender(),
            hub.store.codec,
            SystemClock(),
            partial(migrate, opd_database),
            {"person": hub.golden},
            hub.memberships,
        ),
        file,
    )
    assert done == Restored(2, 3, 1)


def test_what_kafka_no_longer_holds_is_said_with_the_remedy(hub: Hub) -> None:
    topic = f"test.clean.{os.urandom(5).hex()}"
    hub.make(topic)
    sender = KafkaSender(hub.kafka, "test")
    sender.submit([Outgoing(topic, None, b"x", partition=0)] * 10).wait(30)
    sender.close()
    topic_id = hub.log.topic_ids([topic])[topic]
    with psycopg.connect(hub.store.url) as database:
        database.execute(
            'insert into link."offset" (cluster_id, topic_id, partition, topic, next_offset) values (%s, %s, 0, %s, 4)',
            (hub.log.cluster_id(), topic_id, topic),
        )
    file = hub.backup()
    hub.store.retire()
    admin = AdminClient({"bootstrap.servers": hub.kafka})
    for future in admin.delete_records([TopicPartition(topic, 0, 7)]).values():
        future.result(30)
    with pytest.raises(RefuseToStart, match=r"4\.\.6.*--skip-lost"):
        hub.restore(file)
    hub.restore(file, skip_lost=True)
    with psycopg.connect(hub.store.url) as database:
        assert database.execute('select next_offset from link."offset"').fetchall() == [(7,)]


def test_a_backup_does_not_wait_for_the_writer_and_is_whole(hub: Hub) -> None:
    hub.store.person(1, [(1, "dukcapil")])
    told: list[int] = []
    file = hub.folder / "store.dump"
    with psycopg.connect(hub.store.url) as writer:
        writer.execute("update store.person set name = 'HALF'")
        size = backup.write(hub.store.url, file, told.append)
        writer.rollback()
    assert told[-1] == size == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0, "it holds personal data"
    backup.verify(file)
    hub.store.retire()
    hub.restore(file)
    hub.publish()
    assert hub.read()[entity_id(1)][-1].name == "SEKAR MELATI"


def test_kafka_away_at_the_fence_is_tried_again(aged: tuple[Hub, Path]) -> None:
    hub, file = aged
    tries: list[int] = []

    class Slow(TransactionalSender):
        def fence(self) -> None:
            tries.append(1)
            if len(tries) < 3:
                raise TryAgain("away")
            super().fence()

    slow = Slow(hub.kafka, hub.id)
    hub.senders.append(slow)
    assert restore(replace(hub.around(), sender=slow), file).stubs == 1
    assert len(tries) == 3


def test_a_server_that_does_not_answer_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "store.dump"
    with pytest.raises(RefuseToStart, match="pg_dump"):
        backup.write("postgresql://nobody@127.0.0.1:1/none", file)
    assert list(tmp_path.iterdir()) == []
