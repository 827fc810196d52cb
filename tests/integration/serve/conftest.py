"""The API on a real store; Kafka is in memory unless a test asks for the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from hub.serve.app import Parts, create
from hub.serve.store import Store
from hub.wire.clock import SystemClock
from hub.wire.memory import MemoryBroker
from hub.wire.topics import fixed_topics
from tests.integration.serve.stores import TestStore


@pytest.fixture
def kept(migrated: str) -> Iterator[TestStore]:
    made = TestStore(migrated)
    yield made
    made.close()


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure(fixed_topics())
    return made


@pytest.fixture
def parts(kept: TestStore, broker: MemoryBroker) -> Iterator[Parts]:
    store = Store(kept.url, size=2)
    yield Parts(store, broker, kept.codec, SystemClock())
    store.close()


@pytest.fixture
def api(parts: Parts) -> Iterator[TestClient]:
    with TestClient(create(parts)) as client:
        yield client
