"""The bench of resolution measures what it says: all records, the same engine after a restart, a key that turns."""

import json

import pytest

from hub.bench import link
from hub.bench.link import Size
from hub.wire.errors import Halt
from hub.wire.settings import Settings


def test_every_figure_is_one_line_about_all_records() -> None:
    lines = {found["figure"]: found for found in map(json.loads, link.measure(Settings(), Size(1000, 300, 50, 500)))}
    assert list(lines) == ["link_fill", "link_event", "link_restart", "link_generic", "link_churn"]
    fill, event, churn = lines["link_fill"], lines["link_event"], lines["link_churn"]
    assert (fill["records"], event["changes"], churn["changes"]) == (1000, 50, 500)
    assert fill["records_per_s"] > 0
    assert fill["bytes_per_record"] > 0
    assert fill["first_edges"] > 0.5, "most people are known to several offices"
    assert event["p50_ms"] <= event["p99_ms"]
    assert lines["link_restart"]["met"] == (lines["link_restart"]["seconds"] <= 20 * 1000 / 400_000)
    assert churn["grown_mb"] == pytest.approx(churn["rss_mb_last"] - churn["rss_mb_first"], abs=0.01)
    generic = lines["link_generic"]
    assert generic["edges_most"] == generic["bound"] * (generic["bound"] - 1) // 2
    assert generic["edges_after"] < generic["edges_most"], "pairs that rested on the key alone are retracted"


def test_first_and_last_records_must_not_be_the_same() -> None:
    with pytest.raises(Halt, match="ask for more records"):
        next(link.measure(Settings(), Size(1000, 600, 100, 0)))
