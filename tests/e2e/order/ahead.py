"""`satudata run reconcile` as a fork of a server that has imported what it needs, which is most of a short run.

This module is the server's preload (`multiprocessing`, start method `forkserver`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import hub.link.engine
import hub.link.model
import hub.merge.golden
import hub.persist.agent  # noqa: F401 - imported for the forks
from hub import flow
from hub.wire.settings import Settings


def reconcile(environment: Mapping[str, str], log: Path) -> None:
    """Run the stage to its end in a process of its own, which writes to a file."""
    with log.open("ab", buffering=0) as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ.update(environment)
    sys.exit(flow.run("reconcile", Settings()))
