"""Judges the river at rest, from scratch each time it is asked: `python -m tests.e2e.soak.judge <demo folder>`.

For each line on standard input it prints one JSON line: the oracle's report, and the digest of engines loaded from the
store.  Each answer is worked out by a fork of this process, which has imported what that takes and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from hub import flow
from hub.demo import oracle
from hub.link import engine, model  # noqa: F401 - imported for the forks
from hub.merge import golden  # noqa: F401
from hub.persist import load
from hub.persist.reconcile import digest_of
from hub.wire import contract
from hub.wire.settings import Settings


def reloaded(settings: Settings) -> str:
    """Return the digest of engines loaded from the store."""
    engines = {entity: each.engine for entity, each in flow.resolvers(contract.load_all(settings)).items()}
    for entity, empty in engines.items():
        with load.state(settings.endpoint("database"), entity) as state:
            empty.load(state)
    return digest_of(engines)


def _answer(home: Path) -> None:
    print(json.dumps({"report": oracle.report(home), "digest": reloaded(Settings())}), flush=True)


def _forked(home: Path) -> int:
    """Answer in a fork and return its exit code."""
    child = os.fork()
    if child == 0:
        _answer(home)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for _ in sys.stdin:
        if code := _forked(Path(sys.argv[1])):
            sys.exit(code)
