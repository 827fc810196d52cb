"""Bounded background work between batches, for a stage whose state is one whole."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from hub.wire import log
from hub.wire.errors import TryAgain

_LOG = log.get(__name__)


class Idle:
    """Calls `work` at least every `every_s` seconds while no batch is being processed."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]],
        every_s: float,
        retry_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._every = every_s
        self._retry = retry_s
        self._clock = clock
        self._due = clock()

    def left(self) -> float:
        """Return the seconds until the work is due."""
        return max(0.0, self._due - self._clock())

    async def run_if_due(self) -> None:
        """Do the work if its time has come; TryAgain is waited out, anything else is the caller's."""
        if self._clock() < self._due:
            return
        try:
            await self._work()
            self._due = self._clock() + self._every
        except TryAgain as error:
            self._due = self._clock() + self._retry
            _LOG.warning("idle_work_failed", reason=str(error), pause_s=self._retry)
