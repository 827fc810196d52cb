"""The peer: Splink trains without labels on rows in FEBRL's form and finds most of their duplicates."""

from __future__ import annotations

import pytest

from hub.evaluate.metrics import pairwise
from hub.evaluate.public import peer, sets
from tests.unit.evaluate.febrl import people


@pytest.mark.parametrize("name", ["febrl3", "febrl4-no-ssn"])
def test_splink_links_what_the_truth_links(name: str) -> None:
    which, found = sets.SETS[name], people(400)
    kinds = {
        "org": [row for row in found if "org" in row["rec_id"]],
        "dup": [row for row in found if "dup" in row["rec_id"]],
    }
    rows = dict(zip(which.files, kinds.values(), strict=True)) if which.links else {"febrl": found}
    ran = peer.run(which, rows)
    truth = {row["rec_id"]: sets.truth_of(row["rec_id"]) for row in found}
    assert ran.clusters.keys() == truth.keys()
    assert pairwise(ran.clusters, truth).f1 > 0.9
    assert ran.version.startswith("5.")
    assert ran.train_s > 0
    assert ran.predict_s > 0
