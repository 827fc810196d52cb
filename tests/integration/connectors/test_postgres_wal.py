"""PostgreSQL's log passes the suite that every kind passes, on a real server and a real Kafka."""

from collections.abc import Iterator

import pytest

from tests.integration.connectors.wal import WalStage, staged
from tests.suites.connector import ConnectorSuite


class TestPostgresWal(ConnectorSuite):
    kind = "postgres_wal"

    @pytest.fixture
    def stage(self, opd_database: str, kafka: str, registry: str) -> Iterator[WalStage]:
        with staged(opd_database, kafka, registry) as stage:
            yield stage
