"""Deliveries of files pass the suite that every kind passes, on the broker's twin, with no service at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suites.connector import ConnectorSuite
from tests.suites.files import FilesStage


class TestFileDrop(ConnectorSuite):
    kind = "file_drop"
    every_state = False
    links_keys = False
    only_changes = False

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[FilesStage]:
        stage = FilesStage(tmp_path, kind=("csv", "xlsx"))
        yield stage
        stage.close()
