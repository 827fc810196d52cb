"""The laws for families, businesses and facilities: the engine is one, the model says what is compared."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.link.features import Layout, unpack
from hub.link.model import Model, of
from hub.link.records import RECORDS
from hub.link.score import Scorer
from tests.unit.link.builders import TABLE, Hub, at, judge, rid, source_of

VILLAGE, OTHER = "1508022001", "1508022002"
PLACE: Mapping[str, tuple[object, ...]] = {
    "street": ("SUDIRMAN 5", "JL. SUDIRMAN NO 5", "MERDEKA", None),
    "rt": (5, 6, None),
    "region": (VILLAGE, VILLAGE, OTHER, None),
    "phone": ("+628123456789", "+628123456780", None, None),
}
VALUES: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "family": PLACE | {
        "kk": ("1508020101100001", "1508020101100010", "1508020101100099", None),
        "head_nik": ("1508021203900001", "1508021203900002", None),
        "head_name": ("BUDI SANTOSO", "BUDI S", "DEWI LESTARI", None),
        "member_count": (3, 4, None),
    },
    "business": PLACE | {
        "nib": ("1234567890123", "1234567890132", "9876543210987", None),
        "npwp": ("123456789012000", "123456789012001", None),
        "owner_nik": ("1508021203900001", None),
        "owner_name": ("BUDI SANTOSO", "DEWI LESTARI", None),
        "name": ("MAJU JAYA", "CV MAJU JAYA", "MAJU LANCAR", "BERKAH"),
        "form": ("CV", "TOKO", None),
        "kbli": ("47111", "10750", None),
    },
    "facility": PLACE | {
        "npsn": ("10500001", "10500010", "10500099", None),
        "health_code": (None, None, "P1508020101"),
        "name": ("SDN 12 MUARA BUNGO", "SD NEGERI 12 MUARA BUNGO", "SDN 21 MUARA BUNGO", "PUSKESMAS MUARA BUNGO"),
        "kind": ("school", "school", "puskesmas", None),
        "latitude": (-1.48, -1.4803, -1.6, None),
        "longitude": (102.1, 102.1001, None),
    },
}  # fmt: skip
ENTITIES = sorted(VALUES)
MODELS = {entity: of(entity) for entity in ENTITIES}


def record(entity: str, who: str, position: int, deleted: bool = False, **fields: object) -> Any:
    """A state of a record of an entity."""
    if fields.get("region"):
        fields["region_system"] = "kemendagri"
    return RECORDS[entity](
        id=rid(who), version=at(position), deleted=deleted, source=source_of(who), table=TABLE,
        changed_at=position, digest=0 if deleted else position, **fields,
    )  # fmt: skip


def invented(entity: str, rng: random.Random, count: int) -> list[Any]:
    """Records with values of a small choice, so that many meet."""
    return [
        record(
            entity, f"{rng.choice('dsa')}{n}", n + 1, **{each: rng.choice(of_) for each, of_ in VALUES[entity].items()}
        )
        for n in range(count)
    ]


def as_seen(hub: Hub) -> object:
    assert hub.members == hub.engine.clusters()
    assert hub.reloaded().digest() == hub.engine.digest()
    return hub.engine.digest()


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_arrival_order_with_duplicates_and_late_deletes_gives_one_digest(entity: str) -> None:
    rng = random.Random(3)
    events = invented(entity, rng, 36)
    events += [record(entity, f"{source}{n}", 500, True) for n in range(0, 36, 7) for source in "dsa"]
    decisions = [judge("j1", "same", ("d1", "s2")), judge("j2", "different", ("s4", "a5"))]
    straight = Hub(MODELS[entity])
    straight.one_by_one(*events, *decisions)
    expected = as_seen(straight)
    assert any(len(ids) > 1 for ids in straight.members.values())
    for seed in range(20):
        order = random.Random(seed)
        mixed: list[Any] = [*events, *order.choices(events, k=20)]
        order.shuffle(mixed)
        for place, decision in zip(sorted(order.sample(range(len(mixed)), 2)), decisions, strict=True):
            mixed.insert(place, decision)
        hub = Hub(MODELS[entity])
        while mixed:
            size = order.choice((1, 2, 7, 50))
            hub.take(*mixed[:size])
            mixed = mixed[size:]
        assert as_seen(hub) == expected


steps = st.lists(
    st.tuples(st.sampled_from(("put", "put", "put", "delete", "same", "different", "reload")), st.integers(0, 8),
              st.integers(0, 8), st.integers(0, 2**30)),
    min_size=3, max_size=30,
)  # fmt: skip
SLOTS = [f"{source}{n}" for source in "dsa" for n in range(3)]


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=25, deadline=None)
@given(history=steps, bound=st.integers(2, 64))
def test_any_history_equals_a_run_from_scratch_on_its_final_state(
    entity: str, history: list[tuple[str, int, int, int]], bound: int
) -> None:
    hub = Hub(MODELS[entity], generic_bound=bound)
    now: dict[str, Any] = {}
    decisions = []
    for position, (kind, slot, other, seed) in enumerate(history, 1):
        name = SLOTS[slot]
        if kind == "put":
            rng = random.Random(seed)
            now[name] = record(entity, name, position, **{k: rng.choice(v) for k, v in VALUES[entity].items()})
            hub.take(now[name])
        elif kind == "delete":
            now.pop(name, None)
            hub.take(record(entity, name, position, True))
        elif kind == "reload":
            hub.engine = hub.reloaded()
        elif slot != other:
            decisions.append(judge(str(position), kind, (name, SLOTS[other])))
            hub.take(decisions[-1])
    as_seen(hub)
    scratch = Hub(MODELS[entity], generic_bound=bound)
    scratch.take(*now.values(), *decisions)
    assert scratch.engine.clusters() == hub.engine.clusters()
    assert set(scratch.edges.values()) == set(hub.edges.values())


@pytest.mark.parametrize("entity", ENTITIES)
def test_pairs_score_alike_from_both_sides_and_their_levels_add_up(entity: str) -> None:
    model = MODELS[entity]
    layout = Layout(model)
    scorer = Scorer(model, layout)
    slots = [layout.read(each) for each in invented(entity, random.Random(5), 80)]
    for one in slots:
        assert unpack(layout.pack(one)) == one
        for other in slots:
            code = scorer.score(one, other)
            assert code == scorer.score(other, one)
            assert scorer.weight[code] == model.prior + sum(level.weight for level in scorer.levels(code))


def links(
    model: Model, one: dict[str, object], other: dict[str, object], names: tuple[str, str] = ("d1", "s1")
) -> bool:
    hub = Hub(model)
    hub.take(*(record(model.entity, who, 1, **each) for who, each in zip(names, (one, other), strict=True)))
    return hub.together(*names)


FAMILY: dict[str, object] = {
    "kk": "1508020101100001", "head_nik": "1508021203900001", "head_name": "BUDI SANTOSO", "street": "SUDIRMAN 5",
    "rt": 5, "rw": 2, "region": VILLAGE,
}  # fmt: skip


def test_families() -> None:
    model = MODELS["family"]
    assert links(model, FAMILY, FAMILY | {"street": None, "head_nik": None})
    assert links(model, FAMILY, FAMILY | {"kk": "1508020101100010", "head_nik": None}), "a mistyped card"
    assert links(model, FAMILY, FAMILY | {"kk": "1571010101150044"}), "a card issued anew"
    assert not links(model, FAMILY, FAMILY | {"kk": "1571010101150044"}, ("d1", "d2")), "both attested"
    neighbour = FAMILY | {"kk": "1508020101100002", "head_nik": "1508021203700009", "head_name": "UMAR SALEH"}
    assert not links(model, FAMILY, neighbour)
    assert not links(model, FAMILY, {"head_name": "BUDI SANTOSO", "region": OTHER, "kk": "1508020101150044"})


SHOP: dict[str, object] = {
    "nib": "1234567890123", "npwp": "123456789012000", "owner_nik": "1508021203900001", "owner_name": "BUDI SANTOSO",
    "name": "MAJU JAYA", "form": "CV", "kbli": "47111", "street": "SUDIRMAN 5", "region": VILLAGE,
}  # fmt: skip


def test_businesses() -> None:
    model = MODELS["business"]
    bare = {"name": "TOKO MAJU JAYA", "street": "JL. SUDIRMAN NO 5", "region": VILLAGE, "kbli": "47111"}
    assert links(model, SHOP, bare), "no number, but name, place and line of business"
    assert links(model, SHOP, {"nib": "1234567890123", "name": "MAJU JAYA"})
    assert not links(model, SHOP, bare | {"name": "BERKAH"}), "its neighbour in the same line"
    another = SHOP | {"nib": "9876543210987", "name": "BERKAH LESTARI", "kbli": "10750", "street": "MERDEKA"}
    assert not links(model, SHOP, another), "an owner's other business"
    assert not links(model, SHOP, SHOP | {"nib": "9876543210987"}, ("d1", "d2")), "both attested"


SCHOOL: dict[str, object] = {
    "npsn": "10500001", "name": "SDN 12/II MUARA BUNGO", "kind": "school", "region": VILLAGE,
    "latitude": -1.48, "longitude": 102.1,
}  # fmt: skip


def test_facilities() -> None:
    model = MODELS["facility"]
    assert links(model, SCHOOL, {"name": "SD NEGERI 12/II MUARA BUNGO", "kind": "school", "region": VILLAGE})
    assert links(model, SCHOOL, {"npsn": "10500001", "name": "SD 12 MUARA BUNGO"})
    assert not links(model, SCHOOL, SCHOOL | {"npsn": None, "name": "SDN 21/II MUARA BUNGO"}), "next door"
    assert not links(model, SCHOOL, SCHOOL | {"npsn": None, "name": "SMPN 12/II MUARA BUNGO"})
    health = {
        "name": "PUSKESMAS MUARA BUNGO",
        "kind": "puskesmas",
        "region": VILLAGE,
        "latitude": -1.48,
        "longitude": 102.1,
    }
    post = health | {"name": "POSYANDU MUARA BUNGO", "kind": "posyandu"}
    assert not links(model, health, post), "one yard, two facilities"
    assert not links(model, SCHOOL, SCHOOL | {"npsn": "10500099"}, ("d1", "d2")), "both attested"
