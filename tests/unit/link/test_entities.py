"""Entity ids, what becomes of them, attestation, generic keys and purity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.link.entities import entity_id
from hub.link.model import SHIPPED, read
from hub.merge.golden import Golden
from hub.wire import decisions
from hub.wire.errors import Halt
from tests.unit.link.builders import AUTHORITIES, BUDI, DEWI, MODEL, Hub, gone, judge, person, rid


def by_id(delta: decisions.Delta) -> dict[str, decisions.EntityDelta]:
    return {each.entity_id: each for each in delta.entities}


def test_the_id_hangs_on_the_best_authority_and_a_delete_gives_the_old_id_and_values_back() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    school, before = hub.entity("s1"), hub.golden()
    delta = hub.take(person("d1", 2, name="BUDI SANTOSO WIJAYA"))
    register = hub.entity("s1")
    assert register == entity_id(rid("d1"))
    assert school == entity_id(rid("s1"))
    assert (by_id(delta)[school].kind, by_id(delta)[school].other_ids) == ("merged", (register,))
    created = by_id(delta)[register]
    assert created.kind == "created"
    assert [(each.record, each.old_id, each.new_id) for each in created.reassigned] == [(rid("s1"), school, register)]
    delta = hub.take(gone("d1", 3))
    assert hub.golden() == before
    assert (by_id(delta)[register].kind, by_id(delta)[register].other_ids) == ("merged", (school,))


def test_a_correction_that_splits_a_cluster_gives_each_part_its_id_and_loses_nobody() -> None:
    """Regression: two parts once held the smallest member's id for a moment, and one of them was lost."""
    hub = Hub()
    hub.take(person("s1", 1), person("s2", 1, DEWI))
    apart = hub.golden()
    hub.take(person("a1", 1), person("a2", 1, DEWI))
    four = hub.golden()
    hub.take(judge("j1", "same", ("a1", "a2")))
    assert hub.together("s1", "s2", "a1", "a2")
    delta = hub.take(judge("j2", "withdrawn", withdraws="j1"))
    assert hub.golden() == four
    assert sum(len(each.members) for each in delta.entities) == 4
    hub.take(gone("a1", 2), gone("a2", 2))
    assert hub.golden() == apart


def test_an_id_whose_records_went_two_ways_is_split() -> None:
    hub = Hub()
    first, second = sorted(("s1", "s2"), key=rid)
    hub.take(person("a1", 1, BUDI), person(first, 1, BUDI), person(second, 1, DEWI))
    hub.take(judge("j1", "same", ("a1", second)))
    joined = hub.entity("a1")
    assert joined == entity_id(rid(first))
    delta = hub.take(gone(first, 2), judge("j2", "withdrawn", withdraws="j1"))
    vanished = by_id(delta)[joined]
    assert (vanished.kind, vanished.members) == ("split", ())
    assert set(vanished.other_ids) == {hub.entity("a1"), hub.entity(second)}
    assert len(vanished.other_ids) == 2


def test_an_id_that_survives_while_most_of_its_records_leave_is_reassigned() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1), person("a1", 1), person("a2", 1))
    kept = hub.entity("d1")
    delta = hub.take(person("d1", 2, DEWI))
    moved = by_id(delta)[kept]
    assert moved.kind == "reassigned"
    assert moved.members == (rid("d1"),)
    assert {each.record for each in moved.reassigned} == {rid("s1"), rid("a1"), rid("a2")}
    other = hub.entity("s1")
    assert moved.other_ids == (other,)
    assert {each.new_id for each in moved.reassigned} == {other}
    assert {each.record for each in by_id(delta)[other].reassigned} == {rid("s1"), rid("a1"), rid("a2")}


def test_a_change_of_values_alone_is_told() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1))
    delta = hub.take(person("s1", 2, phone="+6281100000000"))
    assert [(each.kind, each.members) for each in delta.entities] == [("changed", hub.members[hub.entity("d1")])]
    assert [cause.id for cause in delta.entities[0].causes] == [rid("s1").hex()]


def test_attestation_that_appears_parts_the_cluster_and_its_end_joins_it_again() -> None:
    """Two aid records of one name and birth date, other NIKs: the register alone says that they are two people."""
    namesake = BUDI | {"nik": "1571111203900044", "kk": None, "mother": None}
    hub = Hub(read(SHIPPED / "person-2.toml"))
    hub.take(person("a1", 1, BUDI | {"mother": None}), person("a2", 1, namesake | {"kk": BUDI["kk"]}))
    assert hub.together("a1", "a2")
    before = hub.golden()
    unlike = {"name": "X", "birth_date": None, "mother": None, "kk": None, "sex": None}
    hub.take(person("d1", 1, BUDI | unlike), person("d2", 1, namesake | unlike))
    assert not hub.together("a1", "a2")
    hub.whole()
    hub.take(gone("d2", 2))
    assert hub.together("a1", "a2")
    hub.take(gone("d1", 2))
    assert hub.golden() == before


def test_where_only_the_registers_own_rows_forbid_they_part_what_joined_with_them() -> None:
    namesake = BUDI | {"nik": "1571111203900044", "kk": None, "mother": None}
    hub = Hub()
    hub.take(person("a1", 1, BUDI | {"mother": None}), person("a2", 1, namesake | {"kk": BUDI["kk"]}))
    assert hub.together("a1", "a2")
    before = hub.golden()
    hub.take(person("d1", 1, BUDI), person("d2", 1, namesake))
    assert hub.together("a1", "d1")
    assert hub.together("a2", "d2")
    assert not hub.together("a1", "a2")
    hub.whole()
    hub.take(gone("d1", 2), gone("d2", 2))
    assert hub.golden() == before


# ---------------------------------------------------------------------- generic keys


NAMES = ("NANANG", "JOKO", "RATNO", "TEGUH", "WAWAN")
"""Words that sound unlike each other."""


def crowd(hub: Hub, count: int, start: int = 0) -> None:
    """People who share nothing but one NIK that somebody typed for all."""
    for n in range(start, start + count):
        hub.take(person(f"a{n}", 1, {}, nik="1508021203900001", name=NAMES[n], sex="male"))


def test_a_key_over_its_bound_says_nothing_and_below_it_speaks_again() -> None:
    hub = Hub(generic_bound=4)
    crowd(hub, 4)
    assert len(hub.edges) == 6
    pair = {name: BUDI[name] for name in ("birth_date", "region", "region_system")} | {"name": NAMES[0]}
    hub.take(person("a0", 2, {}, nik="1508021203900001", **pair), person("s9", 1, {}, **pair))
    assert len(hub.edges) == 7
    crowd(hub, 1, 4)
    assert set(hub.edges) == {tuple(sorted((rid("a0"), rid("s9"))))}
    hub.whole()
    hub.take(gone("a1", 2))
    assert len(hub.edges) == 7
    hub.whole()


def test_keys_of_the_same_records_share_one_tuple_also_after_a_load() -> None:
    hub = Hub()
    hub.take(person("d1", 1), person("s1", 1), person("a1", 1))
    hub.take(person("s1", 2, phone="+6281200000001"))
    for engine in (hub.engine, hub.reloaded()):
        several = [members for members in engine._blocks._index.values() if isinstance(members, tuple)]
        assert len(several) > 5
        assert len({id(members) for members in several}) == 1


def test_a_generic_nik_attests_nothing() -> None:
    hub = Hub(generic_bound=2)
    hub.take(person("d1", 1), person("a1", 1, {}, nik=BUDI["nik"], name="SATU"))
    hub.take(person("a2", 1, {}, nik=BUDI["nik"], name="DUA"))
    hub.whole()
    assert hub.entity("a1") != hub.entity("d1")


def test_a_union_over_the_bound_is_not_made_and_is_counted() -> None:
    hub = Hub(max_cluster=3)
    delta = hub.take(*(person(f"a{n}", 1) for n in range(5)))
    assert max(len(ids) for ids in hub.members.values()) == 3
    assert delta.refused_unions > 0


def test_people_joined_by_a_key_that_becomes_generic_are_parted_and_joined_again() -> None:
    hub = Hub(generic_bound=4)
    shared = {"nik": BUDI["nik"], "birth_date": BUDI["birth_date"]}
    hub.take(person("s1", 1, {}, **shared), person("s2", 1, {}, **shared))
    assert hub.together("s1", "s2")
    joined = hub.golden()
    crowd(hub, 2)
    delta = hub.take(person("a9", 1, {}, nik=BUDI["nik"], name="KE LIMA"))
    assert not hub.together("s1", "s2")
    assert "generic_key" in {cause.kind for each in delta.entities for cause in each.causes}
    hub.whole()
    hub.take(gone("a0", 2), gone("a1", 2), gone("a9", 2))
    assert hub.golden() == joined


def test_a_bridge_does_not_chain_two_people() -> None:
    """A record that looks like both joins the nearer one; the average over all cross pairs keeps the other away."""
    hub = Hub()
    other = BUDI | {"nik": "1571111203900044", "mother": "ROHANI", "kk": "1508020101100099"}
    bridge = BUDI | {"mother": None, "kk": None}
    hub.take(person("a1", 1, bridge), person("s2", 1, other))
    assert hub.together("a1", "s2")
    hub.take(person("s1", 1, BUDI))
    assert hub.together("s1", "a1")
    assert not hub.together("s2", "a1")
    hub.whole()


# ---------------------------------------------------------------------- purity


def test_apply_changes_nothing_until_commit_and_twice_gives_the_same() -> None:
    hub = Hub(generic_bound=3)
    hub.take(person("d1", 1), person("s1", 1), person("a1", 1, DEWI), judge("j0", "same", ("a1", "s9")))
    before, clusters = hub.engine.digest(), hub.engine.clusters()
    batch = (
        person("s1", 2, DEWI),
        gone("a1", 2, "a2"),
        person("a2", 3, DEWI, previous="a1"),
        person("s3", 2, DEWI),
        judge("j1", "different", ("d1", "s1"), expires_at=7),
    )
    first = hub.engine.apply(batch)
    assert hub.engine.digest() == before
    assert hub.engine.clusters() == clusters
    assert hub.engine.next_expiry_us() is None
    second = hub.engine.apply(batch)
    assert first == second
    hub.engine.digest()
    hub.engine.commit(second)
    other = Hub(generic_bound=3)
    other.take(person("d1", 1), person("s1", 1), person("a1", 1, DEWI), judge("j0", "same", ("a1", "s9")))
    other.take(*batch)
    assert hub.engine.digest() == other.engine.digest() != before


def test_commit_takes_the_last_delta_once() -> None:
    hub = Hub()
    first = hub.engine.apply([person("s1", 1)])
    hub.engine.apply([person("s2", 1)])
    with pytest.raises(ValueError, match="last"):
        hub.engine.commit(first)


def test_a_failing_batch_leaves_the_engine_as_it_was() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    before = hub.engine.digest()
    with pytest.raises(KeyError):
        hub.engine.apply([person("s2", 1), "no event"])  # type: ignore[list-item]
    assert hub.engine.digest() == before
    hub.whole()


def test_edges_of_another_model_are_refused_at_load() -> None:
    hub = Hub()
    hub.take(person("s1", 1), person("a1", 1))
    hub.model = replace(hub.model, prior=-17000)
    with pytest.raises(Halt, match="another model"):
        hub.reloaded()


def test_a_store_that_contradicts_itself_is_refused_at_load() -> None:
    hub = Hub()
    hub.take(person("s1", 1))
    hub.members.clear()
    with pytest.raises(Halt, match="1 living records but 0 members"):
        hub.reloaded()


def test_an_engine_and_a_merge_keep_the_contract() -> None:
    engine: decisions.Engine = Hub().engine
    merge: decisions.Merge = Golden(MODEL.survivorship)
    delta = engine.apply([person("s1", 1)])
    assert merge(delta.entities[0].entity_id, [person("s1", 1)], AUTHORITIES).name == "BUDI SANTOSO"
