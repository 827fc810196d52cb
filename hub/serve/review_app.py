"""Routes of the stewards' queue and of the holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Response

from hub.serve import review_shapes, review_store, reviews, shapes
from hub.serve.problems import Taken

if TYPE_CHECKING:
    from hub.serve.app import Parts

_ABSENT: dict[int | str, dict[str, Any]] = {
    404: {"model": shapes.Problem, "description": "no such thing"},
    503: {"model": shapes.Problem, "description": "a service is away"},
}
_TAKEN: dict[int | str, dict[str, Any]] = {
    **_ABSENT, 409: {"model": shapes.Problem, "description": "another steward has it, named in `steward`, `until`"},
}  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(max_length=90, description="`next` of the page before")]


def install(app: FastAPI, parts: Parts) -> None:
    """Add the routes to an application."""
    _queue(app, parts)
    _claims(app, parts)
    _decisions(app, parts)
    _holds(app, parts)


def _queue(app: FastAPI, parts: Parts) -> None:
    @app.get("/v1/reviews", tags=["review"], responses={503: _ABSENT[503]})
    def queue(asked: Annotated[review_shapes.QueueQuery, Query()]) -> review_shapes.Reviews:
        """Return the queue, worth most first."""
        wanted = review_store.Wanted(
            asked.entity, asked.state, asked.kind, asked.office, asked.free, reviews.place(asked.after), asked.limit
        )
        with parts.store.snapshot() as snapshot:
            return reviews.page(snapshot, wanted)

    @app.get("/v1/reviews/{review_id}", tags=["review"], responses=_ABSENT)
    def review(review_id: UUID) -> review_shapes.ReviewDetail:
        """Return an item: both records side by side, their evidence, and earlier decisions."""
        with parts.store.snapshot() as snapshot:
            return reviews.detail(snapshot, review_id)


def _claims(app: FastAPI, parts: Parts) -> None:
    @app.post("/v1/reviews/{review_id}/claim", tags=["review"], responses=_TAKEN)
    def claim(review_id: UUID, wish: review_shapes.ClaimIn) -> review_shapes.Claim:
        """Take an item for some minutes, so that no other steward looks at the same one."""
        with parts.store.snapshot() as snapshot:
            reviews.known(snapshot, review_id)
        row = review_store.take(parts.store, review_id, wish.steward, wish.minutes)
        if row.steward != wish.steward:
            raise Taken(f"item {review_id} is with {row.steward} until {row.until.isoformat()}; take another one",
                        steward=row.steward, until=row.until.isoformat())  # fmt: skip
        return review_shapes.Claim(steward=row.steward, until=row.until)

    @app.post("/v1/reviews/{review_id}/release", tags=["review"], status_code=204, responses={503: _ABSENT[503]})
    def release(review_id: UUID, wish: review_shapes.ReleaseIn) -> Response:
        """Give an item back; another steward's claim stays."""
        review_store.give_back(parts.store, review_id, wish.steward)
        return Response(status_code=204)


def _decisions(app: FastAPI, parts: Parts) -> None:
    @app.post("/v1/judgement/lookup", tags=["judgement"], responses={503: _ABSENT[503]})
    def decisions(wanted: review_shapes.JudgementLookup) -> review_shapes.Judgements:
        """Return decisions, the latest first: an author finds here which of theirs were refused."""
        with parts.store.snapshot() as snapshot:
            return reviews.decisions(snapshot, wanted)


def _holds(app: FastAPI, parts: Parts) -> None:
    @app.get("/v1/holds", tags=["hold"], responses={503: _ABSENT[503]})
    def holds(
        entity: shapes.Entity | None = None,
        released: Annotated[bool, Query(description="those that ended, too")] = False,
        limit: Limit = 50,
        after: After = None,
    ) -> review_shapes.Holds:
        """Return the entities that are held back from sensitive feeds, the longest first."""
        with parts.store.snapshot() as snapshot:
            return reviews.holds(snapshot, entity, parts.sensitive_feeds, released=released, after=after, limit=limit)

    @app.get("/v1/holds/{entity_id}", tags=["hold"], responses=_ABSENT)
    def hold(entity_id: UUID) -> review_shapes.Hold:
        """Return the hold in force on an entity; 404 when there is none."""
        with parts.store.snapshot() as snapshot:
            return reviews.hold(snapshot, entity_id)
