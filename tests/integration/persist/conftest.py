"""A migrated store, the lease on it, and a writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from hub.persist.commit import Writer
from hub.persist.lease import Lease
from tests.integration.persist import build


@pytest.fixture
def store(migrated: str) -> str:
    """Return the URL of a fresh, migrated store that knows one partition, read up to 0."""
    with psycopg.connect(migrated) as connection:
        connection.execute("insert into link.\"offset\" values ('cluster', 'topic', 0, 'clean.person', 0)")
    return migrated


@pytest.fixture
def lease(store: str) -> Iterator[Lease]:
    """Return the lease, held."""
    held = Lease(store, "test", lost=lambda reason: None)
    assert held.acquire(threading.Event())
    yield held
    held.release()


@pytest.fixture
def writer(store: str, lease: Lease) -> Iterator[Writer]:
    """Return the holder's writer."""
    made = build.writer(store, lease)
    yield made
    made.close()


@pytest.fixture
def rows(store: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Return a function that asks the store as any reader would."""
    with psycopg.connect(store, autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()
