"""The API's paths for families, businesses and facilities, and for who belongs to which family."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import FastAPI, Query
from pydantic import BaseModel

from hub.serve import entity_shapes, read, shapes
from hub.serve.identifiers import entity_criteria
from hub.serve.store import FOUND_AT_MOST, Store
from hub.wire.entities import Entity

Responses = Mapping[int | str, dict[str, Any]]
_AS_OF = Query(description="only what held then, with its zone: 2026-11-24T08:00:00+07:00 (+ as %2B)")


class Parts(Protocol):
    """What the paths stand on."""

    @property
    def store(self) -> Store:
        """Return the store."""
        ...


def install(app: FastAPI, parts: Parts, gone: Responses) -> None:
    """Add the paths; `gone` documents the refusals of those that name an entity."""
    _entity(app, parts, gone, "family", entity_shapes.FamilyLookup)
    _entity(app, parts, gone, "business", entity_shapes.BusinessLookup)
    _entity(app, parts, gone, "facility", entity_shapes.FacilityLookup)
    _memberships(app, parts, gone)


def _entity(app: FastAPI, parts: Parts, gone: Responses, entity: Entity, lookup: type[BaseModel]) -> None:
    """Add the paths of one kind of entity, as `/v1/person` has them."""
    at, kind, shape = f"/v1/{entity}", entity, entity_shapes.GOLDEN_SHAPE[entity]
    common: dict[str, Any] = {"tags": [entity], "responses": dict(gone)}

    @app.get(f"{at}/{{entity_id}}", name=f"{kind}", response_model=shape, **common)
    def golden(entity_id: UUID) -> Any:
        """Return the golden record of an entity."""
        with parts.store.snapshot() as snapshot:
            return read.golden(kind, read.living(snapshot, entity_id, kind))

    def find(wanted: Any) -> entity_shapes.EntityFound:
        """Return the entities whose golden record has all the given values; an empty list when there is none."""
        record = None if wanted.record is None else bytes.fromhex(wanted.record)
        with parts.store.snapshot() as snapshot:
            rows = snapshot.find(entity_criteria(wanted), record, kind)
        found: list[Any] = [read.golden(kind, row) for row in rows[:FOUND_AT_MOST]]
        return entity_shapes.EntityFound(found=found, more=len(rows) > FOUND_AT_MOST)

    find.__annotations__["wanted"] = lookup  # FastAPI reads a body's shape from the annotation
    app.post(f"{at}/lookup", name=f"{kind}_lookup", tags=[entity], responses={503: gone[503]})(find)

    @app.get(f"{at}/{{entity_id}}/members", name=f"{kind}_members", **common)
    def members(entity_id: UUID) -> shapes.Members:
        """Return the source records that an entity is made of."""
        with parts.store.snapshot() as snapshot:
            read.living(snapshot, entity_id, kind)
            return shapes.Members(entity_id=entity_id, members=read.members(snapshot.members([entity_id])))

    @app.get(f"{at}/{{entity_id}}/why", name=f"{kind}_why", **common)
    def why(entity_id: UUID) -> shapes.Why:
        """Return why each value won and why the records are taken for one."""
        with parts.store.snapshot() as snapshot:
            return read.why(snapshot, entity_id, kind)

    @app.get(f"{at}/{{entity_id}}/history", name=f"{kind}_history", tags=[entity],
             responses={404: gone[404], 503: gone[503]})  # fmt: skip
    def history(
        entity_id: UUID, as_of: Annotated[shapes.Moment | None, _AS_OF] = None
    ) -> entity_shapes.EntityHistory:  # fmt: skip
        """Return the published states of an entity, vanished ids included."""
        moment: datetime | None = as_of
        with parts.store.snapshot() as snapshot:
            return read.entity_history(snapshot, entity_id, moment, kind)


def _memberships(app: FastAPI, parts: Parts, gone: Responses) -> None:
    responses = dict(gone)

    @app.get("/v1/family/{entity_id}/people", tags=["family"], responses=responses)
    def people(
        entity_id: UUID, as_of: Annotated[shapes.Moment | None, _AS_OF] = None
    ) -> entity_shapes.Memberships:  # fmt: skip
        """Return who belongs, or belonged, to a family: the persons whose winning family card is the family's."""
        with parts.store.snapshot() as snapshot:
            return read.memberships(snapshot.memberships("family", entity_id, as_of))

    @app.get("/v1/person/{entity_id}/families", tags=["person"], responses=responses)
    def families(
        entity_id: UUID, as_of: Annotated[shapes.Moment | None, _AS_OF] = None
    ) -> entity_shapes.Memberships:  # fmt: skip
        """Return the families to which a person belongs or belonged."""
        with parts.store.snapshot() as snapshot:
            return read.memberships(snapshot.memberships("person", entity_id, as_of))
