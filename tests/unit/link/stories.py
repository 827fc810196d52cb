"""A small regency's events for every kind of entity, and what they come to when told straight and in order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hub.wire.entities import ENTITIES, Clean, Entity
from hub.wire.records import Held, Judgement, Pair
from tests.unit.link import population
from tests.unit.link.builders import Hub, at
from tests.unit.link.worlds import VALUES, models, state

CALLED: Mapping[Entity, tuple[str, str]] = {
    "person": ("name", "nik"),
    "family": ("head_name", "kk"),
    "business": ("name", "nib"),
    "facility": ("name", "npsn"),
}
"""What a kind of entity is called and numbered by."""
_RECORDS = 36


@dataclass(frozen=True, slots=True)
class Story:
    """Records in several systems, corrections, deletes, key changes, held rows, decisions."""

    entity: Entity
    found: list[Clean | Held]
    decisions: list[Judgement]
    """They name records by the keys that these had first: a decision may come before all that is known of them."""


@cache
def story(entity: Entity) -> Story:
    """Return what happened."""
    rng = random.Random(11)
    living = _living(entity, rng)
    found: list[Clean | Held] = []
    name, number = CALLED[entity]
    position = 10_000 * (1 + ENTITIES.index(entity))  # no two kinds share a row
    for record in living:
        position += 5
        found.append(record)
        dice = rng.random()
        if dice < 0.15:
            found.append(replace(record, version=at(position), **{name: getattr(rng.choice(living), name)}))
        elif dice < 0.25:
            found.append(replace(record, version=at(position), **{number: getattr(rng.choice(living), number)}))
        elif dice < 0.35:
            found.append(_delete(record, position))
        elif dice < 0.45:
            new = population.record_id(record.source, position)
            found.append(_delete(record, position, new))
            found.append(replace(record, id=new, version=at(position + 1), previous=record.id))
        elif dice < 0.6:
            found += _held_key_change(record, position, rng)
    ids = [record.id for record in living]
    decisions = []
    for count in range(12):
        a, b = rng.sample(ids, 2)
        verdict = rng.choice(("same", "different"))
        decisions.append(Judgement(f"{entity}-{count}", verdict, (Pair(a, b),), "walidata", "diperiksa", 1,
                                   entity=entity))  # fmt: skip
    return Story(entity, found, decisions)


@cache
def straight(entity: Entity, *, strict: bool = False) -> Hub:
    """Return a hub that was told the story straight and in order, one event at a time; `strict` names the model."""
    hub = Hub(models(entity)[strict])
    hub.one_by_one(*story(entity).found, *story(entity).decisions)
    return hub


def _living(entity: Entity, rng: random.Random) -> list[Any]:
    if entity == "person":
        return [record for _, record in population.records(population.people(120, rng), rng, population.Rates())]
    return [
        state(entity, f"{rng.choice('dsa')}-{entity}-{number}", number + 1,
              **{name: rng.choice(known) for name, known in VALUES[entity].items()})
        for number in range(_RECORDS)
    ]  # fmt: skip


def _held_key_change(record: Any, position: int, rng: random.Random) -> list[Clean | Held]:
    """A key change into quarantine, and how it went on: not at all, better values, deletion, another change."""
    new, newer = population.record_id(record.source, position), population.record_id(record.source, position + 1)
    found = [_delete(record, position, new), _hold(record, new, position + 1, record.id)]
    ends: list[list[Clean | Held]] = [
        [],
        [replace(record, id=new, version=at(position + 2), phone=None)],
        [_delete(replace(record, id=new), position + 2)],
        [_delete(replace(record, id=new), position + 2, newer), _hold(record, newer, position + 3, new)],
        [_delete(replace(record, id=new), position + 2, newer),
         replace(record, id=newer, version=at(position + 3), previous=new)],
    ]  # fmt: skip
    return [*found, *rng.choice(ends)]


def _hold(record: Any, new: bytes, position: int, previous: bytes) -> Held:
    return Held(record.source, record.table, at(position), f"q{position}", new, previous)


def _delete(record: Any, position: int, successor: bytes | None = None) -> Clean:
    made: Clean = type(record)(
        record.id, at(position), True, record.source, record.table, position, 0, next=successor
    )  # fmt: skip
    return made
