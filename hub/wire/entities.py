"""The four kinds of entity, and the records that carry each of them through the river."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Literal, get_args

from hub.wire.errors import RefuseToStart
from hub.wire.records import (
    CleanBusiness,
    CleanFacility,
    CleanFamily,
    CleanPerson,
    GoldenBusiness,
    GoldenFacility,
    GoldenFamily,
    GoldenPerson,
)

Entity = Literal["person", "family", "business", "facility"]
ENTITIES: tuple[Entity, ...] = get_args(Entity)
"""In the order in which the hub goes through them."""

Clean = CleanPerson | CleanFamily | CleanBusiness | CleanFacility
Golden = GoldenPerson | GoldenFamily | GoldenBusiness | GoldenFacility

CLEAN: Mapping[Entity, type[Clean]] = {
    "person": CleanPerson,
    "family": CleanFamily,
    "business": CleanBusiness,
    "facility": CleanFacility,
}
GOLDEN: Mapping[Entity, type[Golden]] = {
    "person": GoldenPerson,
    "family": GoldenFamily,
    "business": GoldenBusiness,
    "facility": GoldenFacility,
}
ENTITY_OF: Mapping[type, Entity] = {cls: entity for made in (CLEAN, GOLDEN) for entity, cls in made.items()}
"""The kind of entity that a clean or a golden record speaks of, by its type."""

HEAD = 10
"""Fields before the attributes in every clean record: id to key, the same for all; flags are the last field."""
_GOLDEN_HEAD = 6


def entity_named(name: str) -> Entity:
    """Return the kind of entity of a name; raises RefuseToStart for none."""
    for entity in ENTITIES:
        if entity == name:
            return entity
    raise RefuseToStart(f"{name!r} is no kind of entity; known are {', '.join(ENTITIES)}")


def attributes(entity: Entity) -> tuple[str, ...]:
    """Return the attributes of a kind of entity's clean record, in its own order, without the flags."""
    return tuple([field.name for field in fields(CLEAN[entity])[HEAD:-1]])


def golden_attributes(entity: Entity) -> tuple[str, ...]:
    """Return the attributes of a kind of entity's golden record, in its own order."""
    return tuple([field.name for field in fields(GOLDEN[entity])[_GOLDEN_HEAD:-2]])
