"""Asks the stages' own probes whether they are healthy, and remembers how often in a row one was not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

_SECONDS = 5.0
LIMIT = 3
"""Failing checks in a row after which a stage is ended and started again."""


class Health:
    """The probes of one home's stages, each found in `<home>/run/probes/<stage>.json`."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "run" / "probes"
        self._failed: dict[str, int] = {}

    def forget(self, stage: str) -> None:
        """Begin anew with a stage: what an earlier process left of its address is no longer true."""
        self._failed.pop(stage, None)
        (self._folder / f"{stage}.json").unlink(missing_ok=True)

    def ailment(self, stage: str) -> str | None:
        """Check a stage; return why it must be ended, once it failed often enough in a row.

        A stage without a probe, or whose probe is not up yet, is not judged.
        """
        fault = self._fault(stage)
        failed = self._failed[stage] = 0 if fault is None else self._failed.get(stage, 0) + 1
        return fault if failed >= LIMIT else None

    def _fault(self, stage: str) -> str | None:
        try:
            (target,) = json.loads((self._folder / f"{stage}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        address = f"http://{target['targets'][0]}/healthz"
        try:
            with urllib.request.urlopen(address, timeout=_SECONDS):
                return None
        except urllib.error.HTTPError as error:
            return error.read(500).decode(errors="replace").strip()
        except OSError as error:
            return f"its probe does not answer: {type(error).__name__}"
