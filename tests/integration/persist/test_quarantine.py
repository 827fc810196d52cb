"""An item opens once, is closed by a good version that is not older, and is settled by an operator."""

from __future__ import annotations

from dataclasses import replace

from hub.persist import quarantine
from hub.persist.work import Work
from hub.wire.decisions import Delta
from tests.integration.persist import build
from tests.integration.persist.build import at, created, person, record_id, work

STATE = "select state, closed_at is null from store.quarantine"


def seen(number: int, position: int) -> Work:
    """Return the work of a good version of a record."""
    return Work(Delta(seen_ids=[(record_id(number), at(position))]), {})


def test_an_older_good_version_leaves_it_open_a_newer_one_closes_it(writer, rows):
    writer.commit(work([], refused=[build.item(5)]))
    writer.commit(seen(5, 4))
    assert rows(STATE) == [("open", True)]
    writer.commit(seen(5, 5))
    assert rows(STATE) == [("closed", False)]


def test_a_new_writer_knows_what_is_open(store, lease, writer, rows):
    writer.commit(work([], refused=[build.item(5)]))
    other = build.writer(store, lease)
    other.commit(seen(5, 6))
    other.close()
    assert rows(STATE) == [("closed", False)]


def test_an_item_and_its_good_version_in_one_batch_close_each_other(writer, rows):
    both = replace(seen(5, 9), refused=[build.item(5)])
    writer.commit(both)
    assert rows(STATE) == [("closed", False)]


def test_an_item_that_comes_after_its_good_version_is_closed_on_arrival(writer, rows):
    writer.commit(work([created(7, person(5, position=5))]))
    writer.commit(work([], refused=[build.item(5)]))
    assert rows(STATE) == [("closed", False)]


def test_a_repeat_does_not_open_a_settled_item(writer, rows):
    writer.commit(work([], refused=[build.item(5)]))
    writer.commit(Work(Delta(), {}, settled={build.item(5).id: "cannot be mended"}))
    writer.commit(work([], refused=[build.item(5, at=1_800_000_000_000_000)]))
    assert rows(STATE) == [("closed", False)]
    assert rows("select note from store.quarantine") == [("cannot be mended",)]


def test_another_message_under_the_same_id_opens_it(writer, rows):
    writer.commit(work([], refused=[build.item(5)]))
    writer.commit(Work(Delta(), {}, settled={build.item(5).id: "Kafka was lost"}))
    writer.commit(work([], refused=[build.item(5, payload=b"another", reason="refused again")]))
    assert rows("select state, payload, reason from store.quarantine") == [("open", b"another", "refused again")]


def test_a_retried_item_that_is_refused_again_is_open_again(writer, rows, store):
    writer.commit(work([], refused=[build.item(5)]))
    rows("update store.quarantine set state = 'retried', attempts = 1 returning id")
    writer.commit(work([], refused=[build.item(5)]))
    assert rows("select state, attempts from store.quarantine") == [("open", 1)]


def test_an_item_that_an_operator_discarded_stays_so(writer, rows):
    writer.commit(work([], refused=[build.item(5)]))
    rows("update store.quarantine set state = 'discarded' returning id")
    writer.commit(Work(Delta(), {}, settled={build.item(5).id: "discarded"}))
    assert rows(STATE) == [("discarded", True)]


def test_open_items_are_counted_by_stage_and_source(writer, lease):
    writer.commit(work([], refused=[build.item(5), build.item(6), build.item(7, source="dinsos", record=None)]))
    with writer.guarded() as database:
        assert sorted(quarantine.waiting(database)) == [("clean", "dapodik", 2), ("clean", "dinsos", 1)]
        assert quarantine.identified(database, [build.item(5).id, build.item(7).id]) == {build.item(5).id}


def test_a_time_that_no_calendar_holds_does_not_stop_the_batch(writer, rows):
    writer.commit(work([], refused=[build.item(5, at=2**62), build.item(6, at=-(2**62))]))
    assert rows("select state, extract(year from at)::int from store.quarantine order by id") == [
        ("open", 9999), ("open", 1970)
    ]  # fmt: skip
