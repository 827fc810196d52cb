"""Troubles of the offices with a database server, whose log is read: PostgreSQL and MariaDB."""

from __future__ import annotations

import time
import uuid
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg

from hub.demo.offices.mariadb import _session
from hub.demo.rows import ALL
from hub.demo.writing import Write
from tests.e2e.soak_capture.ground import MARIADB, POSTGRES, now_us
from tests.e2e.soak_capture.tables import Altering
from tests.e2e.soak_capture.troubles import CONNECTED, LAG, NOTICES, RECONNECTS, Trouble, waits

SLOW_BYTES = 400
"""Bytes a second of a slow line: a change takes seconds."""
SLOW_PATIENCE_S = 360
"""A line is seen to be slow when changes come; they stand still while another lane's server is away."""


class Database(Altering):
    """A database server with some offices' databases; subclasses know its dialect."""

    sources: Sequence[str]
    loses: str
    """The source whose log gets lost."""
    server: str
    """The service's name."""

    def plan(self) -> list[tuple[Trouble, str]]:
        """Return all troubles, at sources by chance."""
        everywhere = (self.kill, self.stop_and_start, self.wrong_clock, self.cut, self.away, self.slow, self.restart,
                      self.crash, self.alter)  # fmt: skip
        return [*((trouble, self.rng.choice(self.sources)) for trouble in everywhere), (self.lose_log, self.loses)]

    # ------------------------------------------------------------------ the line

    def cut(self, source: str) -> None:
        """Break a connector's connections, once."""
        failed, made_again = self.failures(source), self.sight.metric(source, RECONNECTS)
        self.ground.lines[source].cut()
        self.sight.until("a new connection", lambda: self.sight.metric(source, RECONNECTS) > made_again)
        self.fails(source, failed)
        self.saw("metric", "status")
        self.goes_on(source)

    def away(self, source: str) -> None:
        """Let no connection through until it was seen that the source waits."""
        line = self.ground.lines[source]
        line.down()
        try:
            self.waiting(source)
        finally:
            line.up()
        self.goes_on(source)

    def slow(self, source: str) -> None:
        """Let so few bytes through that the hub falls behind."""
        line = self.ground.lines[source]
        line.slow(SLOW_BYTES)
        try:
            self.sight.until("lag", lambda: self.sight.metric(source, LAG) > 2, SLOW_PATIENCE_S)
            self.sight.shows(source, "its lag", lambda row: row["lag_seconds"] > 2)
        finally:
            line.slow(0)
        self.saw("metric", "status")
        self.sight.until("less lag", lambda: self.sight.reads(source) and self.sight.metric(source, LAG) < 1)

    # ------------------------------------------------------------------ the server

    def restart(self, source: str) -> None:
        """Stop the server, and start it when it was seen that its sources wait."""
        self.ground.platform.services[self.server].stop()
        try:
            self.waiting(source)
        finally:
            self.ground.platform.restart(self.server)
        self.goes_on(*self.sources)

    def crash(self, source: str) -> None:
        """Kill the server and start it again soon."""
        failed = self.failures(source)
        self.ground.platform.services[self.server].kill()
        time.sleep(self.rng.uniform(0.2, 1.5))
        self.ground.platform.restart(self.server)
        self.fails(source, failed)
        self.saw("metric", "status")
        self.goes_on(*self.sources)

    def waiting(self, source: str) -> None:
        """Wait until it shows everywhere that a source is away."""
        self.sight.until("a source that is not read", lambda: self._told_away(source))
        self.sight.shows(source, "that it waits", waits)
        self.saw("metric", "status")

    def _told_away(self, source: str) -> bool:
        return self.failures(source) > 0 and self.sight.metric(source, CONNECTED) == 0

    # ------------------------------------------------------------------ the log

    def lose_log(self, source: str) -> None:
        """Have the server forget its log while the connector is down and a row is deleted."""
        ground, since = self.ground, self.sight.mark()
        clerk, ghost = ground.clerk(source), self.ghost()
        with closing(clerk):
            clerk.commit([Write(source, 0, ghost[0], ghost[1], insert=True)])
            record = clerk.record(source, ghost[0])
            self.sight.until("a row that will be a ghost", lambda: ground.holds(record))
            began = now_us()
            assert ground.supervisor.stop(source) == 0
            clerk.commit([Write(source, 0, ghost[0], None)])
            time.sleep(2)
            self.forget_log()
        before = self.sight.mark()
        ground.start(source)
        self.told_lost(source, before)
        finished = self.sight.notice(source, "snapshot_finished", since)
        ground.gaps.append((source, began, max(finished.at_us, now_us())))
        ground.no_times(source)
        self.sight.until("the ghost to be swept", lambda: not ground.holds(record))
        self.goes_on(source)

    def told_lost(self, source: str, since: int) -> None:
        """See that the loss is told loudly."""
        self.sight.notice(source, self.lost, since)
        self.sight.notice(source, "source_began_anew", since)
        self.sight.until(self.lost, lambda: self.sight.metric(source, NOTICES, code=self.lost) > 0)
        self.sight.shows(source, self.lost, lambda row: row["notice_counts"].get(self.lost, 0) > 0)
        self.saw("metric", "notice", "status")

    lost: str
    """Code of the notice."""

    @abstractmethod
    def ghost(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return key and values of a row that nobody will miss."""

    @abstractmethod
    def forget_log(self) -> None:
        """Have the server throw its log away."""


class Postgres(Database):
    """The three registers."""

    sources, loses, server, lost = POSTGRES, "dapodik", "opd", "slot_lost"
    types = ("integer", "bigint")

    def execute(self, source: str, statement: str) -> None:
        """Run a statement at an office."""
        with psycopg.connect(self.ground.opd[source], autocommit=True) as office:
            office.execute(statement.encode())

    def alter(self, source: str) -> None:
        """Alter the table; a new type writes every row anew, in a transaction that changes none."""
        super().alter(source)
        self.ground.no_times(source)

    def retyping(self, source: str, column: str) -> str:
        """Return the statement that changes the column's type."""
        return f"ALTER TABLE {ALL[source].table} ALTER COLUMN {column} TYPE {self.types[1]}"

    def ghost(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return a pupil who never was."""
        key = uuid.uuid4()
        return (key,), {"peserta_didik_id": key, "nama": "Contoh Hantu", "jenis_kelamin": "L"}

    def forget_log(self) -> None:
        """Drop the slot."""
        with psycopg.connect(self.ground.opd[self.loses], autocommit=True) as office:
            office.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                           "WHERE database = current_database()")  # fmt: skip


class Mariadb(Database):
    """Hospital and villages."""

    sources, loses, server, lost = MARIADB, "rsud", "opd-mariadb", "log_purged"
    types = ("int", "bigint")

    def execute(self, source: str, statement: str) -> None:
        """Run a statement at an office."""
        with _session(self.ground.opd[source]) as office, office.cursor() as cursor:
            cursor.execute(statement)

    def retyping(self, source: str, column: str) -> str:
        """Return the statement that changes the column's type."""
        return f"ALTER TABLE {ALL[source].table} MODIFY COLUMN {column} {self.types[1]}"

    def ghost(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return a patient who never was."""
        key = f"X{self.rng.randrange(10**9):09d}"
        return (key,), {"no_rkm_medis": key, "nm_pasien": "CONTOH HANTU", "nm_ibu": "-", "no_ktp": "-"}

    def forget_log(self) -> None:
        """Begin new files, let the other office's connector come to the last one, and purge those before it."""
        for _ in range(2):
            self.execute(self.loses, "FLUSH BINARY LOGS")
            time.sleep(3)
        with _session(self.ground.opd[self.loses]) as office, office.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            row = cursor.fetchone()
            assert row
            cursor.execute("PURGE BINARY LOGS TO %s", [row[0]])
