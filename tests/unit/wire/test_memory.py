"""The broker's twin passes the suite that Kafka passes."""

import pytest

from hub.wire.memory import MemoryBroker
from tests.suites.broker import Broker, BrokerSuite


class TestMemoryBroker(BrokerSuite):
    @pytest.fixture
    def broker(self) -> Broker:
        twin = MemoryBroker()
        return twin, twin
