"""The queue through the writer: in the transaction of the clusters that it follows from, and after a reload."""

from __future__ import annotations

import psycopg
import pytest

from hub.persist import review_sql
from hub.persist.review_rows import ReviewRow
from hub.wire.records import CleanPerson, Judgement, Pair
from tests.integration.persist import build, test_reconcile
from tests.integration.persist.test_reconcile import CLEAN, JUDGED, River, life

river = test_reconcile.river


def stored(store: str) -> dict[str, ReviewRow]:
    with psycopg.connect(store, autocommit=True) as database:
        return {row.id: row for row in review_sql.load(database, "person")[0]}


def judge(id_: str, verdict: str, *pairs: tuple[CleanPerson, CleanPerson], **more: object) -> Judgement:
    ends = tuple(Pair(a.id, b.id) for a, b in pairs)
    return Judgement(id_, verdict, ends, "petugas", "diperiksa", 1, **more)  # type: ignore[arg-type]


def twins() -> tuple[CleanPerson, CleanPerson]:
    """Two of the register who are alike but for the end of their NIKs."""
    return build.person(1), build.person(2)


@pytest.mark.parametrize("seed", [3, 4])
def test_after_any_life_the_stored_queue_is_what_a_fresh_memory_tells(store, lease, river, seed):
    for topic, records in life(seed):
        river.feed(topic, *records)
        river.rest()
    again = River(store, lease.epoch)
    engine = again.stages.engine
    told = {(one.a, one.b, one.judgement): one for one in engine.doubts_of(engine.known()).found}
    assert {(row.doubt.a, row.doubt.b, row.doubt.judgement): row.doubt for row in stored(store).values()} == told
    again.reconciler.close()


def test_a_queue_that_rests_on_another_model_is_made_anew_in_the_background(store, lease, river, rows):
    river.feed(CLEAN, *twins())
    before = stored(store)
    assert [row.doubt.kind for row in before.values()] == ["attested"]
    with psycopg.connect(store, autocommit=True) as database:
        database.execute("delete from store.review")
        database.execute("update store.review_basis set basis = 'another model'")
    again = River(store, lease.epoch)
    again.rest()
    again.reconciler.close()
    assert stored(store) == before
    assert rows("select basis from store.review_basis where entity = 'person'") != [("another model",)]


def test_contest_and_undo_are_kept_and_held_in_the_commit_that_takes_them(store, lease, river, rows):
    one, other = twins()
    river.feed(CLEAN, one, other)
    river.feed(JUDGED, judge("j1", "same", (one, other)))
    river.feed(JUDGED, judge("c1", "contested", contests="j1"))
    assert rows("select id, judgement, kind, author, state from link.note") == [
        ("c1", "j1", "contested", "petugas", "taken")
    ]
    [(entity_id, at)] = rows("select entity_id, since from store.hold where released_at is null")
    [(sequence,)] = rows("select sequence from store.outbox where topic = 'hold'")
    assert rows("select sequence from store.clock") == [(sequence,)]
    river.feed(JUDGED, judge("w1", "withdrawn", withdraws="j1"))
    assert rows("select release from store.hold where entity_id = %s and since = %s", entity_id, at) == [("decided",)]
    assert [row.doubt.kind for row in stored(store).values()] == ["attested"]
    again = River(store, lease.epoch)
    assert again.digest() == river.digest()
    again.reconciler.close()


def test_what_unsure_set_aside_stays_so_over_a_restart(store, lease, river, rows):
    one, other = twins()
    river.feed(CLEAN, one, other)
    river.feed(JUDGED, judge("u1", "unsure", (one, other)))
    assert rows("select state, unsure from store.review") == [("aside", "u1")]
    again = River(store, lease.epoch)
    moved = build.person(2, 2, name="SITI AMINAH", source="dukcapil")
    again.feed(CLEAN, moved)
    assert rows("select state from store.review") == [("aside",)]
    again.feed(CLEAN, build.person(2, 3, name="SITI AMINA"))
    assert rows("select state from store.review") == [("open",)]
    again.reconciler.close()
