"""Errors as an application reads them: RFC 9457 `application/problem+json`, never with a personal value.

Problem
+-- NotFound      404  no such thing
+-- Vanished      410  the entity id is no longer living; `moved_to` says where its records went
+-- Contradicts   409  the judgement contradicts others; `judgements` names them
+-- Conflict      409  the thing is there, but not of the kind that has this
+-- Taken         409  another steward looks at the item; `steward` and `until` say who and how long
+-- Refused       422  the request cannot be meant
+-- Away          503  PostgreSQL or Kafka is away; try again
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from hub.wire import log
from hub.wire.errors import TryAgain

MEDIA = "application/problem+json"
_LOG = log.get(__name__)


class Problem(Exception):
    """An answer that is not the wanted one; `extra` are the problem type's own members."""

    status = 500
    kind = "internal"
    title = "The hub could not answer"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class NotFound(Problem):
    """There is no such thing."""

    status, kind, title = 404, "not-found", "Not found"


class Vanished(Problem):
    """The entity id is no longer living."""

    status, kind, title = 410, "vanished", "This entity id is no longer living"


class Contradicts(Problem):
    """A judgement that contradicts others in force."""

    status, kind, title = 409, "contradiction", "The judgement contradicts others in force"


class Conflict(Problem):
    """The thing is there, but it is not of the kind that has what was asked for."""

    status, kind, title = 409, "conflict", "This is not to be had of it"


class Taken(Problem):
    """An item of the queue that another steward looks at."""

    status, kind, title = 409, "taken", "Another steward has this item"


class Refused(Problem):
    """A request that cannot be meant."""

    status, kind, title = 422, "invalid", "The request is not valid"


class Away(Problem):
    """A service is away for the moment."""

    status, kind, title = 503, "away", "A service is away; try again"


def answer(problem: Problem) -> JSONResponse:
    """Return a problem as its response."""
    body = {"type": f"urn:satudata:problem:{problem.kind}", "title": problem.title, "status": problem.status,
            "detail": problem.detail, **problem.extra}  # fmt: skip
    headers = {"Retry-After": "2"} if problem.status == 503 else {}
    return JSONResponse(body, status_code=problem.status, media_type=MEDIA, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(TryAgain, _try_again)


def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(error)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": ".".join(str(part) for part in fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    return answer(Refused("the request does not follow the API's schema; see `faults`", faults=faults))


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    problem = Problem(str(error.detail))
    problem.status, problem.kind, problem.title = error.status_code, "http", str(error.detail)
    return answer(problem)


def _database(_request: Request, error: Exception) -> JSONResponse:
    _LOG.warning("database_away", error=type(error).__name__)
    return answer(Away("PostgreSQL does not answer; nothing was changed"))


def _try_again(_request: Request, error: Exception) -> JSONResponse:
    _LOG.warning("service_away", detail=str(error))
    return answer(Away("Kafka or the schema registry does not answer"))
