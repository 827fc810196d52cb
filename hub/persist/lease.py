"""The writer's lease: one row that says which process may write, judged by the database's clock.

A holder renews it from a thread of its own, so a busy or blocked event loop keeps it; a frozen process loses it.
Taking over updates the row, so it waits for a commit that holds the row FOR SHARE; from then on every transaction of
the former holder finds another epoch and is refused.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from hub.persist import connection
from hub.wire import log, metrics
from hub.wire.errors import Halt, RefuseToStart, TryAgain

_log = log.get(__name__)
_LOOK = """
select epoch, expires_at < clock_timestamp(), expires_at + make_interval(secs => %s) < clock_timestamp()
from link.lease where name = 'reconcile'"""
_TAKE = """
update link.lease
set epoch = epoch + 1, holder = %s, expires_at = clock_timestamp() + make_interval(secs => %s)
where name = 'reconcile' and expires_at < clock_timestamp() returning epoch"""
_RENEW = """
update link.lease set expires_at = clock_timestamp() + make_interval(secs => %s)
where name = 'reconcile' and epoch = %s"""
_RELEASE = "update link.lease set expires_at = clock_timestamp() where name = 'reconcile' and epoch = %s"
_END_DEAD = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = %s and pid <> pg_backend_pid()"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of a lease, in seconds."""

    lasts: float = 6.0
    renew: float = 2.0
    look: float = 0.5
    """How often a standby looks."""
    dead: float = 10.0
    """After this long past its end, a former holder's connections are ended: no time-out of PostgreSQL reaches a
    process that froze while it was sending a COPY."""


def end_process(reason: str) -> None:
    """End this process at once, whatever it is doing: another one writes."""
    _log.critical("lease_lost", reason=reason)
    os._exit(1)


class Lease:
    """One process's claim to be the writer."""

    def __init__(
        self, url: str, holder: str, *, lost: Callable[[str], None] = end_process, pace: Pace | None = None
    ) -> None:
        self._url = url
        self._holder = holder
        self._lost = lost
        self._pace = pace or Pace()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.epoch = 0
        """The epoch held; 0 before `acquire`."""

    def acquire(self, stop: threading.Event) -> bool:
        """Wait until the lease is free, take it and keep renewing it; returns False when `stop` was set first."""
        while not stop.is_set():
            try:
                with connection.writer(self._url, connection.LEASE) as database:
                    if self._wait(database, stop):
                        self._keep()
                        return True
            except psycopg.OperationalError as error:
                _log.warning("lease_unreachable", error=connection.said(error))
                stop.wait(self._pace.look)
        return False

    def _wait(self, database: psycopg.Connection[tuple[object, ...]], stop: threading.Event) -> bool:
        while not stop.is_set():
            row = database.execute(_LOOK, (self._pace.dead,)).fetchone()
            if row is None:
                raise RefuseToStart("link.lease has no row `reconcile`; run `satudata prepare` on this database")
            _, expired, dead = row
            if dead:
                database.execute(_END_DEAD, (connection.WRITER,))
            if expired and self._take(database):
                return True
            stop.wait(self._pace.look)
        return False

    def _take(self, database: psycopg.Connection[tuple[object, ...]]) -> bool:
        try:
            row = database.execute(_TAKE, (self._holder, self._pace.lasts)).fetchone()
        except psycopg.errors.LockNotAvailable:
            _log.warning("lease_waits_for_commit", holder=self._holder)
            return False
        if row is None:
            return False
        self.epoch = int(str(row[0]))
        _log.info("lease_taken", epoch=self.epoch, holder=self._holder)
        return True

    def _keep(self) -> None:
        metrics.LEASE_HELD.set(1)
        self._stop.clear()
        self._thread = threading.Thread(target=self._renew_for_ever, name="lease", daemon=True)
        self._thread.start()

    def _renew_for_ever(self) -> None:
        database: psycopg.Connection[tuple[object, ...]] | None = None
        pause = self._pace.renew
        while not self._stop.wait(pause):
            pause = self._pace.renew
            try:
                if database is None or database.closed:
                    database = connection.writer(self._url, connection.LEASE)
                renewed = database.execute(_RENEW, (self._pace.lasts, self.epoch)).rowcount
            except psycopg.errors.LockNotAvailable:
                pause = 0.0  # a long commit holds the row: stay first in its queue, before any takeover
            except psycopg.OperationalError as error:
                _log.warning("lease_not_renewed", error=connection.said(error))
            else:
                if renewed != 1:
                    metrics.LEASE_HELD.set(0)
                    self._lost(f"epoch {self.epoch} is no longer the writer's")
                    break
        if database is not None:
            database.close()

    def release(self) -> None:
        """Stop renewing and let a standby take over at once; safe to call without the lease."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.epoch:
            metrics.LEASE_HELD.set(0)
            try:
                with connection.writer(self._url, connection.LEASE) as database:
                    database.execute(_RELEASE, (self.epoch,))
            except psycopg.OperationalError as error:
                _log.warning("lease_not_released", error=connection.said(error))


def check(database: psycopg.Connection[tuple[object, ...]], epoch: int) -> None:
    """Lock the lease row FOR SHARE; the first statement of every transaction.  Raises Halt for another epoch."""
    row = database.execute("select epoch from link.lease where name = 'reconcile' for share").fetchone()
    if row is None:
        raise TryAgain("link.lease has no row `reconcile`; the store is being restored")
    if row[0] != epoch:
        raise Halt(f"refused: this writer holds epoch {epoch}, the lease is at {row[0]}; another process writes now")
