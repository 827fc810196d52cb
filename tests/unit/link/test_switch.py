"""A switch of model: equal to a run from scratch under the new one, reversible, whatever happened around it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hub.link.engine import Engine
from hub.link.model import Model, read
from hub.link.switch import difference
from hub.wire.decisions import Event
from hub.wire.records import CleanPerson, Judgement, Pair
from hub.wire.version import pack
from tests.unit.link import population
from tests.unit.link.builders import Hub

PRESENT = read()
STRICT = replace(PRESENT, version="strict", threshold=16_000, generic_bound=6)
LOOSE = replace(PRESENT, version="loose", threshold=-4_000, anchor=("programme", "sector", "register"))
"""Its anchor is another, so that ids change too."""


def engine(model: Model) -> Engine:
    return population.engine(model)


def life(seed: int, people: int = 60) -> list[list[Event]]:
    """Batches of records, later versions, deletes and decisions."""
    chance = random.Random(seed)
    rows = [each for _, each in population.records(population.people(people, chance), chance, population.Rates())]
    found: list[list[Event]] = [rows[at : at + 9] for at in range(0, len(rows), 9)]
    for number in range(20):
        one = chance.choice(rows)
        later = pack(1, 10_000 + number, 0)
        if chance.random() < 0.4:
            found.append([CleanPerson(one.id, later, True, one.source, one.table, one.changed_at, 0)])
        else:
            found.append([replace(one, version=later, name=chance.choice(rows).name)])
        a, b = sorted(each.id for each in chance.sample(rows, 2))
        found.append(
            [Judgement(f"j{number}", chance.choice(["same", "different"]), (Pair(a, b),), "ani", "seen", 1, None)]
        )
    chance.shuffle(found)
    return found


def scratch(model: Model, batches: list[list[Event]]) -> str:
    made = engine(model)
    for batch in batches:
        made.commit(made.apply(batch))
    return made.digest()


@pytest.mark.parametrize("seed", range(6))
def test_switches_among_events_and_decisions_equal_a_run_under_the_last_model(seed: int) -> None:
    batches = life(seed)
    chance = random.Random(seed)
    hub, model = Hub(PRESENT), PRESENT
    for batch in batches:
        hub.take(*batch)
        if chance.random() < 0.12:
            model = chance.choice([each for each in (PRESENT, STRICT, LOOSE) if each is not model])
            hub.switch(model)
    assert hub.engine.digest() == scratch(model, batches)
    assert hub.reloaded().digest() == hub.engine.digest()
    assert hub.members == hub.engine.clusters()


@pytest.mark.parametrize("seed", range(3))
def test_there_and_back_is_as_if_it_never_happened(seed: int) -> None:
    batches = life(seed)
    hub = Hub(PRESENT)
    for batch in batches:
        hub.take(*batch)
    before = hub.engine.digest()
    members, edges = dict(hub.members), dict(hub.edges)
    hub.switch(LOOSE)
    assert hub.engine.digest() != before
    hub.switch(PRESENT)
    assert hub.engine.digest() == before
    assert (hub.members, hub.edges) == (members, edges)


def test_a_switch_tells_what_became_of_every_entity() -> None:
    hub = Hub(PRESENT)
    for batch in life(1):
        hub.take(*batch)
    before = hub.engine.clusters()
    after = hub.shadow(LOOSE)
    delta = difference(hub.engine, after, "loose")
    now = after.clusters()
    told = {each.entity_id: each for each in delta.entities}
    assert {each for each in before if before[each] != now.get(each)} | {
        each for each in now if now[each] != before.get(each)
    } == told.keys()
    assert {"created", "merged"} <= {each.kind for each in told.values()}
    assert all({(cause.kind, cause.id) for cause in each.causes} == {("model", "loose")} for each in told.values())
    moved = {row.record: row.new_id for each in told.values() if each.members for row in each.reassigned}
    assert moved == {record: new for new, members in now.items() for record in members
                     if next(old for old, there in before.items() if record in there) != new}  # fmt: skip


def test_a_switch_to_the_same_weights_changes_nothing() -> None:
    hub = Hub(PRESENT)
    for batch in life(2, people=25):
        hub.take(*batch)
    same = hub.shadow(replace(PRESENT, version="again"))
    delta = difference(hub.engine, same, "again")
    assert (delta.edges, delta.edges_gone, delta.entities) == ([], [], [])
    assert len(difference(hub.engine, same, "again", everything=True).entities) == len(same.clusters())
