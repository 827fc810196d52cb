"""Asks the stages' own probes whether they are healthy, and remembers how often in a row one was not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from hub.wire.probe import PID

_SECONDS = 5.0
LIMIT = 3
"""Failing checks in a row after which a stage is ended and started again."""


class Health:
    """The probes of one home's processes, found in `<home>/run/probes` by the process's id.

    Not by name: a standby answers under another name than its stage until it takes over.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "run" / "probes"
        self._failed: dict[int, int] = {}

    def ailment(self, pid: int) -> str | None:
        """Check a process; return why it must be ended, once it failed often enough in a row.

        A process without a probe, or whose probe is not up yet, is not judged.
        """
        faults = [fault for fault in map(_fault, self._addresses(pid)) if fault is not None]
        if not faults:
            self._failed.pop(pid, None)
            return None
        self._failed[pid] = self._failed.get(pid, 0) + 1
        return faults[0] if self._failed[pid] >= LIMIT else None

    def _addresses(self, pid: int) -> Iterator[str]:
        for path in sorted(self._folder.glob("*.json")):
            try:
                (target,) = json.loads(path.read_text())
            except (FileNotFoundError, ValueError):
                continue
            if target["labels"].get(PID) == str(pid):
                yield str(target["targets"][0])


def _fault(address: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return error.read(500).decode(errors="replace").strip()
    except OSError as error:
        return f"its probe does not answer: {type(error).__name__}"
