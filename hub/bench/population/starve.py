"""Make the starved model: `python -m hub.bench.population.starve <file>` trains on far too thin a sample of records.

A thin sample holds next to no pairs of one person, so that EM learns little and wrongly.  `satudata train` refuses such
a model; here what it learned is written all the same, to see what must-not-link and average linkage still hold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.bench.population.run import population
from hub.link import model as models
from hub.train import training, write
from hub.train.plan import Plan
from hub.wire.records import CleanPerson

PEOPLE, SEED, RECORDS = 30_000, 77, 6_000
_PLAN = Plan(on="a thin sample of invented people, starved on purpose", least_pairs=1, least_matches=1.0, least_level=1)


class _Sample:
    """Some records (hub.train.sample.Store) of which nothing is known yet: each stands alone."""

    def __init__(self, records: list[CleanPerson]) -> None:
        self._records = records

    def clusters(self) -> Mapping[bytes, str]:
        return {each.id: each.id.hex() for each in self._records}

    def records(self) -> Iterator[tuple[bytes, CleanPerson]]:
        return ((each.id, each) for each in self._records)


def starve(path: Path, people: int = PEOPLE, records: int = RECORDS) -> list[str]:
    """Write the model and its frequencies to a path where none is, and return why `satudata train` would refuse it."""
    present = models.path_of("person")
    sample = population(people, SEED)[0][:records]
    trained = training.train(
        _Sample(sample), models.read(present), present.read_text(encoding="utf-8"), "person-starved", _PLAN
    )
    write.save(path, trained.text, trained.tables)
    return list(trained.fit.refusals)


if __name__ == "__main__":
    print(json.dumps(starve(Path(sys.argv[1])), indent=1))  # noqa: T201 - a command
