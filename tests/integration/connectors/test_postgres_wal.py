"""PostgreSQL's log passes the suite that every kind passes, on a real server and a real Kafka."""

from collections.abc import Iterator

import pytest

from tests.integration.connectors.wal import WalStage, staged
from tests.suites.connector import ConnectorSuite


class TestPostgresWal(ConnectorSuite):
    kind = "postgres_wal"


@pytest.mark.further
class TestPostgresWal15(ConnectorSuite):
    """Debian's server, which offices have, on the broker's twin: the broker's own ways are shown above."""

    kind = "postgres_wal"

    @pytest.fixture
    def stage(self, opd15_database: str) -> Iterator[WalStage]:
        with staged(opd15_database) as stage:
            yield stage


@pytest.mark.further
class TestPostgresWal13(ConnectorSuite):
    """The oldest server, on the broker's twin."""

    kind = "postgres_wal"

    @pytest.fixture
    def stage(self, opd13_database: str) -> Iterator[WalStage]:
        with staged(opd13_database) as stage:
            yield stage
