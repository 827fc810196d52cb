"""The answer to a COMMIT may be lost; whether it took effect is read from the offsets, under the lease."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from hub.persist.work import Move
from hub.wire.errors import Halt, TryAgain
from tests.integration.persist import build
from tests.integration.persist.build import LOG, changed, created, person, work
from tests.integration.persist.proxy import Proxy

CONTENT = (
    'select (select count(*) from store.history), (select next_offset from link."offset"), sequence from store.clock'
)


@pytest.fixture
def proxy(store: str) -> Iterator[Proxy]:
    made = Proxy(store)
    yield made
    made.close()


@pytest.fixture
def far(proxy, lease):
    """Return a writer that reaches PostgreSQL through the proxy."""
    made = build.writer(proxy.url, lease)
    made.commit(work([]))
    yield made
    made.close()


def test_a_lost_reply_is_found_to_be_committed_and_not_written_twice(proxy, far, rows):
    batch = work([created(7, person(1))], moves=[Move(LOG, 0, 5)])
    proxy.lose("reply")
    with pytest.raises(TryAgain):
        far.commit(batch)
    assert proxy.lost.wait(10)
    assert rows(CONTENT) == [(1, 5, 2)]
    done = far.commit(batch)
    assert (done.sequence, done.published) == (2, {"created": 1})
    assert rows(CONTENT) == [(1, 5, 2)]
    far.commit(work([changed(7, person(1, 2, "SITI"))], moves=[Move(LOG, 5, 6)]))
    assert rows(CONTENT) == [(2, 6, 3)]


def test_a_lost_commit_is_done_again(proxy, far, rows):
    batch = work([created(7, person(1))], moves=[Move(LOG, 0, 5)])
    proxy.lose("request")
    with pytest.raises(TryAgain):
        far.commit(batch)
    assert proxy.lost.wait(10)
    assert far.commit(batch).sequence == 2
    assert rows(CONTENT) == [(1, 5, 2)]


def test_work_without_offsets_is_settled_by_the_clock(proxy, far, rows):
    batch = work([created(7, person(1))])
    proxy.lose("reply")
    with pytest.raises(TryAgain):
        far.commit(batch)
    assert proxy.lost.wait(10)
    assert far.commit(batch).sequence == 2
    assert rows(CONTENT) == [(1, 0, 2)]


def test_another_batch_after_an_unanswered_commit_is_refused(proxy, far):
    proxy.lose("reply")
    with pytest.raises(TryAgain):
        far.commit(work([created(7, person(1))]))
    with pytest.raises(Halt, match="not known whether the batch before"):
        far.commit(work([created(8, person(2))]))


def test_an_unanswered_commit_of_a_former_holder_is_refused(store, proxy, far, lease):
    batch = work([created(7, person(1))], moves=[Move(LOG, 0, 5)])
    proxy.lose("request")
    with pytest.raises(TryAgain):
        far.commit(batch)
    with psycopg.connect(store) as connection:
        connection.execute("update link.lease set epoch = epoch + 1")
    with pytest.raises(Halt, match="another process writes now"):
        far.commit(batch)


def test_a_backend_that_is_ended_in_mid_batch_leaves_nothing_and_the_batch_is_taken_next_time(store, writer, rows):
    writer.commit(work([]))
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'satudata-writer' and datname = current_database()"
        )
    batch = work([created(7, person(1))], moves=[Move(LOG, 0, 5)])
    with pytest.raises(TryAgain):
        writer.commit(batch)
    assert rows(CONTENT) == [(0, 0, 1)]
    writer.commit(batch)
    assert rows(CONTENT) == [(1, 5, 2)]
