"""The retraced cluster is the stored one, and its tries are those of the whole component."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.link.model import SHIPPED, read
from hub.link.trace import Explainer
from hub.wire.explained import Case, Retraced
from tests.unit.link.builders import BUDI, DEWI, MODEL, Hub, day, judge, person, rid

EXPLAINER = Explainer(MODEL, frozenset({"dukcapil"}))
NAMES = {rid(f"{kind}{n}"): f"{kind}{n}" for kind in "dsa" for n in range(9)}


def case_of(hub: Hub, *names: str) -> Case:
    """What the store knows of the entities of these records."""
    wanted = {member for name in names for member in hub.members[hub.entity(name)]}
    roots = {hub.records[each].root for each in wanted}
    others = [row for row in hub.records.values() if row.id not in wanted and row.source == "dukcapil" and row.body]
    return Case(
        [hub.records[each] for each in sorted(wanted)],
        [row for row in hub.edges.values() if {row.a, row.b} <= wanted],
        [row for row in hub.judgements.values() if {row.a, row.b} <= roots],
        others,
    )


def retrace(hub: Hub, *names: str) -> Retraced:
    explainer = Explainer(hub.model, frozenset({"dukcapil"}))
    return explainer.retrace(case_of(hub, *names))


def joined(found: Retraced) -> list[tuple[str, str]]:
    return [(NAMES[step.a], NAMES[step.b]) for step in found.steps if step.outcome == "joined"]


def test_the_path_of_a_cluster_is_told_in_the_order_of_its_edges() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 2), person("a1", 3, nik=None, kk=None))
    found = retrace(hub, "d1")
    assert found.groups == (tuple(sorted([rid("d1"), rid("s1"), rid("a1")])),)
    steps = [step for step in found.steps if step.outcome == "joined"]
    assert [len(step.left) * len(step.right) for step in steps] == [1, 2]
    assert {steps[0].a, steps[0].b} == {rid("d1"), rid("s1")}
    assert steps[0].weight == steps[0].average
    assert steps[1].average >= MODEL.threshold / 1000


def test_two_attested_numbers_forbid_and_are_named_by_record() -> None:
    hub = Hub()
    twin = BUDI | {"nik": "1508021203900002"}
    hub.take(person("d1", 1), person("d2", 2, twin, name="BUDI SANTOSA"))
    found = retrace(hub, "d1", "d2")
    assert len(found.groups) == 2
    assert [step.outcome for step in found.steps] == ["attested"]
    assert found.claims == {rid("d1"): "1508021203900001", rid("d2"): "1508021203900002"}


def test_an_attestation_may_come_from_a_record_outside_the_case() -> None:
    hub = Hub(read(SHIPPED / "person-2.toml"))
    other = BUDI | {"nik": "1508021203900007", "name": "RAHMAT HIDAYAT", "mother": "NUR"}
    hub.take(person("d1", 1), person("s1", 2, nik="1508021203900007"), person("d2", 3, other))
    hub.take(judge("j1", "different", ("s1", "d2")))
    assert not hub.together("d1", "s1")
    whole = case_of(hub, "d1", "s1")
    assert [each.id for each in whole.attesting] == [rid("d2")]
    explainer = Explainer(hub.model, frozenset({"dukcapil"}))
    assert [step.outcome for step in explainer.retrace(whole).steps] == ["attested"]
    assert [step.outcome for step in explainer.retrace(replace(whole, attesting=())).steps] == ["joined"]


def test_two_rows_of_one_list_forbid_and_are_told() -> None:
    hub = Hub()
    hub.take(person("s1", 1, nik=None), person("s2", 2, nik=None, name="BUDO SANTOSO"), person("a1", 3, nik=None))
    assert hub.together("s1", "a1")
    found = retrace(hub, "s1", "s2")
    assert len(found.groups) == 2
    assert {step.outcome for step in found.steps} == {"joined", "listed"}
    assert all({step.a, step.b} == {rid("s1"), rid("a1")} for step in found.steps if step.outcome == "joined")


def test_a_decision_joins_before_weights_and_is_named() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 2, DEWI), judge("j1", "same", ("d1", "s1")))
    (step,) = retrace(hub, "d1").steps
    assert (step.judgement, step.outcome) == ("j1", "joined")
    assert step.average < MODEL.threshold / 1000


def test_a_decision_parts_whatever_the_evidence() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 2), judge("j1", "different", ("d1", "s1")))
    found = retrace(hub, "d1", "s1")
    assert [step.outcome for step in found.steps] == ["different"]
    assert found.steps[0].weight is not None
    assert found.steps[0].weight > MODEL.threshold / 1000


def test_the_bound_of_members_refuses() -> None:
    hub = Hub(max_cluster=2)
    hub.take(person("d1", 1), person("s1", 2), person("a1", 3))
    names = ("d1", "s1", "a1")
    assert {step.outcome for step in retrace(hub, *names).steps} == {"joined", "size"}


def test_a_comparison_says_which_keys_two_records_share() -> None:
    alike = EXPLAINER.compare(person("d1", 1), person("s1", 2))
    assert "nik" in alike.shared
    assert alike.weight == MODEL.prior + sum(level.weight for level in alike.levels)
    apart = EXPLAINER.compare(person("d1", 1), person("s1", 2, DEWI, kk=None, region=None, mother="RATNA"))
    assert apart.shared == ()
    assert apart.weight < MODEL.threshold


def test_levels_of_another_model_are_told_by_name_and_keep_their_weight() -> None:
    levels = EXPLAINER.compare(person("d1", 1), person("s1", 2)).levels
    told = EXPLAINER.account([replace(level, comparison=f"old_{level.comparison}") for level in levels], 5_000)
    assert told.total == 5.0
    assert round(told.prior + sum(line.bits for line in told.lines), 3) == told.total
    assert told.id.startswith("Dinilai dengan model lain")
    assert told.change is None


VALUES = st.fixed_dictionaries({
    "nik": st.sampled_from([None, "1508021203900001", "1508021203900002", "1508021203900011"]),
    "name": st.sampled_from(["BUDI SANTOSO", "BUDI SANTOSA", "BUDI", "SANTOSO BUDI UTOMO"]),
    "birth_date": st.sampled_from([day("1990-03-12"), day("1990-12-03"), day("1990-01-01"), None]),
    "kk": st.sampled_from([None, "1508020101100001", "1508020101100002"]),
})  # fmt: skip
WHO = st.sampled_from(sorted(NAMES.values()))


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(WHO, VALUES, min_size=2, max_size=9),
    st.lists(st.tuples(st.sampled_from(["same", "different"]), WHO, WHO), max_size=3),
)
def test_a_part_of_the_component_retraces_as_the_whole_does(
    people: dict[str, dict[str, object]], decisions: list[tuple[str, str, str]]
) -> None:
    hub = Hub()
    hub.take(*[person(who, 1, BUDI | values) for who, values in people.items()])
    for at, (verdict, a, b) in enumerate(decisions):
        if a != b and a in people and b in people:
            hub.take(judge(f"j{at}", verdict, (a, b)))
    whole = retrace(hub, *people)
    assert sorted(whole.groups) == sorted(hub.members.values())
    for entity, members in hub.members.items():
        one = retrace(hub, NAMES[members[0]])
        inside = [step for step in whole.steps if step.outcome == "joined" and {step.a, step.b} <= set(members)]
        assert one.groups == (members,), entity
        assert [step for step in one.steps if step.outcome == "joined"] == inside
