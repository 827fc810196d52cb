"""`bench link`: the engine alone, on invented people: speed, delay, memory, restart, and growth.

Every task runs in a process of its own (hub.bench.link_work), so that one's memory is not another's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.bench import figure
from hub.bench.link_work import STORE
from hub.persist.migration import migrate
from hub.platform.ports import Ports
from hub.platform.postgres import Postgres
from hub.wire.errors import Halt
from hub.wire.settings import Settings

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


def measure(settings: Settings, size: Size) -> Iterator[str]:
    """Yield the figures' lines; raises Halt when a restarted engine differs from the one before."""
    if size.small * 2 > size.records:
        raise Halt(f"the first and the last {size.small} of {size.records} records overlap; ask for more records")
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        _task("write", folder, size.records, _SEED, min(size.small, _CHUNK))
        found = _task("fill", folder, size.small, size.events)
        digest, events = found.pop("digest"), found.pop("events")
        yield figure.line("link_fill", **found, ratio_limit=RATIO_LIMIT, met=found["ratio"] <= RATIO_LIMIT)
        yield figure.line("link_event", records=size.records, **events)
        with _store(settings, Path(folder)):
            _task("keep", folder)
            again = _task("restart", folder)
        if again.pop("digest") != digest:
            raise Halt("the engine that loaded the rows differs from the one that wrote them")
        limit = RESTART_LIMIT_S * size.records / RESTART_RECORDS
        yield figure.line("link_restart", records=size.records, **again, limit_s=limit, met=again["seconds"] <= limit)
        yield figure.line("link_generic", **_task("generic", folder, min(SHARING, size.records)))
        if size.changes:
            yield figure.line("link_churn", records=size.records, **_task("churn", folder, size.changes))


@contextmanager
def _store(settings: Settings, folder: Path) -> Iterator[None]:
    """Start a PostgreSQL with the store's tables, and write down where it is."""
    folder.chmod(0o711)  # under root PostgreSQL runs as another user, who must be able to enter
    for part in ("run", "logs"):
        (folder / part).mkdir()
    server = Postgres("database", folder, settings.cache, Ports(folder / "run" / "ports.json"))
    server.start()
    try:
        migrate(server.endpoint)
        place = folder / STORE
        place.touch(mode=0o600)
        place.write_text(server.endpoint, encoding="utf-8")
        yield
    finally:
        server.stop()


def _task(name: str, folder: str, *numbers: int) -> Any:
    told = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hub.bench.link_work", name, folder, *map(str, numbers)],
        capture_output=True, text=True, timeout=GIVE_UP_S, check=False,
    )  # fmt: skip
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise Halt(f"bench link, {name}, ended with {told.returncode}: {last}")
    return json.loads(told.stdout)
