"""What the shipped models of families, businesses and facilities join and keep apart; laws: test_laws.py."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hub.link.features import Layout, unpack
from hub.link.model import Model
from hub.link.score import Scorer
from hub.wire.entities import Entity, entity_named
from tests.unit.link.builders import Hub
from tests.unit.link.worlds import OTHER, SHIPPED, VALUES, VILLAGE, state

MODELS = SHIPPED
ENTITIES: tuple[Entity, ...] = ("family", "business", "facility")


def invented(entity: Entity, rng: random.Random, count: int) -> list[Any]:
    """Records with values of a small choice, so that many meet."""
    return [
        state(
            entity, f"{rng.choice('dsa')}{n}", n + 1, **{each: rng.choice(of_) for each, of_ in VALUES[entity].items()}
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("entity", ENTITIES)
def test_pairs_score_alike_from_both_sides_and_their_levels_add_up(entity: Entity) -> None:
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
    hub, entity = Hub(model), entity_named(model.entity)
    hub.take(*(state(entity, who, 1, **each) for who, each in zip(names, (one, other), strict=True)))
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
