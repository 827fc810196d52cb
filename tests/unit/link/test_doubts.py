"""Doubts: which pairs a steward should look at, and that a batch tells exactly those that it changed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.decisions import GREY, Doubt, Event
from tests.unit.link.builders import BUDI, DEWI, MODEL, Hub, day, gone, judge, person, rid

LIKE_BUDI = BUDI | {"nik": None, "kk": None, "region": None, "region_system": None}
"""Name, birth and mother of BUDI: one with him beyond doubt."""
TWIN = LIKE_BUDI | {"name": "BAYU SANTOSO", "mother": "SITI AMINAH", "kk": BUDI["kk"]}


def told(hub: Hub) -> dict[tuple[bytes, bytes, str | None], Doubt]:
    """All doubts, asked anew."""
    return {(one.a, one.b, one.judgement): one for one in hub.engine.doubts_of(hub.engine.known()).found}


def pair(a: str, b: str) -> tuple[bytes, bytes]:
    low, high = sorted((rid(a), rid(b)))
    return low, high


def grey(hub: Hub, above: bool) -> dict[str, object]:
    """Values whose weight against BUDI's lies within the grey zone, above or below the threshold."""
    for name in ("BUDI SANTOSO", "BUDI", "BUDI HARTONO", "BAYU SANTOSO"):
        for born in ("1990-03-12", "1990-07-01", "1990-03-15", "1990-05-12", "1991-03-12"):
            for mother in ("SITI AMINAH", "SITI", None, "RATNA SARI"):
                for kk in (BUDI["kk"], None, "1508020101100099"):
                    for sex in ("male", None):
                        values = {"name": name, "birth_date": day(born), "mother": mother, "kk": kk, "sex": sex}
                        margin = margin_of(values)
                        if margin is not None and (0 <= margin < GREY if above else -GREY <= margin < 0):
                            return values
    raise AssertionError("no values weigh little more or less than the threshold")


def margin_of(values: dict[str, object]) -> int | None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1, values))
    edges = list(hub.edges.values())
    return edges[0].weight - MODEL.threshold if edges else None


def owner(hub: Hub, record: bytes) -> str:
    return next(entity for entity, members in hub.members.items() if record in members)


def test_what_is_one_beyond_doubt_or_never_compared_is_no_doubt() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1), person("a1", 1, DEWI))
    assert told(hub) == {}


def test_a_weak_union_is_a_doubt_with_its_margin() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1, grey(hub, above=True)))
    assert hub.together("d1", "s1")
    [doubt] = told(hub).values()
    assert (doubt.a, doubt.b) == pair("d1", "s1")
    assert (doubt.kind, doubt.entity_a) == ("weak", doubt.entity_b)
    assert doubt.margin is not None
    assert 0 <= doubt.margin < GREY
    assert {doubt.source_a, doubt.source_b} == {"dukcapil", "dapodik"}


def test_in_a_cluster_only_what_holds_it_together_weakly_is_a_doubt() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("a1", 1), person("s1", 1, grey(hub, above=True)))
    assert hub.together("d1", "a1", "s1")
    [doubt] = told(hub).values()
    assert (doubt.kind, doubt.size_a) == ("weak", 3)
    assert rid("s1") in (doubt.a, doubt.b)


def test_two_that_nearly_are_one_are_a_doubt() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1, grey(hub, above=False)))
    assert not hub.together("d1", "s1")
    [doubt] = told(hub).values()
    assert (doubt.kind, doubt.size_a, doubt.size_b) == ("near", 1, 1)
    assert doubt.entity_a != doubt.entity_b


def test_two_attested_niks_that_keep_like_records_apart_are_a_doubt_in_conflict() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("d2", 1, BUDI | {"nik": "1508021203900002"}))
    assert not hub.together("d1", "d2")
    [doubt] = told(hub).values()
    assert (doubt.kind, doubt.conflict, doubt.twins) == ("attested", True, True)


def test_a_union_refused_for_size_is_a_doubt() -> None:
    hub = Hub(max_cluster=2)
    hub.take(*(person(f"s{n}", 1) for n in range(1, 4)))
    assert {doubt.kind for doubt in told(hub).values()} == {"size"}


def test_a_same_that_the_bound_does_not_let_through_stays_a_doubt() -> None:
    hub = Hub(max_cluster=2)
    hub.take(*(person(f"s{n}", 1) for n in range(1, 4)))
    hub.take(judge("j1", "same", ("s1", "s2")), judge("j2", "same", ("s2", "s3")))
    assert not hub.together("s1", "s2", "s3")
    assert {doubt.kind for doubt in told(hub).values()} == {"size"}


def test_two_clusters_are_one_doubt_by_their_strongest_pair() -> None:
    one, other = BUDI, BUDI | {"nik": "1508021203900002"}
    less = {"mother": None, "kk": None}
    hub = Hub()
    hub.take(
        person("d1", 1, one), person("s1", 1, one | less), person("a1", 1, one | less),
        person("d2", 1, other | less), person("s2", 1, other), person("a2", 1, other | less),
    )  # fmt: skip
    assert (hub.together("d1", "s1", "a1"), hub.together("d2", "s2", "a2"), hub.together("d1", "d2")) == (
        True, True, False
    )  # fmt: skip
    [doubt] = told(hub).values()
    assert (doubt.kind, doubt.size_a, doubt.size_b) == ("attested", 3, 3)
    assert (doubt.a, doubt.b) == pair("d1", "s2")
    cross = [row.weight for row in hub.edges.values() if owner(hub, row.a) != owner(hub, row.b)]
    assert doubt.weight == max(cross)


def test_a_decision_settles_a_doubt_and_unsure_only_marks_it() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1, grey(hub, above=False)))
    hub.take(judge("j1", "unsure", ("d1", "s1")))
    [doubt] = told(hub).values()
    assert doubt.unsure == "j1"
    hub.take(judge("j2", "different", ("d1", "s1")))
    assert told(hub) == {}


def test_evidence_has_another_mark_when_a_record_changes_what_it_says() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("d2", 1, BUDI | {"nik": "1508021203900002"}))
    [before] = told(hub).values()
    hub.take(person("d2", 2, BUDI | {"nik": "1508021203900002", "phone": "+6281200000000"}))
    [same] = told(hub).values()
    hub.take(person("d2", 3, BUDI | {"nik": "1508021203900002", "name": "BUDI S"}))
    [after] = told(hub).values()
    assert same.evidence == before.evidence
    assert after.evidence != before.evidence


def test_a_contested_decision_is_told_once_whatever_its_pairs() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("s2", 1, DEWI), person("a1", 1, DEWI | {"name": "UMAR", "nik": None, "kk": None}))
    hub.take(judge("j1", "same", ("s1", "s2"), ("s1", "a1")), judge("c1", "contested", contests="j1"))
    contested = [doubt for doubt in told(hub).values() if doubt.kind == "contested"]
    assert [doubt.judgement for doubt in contested] == ["j1"]
    assert contested[0].entity_a == contested[0].entity_b


VALUES = (
    BUDI, DEWI, LIKE_BUDI, TWIN, BUDI | {"nik": "1508021203900002"},
    {"name": "BUDI", "birth_date": BUDI["birth_date"], "mother": "SITI"}, {"name": "BUDI SANTOSO", "nik": BUDI["nik"]},
)  # fmt: skip
NAMES = ("d1", "d2", "s1", "s2", "a1")
STEP = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(VALUES)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
    st.tuples(
        st.sampled_from(["same", "different", "unsure"]), st.sampled_from(NAMES), st.sampled_from(NAMES)
    ).filter(lambda step: step[1] != step[2]),
    st.tuples(st.sampled_from(["withdrawn", "contested"]), st.integers(0, 20), st.none()),
)  # fmt: skip


def event(number: int, step: tuple[str, object, object]) -> Event:
    what, one, other = step
    if what == "write":
        return person(str(one), number, other)  # type: ignore[arg-type]
    if what == "delete":
        return gone(str(one), number)
    if what == "withdrawn":
        return judge(f"j{number}", what, withdraws=f"j{one}")
    if what == "contested":
        return judge(f"j{number}", what, contests=f"j{one}")
    return judge(f"j{number}", what, (str(one), str(other)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(STEP, min_size=1, max_size=3), min_size=1, max_size=8))
def test_what_batches_tell_bit_by_bit_is_what_is_told_at_once(batches: list[list[tuple[str, object, object]]]) -> None:
    hub = Hub()
    kept: dict[tuple[bytes, bytes, str | None], Doubt] = {}
    number = 0
    for steps in batches:
        events = [event(number + at, step) for at, step in enumerate(steps, 1)]
        number += len(steps)
        delta = hub.engine.apply(events)
        doubts = hub.engine.doubts()
        hub.engine.commit(delta)
        looked = set(doubts.looked)
        kept = {key: one for key, one in kept.items() if one.a not in looked and one.b not in looked}
        kept |= {(one.a, one.b, one.judgement): one for one in doubts.found}
    assert kept == told(hub)
