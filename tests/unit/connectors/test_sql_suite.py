"""Both kinds that read tables by SELECT pass every kind's suite on a file of SQLite, with no service at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suites.connector import ConnectorSuite
from tests.suites.sql import SqlStage, staged


class TestSqlDiff(ConnectorSuite):
    kind = "sql_diff"
    every_state = links_keys = sees_truncate = False

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[SqlStage]:
        with staged(f"sqlite:///{tmp_path}/opd.db", self.kind, tmp_path) as stage:
            yield stage


class TestSqlPoll(ConnectorSuite):
    kind = "sql_poll"
    every_state = links_keys = sees_truncate = False

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[SqlStage]:
        with staged(f"sqlite:///{tmp_path}/opd.db", self.kind, tmp_path) as stage:
            yield stage
