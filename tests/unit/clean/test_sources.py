"""The suite of sources on every contract that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.wire.contract import SHIPPED
from tests.suites.sources import DATA, SourcesSuite

SOURCES = sorted(SHIPPED.glob("*.toml"))


class TestShippedSources(SourcesSuite):
    @pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
    def path(self, request: pytest.FixtureRequest) -> Path:
        found: Path = request.param
        return found


def test_there_are_sources_and_no_samples_without_one() -> None:
    names = {path.stem for path in SOURCES}
    assert {"dukcapil", "dapodik", "dinsos"} <= names
    assert {path.stem for path in DATA.glob("*.json")} == names
