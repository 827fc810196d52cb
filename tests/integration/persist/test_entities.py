"""Families, businesses and facilities beside people: engines, tables and topics of their own, memberships too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from hub import flow
from hub.persist import migrate
from hub.persist.kinds import Stages
from hub.persist.migrations.versions.r0006_entities import DOWN
from hub.persist.reconcile import Reconciler
from hub.persist.work import Log
from hub.wire import version
from hub.wire.broker import Incoming
from hub.wire.clock import TestClock
from hub.wire.entities import CLEAN, ENTITIES, ENTITY_OF, Clean, Entity
from hub.wire.records import CleanBusiness, CleanFacility, CleanFamily, CleanPerson, Judgement, Pair, QuarantineItem
from tests.integration.persist.build import CODEC

KK = "1508041203150007"
HEAD, CHILD = "1508041203800001", "1508044504100003"
AUTHORITIES = {"dukcapil": "register", "oss": "register", "dapodik": "sector"}
Rows = Callable[..., list[tuple[Any, ...]]]


def stages() -> dict[Entity, Stages]:
    """Return link and merge of every kind of entity under the shipped models, empty."""
    return {
        entity: Stages(each.engine, each.merge, AUTHORITIES, each.model, survivorship=each.survivorship)
        for entity, each in flow.resolvers({}).items()
    }


class River:
    """Feeds clean records to a reconciler of four engines, without Kafka."""

    def __init__(self, url: str, epoch: int) -> None:
        self.reconciler = Reconciler(url, epoch, stages(), CODEC, TestClock())
        self.reconciler.load()
        topics = [*(f"clean.{entity}" for entity in ENTITIES), "judgement", "quarantine.clean"]
        self.logs = {topic: Log("cluster", f"id of {topic}", 0) for topic in topics}
        start = self.reconciler.offsets({log: (topic, 0) for topic, log in self.logs.items()})
        self.at = {topic: start[log] or 0 for topic, log in self.logs.items()}

    def feed(self, *records: Any, topic: str | None = None) -> int:
        """Bring records of one topic to the store; return in how many transactions."""
        topic = topic or f"clean.{ENTITY_OF[type(records[0])]}"
        base = self.at[topic]
        batch = [Incoming(topic, 0, base + place, one.id if isinstance(one, Clean) else None, CODEC.encode(one), (), 0)
                 for place, one in enumerate(records)]  # fmt: skip
        step, steps = self.reconciler.batch(self.logs[topic], base, base + len(batch), batch), 0
        while step is not None:
            self.reconciler.commit(step)
            steps += 1
            step = self.reconciler.more()
        self.at[topic] += len(batch)
        return steps


@pytest.fixture
def river(store: str, lease: Any) -> Iterator[River]:
    made = River(store, lease.epoch)
    yield made
    made.reconciler.close()


@pytest.fixture
def reloaded(store: str, lease: Any) -> Callable[[], str]:
    """Return a function that gives the digest of a memory loaded from the store alone."""

    def digest() -> str:
        again = River(store, lease.epoch)
        again.reconciler.close()
        return again.reconciler.digest()

    return digest


def made(cls: type[Clean], number: int, source: str, at: int, **values: Any) -> Any:
    """Return a record of an invented row."""
    record = bytes([list(CLEAN.values()).index(cls)]) + number.to_bytes(15, "big")
    return cls(record, version.pack(1, at, 0), False, source, f"public.{source}", 1_700_000_000_000_000 + at, at,
               **values)  # fmt: skip


def person(number: int, at: int, nik: str, kk: str | None, name: str) -> Any:
    return made(CleanPerson, number, "dukcapil", at, nik=nik, kk=kk, name=name, birth_date=4000 + number)


def family(number: int, at: int, kk: str | None, source: str = "dukcapil") -> Any:
    return made(CleanFamily, number, source, at, kk=kk, head_nik=HEAD, head_name="BUDI CONTOH",
                street="JALAN MELATI NO 5", rt=7, rw=2, region="1508042001", region_system="kemendagri")  # fmt: skip


def business(number: int, at: int, nib: str | None, name: str, source: str = "oss", **values: Any) -> Any:
    return made(CleanBusiness, number, source, at, nib=nib, name=name, form="CV", owner_nik=HEAD,
                owner_name="BUDI CONTOH", region="1508042001", region_system="kemendagri", **values)  # fmt: skip


def school(number: int, at: int, npsn: str | None, name: str) -> Any:
    return made(CleanFacility, number, "dapodik", at, npsn=npsn, name=name, kind="school", latitude=-1.4823,
                longitude=102.1177, region="1508042001", region_system="kemendagri")  # fmt: skip


def gone(record: Any, at: int) -> Any:
    """Return the delete of a record."""
    return type(record)(record.id, version.pack(1, at, 0), True, record.source, record.table, at, 0)


def ids(rows: Rows, entity: str) -> list[str]:
    return [row[0] for row in rows(f"select entity_id::text from store.{entity} where status = 'active' order by 1")]


def held(rows: Rows) -> list[tuple[Any, ...]]:
    """Return the present memberships: name of the person, kk of the family, role."""
    return rows("select p.name, f.kk, m.role from store.membership m join store.person p on p.entity_id = m.person_id "
                "join store.family f on f.entity_id = m.family_id where m.until is null order by 1")  # fmt: skip


def told(rows: Rows) -> list[Any]:
    """Return what was published last of each membership."""
    last = rows("select distinct on (key) value from store.outbox where topic = 'golden.membership' "
                "order by key, id desc")  # fmt: skip
    return [CODEC.decode_record(value) for (value,) in last]


def test_each_kind_has_its_table_members_history_and_topics(river: River, rows: Rows, reloaded: Any) -> None:
    river.feed(person(1, 1, HEAD, KK, "BUDI CONTOH"))
    river.feed(family(1, 2, KK), family(2, 3, KK, "dapodik"))
    river.feed(business(1, 4, "9120001234567", "MAJU JAYA", npwp="0012345678331000"),
               business(2, 5, "9120001234567", "MAJU JAYA", "dapodik"))  # fmt: skip
    river.feed(school(1, 6, "10501234", "SD NEGERI 12/II CONTOH"), school(2, 7, "10509876", "SD NEGERI 13/II CONTOH"))
    assert [len(ids(rows, entity)) for entity in ENTITIES] == [1, 1, 1, 2]  # two duplicates merged, two schools did not
    assert rows("select kk, head_name, (select count(*) from store.member m where m.entity_id = f.entity_id and "
                "m.entity = 'family') from store.family f") == [(KK, "BUDI CONTOH", 2)]  # fmt: skip
    assert rows("select npwp, form, name from store.business") == [("0012345678331000", "CV", "MAJU JAYA")]
    assert rows("select latitude, longitude, npsn from store.facility order by 3") == [
        (-1.4823, 102.1177, "10501234"), (-1.4823, 102.1177, "10509876")
    ]  # fmt: skip
    for table in ("link.record", "store.history", "store.member", "store.member_span"):
        assert {row[0] for row in rows(f"select distinct entity from {table}")} == set(ENTITIES)
    published = {f"{what}.{entity}" for entity in ENTITIES for what in ("golden", "changes")} | {"golden.membership"}
    assert {row[0] for row in rows("select distinct topic from store.outbox")} == published
    ((change,),) = rows("select value from store.outbox where topic = 'changes.business' order by id limit 1")
    assert CODEC.decode_record(change).entity == "business"
    assert reloaded() == river.reconciler.digest()


def test_what_an_older_store_holds_is_of_people(store: str, river: River, rows: Rows, reloaded: Any) -> None:
    river.feed(person(1, 1, HEAD, KK, "BUDI CONTOH"), person(2, 2, CHILD, KK, "RANI CONTOH"))
    memory = river.reconciler.digest()
    river.reconciler.close()
    with psycopg.connect(store) as connection:
        connection.execute(DOWN)
        connection.execute("update store.alembic_version set version_num = '0005'")
    before = rows("select entity_id, name, kk, digest from store.person order by 1")
    migrate(store)
    assert rows("select entity_id, name, kk, digest from store.person order by 1") == before
    assert rows("select distinct entity from link.record union select distinct entity from store.history") == [
        ("person",)
    ]
    assert rows("select kind, until from store.history_span") == [("created", None), ("created", None)]
    assert reloaded() == memory


def test_a_judgement_reaches_the_engine_of_its_kind_and_batches_part(river: River, rows: Rows, reloaded: Any) -> None:
    one, other = school(1, 1, "10501234", "SD NEGERI 12/II CONTOH"), school(2, 2, "10509876", "SD NEGERI 13/II CONTOH")
    river.feed(one, other)
    river.feed(family(1, 3, KK), family(2, 4, KK, "dapodik"))
    same = Judgement("j-1", "same", (Pair(one.id, other.id),), "ani", "pindah nomor", 1, entity="facility")
    apart = Judgement("j-2", "different", (Pair(family(1, 3, KK).id, family(2, 4, KK).id),), "ani", "dua KK", 2,
                      entity="family")  # fmt: skip
    assert river.feed(same, apart, topic="judgement") == 2
    assert (len(ids(rows, "facility")), len(ids(rows, "family"))) == (1, 2)
    assert rows("select id, entity, state from link.judgement order by 1") == [
        ("j-1", "facility", "active"), ("j-2", "family", "active")
    ]  # fmt: skip
    assert rows("select next_offset from link.\"offset\" where topic = 'judgement'") == [(2,)]
    assert reloaded() == river.reconciler.digest()


def test_a_settled_quarantine_item_is_told_to_every_engine_and_its_offset_moves_once(river: River, rows: Rows) -> None:
    item = QuarantineItem("item-1", "clean", "dapodik", "t", "raw.t", 0, 3, "closed", "mended", "", 1, {})
    assert river.feed(item, topic="quarantine.clean") == len(ENTITIES)
    assert rows("select next_offset from link.\"offset\" where topic = 'quarantine.clean'") == [(1,)]


@pytest.mark.parametrize("first", ["person", "family"])
def test_persons_belong_to_the_family_of_their_card_whichever_came_first(first: str, river: River, rows: Rows) -> None:
    people = [person(1, 1, HEAD, KK, "BUDI CONTOH"), person(2, 2, CHILD, KK, "RANI CONTOH")]
    for batch in sorted([people, [family(1, 3, KK)]], key=lambda one: ENTITY_OF[type(one[0])] != first):
        river.feed(*batch)
    assert held(rows) == [("BUDI CONTOH", KK, "head"), ("RANI CONTOH", KK, "member")]
    assert sorted((one.status, one.role, one.source) for one in told(rows)) == [
        ("active", "head", "dukcapil"), ("active", "member", "dukcapil")
    ]  # fmt: skip


def test_a_membership_ends_when_the_card_changes_and_the_past_stays(river: River, rows: Rows) -> None:
    other = "1508041203150099"
    another = made(CleanFamily, 9, "dukcapil", 2, kk=other, head_name="WATI LAIN")
    river.feed(family(1, 1, KK), another)
    river.feed(person(1, 3, HEAD, KK, "BUDI CONTOH"), person(2, 4, CHILD, KK, "RANI CONTOH"))
    river.feed(person(2, 5, CHILD, other, "RANI CONTOH"))
    assert held(rows) == [("BUDI CONTOH", KK, "head"), ("RANI CONTOH", other, "member")]
    assert rows("select f.kk, m.until is null from store.membership m join store.family f on f.entity_id = m.family_id "
                "join store.person p on p.entity_id = m.person_id where p.name like 'RANI%%' order by m.since") == [
        (KK, False), (other, True)
    ]  # fmt: skip
    river.feed(gone(person(1, 0, HEAD, KK, ""), 6))
    assert held(rows) == [("RANI CONTOH", other, "member")]
    river.feed(gone(another, 7))
    assert held(rows) == []
    assert {one.status for one in told(rows)} == {"ended"}
