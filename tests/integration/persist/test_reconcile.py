"""The whole cycle with the real link and merge: whatever happened, the store loads to the memory that wrote it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from hub.link import model
from hub.link.engine import Engine
from hub.merge.golden import Golden
from hub.persist.kinds import Stages
from hub.persist.reconcile import Reconciler
from hub.persist.work import Log
from hub.wire import version
from hub.wire.archive import Archive
from hub.wire.broker import Incoming
from hub.wire.clock import TestClock
from hub.wire.decisions import State, Tick
from hub.wire.errors import Halt, TryAgain
from hub.wire.records import CleanPerson, Held, Judgement, Pair, Sweep
from tests.integration.persist import build
from tests.integration.persist.build import CODEC

AUTHORITIES = {"dukcapil": "register", "dapodik": "sector", "dinsos": "programme"}
CLEAN, JUDGED, REFUSED = "clean.person", "judgement", "quarantine.clean"
CLOCK = TestClock()


def stages() -> Stages:
    """Return real link and merge, empty."""
    given = model.read()
    engine = Engine(given, AUTHORITIES, frozenset({"dukcapil"}))
    return Stages(engine, Golden(given.survivorship), AUTHORITIES)


class River:
    """Feeds messages to a reconciler as the agent does, without Kafka."""

    def __init__(self, url: str, epoch: int) -> None:
        self.stages = stages()
        self.reconciler = Reconciler(url, epoch, {"person": self.stages}, CODEC, CLOCK)
        self.reconciler.load()
        self.logs = {name: Log("cluster", f"id of {name}", 0) for name in (CLEAN, JUDGED, REFUSED)}
        start = self.reconciler.offsets({log: (name, 0) for name, log in self.logs.items()})
        self.at = {name: start[log] or 0 for name, log in self.logs.items()}

    def feed(self, topic: str, *records: object, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
        """Bring records to the store as one batch."""
        self.raw(topic, *[(getattr(record, "id", None), CODEC.encode(record)) for record in records], headers=headers)

    def raw(
        self, topic: str, *messages: tuple[object, bytes | None], headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        """Bring messages of any bytes to the store as one batch."""
        base = self.at[topic]
        batch = [
            Incoming(topic, 0, base + place, key if isinstance(key, bytes) else None, value, headers, 0)
            for place, (key, value) in enumerate(messages)
        ]
        step = self.reconciler.batch(self.logs[topic], base, base + len(batch), batch)
        assert step is not None
        while step is not None:
            self.reconciler.commit(step)
            step = self.reconciler.more()
        self.at[topic] = base + len(batch)

    def rest(self) -> None:
        """Do all background work that is due."""
        while (step := self.reconciler.tick()) is not None:
            self.reconciler.commit(step)

    def digest(self) -> str:
        """Return the digest of memory."""
        return self.stages.engine.digest()


@pytest.fixture
def river(store, lease) -> Iterator[River]:
    made = River(store, lease.epoch)
    yield made
    made.reconciler.close()


@pytest.fixture
def reloaded(store, lease, river):
    """Return a function that gives the digest of a memory loaded from the store alone."""

    def digest() -> str:
        again = River(store, lease.epoch)
        again.reconciler.close()
        return again.digest()

    return digest


def life(seed: int) -> Iterator[tuple[str, list[object]]]:
    """Yield batches of an invented life: inserts, corrections, deletes, key changes, judgements, held rows, sweeps."""
    chance = random.Random(seed)
    living: dict[bytes, CleanPerson] = {}
    position = 0
    for _ in range(40):
        batch: list[object] = []
        for _ in range(12):
            position += 1
            batch += one(chance, living, version.pack(1, position, 0))
        yield CLEAN, batch
        if len(living) > 2 and chance.random() < 0.4:
            a, b = sorted(chance.sample(sorted(living), 2))
            verdict = chance.choice(["same", "different", "unsure"])
            expires = CLOCK.now_us() + 5 if chance.random() < 0.3 else None
            yield JUDGED, [Judgement(f"j{position}", verdict, (Pair(a, b),), "ani", "seen", 1, expires)]
    floor = version.pack(1, position - 100, 0)
    yield CLEAN, [Sweep("dinsos", "public.t", floor, raw, 2, 0, 1) for raw in range(2)]


def one(chance: random.Random, living: dict[bytes, CleanPerson], stamp: bytes) -> list[object]:
    """Return what one change sends: a row, a corrected row, a delete, a changed key, or a held row."""
    roll = chance.random()
    if roll < 0.55 or not living:
        who = chance.randrange(40)
        source = chance.choice(sorted(AUTHORITIES))
        made = replace(
            build.person(who), id=chance.randbytes(16), version=stamp, source=source, table="public.t",
            name=chance.choice(["BUDI SANTOSO", "SITI AMINAH", "DEWI LESTARI"]) + f" {who % 7}",
            birth_date=8000 + who, nik=None if chance.random() < 0.2 else f"15080212039{who:05}",
        )  # fmt: skip
        living[made.id] = made
        return [made]
    old = living[chance.choice(sorted(living))]
    if roll < 0.75:
        living[old.id] = replace(old, version=stamp, name=old.name + "I", changed_at=old.changed_at + 1)
        return [living[old.id]]
    if roll < 0.85:
        return [Held(old.source, old.table, stamp, f"item {stamp.hex()}", old.id)]
    del living[old.id]
    gone = CleanPerson(old.id, stamp, True, old.source, old.table, old.changed_at, 0)
    if roll < 0.93:
        return [gone]
    new = replace(old, id=chance.randbytes(16), version=stamp[:-1] + b"\x01", previous=old.id)
    living[new.id] = new
    moved = replace(gone, next=new.id)
    if roll < 0.96:
        return [moved, new]
    return [moved, Held(old.source, old.table, new.version, f"item {stamp.hex()}", new.id, old.id)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_store_loads_to_the_memory_that_wrote_it(river, reloaded, rows, seed):
    for topic, batch in life(seed):
        river.feed(topic, *batch)
    CLOCK.advance(1)
    river.rest()
    assert rows("select count(*) > 0 from link.record where next is not null and not deleted") == [(True,)]
    assert reloaded() == river.digest()
    clusters = {entity: list(members) for entity, members in river.stages.engine.clusters().items()}
    assert clusters == dict(
        rows("select entity_id::text, array_agg(record order by record) from store.member group by 1")
    )
    assert set(clusters) == {row[0] for row in rows("select entity_id::text from store.person where status = 'active'")}
    assert rows("select count(*) from store.alias join store.person p on p.entity_id = old_id "
                "where p.status = 'active'") == [(0,)]  # fmt: skip


def test_golden_rows_are_what_merge_says_of_the_stored_bodies(river, rows, store, lease):
    for topic, batch in life(4):
        river.feed(topic, *batch)
    river.rest()
    given, archive = stages(), Archive()
    for entity, members in river.stages.engine.clusters().items():
        bodies = [
            archive.decode(body)
            for (body,) in rows("select body from link.record where id = any(%s) order by id", list(members))
        ]
        golden = given.merge(entity, bodies, AUTHORITIES)
        ((nik, name, wins),) = rows("select nik, name, wins from store.person where entity_id = %s", entity)
        assert (nik, name) == (golden.nik, golden.name)
        assert [win["record"] for win in wins] == [win.record.hex() for win in golden.wins]


def test_a_restart_goes_on_where_the_store_is(river, store, lease, rows):
    batches = list(life(5))
    for topic, batch in batches[:20]:
        river.feed(topic, *batch)
    second = River(store, lease.epoch)
    assert second.at == river.at
    for topic, batch in batches[20:]:
        second.feed(topic, *batch)
    second.rest()
    whole: Any = stages().engine
    for _, batch in batches:
        whole.commit(whole.apply(batch))
    while whole.backlog():
        whole.commit(whole.apply([Tick(CLOCK.now_us())]))
    took: Any = second.stages.engine
    assert took.clusters() == whole.clusters()
    second.reconciler.close()


def test_a_batch_that_was_taken_is_left_out_and_its_rest_is_taken(river, rows):
    river.feed(CLEAN, build.person(1))
    messages = [
        Incoming(CLEAN, 0, offset, build.record_id(offset + 1), CODEC.encode(build.person(offset + 1)), (), 0)
        for offset in range(3)
    ]
    log = river.logs[CLEAN]
    assert river.reconciler.batch(log, 0, 1, messages[:1]) is None
    step = river.reconciler.batch(log, 0, 3, messages)
    assert [move.base for move in step.work.moves] == [1]
    river.reconciler.commit(step)
    assert rows("select count(*) from link.record") == [(3,)]
    with pytest.raises(Halt, match="read on at 3"):
        river.reconciler.batch(log, 5, 6, [])


def test_a_row_that_postgresql_cannot_store_is_held_and_its_old_values_stay(river, rows):
    river.feed(CLEAN, build.person(1))
    river.feed(CLEAN, replace(build.person(1, 2), name="SI\0TI"), build.person(2, 3))
    assert rows("select name from store.person order by name") == [("SITI AMINAH",), ("SITI AMINAH",)]
    assert rows("select stage, code, record, state from store.quarantine") == [
        ("reconcile", "nul_in_text", build.record_id(1), "open")
    ]
    assert rows("select seen from link.record where id = %s", build.record_id(1)) == [(build.at(2),)]
    river.feed(CLEAN, build.person(1, 4))
    assert rows("select state from store.quarantine") == [("closed",)]


def test_bytes_of_a_known_record_block_its_table_until_an_operator_settles_them(river, rows, reloaded):
    river.feed(CLEAN, build.person(1), build.person(2))
    river.raw(CLEAN, (build.record_id(1), b"garbage"))
    floor = build.at(9)
    river.feed(CLEAN, Sweep("dukcapil", "public.penduduk", floor, 0, 1, 0, 1))
    river.rest()
    ((item, payload),) = rows("select id, payload from store.quarantine where state = 'open' and record is null")
    assert payload == b"garbage"
    assert rows("select count(*) from link.record where not deleted") == [(2,)]
    river.feed(REFUSED, build.item(1, id=item, code="closed", reason="mended at the source"))
    river.rest()
    assert rows("select state, note from store.quarantine") == [("closed", "mended at the source")]
    assert rows("select count(*) from link.record where not deleted") == [(0,)]
    assert reloaded() == river.digest()


def test_a_message_that_was_sent_again_settles_its_item(river, rows):
    river.raw(CLEAN, (build.record_id(1), b"garbage"))
    ((item,),) = rows("select id from store.quarantine")
    river.raw(CLEAN, (build.record_id(1), b"worse"), headers=(("retry", item.encode()),))
    assert rows("select state, payload from store.quarantine") == [("open", b"worse")]
    river.feed(CLEAN, build.person(1), headers=(("retry", item.encode()),))
    assert rows("select state from store.quarantine") == [("closed",)]


def test_items_of_other_stages_arrive_and_are_closed_by_a_good_version(river, rows):
    river.feed(REFUSED, build.item(1), build.item(2))
    river.feed(CLEAN, build.person(1))
    assert rows("select record, state from store.quarantine order by 1") == [
        (build.record_id(1), "closed"), (build.record_id(2), "open")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (CLEAN, (build.record_id(1), None)),
        (CLEAN, (build.record_id(1), CODEC.encode(Judgement("j", "same", (), "a", "r", 1)))),
        (CLEAN, (build.record_id(2), CODEC.encode(build.person(1)))),
        (JUDGED, (None, b"\0\0\0\0\x63")),
        (JUDGED, (None, CODEC.encode(Judgement("j\0", "same", (), "a", "r", 1)))),
        (REFUSED, (None, b"")),
    ],
)
def test_poison_is_kept_and_does_not_stop_the_river(river, rows, topic, message):
    river.raw(topic, message)
    river.feed(CLEAN, build.person(3))
    assert rows("select count(*) from store.quarantine where stage = 'reconcile' and state = 'open'") == [(1,)]
    assert rows("select count(*) from store.person") == [(1,)]


def test_a_store_that_goes_away_while_it_is_loaded_ends_the_process(river, store, lease):
    river.feed(CLEAN, build.person(1))

    class Cut(Engine):
        def load(self, state: State) -> None:
            with psycopg.connect(store, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name = 'satudata-load' and datname = current_database()"
                )
            super().load(state)

    given = stages()
    cut = Cut(model.read(), AUTHORITIES, frozenset())
    interrupted = Reconciler(store, lease.epoch, {"person": replace(given, engine=cut)}, CODEC, CLOCK)
    with pytest.raises(Halt, match="start again"):
        interrupted.load()
    interrupted.close()


def test_a_store_that_is_away_before_it_is_loaded_is_waited_for(lease):
    away = Reconciler("postgresql://nobody@127.0.0.1:1/none", lease.epoch, {"person": stages()}, CODEC, CLOCK)
    with pytest.raises(TryAgain):
        away.load()
