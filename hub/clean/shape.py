"""The attributes of each kind of entity, as cleaning fills them: types, places, and the check across them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from hub.clean.cleaned import Value
from hub.clean.cross import CHECKS, Check
from hub.wire.entities import CLEAN, ENTITIES, Entity, attributes

_KINDS = {"str | None": str, "int | None": int, "float | None": float}


@dataclass(frozen=True, slots=True)
class Shape:
    """The attributes of a kind of entity's clean record."""

    entity: Entity
    types: Mapping[str, type]
    slots: Mapping[str, int]
    """Place of each attribute among a record's values, in the record's own order."""
    empty: tuple[Value, ...]
    check: Check


def _shape(entity: Entity) -> Shape:
    written = {field.name: str(field.type) for field in fields(CLEAN[entity])}
    types = {name: _KINDS.get(written[name], tuple) for name in attributes(entity)}
    empty: tuple[Value, ...] = tuple(() if kind is tuple else None for kind in types.values())
    return Shape(entity, types, {name: at for at, name in enumerate(types)}, empty, CHECKS[entity])


SHAPES: Mapping[Entity, Shape] = {entity: _shape(entity) for entity in ENTITIES}
BESIDE: Mapping[str, Mapping[str, str]] = {
    "head_name": {"name_variants": "head_variants"},
    "owner_name": {"name_variants": "owner_variants"},
}
"""What a cleaner tells of beside an attribute, by the name that it has there; titles of heads and owners go unused."""
