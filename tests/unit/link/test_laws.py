"""The laws: arrival order does not matter, and any history equals a run from scratch on its final state."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.decisions import Event
from hub.wire.entities import ENTITIES, Entity, Golden
from tests.unit.link.builders import Hub
from tests.unit.link.stories import story, straight
from tests.unit.link.worlds import SHIPPED, World, models, steps

BATCHES = (1, 2, 7, 50)


def in_batches(hub: Hub, events: Sequence[Event], rng: random.Random) -> None:
    while events:
        size = rng.choice(BATCHES)
        hub.take(*events[:size])
        events = events[size:]


# ---------------------------------------------------------------------- arrival order

ORDERS = 20


@cache
def straight_whole(entity: Entity) -> tuple[str, dict[str, Golden]]:
    return straight(entity).whole()


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("seed", range(ORDERS))
def test_every_arrival_order_with_duplicates_and_late_deletes_gives_one_digest(entity: Entity, seed: int) -> None:
    rng = random.Random(seed)
    told = story(entity)
    mixed: list[Event] = [*told.found, *rng.choices(told.found, k=80 if entity == "person" else 20)]
    rng.shuffle(mixed)
    places = sorted(rng.sample(range(len(mixed)), len(told.decisions)))
    for place, decision in zip(places, told.decisions, strict=True):
        mixed.insert(place, decision)  # one partition: their own order stays, their place among the records does not
    hub = Hub(SHIPPED[entity])
    in_batches(hub, mixed, rng)
    assert hub.whole() == straight_whole(entity)


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_story_is_not_empty(entity: Entity) -> None:
    hub = straight(entity)
    sizes = sorted(len(ids) for ids in hub.members.values())
    assert sizes[-1] >= 3
    assert len(sizes) > (80 if entity == "person" else 8)
    rows = hub.judgements.values()
    assert sum(row.state == "active" for row in rows) > 8
    assert any(row.verdict == "different" for row in rows)
    waiting = [row for row in hub.records.values() if row.next is not None and not row.deleted]
    assert waiting


# ---------------------------------------------------------------------- any history


@cache
def history(entity: Entity) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(steps(entity), min_size=3, max_size=45)


def as_seen(hub: Hub) -> tuple[object, ...]:
    """Clusters, ids, golden records, scored pairs and decisions; old versions and lineage are no part of it."""
    edges = {pair: (row.weight, row.levels) for pair, row in hub.edges.items()}
    standing = {key for key, row in hub.judgements.items() if row.state == "active"}
    return hub.engine.clusters(), hub.golden(), edges, standing


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), bound=st.integers(2, 64), rng=st.randoms(use_true_random=False))
def test_any_history_equals_a_run_from_scratch_on_its_final_state(
    entity: Entity, data: st.DataObject, bound: int, rng: random.Random
) -> None:
    world = World(Hub(SHIPPED[entity], generic_bound=bound), entity)
    for step in data.draw(history(entity)):
        world.play(step)
    world.hub.whole()
    scratch = Hub(world.hub.model)
    rows, after = world.at_last()
    rng.shuffle(rows)
    in_batches(scratch, [*rows, *after], rng)
    assert as_seen(scratch) == as_seen(world.hub)


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), bound=st.integers(2, 64), reload=st.booleans(), rng=st.randoms(use_true_random=False))
def test_any_history_in_another_order_gives_the_same_digest(
    entity: Entity, data: st.DataObject, bound: int, reload: bool, rng: random.Random
) -> None:
    """Whatever happened, and whichever models took over meanwhile: only the last model counts.

    A hub that ends amidst the events can begin from its store again.
    """
    world = World(Hub(SHIPPED[entity], generic_bound=bound), entity)
    for step in data.draw(history(entity)):
        world.play(step)
    events = world.in_another_order(rng)
    other = Hub(rng.choice(models(entity)), generic_bound=bound)
    half = rng.randint(0, len(events))
    in_batches(other, events[:half], rng)
    other.switch(world.hub.model)
    if reload:
        other.engine = other.reloaded()
    in_batches(other, events[half:], rng)
    assert other.whole() == world.hub.whole()
