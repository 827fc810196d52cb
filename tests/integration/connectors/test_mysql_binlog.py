"""MariaDB's binlog passes the suite that every kind passes: 11.4 on a real Kafka, Debian's 10.11 on its twin."""

from collections.abc import Iterator

import pytest

from hub.platform.mariadb import MariaDB
from tests.integration.connectors.binlog import BinlogStage, binlogged
from tests.suites.connector import ConnectorSuite


class TestMariaDB114(ConnectorSuite):
    kind = "mysql_binlog"

    @pytest.fixture
    def stage(self, mariadb: MariaDB, kafka: str, registry: str) -> Iterator[BinlogStage]:
        with binlogged(mariadb.endpoint, kafka, registry) as stage:
            yield stage


@pytest.mark.further
class TestMariaDB1011(ConnectorSuite):
    """The log does not name its columns here."""

    kind = "mysql_binlog"

    @pytest.fixture
    def stage(self, mariadb10: MariaDB) -> Iterator[BinlogStage]:
        with binlogged(mariadb10.endpoint) as stage:
            yield stage
