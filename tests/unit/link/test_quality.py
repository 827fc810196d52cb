"""Precision and recall on an invented population with a poor register's errors, against exact-NIK matching."""

from __future__ import annotations

import random

import pytest

from tests.unit.link import population
from tests.unit.link.population import Rates

REGISTER = Rates(missing=0, typo=0.002, borrowed=0, placeholder=0, variant=0.03, date=0.005)


@pytest.mark.parametrize(("seed", "register"), [(1, None), (7, None), (1, REGISTER)])
def test_linking_beats_exact_nik_by_far(seed: int, register: Rates | None) -> None:
    rng = random.Random(seed)
    found = population.records(population.people(3000, rng), rng, Rates(), register)
    truth = {record.id: number for number, record in found}
    records = [record for _, record in found]
    engine = population.engine()
    for at in range(0, len(records), 200):
        engine.commit(engine.apply(records[at : at + 200]))
    precision, recall, f1 = population.score(truth, list(engine.clusters().values()))
    *_, exact = population.score(truth, population.by_nik(records))
    assert f1 >= 0.99
    assert precision >= 0.996
    assert recall >= 0.985
    assert exact < 0.93
