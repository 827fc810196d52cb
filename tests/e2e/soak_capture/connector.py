"""`run <source>` whose wall clock can be set wrong: `python -m tests.e2e.soak_capture.connector <source>`.

The file `<home>/run/clock-<source>`, while it is there, holds the seconds by which the process's clock is off.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub import flow
from hub.wire.clock import SystemClock
from hub.wire.settings import Settings


def off_by(home: Path, source: str) -> Path:
    """Return the file that sets a connector's clock wrong."""
    return home / "run" / f"clock-{source}"


def main(source: str) -> int:
    """Run the connector."""
    settings = Settings()
    wrong, honest = off_by(settings.home, source), SystemClock.now_us

    def now_us(self: SystemClock) -> int:
        try:
            return honest(self) + int(wrong.read_text() or 0) * 1_000_000
        except FileNotFoundError:
            return honest(self)

    SystemClock.now_us = now_us  # type: ignore[method-assign]
    return flow.run(source, settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
