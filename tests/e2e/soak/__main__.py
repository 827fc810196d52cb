"""`python -m tests.e2e.soak --minutes N`: break the river under load for as long as one likes.

Progress on standard error; at the end one JSON line on standard output.  Exit code 1 on the first check that fails.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from hub.demo.life import Life
from hub.demo.play import FILLING_S
from hub.demo.river import Options
from hub.wire import log
from hub.wire.settings import Settings
from tests.e2e.soak.check import Checks
from tests.e2e.soak.faults import Faults
from tests.e2e.soak.ground import Ground
from tests.services.fixtures import temporary_home

ROUND_S = 55
SETTLE_S = 90
PEOPLE = 400
"""So few that each of their records is changed a hundred times in a short soak."""


class Soak:
    """Rounds of load and faults, each followed by rest and a check."""

    def __init__(self, ground: Ground, rate: float, seed: int) -> None:
        self.ground = ground
        self.rate = rate
        self.rng = random.Random(f"soak {seed}")
        self.faults = Faults(ground, self.rng)
        self.life = Life(ground.world, ground.desk, seed)
        self.check = Checks(ground)
        self.settled: list[float] = []
        self.checks: list[dict[str, Any]] = []

    def round(self, number: int) -> None:
        """Live under faults for a while, come to rest, and check."""
        stop, trouble = threading.Event(), []

        def live() -> None:
            try:
                self.life.run(self.rate, stop)
            except BaseException as error:
                trouble.append(error)
                raise

        thread = threading.Thread(target=live, name="life", daemon=True)
        thread.start()
        began = time.monotonic()
        try:
            for fault in self._plan(number):
                time.sleep(self.rng.uniform(0.5, 3.0))
                self.faults.make(fault)
                _tell(
                    f"round {number}, {time.monotonic() - began:4.0f} s: {fault.__name__}, {self.life.changes} changes"
                )
            time.sleep(max(0.0, ROUND_S - (time.monotonic() - began)))
        finally:
            stop.set()
            thread.join()
        if trouble:
            raise trouble[0]
        self._settle(number)

    def _plan(self, number: int) -> list[Callable[[], None]]:
        plan = [*self.faults.kills, self.faults.specials[number % len(self.faults.specials)]]
        self.rng.shuffle(plan)
        return plan

    def _settle(self, number: int) -> None:
        began = time.monotonic()
        problem = self.ground.rest().wait(SETTLE_S, threading.Event(), lambda: None)
        assert problem is None, f"round {number} does not come to rest: {problem}\n{self._last_words()}"
        self.settled.append(round(time.monotonic() - began, 1))
        self.checks.append(self.check.at_rest(self.faults.gaps))
        _tell(f"round {number}: at rest after {self.settled[-1]} s, all is well: {self.checks[-1]}")

    def end(self) -> None:
        """Read all of raw, of what subscribers read and of the history once more, from the beginning."""
        self.check.close()
        with closing(Checks(self.ground)) as fresh:
            read = fresh.topics(self.faults.gaps)
        assert read == self.checks[-1]["read"], f"{read} messages, not {self.checks[-1]['read']}, are there to be read"

    def _last_words(self) -> str:
        """Return the end of what each stage behind the connectors wrote."""
        supervisor = self.ground.supervisor
        return "\n".join(f"-- {n}\n{supervisor.output(n, 30)}" for n in ("clean", "reconcile", "standby", "publish"))

    def report(self, seconds: float) -> dict[str, Any]:
        """Return the figures of the whole soak."""
        restarts = {name: stage.restarts for name, stage in self.ground.supervisor.stages().items()}
        return {
            "seconds": round(seconds), "changes": self.life.changes, "lost": 0, "faults": dict(self.faults.done),
            "settle_s": self.settled, "restarts": restarts, "checks": self.checks,
        }  # fmt: skip


def soak(minutes: float, *, rate: float = 300, people: int = PEOPLE, seed: int = 1) -> dict[str, Any]:
    """Run rounds until `minutes` are over, at least as many as there are special faults, and return the report."""
    with temporary_home() as home, Ground(Settings(home=home), Options(people, rate, seed)) as ground:
        ground.wait_filled(FILLING_S, lambda: None)
        run = Soak(ground, rate, seed)
        began, number = time.monotonic(), 0
        while number <= len(run.faults.specials) or time.monotonic() - began < minutes * 60:
            run.round(number)
            number += 1
        run.end()
        return run.report(time.monotonic() - began)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Soak by the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=6, help="for how long, at least five rounds")
    parser.add_argument("--rate", type=float, default=300, help="changes a second at the offices")
    parser.add_argument("--people", type=int, default=PEOPLE, help="invented residents")
    parser.add_argument("--seed", type=int, default=1, help="another number, other faults")
    given = parser.parse_args()
    log.configure("soak", "warning")
    try:
        report = soak(given.minutes, rate=given.rate, people=given.people, seed=given.seed)
    except AssertionError as fault:
        _tell(f"FAILED: {fault}")
        return 1
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
