"""`python -m tests.e2e.soak_capture`: trouble nine offices of five kinds under load for as long as one likes.

Progress on standard error; at the end one JSON line on standard output.  Exit code 1 on the first thing that is lost,
wrong or not to be seen.
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hub.demo.life import Life
from hub.demo.play import FILLING_S
from hub.demo.river import Options
from hub.wire import log
from hub.wire.errors import Halt
from hub.wire.settings import Settings
from tests.e2e.soak_capture import check, disk
from tests.e2e.soak_capture.databases import Mariadb, Postgres
from tests.e2e.soak_capture.files import Files, Sqlite
from tests.e2e.soak_capture.ground import Ground
from tests.e2e.soak_capture.sight import Sight
from tests.e2e.soak_capture.troubles import Lane, tell
from tests.services.fixtures import temporary_home

SETTLE_S = 240


class Soak:
    """Rounds of load and trouble, each followed by rest and a check."""

    def __init__(self, ground: Ground, sight: Sight, rate: float, seed: int) -> None:
        self.ground = ground
        self.sight = sight
        self.rate = rate
        self.life = Life(ground.world, ground.desk, seed)
        self.lanes: list[Lane] = [
            kind(ground, sight, random.Random(f"{kind.__name__} {seed}")) for kind in (Postgres, Mariadb, Sqlite, Files)
        ]
        self.checks: list[dict[str, Any]] = []
        self.settled: list[float] = []

    def round(self) -> None:
        """Let life go on while all lanes are in trouble, come to rest, and check."""
        stop, ailing = threading.Event(), list[BaseException]()

        def live() -> None:
            try:
                self.life.run(self.rate, stop)
            except BaseException as error:
                ailing.append(error)
                self.sight.given_up.set()
                raise

        thread = threading.Thread(target=live, name="life", daemon=True)
        thread.start()
        try:
            with ThreadPoolExecutor(len(self.lanes)) as pool:
                rounds = [pool.submit(lane.round) for lane in self.lanes]
            faults = [fault for one in rounds if (fault := one.exception()) is not None]
            if faults:
                raise min([*ailing, *faults], key=lambda fault: "not waited for" in str(fault))
        finally:
            stop.set()
            thread.join()
        if ailing:
            raise ailing[0]
        self._settle()

    def _settle(self) -> None:
        began = time.monotonic()
        tell(f"round {len(self.checks)}: {self.life.changes} changes, {self.troubles} troubles; coming to rest")
        problem = self.ground.rest().wait(SETTLE_S, threading.Event(), lambda: None)
        assert problem is None, f"it does not come to rest: {problem}"
        self.settled.append(round(time.monotonic() - began, 1))
        self.checks.append(check.at_rest(self.ground, self.sight.notices()))
        tell(f"round {len(self.checks) - 1}: at rest after {self.settled[-1]} s, all is well: {self.checks[-1]}")

    @property
    def troubles(self) -> int:
        """Return how many troubles were made."""
        return sum(lane.done.total() for lane in self.lanes)

    def report(self, seconds: float) -> dict[str, Any]:
        """Return the figures of the whole soak."""
        made = sum((lane.done for lane in self.lanes), Counter[str]())
        seen = {trouble: sorted(places) for lane in self.lanes for trouble, places in lane.seen.items()}
        return {
            "seconds": round(seconds), "changes": self.life.changes, "lost": 0, "troubles": self.troubles,
            "made": dict(sorted(made.items())), "seen": dict(sorted(seen.items())), "settle_s": self.settled,
            "notices": dict(Counter(notice.code for notice in self.sight.notices())), "checks": self.checks,
        }  # fmt: skip


def soak(
    *, changes: int, troubles: int = 0, minutes: float = 0, rate: float = 30, people: int = 300, seed: int = 1
) -> dict[str, Any]:
    """Run rounds until there were so many changes and troubles, for so many minutes at least; return the report."""
    with temporary_home() as home, Ground(Settings(home=home), Options(people, rate, seed)) as ground:
        ground.wait_filled(FILLING_S, lambda: None)
        sight = Sight(ground)
        with sight.open():
            run, began = Soak(ground, sight, rate, seed), time.monotonic()
            try:
                while not run.checks or run.life.changes < changes or run.troubles < troubles or (
                    time.monotonic() - began < minutes * 60
                ):  # fmt: skip
                    run.round()
            except (AssertionError, Halt):
                tell(_last_words(ground))
                raise
            return run.report(time.monotonic() - began)


def _last_words(ground: Ground) -> str:
    """Return the end of what each process wrote."""
    supervisor = ground.supervisor
    return "\n".join(f"-- {name}\n{supervisor.output(name, 12)}" for name in supervisor.stages())


def main() -> int:
    """Soak by the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak_capture", description=__doc__)
    parser.add_argument("--changes", type=int, default=200_000, help="committed at the offices, at least")
    parser.add_argument("--troubles", type=int, default=50, help="made and seen, at least")
    parser.add_argument("--minutes", type=float, default=0, help="for how long, at least")
    parser.add_argument("--rate", type=float, default=200, help="changes a second at the offices")
    parser.add_argument("--people", type=int, default=1500, help="invented residents")
    parser.add_argument("--seed", type=int, default=1, help="another number, another order")
    given = parser.parse_args()
    log.configure("soak-capture", "warning")
    disk.enter("tests.e2e.soak_capture")
    try:
        report = soak(**vars(given))
    except AssertionError as fault:
        tell(f"FAILED: {fault}")
        return 1
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
