"""Idle work keeps its pace, and waits out a service that is away."""

from __future__ import annotations

import pytest

from hub.wire.errors import Halt, TryAgain
from hub.wire.transport.idle import Idle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_it_runs_when_due_and_not_before() -> None:
    clock, ran = Clock(), []

    async def work() -> None:
        ran.append(clock.now)

    idle = Idle(work, 2.0, clock=clock)
    for now in (0.0, 1.0, 1.9, 2.0, 3.0, 7.0):
        clock.now = now
        await idle.run_if_due()
    assert ran == [0.0, 2.0, 7.0]
    assert idle.left() == 2.0


async def test_a_service_that_is_away_is_asked_again_after_a_pause() -> None:
    clock, tries = Clock(), []

    async def work() -> None:
        tries.append(clock.now)
        if len(tries) < 3:
            raise TryAgain("database is away")

    idle = Idle(work, 60.0, retry_s=1.0, clock=clock)
    for now in (0.0, 0.5, 1.0, 2.0, 3.0):
        clock.now = now
        await idle.run_if_due()
    assert tries == [0.0, 1.0, 2.0]


async def test_any_other_error_is_the_caller_s() -> None:
    async def work() -> None:
        raise Halt("lease lost")

    with pytest.raises(Halt, match="lease lost"):
        await Idle(work, 1.0, clock=Clock()).run_if_due()
