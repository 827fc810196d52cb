"""A model learned from invented people: the same from the same store, refused with its reasons, readable, private."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.link import model as models
from hub.link.evidence import Block
from hub.link.features import Layout
from hub.train import report, write
from hub.train.plan import Plan
from hub.train.sample import draw
from hub.train.training import Trained, train
from hub.wire.errors import RefuseToStart
from tests.unit.link import population

PRESENT = models.read()
TEXT = models.DEFAULT.read_text(encoding="utf-8")
PLAN = Plan(on="invented people", seeds=1500, random_pairs=60_000, least_pairs=200, least_level=10, keep_rare=True,
            accept_move=True)  # fmt: skip


class Store:
    """Invented people, with the truth as the present clusters."""

    def __init__(self, people: int, order: int = 0) -> None:
        chance = random.Random(11)
        self.rows = population.records(population.people(people, chance), chance, population.Rates())
        random.Random(order).shuffle(self.rows)

    def clusters(self) -> Mapping[bytes, str]:
        return {each.id: str(person) for person, each in self.rows}

    def records(self) -> Iterator[tuple[bytes, Any]]:
        return ((each.id, each) for _, each in self.rows)


def learn(store: Store, plan: Plan = PLAN, model: models.Model = PRESENT) -> Trained:
    return train(store, model, TEXT, "person-9", plan)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return learn(Store(1000))


@pytest.fixture(scope="module")
def again() -> Trained:
    """The same people in another order, under a plan that accepts no move: that changes nothing but what is refused."""
    return learn(Store(1000, order=5), replace(PLAN, accept_move=False, most_move=0.5))


def test_one_store_gives_one_model_whatever_the_order_of_its_rows(trained: Trained, again: Trained) -> None:
    assert again.text == trained.text
    assert again.tables == trained.tables


def test_another_seed_draws_other_records() -> None:
    store, layout = Store(300), Layout(PRESENT)
    drawn = [draw(store, layout, PRESENT.generic_bound, 50, seed) for seed in ("one", "one", "other")]
    assert drawn[0].seeds == drawn[1].seeds != drawn[2].seeds
    assert len(drawn[0].slots) > len(drawn[0].seeds) == 50


def test_pairs_are_drawn_by_the_blocks_of_training_and_by_no_other(trained: Trained) -> None:
    assert [each.block for each in trained.vectors.passes] == [each.name for each in PRESENT.training_blocks]
    few = replace(PRESENT, training_blocks=(Block("card", (("kk", "exact"), ("birth_date", "year"))),))
    found = learn(Store(300), model=few).vectors
    assert [(each.block, each.held >= {"kk", "birth"}) for each in found.passes] == [("card", True)]
    assert 0 < found.passes[0].pairs <= found.candidates.total()


def test_the_file_is_a_model_that_says_where_it_is_from(trained: Trained, tmp_path: Path) -> None:
    made = write.save(tmp_path / "person-9.toml", trained.text, trained.tables)
    assert (made.entity, made.version, made.origin, made.trained_on) == (
        "person",
        "person-9",
        "trained",
        "invented people",
    )
    assert made.anchor == PRESENT.anchor
    assert made.survivorship == PRESENT.survivorship
    assert made.blocks == PRESENT.blocks
    assert made.training_blocks == PRESENT.training_blocks
    assert made.rules == PRESENT.rules
    note = tomllib.loads(trained.text)["trained"]
    assert (note["from"], note["seeds"]) == (PRESENT.version, 1500)
    exact = made.comparison("birth").weights[1]
    assert exact.m is not None
    assert exact.u is not None
    assert 2 ** (exact.milli / 1000) == pytest.approx(exact.m / exact.u, rel=0.01)


def test_a_file_in_use_is_never_replaced(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "person-9.toml"
    write.save(path, trained.text, trained.tables)
    with pytest.raises(RefuseToStart, match="never changes"):
        write.save(path, trained.text, trained.tables)


def test_fixed_levels_keep_their_weights(trained: Trained, tmp_path: Path) -> None:
    fixed = {(one.name, level) for one in PRESENT.comparisons
             for level, weight in zip(one.levels, one.weights, strict=True) if weight.fixed}  # fmt: skip
    assert ("nik", "serial_next") in fixed
    made = write.save(tmp_path / "person-9.toml", trained.text, trained.tables)
    for name, level in fixed:
        assert made.comparison(name).weight(level) == PRESENT.comparison(name).weight(level)
        assert made.comparison(name).weights[made.comparison(name).levels.index(level)].fixed


def test_the_learned_model_is_no_worse_than_the_one_before(trained: Trained, tmp_path: Path) -> None:
    made = write.save(tmp_path / "person-9.toml", trained.text, trained.tables)
    chance = random.Random(77)
    rows = population.records(population.people(800, chance), chance, population.Rates())
    truth = {each.id: person for person, each in rows}
    scores = []
    for model in (PRESENT, made):
        engine = population.engine(model)
        engine.commit(engine.apply([each for _, each in rows]))
        scores.append(population.score(truth, list(set(engine.clusters().values()))))
    (_, _, before), (precision, _, after) = scores
    assert precision > 0.995
    assert after > before - 0.002


def test_a_small_store_starves_and_says_where(trained: Trained) -> None:
    refused = learn(Store(60), replace(PLAN, keep_rare=False, least_pairs=500)).fit.refusals
    assert any("EM starved" in each and each.startswith("nik:") for each in refused)
    assert not trained.fit.refusals


def test_weights_that_moved_too_far_are_refused_by_name(again: Trained) -> None:
    assert any(re.search(r"^birth: weights moved more than 0.5 bits \(.*exact", each) for each in again.fit.refusals)


def test_frequencies_name_only_what_many_records_hold(trained: Trained) -> None:
    names = [each.name for _, each in Store(1000).rows]
    for value in trained.tables["name"].shares:
        assert names.count(value) >= 10


def test_the_report_stands_alone_and_holds_no_value_of_a_person(trained: Trained) -> None:
    text = report.html(trained, 1_764_000_000_000_000)
    assert text.count("<svg") == len(PRESENT.comparisons) + 2
    assert "http" not in text
    assert "<script" not in text
    assert "nik: exact" in text
    for _, person in Store(1000).rows[:200]:
        assert person.name not in text
        assert person.nik is None or person.nik not in text


def test_the_report_of_a_refused_model_tells_why() -> None:
    refused = learn(Store(60), replace(PLAN, keep_rare=False, least_pairs=500))
    text = report.html(refused, 1_764_000_000_000_000)
    assert "<strong>Refused</strong>" in text
    assert "EM starved" in text


def test_an_empty_store_teaches_nothing() -> None:
    with pytest.raises(RefuseToStart, match="no records"):
        learn(Store(0))
