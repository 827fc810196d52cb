"""`bench link`: the engine alone, on invented people: speed, delay, memory, restart, and growth.

Every task runs in a process of its own (hub.bench.link_work), so that one's memory is not another's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.bench import figure
from hub.wire.errors import Halt

GIVE_UP_S = 6 * 3600.0
RATIO_LIMIT = 1.3
"""What a record may cost among many, against one among few."""
RESTART_RECORDS, RESTART_LIMIT_S = 400_000, 20.0
SHARING = 500
_SEED = 20_261
_CHUNK = 5_000
"""Records that are taken at a time, with the first and the last in turn."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    records: int
    small: int
    """The first and the last so many are compared."""
    events: int
    """Single changes."""
    changes: int
    """Changes of the long run; 0 leaves it out."""


def measure(size: Size) -> Iterator[str]:
    """Yield the figures' lines; raises Halt when a restarted engine differs from the one before."""
    if size.small * 2 > size.records:
        raise Halt(f"the first and the last {size.small} of {size.records} records overlap; ask for more records")
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        _task("write", folder, size.records, _SEED, min(size.small, _CHUNK))
        found = _task("fill", folder, size.small, size.events)
        digest, events = found.pop("digest"), found.pop("events")
        yield figure.line("link_fill", **found, ratio_limit=RATIO_LIMIT, met=found["ratio"] <= RATIO_LIMIT)
        yield figure.line("link_event", records=size.records, **events)
        again = _task("restart", folder)
        if again.pop("digest") != digest:
            raise Halt("the engine that loaded the rows differs from the one that wrote them")
        limit = RESTART_LIMIT_S * size.records / RESTART_RECORDS
        yield figure.line("link_restart", records=size.records, **again, limit_s=limit, met=again["seconds"] <= limit,
                          postgresql="left out")  # fmt: skip
        yield figure.line("link_generic", **_task("generic", folder, min(SHARING, size.records)))
        if size.changes:
            yield figure.line("link_churn", records=size.records, **_task("churn", folder, size.changes))


def _task(name: str, folder: str, *numbers: int) -> Any:
    told = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hub.bench.link_work", name, folder, *map(str, numbers)],
        capture_output=True, text=True, timeout=GIVE_UP_S, check=False,
    )  # fmt: skip
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise Halt(f"bench link, {name}, ended with {told.returncode}: {last}")
    return json.loads(told.stdout)
