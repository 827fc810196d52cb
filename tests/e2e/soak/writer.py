"""`run reconcile` that can be frozen between what it computed and its transaction: `python -m tests.e2e.soak.writer`.

When the file `<home>/run/freeze` appears, the writer takes it away, writes its pid into `<home>/run/frozen` and stops
itself, all threads, with a computed step in hand.
"""

from __future__ import annotations

import os
import signal
import sys

from hub import flow
from hub.persist.reconcile import Reconciler, Step
from hub.persist.work import Committed
from hub.wire.settings import Settings


def main() -> int:
    """Run the writer."""
    settings = Settings()
    wanted, frozen = settings.home / "run" / "freeze", settings.home / "run" / "frozen"
    honest = Reconciler.commit

    def commit(self: Reconciler, step: Step) -> Committed:
        if wanted.exists():
            wanted.unlink()
            frozen.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        return honest(self, step)

    Reconciler.commit = commit  # type: ignore[method-assign]
    return flow.run("reconcile", settings)


if __name__ == "__main__":
    sys.exit(main())
