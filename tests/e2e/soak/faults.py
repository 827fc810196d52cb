"""The faults: six kills that every round makes, and special ones, one a round."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from tests.e2e.soak.ground import CONNECTORS, Ground

OUTAGE_S = 11
LOST = "dapodik"
"""The source whose slot gets lost."""


class Faults:
    """Breaks a ground, and counts what it did."""

    def __init__(self, ground: Ground, rng: random.Random) -> None:
        self.ground = ground
        self.rng = rng
        self.done: Counter[str] = Counter()
        self.gaps: list[tuple[int, int]] = []
        """(from, to) in microseconds: while `LOST` had no slot; its commits then reach the hub by the next snapshot."""
        self.kills: tuple[Callable[[], None], ...] = (
            self.kill_connector, self.kill_clean, self.kill_writer, self.kill_publish, self.kill_kafka,
            self.kill_database,
        )  # fmt: skip
        self.specials: tuple[Callable[[], None], ...] = (
            self.freeze_writer, self.lose_slot, self.outage, self.lose_reply,
        )  # fmt: skip

    def make(self, fault: Callable[[], None]) -> None:
        """Make one fault and count it."""
        fault()
        self.done[fault.__name__] += 1

    def kill_connector(self) -> None:
        self.ground.supervisor.kill(self.rng.choice(CONNECTORS))

    def kill_clean(self) -> None:
        self.ground.supervisor.kill("clean")

    def kill_writer(self) -> None:
        self.ground.supervisor.kill(self.ground.writer())

    def kill_publish(self) -> None:
        self.ground.supervisor.kill("publish")

    def kill_kafka(self) -> None:
        self._kill_service("kafka")

    def kill_database(self) -> None:
        self._kill_service("database")

    def _kill_service(self, name: str) -> None:
        self.ground.platform.services[name].kill()
        time.sleep(self.rng.uniform(0.2, 1.5))
        self.ground.platform.restart(name)

    def outage(self) -> None:
        self.ground.platform.services["database"].stop()
        time.sleep(OUTAGE_S)
        self.ground.platform.restart("database")

    def freeze_writer(self) -> None:
        """Stop the writer with a computed step in hand until another has taken over, then let it wake."""
        run = self.ground.settings.home / "run"
        self.ground.writer()
        (run / "freeze").touch()
        pid = int(
            self.ground.until("a frozen writer", lambda: (run / "frozen").exists() and (run / "frozen").read_text())
        )
        try:
            self.ground.until("a takeover", lambda: self.ground.writer_pid() not in (0, pid))
            time.sleep(2)
        finally:
            os.kill(pid, signal.SIGCONT)
            (run / "frozen").unlink()
        self.ground.until("the end of the woken writer", lambda: not _lives(self.ground, pid))

    def lose_reply(self) -> None:
        """Lose the reply to one COMMIT of the writer."""
        self.ground.writer()
        self.ground.proxy.lose("reply")
        assert self.ground.proxy.lost.wait(30), "no COMMIT came by"

    def lose_slot(self) -> None:
        """Drop a source's slot while its connector is down and rows change; then start it again."""
        ground, dsn = self.ground, self.ground.opd[LOST]
        began = time.time_ns() // 1000
        ground.supervisor.stop(LOST)
        time.sleep(4)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                               "WHERE database = current_database()")  # fmt: skip
        ground.supervisor.start(LOST, ground._command(LOST))
        ground.until("a new stream", lambda: _streams(dsn))
        self.gaps.append((began, time.time_ns() // 1000))


def _lives(ground: Ground, pid: int) -> bool:
    return any(stage.pid == pid for stage in ground.supervisor.stages().values())


def _streams(dsn: str) -> bool:
    """Tell whether the source's log is being streamed: the snapshot is over and acknowledged."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid "
            "WHERE s.database = current_database() AND r.state = 'streaming'"
        ).fetchone()
    return bool(row and row[0])
