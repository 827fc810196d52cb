"""The hop's figure: both sides handle every record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.bench import hop
from hub.wire.settings import Settings

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def figure() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(hop.measure(Settings(), 40_000, 5_000, consume_only=False))
    return found


def test_one_line_tells_ours_the_peer_s_and_the_ratio(figure: dict[str, Any]) -> None:
    assert figure["figure"] == "hop"
    assert figure["records"] == 40_000
    assert figure["peer_records"] >= 5_000
    assert figure["ratio"] == pytest.approx(figure["records_per_s"] / figure["peer_records_per_s"], rel=0.01)
    assert figure["cpu_ratio"] == pytest.approx(
        figure["peer_cpu_us_per_record"] / figure["cpu_us_per_record"], rel=0.01
    )
