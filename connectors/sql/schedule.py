"""When whole tables may be read, and how fast."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from connectors.sql.options import DiffOptions, Options, PollOptions
from hub.wire.clock import Clock


class Window:
    """Hours of the day in an office's time zone; over midnight where the end is before the beginning."""

    def __init__(self, hours: tuple[time, time] | None, zone: str) -> None:
        self._hours = hours
        self._zone = ZoneInfo(zone)

    def open(self, now_us: int) -> bool:
        """Say whether this moment lies within."""
        if self._hours is None:
            return True
        begin, end = self._hours
        now = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(self._zone).time()
        return begin <= now < end if begin <= end else now >= begin or now < end


class Pace:
    """A bound on rows a second, over all tables of a source."""

    def __init__(self, rows_per_s: int, clock: Clock) -> None:
        self._rows_per_s = rows_per_s
        self._clock = clock
        self._free_at = clock.monotonic()

    def spend(self, rows: int) -> None:
        """Count rows that were read."""
        self._free_at = max(self._free_at, self._clock.monotonic()) + rows / self._rows_per_s

    @property
    def free(self) -> bool:
        """Whether more may be read now."""
        return self._clock.monotonic() >= self._free_at


def every_of(options: Options) -> tuple[float | None, float | None]:
    """Return the time between two comparisons of all rows, and of all keys; None: never."""
    if isinstance(options, PollOptions):
        return options.full_every, options.keys_every
    return (options.every if isinstance(options, DiffOptions) else None), None
