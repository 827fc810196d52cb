"""The kinds that read tables by SELECT pass every kind's suite on PostgreSQL, one of them into a real Kafka.

On a file of SQLite, and with no service at all, they do so in tests/unit.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suites.connector import ConnectorSuite
from tests.suites.sql import SqlStage, staged


@pytest.mark.further
class TestSqlPollOnPostgres(ConnectorSuite):
    kind = "sql_poll"
    every_state = links_keys = sees_truncate = False

    @pytest.fixture
    def stage(self, opd_database: str, tmp_path: Path, kafka: str, registry: str) -> Iterator[SqlStage]:
        with staged(opd_database, self.kind, tmp_path, kafka=kafka, registry=registry) as stage:
            yield stage


@pytest.mark.further
class TestSqlDiffOnPostgres(ConnectorSuite):
    kind = "sql_diff"
    every_state = links_keys = sees_truncate = False

    @pytest.fixture
    def stage(self, opd_database: str, tmp_path: Path) -> Iterator[SqlStage]:
        with staged(opd_database, self.kind, tmp_path) as stage:
            yield stage
