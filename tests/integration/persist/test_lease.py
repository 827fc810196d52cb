"""Who may write: taken over after a crash, never beside a running commit, and refused to who was frozen meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest

from hub.persist import lease as leases
from hub.persist.lease import Lease, Pace
from hub.wire.errors import Halt, RefuseToStart
from tests.integration.persist import build
from tests.integration.persist.build import created, person, work

QUICK = Pace(lasts=0.6, renew=0.1, look=0.05, dead=1.0)
EPOCH = "select epoch from link.lease"


@pytest.fixture
def standby(store: str) -> Iterator[Lease]:
    made = Lease(store, "standby", lost=lambda reason: None, pace=QUICK)
    yield made
    made.release()


def held(url: str, lost: threading.Event | None = None) -> Lease:
    """Return a lease that was just taken, at a quick pace."""
    made = Lease(url, "holder", lost=lambda reason: lost.set() if lost else None, pace=QUICK)
    assert made.acquire(threading.Event())
    return made


def test_a_renewed_lease_is_kept_from_a_standby(store, standby):
    holder = held(store)
    stop = threading.Event()
    waiting = threading.Thread(target=standby.acquire, args=(stop,))
    waiting.start()
    waiting.join(QUICK.lasts * 3)
    assert waiting.is_alive()
    stop.set()
    waiting.join()
    assert standby.epoch == 0
    holder.release()


def test_a_released_lease_is_taken_at_once_and_the_epoch_rises(store, standby):
    holder = held(store)
    holder.release()
    assert standby.acquire(threading.Event())
    assert standby.epoch == holder.epoch + 1


def test_a_former_holder_is_refused_and_told(store, standby):
    lost = threading.Event()
    holder = held(store, lost)
    writer = build.writer(store, holder)
    with psycopg.connect(store) as connection:
        connection.execute("update link.lease set expires_at = '-infinity', epoch = epoch + 1")
    with pytest.raises(Halt, match="another process writes now"):
        writer.commit(work([created(7, person(1))]))
    assert lost.wait(10)
    assert standby.acquire(threading.Event())
    writer.close()
    holder.release()


def test_takeover_waits_for_a_running_commit(store, standby, rows):
    order: list[str] = []
    with psycopg.connect(store, autocommit=True) as clock, psycopg.connect(store) as running:
        clock.execute("update link.lease set epoch = 5, expires_at = clock_timestamp()")
        leases.check(running, 5)
        running.execute('update link."offset" set next_offset = 42')
        taking = threading.Thread(target=lambda: (standby.acquire(threading.Event()), order.append("taken")))
        taking.start()
        wait_for_lock(clock)
        order.append("committed")
        running.commit()
    taking.join(20)
    assert order == ["committed", "taken"]
    assert rows('select next_offset from link."offset"') == [(42,)]
    assert standby.epoch == 6


def wait_for_lock(connection: psycopg.Connection) -> None:
    """Return once a takeover waits for the lease row; the holder's lease ends in a moment."""
    for _ in range(400):
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
        if row == (1,):
            return
        connection.execute("select pg_sleep(0.05)")
    raise AssertionError("no takeover ever waited for the running commit")


@pytest.mark.parametrize("how", ["idle", "copy"])
def test_a_writer_frozen_inside_its_transaction_does_not_block_the_standby(store, standby, rows, how):
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute("update link.lease set epoch = 5, expires_at = clock_timestamp()")
    frozen = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.persist.frozen", store, "5", how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert frozen.stdout is not None
    assert frozen.stdout.readline() == "inside\n"
    frozen.send_signal(signal.SIGSTOP)
    assert standby.acquire(threading.Event())
    frozen.send_signal(signal.SIGCONT)
    output, _ = frozen.communicate("go\n", timeout=30)
    assert output.startswith("refused")
    assert rows(EPOCH) == [(6,)]
    assert rows('select next_offset from link."offset"') == [(0,)]


def test_a_database_that_was_not_prepared_is_named(store, standby):
    with psycopg.connect(store) as connection:
        connection.execute("delete from link.lease")
    with pytest.raises(RefuseToStart, match="satudata prepare"):
        standby.acquire(threading.Event())


def test_a_lost_lease_ends_the_process(store):
    script = (
        "import sys, threading\n"
        "from hub.persist.lease import Lease, Pace\n"
        "lease = Lease(sys.argv[1], 'child', pace=Pace(lasts=5, renew=0.05))\n"
        "lease.acquire(threading.Event()); print('held', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, store],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    while child.stdout.readline() != "held\n":
        assert child.poll() is None
    with psycopg.connect(store) as connection:
        connection.execute("update link.lease set epoch = epoch + 1")
    assert child.wait(20) == 1
    child.communicate()
