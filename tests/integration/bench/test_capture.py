"""The figures of capture: a small office's rows all arrive, whichever engine it has."""

from __future__ import annotations

import json

import pytest

from hub.bench.capture import run
from hub.wire.settings import Settings

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("engine", ["postgresql", pytest.param("mariadb", marks=pytest.mark.further)])
def test_each_figure_has_a_line(engine: str) -> None:
    load = run.Load(inserts=20_000, updates=10_000, rate=100, seconds=2)
    lines = [json.loads(line) for line in run.measure(Settings(), load, engine=engine, peer=False, tell=lambda _: None)]
    assert {line["engine"] for line in lines} == {engine}
    found = {line["figure"]: line for line in lines}
    assert found.pop("capture_latency")["measured"] == pytest.approx(load.rate * load.seconds, rel=0.2)
    written = {"capture_inserts": 20_000, "capture_updates": 10_000, "capture_snapshot": 20_000}
    assert found.keys() == written.keys()
    for name, line in found.items():
        assert 0 < line["rows"] <= written[name]  # those that came after the first look
        assert line["cpu_us_per_row"] > 0
