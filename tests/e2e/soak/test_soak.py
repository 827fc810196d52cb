"""Under load, with every process and service killed at least five times, nothing is lost and nothing stale is read."""

from __future__ import annotations

import pytest

from tests.e2e.soak.__main__ import soak

KILLS = ("kill_connector", "kill_clean", "kill_writer", "kill_publish", "kill_kafka", "kill_database")
SPECIALS = ("freeze_writer", "lose_slot", "outage", "lose_reply")


@pytest.mark.timeout(1200)
@pytest.mark.soak
def test_nothing_is_lost_whatever_is_killed() -> None:
    report = soak(minutes=5)
    assert {kill: report["faults"][kill] >= 5 for kill in KILLS} == dict.fromkeys(KILLS, True)
    assert {special: report["faults"][special] >= 1 for special in SPECIALS} == dict.fromkeys(SPECIALS, True)
    assert report["changes"] > 5_000
    assert len(report["checks"]) >= 5
