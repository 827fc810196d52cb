"""The past over HTTP: records to entities and back as of a time, and what happened to an entity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query

from hub.serve import history, history_timeline
from hub.serve.history_shapes import Crosswalk, CrosswalkIn, Entities, Records, Standing, Timeline
from hub.serve.shapes import Moment, RecordId
from hub.serve.store import Store

At = Annotated[
    Moment | None,
    Query(description="as of this time, with its zone: 2026-11-24T08:00:00+07:00 (+ as %2B); without it now"),
]


def install(
    app: FastAPI, store: Callable[[], Store], identify: Callable[[], history.Identify], answers: dict[int | str, Any]
) -> None:
    """Add the addresses of the past to an application."""

    @app.get("/v1/entities/{entity_id}", tags=["history"], responses=answers)
    def standing(entity_id: UUID) -> Standing:
        """Tell what became of an id: whether it lives, and which ids hold its records now, several after a split."""
        with store().snapshot() as snapshot:
            return history.standing(snapshot, entity_id)

    @app.get("/v1/entities/{entity_id}/records", tags=["history"], responses=answers)
    def records(entity_id: UUID, at: At = None) -> Records:
        """Return the records of an entity, now or as of a time, and since when each belongs to it."""
        with store().snapshot() as snapshot:
            return history.records_of(snapshot, entity_id, at)

    @app.get("/v1/entities/{entity_id}/timeline", tags=["history"], responses=answers)
    def timeline(
        entity_id: UUID, limit: Annotated[int, Query(ge=1, le=1000, description="the newest so many")] = 200
    ) -> Timeline:
        """Tell what happened to an entity and why, in words; vanished ids included."""
        with store().snapshot() as snapshot:
            return history_timeline.timeline(snapshot, entity_id, limit)

    @app.get("/v1/records/{record}/entities", tags=["history"], responses=answers)
    def entities(record: RecordId, at: At = None) -> Entities:
        """Return every entity that a record belonged to and when, or the one as of a time; deleted records included."""
        with store().snapshot() as snapshot:
            return history.entities_of(snapshot, bytes.fromhex(record), at)

    @app.post("/v1/crosswalk", tags=["history"], responses=answers)
    def crosswalk(asked: CrosswalkIn) -> Crosswalk:
        """From a source's own key, or a record id, to its entities; or from an entity to its records; as of a time."""
        with store().snapshot() as snapshot:
            return history.crosswalk(snapshot, asked, identify())
