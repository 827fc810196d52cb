"""Polls: what a watermark shows as new, read again from a little behind it, for some commits come late.

Rows that were seen before are known by their digest and not sent again.  A watermark only finds rows: what it does not
show (a hard delete, an insert whose time lies far back) the comparison of keys finds, a change that does not move it
only a comparison of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.sql import marks
from connectors.sql.desk import Turn, Turns
from connectors.sql.options import PollOptions
from connectors.sql.reader import DUE, MARK, Reader
from hub.wire import log

_LOG = log.get(__name__)
_PAUSE_S = 0.1


class Polls:
    """The polls of one table."""

    def __init__(self, reader: Reader, options: PollOptions, watermarks: Sequence[str]) -> None:
        self._reader = reader
        self._options = options
        self._watermarks = watermarks
        self._next = 0.0

    def turns(self) -> Turns[None]:
        """Poll for ever, once the table was read a first time."""
        reader, clock = self._reader, self._reader.desk.around.clock
        while True:
            if not reader.read or clock.monotonic() < self._next:
                yield Turn.IDLE
                continue
            if not (yield from reader.rest()):
                yield Turn.IDLE
                continue
            yield from reader.refresh()
            for column in self._watermarks:
                yield from self._poll(column)
            self._next = clock.monotonic() + max(self._options.every, _PAUSE_S)

    def _poll(self, column: str) -> Turns[None]:
        """Read what one watermark shows, page by page in the order of (watermark, key)."""
        reader, desk = self._reader, self._reader.desk
        last = marks.loads(reader.marks[column]) if column in reader.marks else None
        lowest = None if last is None else marks.behind(last, self._options.overlap)
        after: tuple[Any, ...] | None = None
        while True:
            while not (desk.polling.free and (yield from reader.rest())):
                yield Turn.IDLE
            limit = min(desk.options.page, desk.options.rows_per_s)
            rows = yield from desk.fetch(reader.queries.since(column, lowest, after, limit), desk.polling)
            if not rows:
                break
            shown = [row[-1] for row in rows]
            after = (shown[-1], *reader.plan.key(rows[-1]))
            found = reader.differing([row[:-1] for row in rows], "c", when=[self._when_us(value) for value in shown])
            state = self._moved(column, shown[-1])
            if found or state:
                yield reader.send(found, state)
            if len(rows) < limit:
                return
            yield Turn.MORE
        if after is None and last is not None:
            yield from self._went_back(column)

    def _when_us(self, value: Any) -> int:
        """Return the moment that a row's watermark tells, which is never in the future; 0 where it tells none."""
        return min(marks.when_us(value, self._options.zone), self._reader.desk.around.clock.now_us())

    def _moved(self, column: str, newest: Any) -> dict[str, str]:
        """Return the watermark as the position shall know it, if it rose."""
        reader = self._reader
        text = reader.told(newest)
        last = reader.marks.get(column)
        if last is not None and not marks.above(marks.loads(text), marks.loads(last)):
            return {}
        reader.marks[column] = text
        return {f"{MARK}{reader.name}:{column}": text}

    def _went_back(self, column: str) -> Turns[None]:
        """Compare all rows if the newest one is gone: perhaps an older copy of the database was put in its place."""
        reader = self._reader
        rows = yield from reader.desk.fetch(reader.queries.highest(column))
        highest = rows[0][0]
        if highest is None or reader.owed:
            return
        _LOG.warning("watermark_went_back", source=reader.desk.contract.source.name, table=reader.name, column=column)
        reader.owed = True
        text = reader.marks[column] = reader.told(highest)
        yield reader.send([], {f"{MARK}{reader.name}:{column}": text, f"{DUE}{reader.name}": "yes"})
