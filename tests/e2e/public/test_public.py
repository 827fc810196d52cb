"""A small set in FEBRL's form through the real river: files in, clusters out, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.evaluate.metrics import pairwise
from hub.evaluate.public import river, sets
from tests.unit.evaluate.febrl import people, written


@pytest.mark.timeout(300)
def test_two_lists_go_through_the_river_and_every_record_comes_out(tmp_path: Path) -> None:
    rows = people(60)
    which = sets.SETS["febrl4"]
    written(tmp_path / "dataset4a.csv", [row for row in rows if "org" in row["rec_id"]])
    written(tmp_path / "dataset4b.csv", [row for row in rows if "dup" in row["rec_id"]])
    told: list[str] = []
    flowed = river.run(which, tmp_path, told.append)
    truth = {row["rec_id"]: sets.truth_of(row["rec_id"]) for row in rows}
    assert flowed.clusters.keys() == truth.keys()
    scores = pairwise(flowed.clusters, truth)
    assert scores.precision >= 0.95
    assert scores.recall >= 0.95
    assert flowed.seconds > 0
    assert "90 records handed over" in told[-1]
