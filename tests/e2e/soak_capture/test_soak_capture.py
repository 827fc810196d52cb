"""Nine offices of five kinds, each trouble of office life at least once: nothing is lost and every trouble shows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

EVERYWHERE = {"kill", "stop_and_start", "wrong_clock"}
SERVER = EVERYWHERE | {"cut", "away", "slow", "restart", "crash", "lose_log", "alter"}
TROUBLES = {
    "postgres": SERVER,
    "mariadb": SERVER,
    "sqlite": EVERYWHERE | {"full_disk", "alter"},
    "files": EVERYWHERE | {"full_disk", "cut_short", "damaged_numbers", "wrong_header"},
}
TOLD = {"lose_log", "alter", "cut_short", "damaged_numbers", "wrong_header"}
"""Troubles that an operator must be told of by a notice; of the others metrics and status speak."""


@pytest.mark.timeout(900)
@pytest.mark.soak
def test_nothing_is_lost_and_every_trouble_is_seen() -> None:
    report = cut()
    made, seen = report["made"], report["seen"]
    names = {f"{lane}.{trouble}" for lane, troubles in TROUBLES.items() for trouble in troubles}
    assert made.keys() == names
    assert {name: set(places) for name, places in seen.items()} == {
        name: {"metric", "status"} | ({"notice"} if name.partition(".")[2] in TOLD else set()) for name in names
    }
    assert report["changes"] > 1_000
    assert report["checks"][0]["records"] > 300


def cut() -> dict[str, Any]:
    """Soak for one round, in a process of its own: it mounts disks that nobody else is to see."""
    command = [sys.executable, "-m", "tests.e2e.soak_capture", "--changes", "1", "--troubles", "1", "--rate", "30",
               "--people", "300"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report
