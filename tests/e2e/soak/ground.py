"""The demo's river with a standby, a proxy before the writer's database, and what a fault needs to know of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hub.demo.journal import Change
from hub.demo.river import Options, River
from hub.platform.child import Command
from hub.wire.settings import Settings
from tests.integration.persist.proxy import Proxy

_CHANGES = "SELECT seq, source, tbl, op, record, previous, xid, at_us FROM change ORDER BY seq"
WRITERS = ("reconcile", "standby")
CONNECTORS = ("dukcapil", "dapodik", "dinsos")
FLUSH_US = 10_000
"""The hub's PostgreSQL flushes as on a disk that takes a while: several changes gather for each of the writer's
transactions, and what is killed is killed within a COMMIT more often than here, where a flush takes no time."""


class Ground(River):
    """A river to be broken; its writers reach PostgreSQL through a proxy."""

    proxy: Proxy

    def __init__(self, settings: Settings, options: Options) -> None:
        writer = (sys.executable, "-m", "tests.e2e.soak.writer")
        super().__init__(settings, replace(options, commands=dict.fromkeys(WRITERS, writer)))
        self._judge: subprocess.Popen[str] | None = None

    def _fill(self) -> None:
        super()._fill()
        database = self.settings.endpoint("database")
        with psycopg.connect(database) as connection:
            name = sql.Identifier(connection.info.dbname)
            for parameter, value in (("commit_delay", FLUSH_US), ("commit_siblings", 0)):
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.Identifier(parameter), sql.Literal(value))
                )
        self.proxy = Proxy(database)

    def _start(self) -> None:
        super()._start()
        self.supervisor.start("standby", self._command("standby"))
        self._judge = self._begin_judge()

    def _end(self) -> None:
        if self._judge is not None:
            self._judge.communicate()
        super()._end()
        if hasattr(self, "proxy"):
            self.proxy.close()

    def _command(self, name: str) -> Command:
        command = super()._command(name)
        if name not in WRITERS:
            return command
        return replace(command, env={**command.env, "SATUDATA_DATABASE": self.proxy.url})

    # -- what the hub cannot know of a gap
    def numbered(self) -> list[tuple[int, Change]]:
        """Return every journalled change with its number."""
        return [(row[0], Change(*row[1:])) for row in self.journal._rows(_CHANGES)]

    def forget_lineage(self, numbers: list[int]) -> None:
        """Let the oracle take changed keys of a gap for new rows, as a snapshot shows them."""
        for number in numbers:
            self.journal._rows("UPDATE change SET op = 'c', previous = NULL WHERE seq = ? AND op = 'k'", [number])

    # -- what faults ask
    def writer_pid(self) -> int:
        """Return the process id of the lease's holder."""
        with psycopg.connect(self.settings.endpoint("database")) as connection:
            row = connection.execute("SELECT holder FROM link.lease WHERE expires_at > now()").fetchone()
        return int(row[0].rpartition(":")[2]) if row and row[0] else 0

    def writer(self) -> str:
        """Return the supervised name of the lease's holder."""
        return self.until("a writer", self._named_writer)

    def _named_writer(self) -> str | None:
        pid = self.writer_pid()
        return next((name for name in WRITERS if self.supervisor.stage(name).pid == pid != 0), None)

    def until(self, what: str, found: Callable[[], Any], seconds: float = 60) -> Any:
        """Return the first true value that `found` gives."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                value = found()
            except psycopg.OperationalError:
                value = None
            if value:
                return value
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
            time.sleep(0.1)

    def memory_digest(self) -> str:
        """Return the digest that the running writer tells of its memory."""
        (target,) = json.loads((self.settings.home / "run" / "probes" / "reconcile.json").read_text())
        with urllib.request.urlopen(f"http://{target['targets'][0]}/digest", timeout=30) as answer:
            return str(answer.read().decode().strip())

    def judgement(self) -> dict[str, Any]:
        """Return what the judge says of the river at rest."""
        judge = self._judge
        assert judge is not None
        assert judge.stdin is not None
        assert judge.stdout is not None
        judge.stdin.write("\n")
        judge.stdin.flush()
        said = judge.stdout.readline()
        assert said, f"the judge ended: {self._judge_log.read_text()[-2000:]}"
        found: dict[str, Any] = json.loads(said)
        return found

    def _begin_judge(self) -> subprocess.Popen[str]:
        with self._judge_log.open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.soak.judge", str(self.settings.home)],
                env={**os.environ, **self.environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip

    @property
    def _judge_log(self) -> Path:
        return self.settings.home / "logs" / "judge.log"
