"""Public sets: files read as they are shipped, contracts that fit them, a model trained without looking at ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.evaluate.metrics import pairwise
from hub.evaluate.public import river, sets, train
from hub.evaluate.public.people import cleaned
from hub.link import model as models
from hub.link.engine import Engine
from hub.wire import contract
from hub.wire.errors import RefuseToStart
from tests.unit.evaluate.febrl import people, read_back, written


def test_a_file_is_read_as_it_is_shipped(tmp_path: Path) -> None:
    path = written(tmp_path / "dataset3.csv", people(10))
    assert sets.read(path) == read_back(path) == people(10)


def test_another_file_or_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RefuseToStart, match="no FEBRL file"):
        sets.read(tmp_path / "x.csv")
    with pytest.raises(RefuseToStart, match="cannot be read"):
        sets.read(tmp_path / "none.csv")


def test_the_truth_stands_in_the_record_id() -> None:
    assert sets.truth_of("rec-223-org") == sets.truth_of("rec-223-dup-4") == "223"
    with pytest.raises(RefuseToStart, match="no record id"):
        sets.truth_of("223")


def test_sets_are_named_and_strangers_refused() -> None:
    assert [each.name for each in sets.chosen(["febrl4", "febrl3"])] == ["febrl4", "febrl3"]
    with pytest.raises(RefuseToStart, match="febrl9"):
        sets.chosen(["febrl9"])


@pytest.mark.parametrize("which", sets.SETS.values(), ids=str)
def test_contracts_account_for_every_column_and_hide_the_number_where_they_say_so(which: sets.PublicSet) -> None:
    for source in which.files:
        declared = contract.load(which.contracts / f"{source}.toml")
        assert declared.source.name == source
        [table] = declared.table
        assert table.mapped | set(table.ignore) | set(table.key) == set(sets.COLUMNS)
        assert ("soc_sec_id" in table.mapped) == which.with_number
        assert "rec_id" not in table.mapped


def test_training_finds_what_tells_people_apart_and_the_model_then_resolves_them(tmp_path: Path) -> None:
    which, rows = sets.SETS["febrl3"], people(400)
    found = list(cleaned(which, {"febrl": rows}))
    [path] = river.MODELS.glob("person-*.toml")
    model = models.read(path)
    m, u, prior = train.train(model, found, pairs=20_000)
    for comparison, agreed, chance in zip(model.comparisons, m, u, strict=True):
        assert agreed[1] > chance[1], comparison.name
        assert agreed[-1] < chance[-1], comparison.name
    assert -14 < prior < -6
    trained = tmp_path / path.name
    trained.write_text(train.written(path.read_text(encoding="utf-8"), model, m, u, prior))
    engine = Engine(models.read(trained), {"febrl": "sector"}, frozenset())
    engine.commit(engine.apply(found))
    clusters = {record: entity for entity, members in engine.clusters().items() for record in members}
    truth = {person.id: sets.truth_of(row["rec_id"]) for person, row in zip(found, rows, strict=True)}
    scores = pairwise(clusters, truth)
    assert scores.precision == 1.0
    assert scores.recall >= 0.99


def test_training_does_not_look_at_record_ids() -> None:
    which, rows = sets.SETS["febrl3"], people(60)
    [path] = river.MODELS.glob("person-*.toml")
    model = models.read(path)
    named = train.train(model, list(cleaned(which, {"febrl": rows})), pairs=2000)
    hidden = [replace(one, id=bytes([at % 251]) * 16) for at, one in enumerate(cleaned(which, {"febrl": rows}))]
    assert train.train(model, hidden, pairs=2000) == named


def test_trained_weights_are_written_into_the_model_file(tmp_path: Path) -> None:
    [path] = river.MODELS.glob("person-*.toml")
    model = models.read(path)
    m = [[1.0, *[0.5] * (len(one.levels) - 1)] for one in model.comparisons]
    u = [[1.0, *[0.125] * (len(one.levels) - 1)] for one in model.comparisons]
    copy = tmp_path / path.name
    copy.write_text(train.written(path.read_text(encoding="utf-8"), model, m, u, -9.5))
    changed = models.read(copy)
    assert changed.prior == -9500
    assert {weight.milli for one in changed.comparisons for weight in one.weights[1:]} == {2000}
    assert (changed.blocks, changed.threshold) == (model.blocks, model.threshold)
