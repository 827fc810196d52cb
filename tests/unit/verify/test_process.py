"""The loop outlives services that are away, says what it waits for, and ends on anything else."""

from __future__ import annotations

import threading

import psycopg
import pytest

from hub.verify import process
from hub.verify.process import Loop
from hub.wire import metrics
from hub.wire.errors import RefuseToStart, TryAgain


class Steps:
    """Does one thing after another, and notes what the loop said of itself before each."""

    def __init__(self, *acts: Exception | None) -> None:
        self.stop = threading.Event()
        self.loop = Loop(self, self.stop)
        self.acts = list(acts)
        self.faults: list[str | None] = []

    def __call__(self) -> int:
        self.faults.append(self.loop.fault)
        act = self.acts.pop(0)
        if not self.acts:
            self.stop.set()
        if act is not None:
            raise act
        return 0


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_S", 0)


def retries(service: str) -> float:
    return float(metrics.RETRIES.labels(stage="verify", what=service)._value.get())


def test_services_that_are_away_are_waited_for() -> None:
    before = retries("kafka"), retries("postgresql")
    steps = Steps(None, TryAgain("x"), psycopg.OperationalError("x"), psycopg.InterfaceError("x"), None, None)
    steps.loop.run()
    assert steps.faults == [
        "starting", None, "kafka is away: TryAgain", "postgresql is away: OperationalError",
        "postgresql is away: InterfaceError", None,
    ]  # fmt: skip
    assert (retries("kafka"), retries("postgresql")) == (before[0] + 1, before[1] + 2)


def test_anything_else_ends_the_process() -> None:
    with pytest.raises(RefuseToStart):
        Steps(None, RefuseToStart("run `satudata prepare`"), None).loop.run()
