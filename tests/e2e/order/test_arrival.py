"""Twenty arrival orders of four kinds of entity, shuffled, through the real process give one result.

Every second order has a model switched meanwhile, another kind's each time: then the result is that of the new model.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from hub import flow
from hub.demo.expect import Expected
from hub.link import model
from hub.persist.models import ModelFile
from hub.persist.reconcile import digest_of
from hub.wire.entities import ENTITIES, Entity
from hub.wire.records import Judgement
from hub.wire.settings import Settings
from tests.e2e.order.arrival import Arriving, Ground, Order, Outcome
from tests.unit.link.builders import Hub
from tests.unit.link.stories import story, straight
from tests.unit.link.worlds import SHIPPED, STRICTER

pytestmark = pytest.mark.timeout(300)
ORDERS = 20


@pytest.fixture(scope="module")
def ground(shared: Settings) -> Iterator[Ground]:
    made = Ground(shared)
    yield made
    made.close()


def everything() -> list[Arriving]:
    return [(entity, each) for entity in ENTITIES for each in story(entity).found]


def decisions(chance: random.Random) -> list[Judgement]:
    """All decisions of one partition; those on one kind of entity in their own order."""
    waiting = {entity: iter(story(entity).decisions) for entity in ENTITIES}
    turns = [entity for entity in ENTITIES for _ in story(entity).decisions]
    chance.shuffle(turns)
    return [next(waiting[entity]) for entity in turns]


def stricter(entity: Entity) -> ModelFile:
    """The file of a model that joins less."""
    present = flow.model_file(model.path_of(entity))
    threshold = (SHIPPED[entity].threshold + STRICTER) / 1000
    text = present.text.replace(f'version = "{present.version}"', 'version = "strict"')
    text = re.sub(r"(?m)^threshold = \S+", f"threshold = {threshold}", text)
    return ModelFile(entity, "strict", text, present.frequencies)


def straight_run(switched: Entity | None) -> dict[Entity, Hub]:
    """What the same engines say of the same events, fed straight and in order, without any service."""
    return {entity: straight(entity, strict=entity == switched) for entity in ENTITIES}


def expected(hubs: dict[Entity, Hub]) -> Expected:
    found = Expected()
    for hub in hubs.values():
        found.golden |= hub.golden()
        for entity, records in hub.members.items():
            found.member |= dict.fromkeys(records, entity)
            found.clean |= {record: body for record in records if (body := hub.records[record].body) is not None}
    return found


def edges(hubs: dict[Entity, Hub]) -> tuple[tuple[str, str, int], ...]:
    rows = [row for hub in hubs.values() for row in hub.edges.values()]
    return tuple(sorted((row.a.hex(), row.b.hex(), row.weight) for row in rows))


def judgements(hubs: dict[Entity, Hub]) -> tuple[tuple[str, str, str, str, str], ...]:
    rows = [row for hub in hubs.values() for row in hub.judgements.values()]
    return tuple(sorted((row.id, row.a.hex(), row.b.hex(), row.verdict, row.state) for row in rows))


@pytest.mark.parametrize("seed", range(ORDERS))
def test_every_order_gives_the_result_of_a_straight_run(ground: Ground, seed: int) -> None:
    switched = ENTITIES[seed // 2 % len(ENTITIES)] if seed % 2 else None
    hubs = straight_run(switched)
    order = Order(seed, 4 if seed % 4 > 1 else 1, stricter(switched) if switched else None)
    found: Outcome = ground.outcome(everything(), decisions(random.Random(seed)), expected(hubs), order)
    assert found.digest == digest_of({entity: hub.engine for entity, hub in hubs.items()})
    assert found.differences == ()
    assert tuple((a, b, weight) for a, b, weight, _ in found.edges) == edges(hubs)
    assert found.judgements == judgements(hubs)
    assert found.models == {entity: SHIPPED[entity].version for entity in ENTITIES} | (
        {switched: "strict"} if switched else {}
    )
    assert found.refused == 0
