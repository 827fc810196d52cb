"""The HTTP API: golden records, their reasons and history; judgements in.

It listens on loopback only, for it asks nobody who they are yet: authentication comes with the privacy work.  Personal
values travel in bodies, never in a URL, and no access log is written.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from hub.serve import (
    entities,
    explain_routes,
    history_routes,
    judging,
    problems,
    read,
    review_app,
    reviews,
    shapes,
)
from hub.serve.history_keys import Keys
from hub.serve.identifiers import criteria
from hub.serve.padan import routes as padan_routes
from hub.serve.padan.desk import Desk as PadanDesk
from hub.serve.store import FOUND_AT_MOST, Store
from hub.wire import log, metrics, topics
from hub.wire.avro import Codec
from hub.wire.broker import Outgoing, Sender
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import TryAgain
from hub.wire.explained import Explainer
from hub.wire.settings import Settings

ACK_SECONDS = 15.0
_REMEMBERED = 10_000
_LOG = log.get(__name__)
_ABOUT = """Golden records of Kabupaten Bungo's Satu Data hub.

* An **entity id** names one person, family, business or facility for as long as its records stay together. When
  records merge, the id of the most authoritative record lives on; the other id answers **410** with `moved_to`.
* An entity's **version** is (generation, sequence). It rises with every published change.
* Errors are `application/problem+json` (RFC 9457).
* Identifiers such as the NIK stand in request bodies, never in a URL.

The API asks nobody who they are yet, so it listens on loopback only."""
GONE: dict[int | str, dict[str, Any]] = {
    404: {"model": shapes.Problem, "description": "no such thing"},
    410: {"model": shapes.Problem, "description": "the id vanished; `moved_to` says where its records went"},
    503: {"model": shapes.Problem, "description": "a service is away"},
}
UNLISTED: dict[int | str, dict[str, Any]] = {
    404: {"model": shapes.Problem, "description": "no such source of persons"},
    409: {"model": shapes.Problem, "description": "the source is the civil register itself, or there is none"},
    503: GONE[503],
}


@dataclass(slots=True)
class Parts:
    """What the API stands on."""

    store: Store
    sender: Sender
    codec: Codec
    clock: Clock
    pending: OrderedDict[str, shapes.Judgement] = field(default_factory=OrderedDict)
    """Judgements that this process handed to Kafka, the newest last; until reconcile shows them in the store."""
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """Every source's contract, by its name."""
    sensitive_feeds: tuple[str, ...] = ()
    """Subscriptions that wait while an entity is held."""
    explainers: Mapping[str, Explainer] = field(default_factory=dict)
    """What tells why records are one, by kind of entity."""
    settings: Settings | None = None
    """Where the secret stands that record ids are made with; None: ids are not made here."""
    padan: PadanDesk = field(init=False)

    def __post_init__(self) -> None:
        """Make what answers from these parts."""
        self.padan = PadanDesk(self.store, self.contracts, self.clock)

    def remember(self, judgement: shapes.Judgement) -> None:
        """Keep a judgement to answer for it until it shows in the store."""
        self.pending[judgement.id] = judgement
        while len(self.pending) > _REMEMBERED:
            self.pending.popitem(last=False)

    def unready(self) -> str | None:
        """Return what keeps the API from answering, None when all is well."""
        try:
            with self.store.snapshot() as snapshot:
                snapshot.clock()
        except SQLAlchemyError as error:
            return f"PostgreSQL does not answer: {type(error).__name__}"
        return None


def create(parts: Parts) -> FastAPI:
    """Return the application."""
    app = FastAPI(title="Satu Data hub", version="1", description=_ABOUT, redoc_url=None)
    problems.install(app)
    _people(app, parts)
    entities.install(app, parts, GONE)
    _judgements(app, parts)
    padan_routes.install(app, lambda: parts.padan, UNLISTED)
    review_app.install(app, parts)
    explain_routes.install(app, lambda: parts.store, lambda: parts.explainers, GONE)
    history_routes.install(
        app, lambda: parts.store, lambda: Keys(parts.settings, parts.contracts),
        {status: GONE[status] for status in (404, 503)},
    )  # fmt: skip
    _operation(app, parts)
    app.middleware("http")(_measured)
    return app


async def _measured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    started = time.perf_counter()
    status = 500
    try:
        response = await call_next(request)
        status = response.status_code
        return response
    finally:
        route = getattr(request.scope.get("route"), "path", "unmatched")
        metrics.REQUESTS.labels(route=route, status=str(status)).inc()
        metrics.REQUEST_SECONDS.labels(route=route).observe(time.perf_counter() - started)


def _people(app: FastAPI, parts: Parts) -> None:
    @app.get("/v1/person/{entity_id}", tags=["person"], responses=GONE)
    def person(entity_id: UUID) -> shapes.Person:
        """Return the golden record of an entity."""
        with parts.store.snapshot() as snapshot:
            return read.person(read.living(snapshot, entity_id))

    @app.post("/v1/person/lookup", tags=["person"], responses={503: GONE[503]})
    def lookup(wanted: shapes.Lookup) -> shapes.Found:
        """Return the entities whose golden record has all the given values; an empty list when there is none."""
        record = None if wanted.record is None else bytes.fromhex(wanted.record)
        with parts.store.snapshot() as snapshot:
            rows = snapshot.find(criteria(wanted), record)
        return shapes.Found(people=[read.person(row) for row in rows[:FOUND_AT_MOST]], more=len(rows) > FOUND_AT_MOST)

    @app.get("/v1/person/{entity_id}/members", tags=["person"], responses=GONE)
    def members(entity_id: UUID) -> shapes.Members:
        """Return the source records that an entity is made of."""
        with parts.store.snapshot() as snapshot:
            read.living(snapshot, entity_id)
            return shapes.Members(entity_id=entity_id, members=read.members(snapshot.members([entity_id])))

    @app.get("/v1/person/{entity_id}/why", tags=["person"], responses=GONE)
    def why(entity_id: UUID) -> shapes.Why:
        """Return why each value won and why the records are taken for one person."""
        with parts.store.snapshot() as snapshot:
            return read.why(snapshot, entity_id)

    @app.get("/v1/person/{entity_id}/history", tags=["person"], responses={404: GONE[404], 503: GONE[503]})
    def history(
        entity_id: UUID,
        as_of: Annotated[shapes.Moment | None, Query(description="only the state that held then, with its zone: "
                                                                 "2026-11-24T08:00:00+07:00 (+ as %2B)")] = None,
    ) -> shapes.History:  # fmt: skip
        """Return the published states of an entity, vanished ids included."""
        moment: datetime | None = as_of
        with parts.store.snapshot() as snapshot:
            return read.history(snapshot, entity_id, moment)


def _judgements(app: FastAPI, parts: Parts) -> None:
    refusals: dict[int | str, dict[str, Any]] = {
        **GONE, 409: {"model": shapes.Problem, "description": "contradicts judgements in force, named in `judgements`"},
    }  # fmt: skip

    @app.post("/v1/judgement", tags=["judgement"], status_code=202, responses=refusals)
    def judge(asked: shapes.JudgementIn, response: Response) -> shapes.Judgement:
        """Take a steward's decision; answered once Kafka holds it. Its effect follows within a fraction of a second."""
        with parts.store.snapshot() as snapshot:
            message = judging.prepare(snapshot, asked, parts.clock)
        value = parts.codec.encode(message)
        ticket = parts.sender.submit([Outgoing(topics.JUDGEMENT.name, message.id.encode(), value)])
        try:
            acknowledged = ticket.wait(ACK_SECONDS)
        except TryAgain:
            acknowledged = False
        if not acknowledged:
            raise problems.Away("Kafka did not acknowledge the judgement in time; it may still arrive: look at "
                                f"/v1/judgement/{message.id} before you send it again", id=message.id)  # fmt: skip
        metrics.JUDGEMENTS.labels(verdict=message.verdict).inc()
        _LOG.info("judgement_taken", judgement=message.id, verdict=message.verdict, pairs=len(message.pairs))
        taken = judging.pending(message)
        parts.remember(taken)
        response.headers["Location"] = f"/v1/judgement/{message.withdraws or message.contests or message.id}"
        return taken

    @app.get("/v1/judgement/{judgement_id}", tags=["judgement"], responses={404: GONE[404], 503: GONE[503]})
    def judgement(judgement_id: str) -> shapes.Judgement:
        """Return a judgement and what became of it: pending, active, refused, superseded, withdrawn or expired."""
        with parts.store.snapshot() as snapshot:
            found = reviews.judgement(snapshot, judgement_id)
        found = found or parts.pending.get(judgement_id)
        if found is None:
            raise problems.NotFound(f"there is no judgement {judgement_id}, or reconcile has not taken it yet")
        return found


def _operation(app: FastAPI, parts: Parts) -> None:
    @app.get("/metrics", include_in_schema=False)
    def exposition() -> Response:
        """Return the metrics of this process."""
        return Response(metrics.exposition(), media_type=metrics.EXPOSITION_TYPE)

    @app.get("/healthz", tags=["operation"], response_class=PlainTextResponse)
    async def healthy() -> str:
        """Say that the process lives."""
        return "ok\n"

    @app.get("/readyz", tags=["operation"], response_class=PlainTextResponse, responses={503: GONE[503]})
    def ready() -> str:
        """Say whether the API can answer."""
        fault = parts.unready()
        if fault is not None:
            raise problems.Away(fault)
        return "ok\n"
