"""Time, injected: nothing else in the hub reads the wall clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A source of wall-clock and monotonic time."""

    def now_us(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_us(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()


class TestClock:
    """A clock that moves only when told."""

    __test__ = False  # a helper of tests, not a test class

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        return self._now_us

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._now_us / 1e6

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`."""
        self._now_us += int(seconds * 1e6)
