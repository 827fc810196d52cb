"""`bench population`: how well an invented regency's people are told apart, beside baselines.

The engine is the reconcile process's own; Kafka, cleaning of whole rows and the store are left out.  Records arrive in
an order that has nothing to do with families.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hub.bench import figure
from hub.bench.population import baselines, causes
from hub.bench.population.baselines import Clusters, Greedy
from hub.bench.population.causes import Truth
from hub.bench.population.records import ATTESTING, AUTHORITIES, made
from hub.evaluate.metrics import counts, pairwise
from hub.link.engine import Engine
from hub.link.model import Model, read
from hub.wire.records import CleanPerson

PRECISION, RECALL, TWINS = 0.9995, 0.995, 0.02
STARVED = Path(__file__).with_name("starved.toml")
"""A model whose training saw far too few pairs (hub.bench.population.starve); must-not-link has to hold it."""
_BATCH = 500
_TOLD = 12
"""Causes that are told, the commonest first."""


def measure(people: int, seed: int, *, starved: bool, tell: Callable[[str], None]) -> Iterator[str]:
    """Yield a line for each design: exact NIK, components alone, greedy golden records, and the hub's own."""
    model = read(STARVED) if starved else read()
    records, truth = population(people, seed)
    tell(f"{len(records)} records of {people} people; model {model.version}")
    for design, found in _designs(model, records):
        yield _line(design, found, truth, model, people)


def population(people: int, seed: int) -> tuple[list[CleanPerson], dict[bytes, Truth]]:
    """Return the records in the order of arrival, and the truth about each."""
    records, truth = list[CleanPerson](), dict[bytes, Truth]()
    for each in made(people, seed):
        records.append(each.record)
        truth[each.record.id] = Truth(each.person, each.faults)
    random.Random(seed).shuffle(records)
    return records, truth


def _designs(model: Model, records: list[CleanPerson]) -> Iterator[tuple[str, Clusters]]:
    yield "exact_nik", baselines.exact_nik(records)
    engine = Engine(model, AUTHORITIES, ATTESTING)
    for at in range(0, len(records), _BATCH):
        engine.commit(engine.apply(records[at : at + _BATCH]))
    yield "components", baselines.components(engine.known(), engine.edges(), model.threshold)
    ours = {record: entity for entity, members in engine.clusters().items() for record in members}
    del engine
    greedy = Greedy(model)
    for record in records:
        greedy.take(record)
    yield "greedy", greedy.clusters()
    yield "ours", ours


def _line(design: str, found: Clusters, truth: dict[bytes, Truth], model: Model, people: int) -> str:
    persons = {record: each.person.number for record, each in truth.items()}
    scores, pairs = pairwise(found, persons), counts(found, persons)
    merged, twins = causes.twins_merged(found, truth)
    values: dict[str, Any] = {
        **scores.line(), "wrong_pairs": pairs.said - pairs.right, "missed_pairs": pairs.true - pairs.right,
        "twins": twins, "twins_merged": merged, "largest": causes.largest(found),
    }  # fmt: skip
    if design == "ours":
        share = merged / max(1, twins)
        values |= {
            "met": scores.precision >= PRECISION and scores.recall >= RECALL and share <= TWINS,
            "targets": {"precision": PRECISION, "recall": RECALL, "twins_merged_share": TWINS},
            "wrong": _told(causes.wrong(found, truth)), "missed": _told(causes.missed(found, truth)),
        }  # fmt: skip
    return figure.line("population", design=design, model=model.version, people=people, records=len(truth), **values)


def _told(found: Counter[str]) -> dict[str, int]:
    told = dict(found.most_common(_TOLD))
    rest = found.total() - sum(told.values())
    return {**told, "other": rest} if rest else told
