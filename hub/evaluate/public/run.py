"""One line a set: what the river made of it, and what the peer made of the same records in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hub.evaluate.metrics import pairwise
from hub.evaluate.public import peer as peers
from hub.evaluate.public import river, sets


def measure(names: Iterable[str], *, peer: bool, tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield the line of each set; the truth is looked at only once both have ended."""
    from hub.link import model

    chosen = sets.chosen(names)
    place = sets.folder()
    version = model.of("person", river.MODELS).version
    for which in chosen:
        rows = sets.rows_of(which, place)
        records = sum(map(len, rows.values()))
        flowed = river.run(which, place, tell)
        line: dict[str, Any] = {"set": which.name, "entity": "person", "model": version, "records": records}
        ran = None
        if peer:
            tell(f"{which.name}: Splink trains and predicts")
            ran = peers.run(which, rows)
        truth = {row["rec_id"]: sets.truth_of(row["rec_id"]) for found in rows.values() for row in found}
        line |= {**pairwise(flowed.clusters, truth).line(), "records_per_s": round(records / flowed.seconds)}
        if ran is not None:
            scores = pairwise(ran.clusters, truth)
            line |= {
                **scores.line("peer_"), "peer_records_per_s": round(records / (ran.train_s + ran.predict_s)),
                "peer_predict_records_per_s": round(records / ran.predict_s), "peer": f"splink {ran.version}",
            }  # fmt: skip
        yield line
