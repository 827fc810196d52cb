"""One demo from its start to its verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.demo import latency, lost, verdict
from hub.demo.life import Life
from hub.demo.river import River
from hub.demo.rows import LOGGED
from hub.demo.screen import Progress
from hub.demo.verdict import Verdict
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.errors import Halt
from hub.wire.kafka import KafkaLog

FILLING_S = 180
REST_S = 120
_FRAME_S = 0.25


class Play:
    """Fills the river, lets life go on, waits for rest and judges; `tick` is called while it waits."""

    def __init__(self, river: River, progress: Progress, tick: Callable[[], None]) -> None:
        self.river = river
        self.progress = progress
        self.life = Life(river.world, river.desk, river.options.seed)
        self._tick = tick
        self._stop_life = threading.Event()
        self._errors = river.world.error_rates()
        self._trouble: list[BaseException] = []
        progress.where = self._where()
        progress.people = len(river.world.population.people)

    def fill(self) -> None:
        """Wait until the hub has taken in what the offices had before the connectors started."""
        self.progress.phase = "mengisi / first filling"
        self.river.wait_filled(FILLING_S, self._frame)
        self.river.rest().wait(FILLING_S, self.river.stop, self._frame)

    def live(self, seconds: float | None) -> None:
        """Let life go on for a time, or until somebody interrupts."""
        self.progress.phase = "warga hidup / life goes on"
        self.progress.wanted_rate = self.river.options.rate
        self.started_us = time.time_ns() // 1000
        thread = threading.Thread(target=self._live, name="life", daemon=True)
        thread.start()
        end = None if seconds is None else time.monotonic() + seconds
        try:
            while thread.is_alive() and (end is None or time.monotonic() < end):
                self._frame()
                time.sleep(_FRAME_S if end is None else min(_FRAME_S, max(0.0, end - time.monotonic())))
        finally:
            self._stop_life.set()
            thread.join()
        self.ended_us = time.time_ns() // 1000
        if self._trouble:
            raise self._trouble[0]

    def _live(self) -> None:
        try:
            self.life.run(self.river.options.rate, self._stop_life)
        except BaseException as error:
            self._trouble.append(error)
            raise

    def judge(self) -> Verdict:
        """Wait for rest, ask the oracle, and return the verdict."""
        self.progress.phase = "menunggu tenang / waiting for rest"
        problem = self.river.rest().wait(REST_S, self.river.stop, self._frame)
        self.progress.phase = "memeriksa / checking"
        self._frame()
        self.river.journal.note("changes", str(self.life.changes))
        report = self._oracle()
        changes = list(self.river.journal.changes())
        settings = self.river.settings
        with closing(ConfluentRegistry(settings.endpoint("registry"))) as registry:
            raw = lost.Arrived().look(KafkaLog(settings.endpoint("kafka")), Codec(registry))
        never = lost.missing(changes, raw)
        commits = latency.golden_commits(settings.endpoint("database"), self.started_us)
        times = list(latency.milliseconds((c for c in changes if c.source in LOGGED), commits))
        last_us = max([self.ended_us, *[at for _, at in commits]])
        return Verdict(
            self.life.changes, len(never) + report.pop("records_differing"), report.pop("store_equals_oracle"),
            report.pop("precision"), report.pop("recall"), report.pop("f1"), report.pop("exact_nik_f1"),
            verdict.quantile(times, 0.5), verdict.quantile(times, 0.99),
            self.life.changes / max(1e-6, (last_us - self.started_us) / 1e6), problem is None,
            self._more(report, len(never), len(times), problem),
        )  # fmt: skip

    def _oracle(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "hub.demo.oracle", str(self.river.settings.home)]
        environment = {**os.environ, **self.river.environment}
        with subprocess.Popen(  # noqa: S603 - our own module
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as process:
            out, err = process.communicate()
        if process.returncode:
            raise Halt(f"the oracle failed with code {process.returncode}:\n{err.decode(errors='replace')[-2000:]}")
        found: dict[str, Any] = json.loads(out)
        return found

    def _more(self, report: dict[str, Any], never: int, measured: int, problem: str | None) -> dict[str, Any]:
        more: dict[str, Any] = {
            "people": len(self.river.world.population.people),
            **report,
            "commits_never_in_raw": never,
            "latencies_measured": measured,
            "deletes": self.life.deleted,
            "key_changes": self.life.rekeyed,
            "errors": self._errors,
            "restarts": sum(stage.restarts for stage in self.river.supervisor.stages().values()),
            "machine": {"cores": os.cpu_count(), "memory_gb": _memory_gb()},
        }
        if problem:
            more["not_at_rest"] = problem
        return more

    def _where(self) -> dict[str, str]:
        where = self.river.where()
        place = self.river.settings.home / "run" / "serve.json"
        try:
            return {"API": f"{json.loads(place.read_text())['url']}/docs", **where}
        except (OSError, ValueError):
            return {"API": "belum siap / not up yet", **where}

    def _frame(self) -> None:
        self.progress.changes = self.life.changes
        self.progress.people = len(self.river.world.population.people)
        self.progress.restarts = sum(stage.restarts for stage in self.river.supervisor.stages().values())
        if self.progress.where["API"].startswith("belum"):
            self.progress.where = self._where()
        self.river.require_processes()
        self._tick()


def _memory_gb() -> float:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            return round(int(line.split()[1]) / 1024**2, 1)
    return 0.0
