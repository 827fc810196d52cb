"""Explanations over HTTP.  Identifiers travel in bodies; addresses hold entity ids, which are keyed to nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Response

from hub.serve import explain, waterfall
from hub.serve.explain_shapes import AnyLookup, Explained, ExplainIn, Explanation
from hub.serve.identifiers import criteria, entity_criteria
from hub.serve.phrases import Language
from hub.serve.problems import NotFound
from hub.serve.shapes import Lookup
from hub.serve.store import Snapshot, Store
from hub.wire.entities import Entity
from hub.wire.explained import Explainer

MOST = 5
"""Entities explained at once where an identifier finds several."""
MEDIA = "image/svg+xml"
Explainers = Mapping[str, Explainer]


def install(
    app: FastAPI, store: Callable[[], Store], explainers: Callable[[], Explainers], answers: dict[int | str, Any]
) -> None:
    """Add the addresses of explanations to an application."""
    pictures = {**answers, 200: {"content": {MEDIA: {}}, "description": "the chart"}}

    @app.post("/v1/explain", tags=["explain"], responses=answers)
    def explained(asked: ExplainIn) -> Explained:
        """Tell why records are one, or why two are not: by identifiers, by two entity ids, or by two record ids."""
        with store().snapshot() as snapshot:
            return answer(snapshot, explainers(), asked)

    @app.get("/v1/entities/{entity_id}/explanation", tags=["explain"], responses=answers)
    def explanation(entity_id: UUID) -> Explanation:
        """Tell why the records of an entity are one: what joined them, in which order, and what would part them."""
        with store().snapshot() as snapshot:
            return explain.entity(snapshot, explainers(), entity_id)

    @app.get("/v1/entities/{entity_id}/explanation.svg", tags=["explain"], responses=pictures, response_class=Response)
    def chart(
        entity_id: UUID,
        step: Annotated[int | None, Query(ge=1, description="of the steps; without it the weakest one")] = None,
        lang: Annotated[Language, Query()] = "id",
    ) -> Response:
        """Draw the evidence on one of the pairs by which an entity holds together, as a waterfall chart."""
        with store().snapshot() as snapshot:
            made = explain.entity(snapshot, explainers(), entity_id)
        return Response(draw(made, lang, step), media_type=MEDIA)


def answer(snapshot: Snapshot, explainers: Explainers, asked: ExplainIn) -> Explained:
    """Answer a question; raises NotFound, Vanished or Refused."""
    for kind, wanted in asked.lookups().items():
        return _found(snapshot, explainers, kind, wanted)
    if asked.entities:
        one, *rest = asked.entities
        told = (explain.entities(snapshot, explainers, one, rest[0], reveal=asked.reveal) if rest
                else explain.entity(snapshot, explainers, one))  # fmt: skip
        return Explained(explanations=[told])
    first, *rest_ids = [bytes.fromhex(record) for record in asked.records]
    told = (explain.records(snapshot, explainers, first, rest_ids[0], reveal=asked.reveal) if rest_ids
            else explain.record(snapshot, explainers, first))  # fmt: skip
    return Explained(explanations=[told])


def _found(snapshot: Snapshot, explainers: Explainers, kind: Entity, wanted: AnyLookup) -> Explained:
    record = None if wanted.record is None else bytes.fromhex(wanted.record)
    columns = criteria(wanted) if isinstance(wanted, Lookup) else entity_criteria(wanted)
    rows = snapshot.find(columns, record, kind)
    if not rows:
        raise NotFound(f"no living {kind} has these identifiers")
    found = [explain.entity(snapshot, explainers, row.entity_id) for row in rows[:MOST]]
    return Explained(explanations=found, more=len(rows) > MOST)


def draw(made: Explanation, language: Language, step: int | None = None) -> str:
    """Return the chart of an explanation: of the pair asked about, or of a step, the weakest unless one is named."""
    told = {1 + at: one for at, one in enumerate(made.steps) if one.account is not None}
    if step is None and made.pair is not None:
        return waterfall.draw(made.pair.account, language, _heading(made, made.pair.a, made.pair.b, language))
    if not told:
        raise NotFound("there is nothing to draw: no two of these records were compared")
    if step is not None and step not in told:
        raise NotFound(f"there is no step {step} with evidence; there are {', '.join(map(str, told))}")
    one = told[step if step is not None else min(told, key=lambda at: (told[at].weight or 0.0, at))]
    assert one.account is not None
    return waterfall.draw(one.account, language, _heading(made, one.a, one.b, language))


def _heading(made: Explanation, a: str, b: str, language: Language) -> str:
    names = {one.record: f"{one.source} {one.record[:8]}" for one in made.records}
    first, second = names.get(a, a[:8]), names.get(b, b[:8])
    return (f"Bukti tentang {first} dan {second}, dalam bit" if language == "id"
            else f"Evidence on {first} and {second}, in bits")  # fmt: skip
