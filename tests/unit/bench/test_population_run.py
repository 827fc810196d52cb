"""The measure of the invented regency: baselines do what they say, causes add up, and the lines tell both."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hub.bench.population import baselines, causes, run, starve
from hub.bench.population.baselines import Greedy
from hub.bench.population.causes import Truth
from hub.bench.population.people import Person
from hub.link.model import read
from hub.wire.decisions import EdgeRow
from tests.unit.link import builders

MODEL = read()
NO_FAULT: frozenset[str] = frozenset()


def somebody(number: int, **changes: object) -> Person:
    usual = Person(number, number, f"ORANG {number}", "male", date(1990, 3, 12), "BUNGO", "IBU", "", None, None)
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_a_record_without_nik_stands_alone_under_exact_nik() -> None:
    one, two, three, four = (
        builders.person("d1", 1, builders.BUDI),
        builders.person("s1", 1, builders.BUDI),
        builders.person("d2", 1, builders.BUDI, nik=None),
        builders.person("s2", 1, builders.BUDI, nik=None),
    )
    found = baselines.exact_nik([one, two, three, four])
    assert found[one.id] == found[two.id]
    assert len(set(found.values())) == 3


def test_components_follow_chains_of_pairs_at_the_threshold() -> None:
    edges = [EdgeRow(b"a", b"b", 3000, ()), EdgeRow(b"b", b"c", 9000, ()), EdgeRow(b"c", b"d", 2999, ())]
    found = baselines.components([b"a", b"b", b"c", b"d"], edges, 3000)
    assert found[b"a"] == found[b"b"] == found[b"c"] != found[b"d"]


def test_greedy_depends_on_what_came_first_and_keeps_the_majoritys_value() -> None:
    greedy = Greedy(MODEL)
    for record in (
        builders.person("d1", 1, builders.BUDI),
        builders.person("s1", 1, builders.BUDI, name="BUDI S"),
        builders.person("a1", 1, builders.BUDI),
        builders.person("d2", 1, builders.DEWI),
    ):
        greedy.take(record)
    found = greedy.clusters()
    assert found[builders.rid("d1")] == found[builders.rid("s1")] == found[builders.rid("a1")]
    assert found[builders.rid("d2")] != found[builders.rid("d1")]


def test_twins_relatives_and_strangers_are_different_causes() -> None:
    elder = somebody(1, family=1, twins=1)
    younger = somebody(2, family=1, twins=1)
    father = somebody(3, family=1, name="ORANG 1")
    stranger = somebody(4)
    truth = {
        b"e": Truth(elder, NO_FAULT),
        b"y": Truth(younger, frozenset({"borrowed"})),
        b"f": Truth(father, NO_FAULT),
        b"s": Truth(stranger, frozenset({"missing"})),
    }
    together = dict.fromkeys(truth, "one")
    assert causes.wrong(together, truth) == {
        "twins, NIK borrowed": 1,
        "namesakes of a family": 1,
        "of a family, NIK borrowed": 1,
        "strangers, NIK faulty": 2,
        "strangers, NIK borrowed": 1,
    }
    assert causes.twins_merged(together, truth) == (1, 1)
    assert causes.largest(together) == 4
    apart = {record: record for record in truth}
    assert not causes.wrong(apart, truth)
    assert causes.twins_merged(apart, truth) == (0, 1)


def test_missed_pairs_are_told_by_the_faults_of_both() -> None:
    person = somebody(1, name="SLAMET")
    truth = {
        b"a": Truth(person, NO_FAULT),
        b"b": Truth(person, frozenset({"missing", "name"})),
        b"c": Truth(person, NO_FAULT),
    }
    found = {b"a": 1, b"b": 2, b"c": 1}
    assert causes.missed(found, truth) == {"NIK missing, name, single word": 2}


@pytest.mark.parametrize("starved", [False, True])
def test_every_design_is_a_line_over_the_same_records_and_ours_leads(starved: bool) -> None:
    told: list[str] = []
    lines = [json.loads(each) for each in run.measure(1500, 5, starved=starved, tell=told.append)]
    by = {each["design"]: each for each in lines}
    assert list(by) == ["exact_nik", "components", "greedy", "ours"]
    assert len({each["records"] for each in lines}) == 1
    assert str(lines[0]["records"]) in told[0]
    ours = by["ours"]
    assert ours["precision"] >= max(by["components"]["precision"], by["exact_nik"]["precision"])
    assert ours["recall"] > by["exact_nik"]["recall"]
    assert sum(ours["wrong"].values()) == ours["wrong_pairs"]
    assert sum(ours["missed"].values()) == ours["missed_pairs"]
    assert ours["model"] == ("person-starved" if starved else MODEL.version)


def test_the_starved_model_is_one_that_training_refuses(tmp_path: Path) -> None:
    refusals = starve.starve(tmp_path / "thin.toml", people=1000, records=250)
    assert any("starved" in each for each in refusals)
    assert read(tmp_path / "thin.toml").version == "person-starved"
    assert read(run.STARVED).origin == "trained"
