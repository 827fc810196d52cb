"""The clean stage on the registry's twin, for the three shipped contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.clean.rules import Cleaner
from hub.clean.stage import Stage
from hub.wire import avro, contract
from hub.wire.broker import Outgoing
from hub.wire.clock import TestClock
from hub.wire.contract import Contract
from hub.wire.entities import ENTITIES
from hub.wire.settings import Settings
from tests.unit.clean.raw import Sender

PARTITIONS = 4
LIMIT = 5
Change = Callable[[str, Contract], Contract]


@dataclass
class Bench:
    """One stage with its registry and codec."""

    contracts: dict[str, Contract]
    registry: avro.MemoryRegistry
    codec: avro.Codec
    cleaner: Cleaner
    stage: Stage

    def sender(self, source: str, columns: Any = None) -> Sender:
        return Sender(self.registry, source, columns)

    def read(self, message: Outgoing) -> Any:
        assert message.value is not None
        return self.codec.decode_record(message.value)

    def records(self, *messages: Any) -> list[Any]:
        return [self.read(out) for out in self.stage.process(messages).outgoing]


def make(contracts: dict[str, Contract]) -> Bench:
    registry = avro.MemoryRegistry()
    codec = avro.Codec(registry, register=True)
    cleaner = Cleaner(contracts, dict.fromkeys(contracts, b"d" * 32), dict.fromkeys(ENTITIES, PARTITIONS), TestClock())
    return Bench(contracts, registry, codec, cleaner, Stage(cleaner, codec, LIMIT))


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    return contract.load_all(Settings(sources=contract.SHIPPED))


@pytest.fixture
def bench(contracts: dict[str, Contract]) -> Bench:
    return make(contracts)


def with_table(source: Contract, **changes: Any) -> Contract:
    """Return a contract whose table says something else."""
    plain = source.model_dump(by_alias=True)
    plain["table"][0].update(changes)
    return Contract.model_validate(plain)
