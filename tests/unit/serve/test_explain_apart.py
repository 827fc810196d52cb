"""Why two entities are not one, by every rule, and what would change it: cases made by the engine itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.link.trace import Explainer
from hub.serve import explain
from tests.unit.link.builders import BUDI, DEWI, Hub, judge, person, rid
from tests.unit.link.test_trace import case_of


def bench(hub: Hub, one: str, other: str) -> explain._Bench:
    explainer = Explainer(hub.model, frozenset({"dukcapil"}))
    case = case_of(hub, one, other)
    groups = tuple(hub.members[entity] for entity in dict.fromkeys((hub.entity(one), hub.entity(other))))
    return explain._Bench(explainer, case, explainer.retrace(case), groups)


def reason(made: explain._Bench) -> tuple[str, list[str]]:
    x, y = made.groups
    between = [step for step in made.found.steps if step.outcome != "joined" and explain._across(step, x, y)]
    pair = explain._pair(made, None)
    why = explain._why_apart(made, pair, between)
    return why, [said.id for said in explain._joining(made, pair, why)]


def test_a_bridge_is_told_as_the_average_of_the_groups() -> None:
    hub = Hub()
    other = BUDI | {"nik": "1571111203900044", "mother": "ROHANI", "kk": "1508020101100099"}
    hub.take(person("a1", 1, mother=None, kk=None), person("s2", 1, other), person("s1", 1))
    assert hub.together("s1", "a1")
    made = bench(hub, "a1", "s2")
    assert made.faithful
    why, (more, steward) = reason(made)
    assert why == "average"
    assert more.startswith("Bila rata-rata bukti antara keduanya, kini ")
    assert steward == "Bila petugas memutuskan bahwa keduanya satu orang."


def test_the_bound_of_members_is_told() -> None:
    hub = Hub(max_cluster=2)
    hub.take(person("d1", 1), person("s1", 1), person("a1", 1))
    alone = next(name for name in ("d1", "s1", "a1") if len(hub.members[hub.entity(name)]) == 1)
    other = next(name for name in ("d1", "s1", "a1") if name != alone)
    assert reason(bench(hub, alone, other)) == ("size", [])


def test_a_key_of_too_many_records_tells_nothing() -> None:
    hub = Hub(generic_bound=2)
    names = ("s1", "s2", "s3")
    for at, name in enumerate(names):
        hub.take(person(name, at + 1, nik=None, kk=None, mother=None, region=None))
    made = bench(hub, "s1", "s2")
    why, changes = reason(made)
    assert why == "generic_key"
    assert changes[0].startswith("Bila salah satu catatan mendapat nilai yang sama")
    assert explain._pair(made, None).compared is False


def test_two_without_a_key_are_told_so() -> None:
    hub = Hub()
    hub.take(person("s1", 1, kk=None, region=None), person("s2", 1, DEWI, kk=None, region=None))
    why, _ = reason(bench(hub, "s1", "s2"))
    assert why == "no_key"


@pytest.mark.parametrize("verdict", ["different", "same"])
def test_undoing_a_decision_is_tried_out(verdict: str) -> None:
    hub = Hub()
    values = BUDI if verdict == "different" else DEWI
    hub.take(person("d1", 1), person("s1", 1, values), judge("j1", verdict, ("d1", "s1")))
    made = bench(hub, "d1", "s1")
    if verdict == "different":
        assert reason(made) == (
            "decided_different", ["Bila keputusan j1 dicabut, maka keduanya menjadi satu orang."]
        )  # fmt: skip
    else:
        (said,) = explain._parting(made, [step for step in made.found.steps if step.outcome == "joined"])
        assert said.id == "Bila keputusan j1 dicabut, maka catatan ini terpisah menjadi 2 orang."


def test_one_weak_pair_that_holds_all_is_named() -> None:
    hub = Hub()
    hub.take(person("s1", 1, nik=None, mother=None, kk=None), person("a1", 1, nik=None, mother=None, kk=None))
    made = bench(hub, "s1", "a1")
    assert made.groups == (tuple(sorted([rid("s1"), rid("a1")])),)
    (said,) = explain._parting(made, list(made.found.steps))
    assert said.id.startswith("Akan berubah bila ")
    assert said.id.endswith("maka catatan ini terpisah menjadi 2 orang.")


def test_what_the_rules_do_not_end_with_is_not_told_as_theirs() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1))
    made = bench(hub, "d1", "s1")
    foreign = replace(made, groups=((rid("d1"),), (rid("s1"),)))
    assert made.faithful
    assert not foreign.faithful
    assert explain._parting(foreign, list(made.found.steps)) == []
