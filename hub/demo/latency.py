"""How long a change took: from the moment its commit returned at the OPD to the commit of the golden row it changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from hub.demo.journal import Change

CLOCK_SLACK_US = 50_000
"""The journal reads the clock after the commit returned, so a quick hub may be ahead of it by a little."""


def golden_commits(database: str, since_us: int) -> list[tuple[bytes, int]]:
    """Return (record, microseconds) of every record that changed a golden row, by the store's history."""
    statement = """
        SELECT decode(cause->>'id', 'hex'), (extract(epoch FROM at) * 1000000)::bigint
        FROM store.history, json_array_elements(causes::json) AS cause
        WHERE cause->>'kind' = 'record' AND at >= to_timestamp(%s / 1000000.0)
    """
    with psycopg.connect(database) as connection:
        return [(bytes(record), int(at)) for record, at in connection.execute(statement, [since_us])]


def milliseconds(changes: Iterable[Change], commits: Iterable[tuple[bytes, int]]) -> Iterator[float]:
    """Yield the latency of each golden commit to the last journalled change of the record that caused it.

    A change that alters nothing that the golden record shows has no golden commit and is not counted.
    """
    journalled: dict[bytes, list[int]] = defaultdict(list)
    for change in changes:
        for record in change.expected():
            journalled[record].append(change.at_us)
    first: dict[tuple[bytes, int], int] = {}
    for record, at in commits:
        times: list[Any] = journalled.get(record, [])
        place = bisect_right(times, at + CLOCK_SLACK_US) - 1
        if place >= 0:
            known = (record, times[place])
            first[known] = min(at, first.get(known, at))
    for (_record, committed), at in first.items():
        yield max(0, at - committed) / 1000
