"""Requests to read tables again, as this kind of source fulfils them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from connectors.protocol import Request
from connectors.sql.plan import Plan
from hub.wire.errors import RefuseToStart


class Ticket:
    """One request, and the tables that it still waits for."""

    def __init__(self, request: Request, tables: Iterable[str]) -> None:
        self.request = request
        self._waiting = set(tables)

    @property
    def whole(self) -> bool:
        """Whether tables are read as a whole."""
        return not self.request.keys and not self.request.where

    def done(self, table: str) -> bool:
        """Note that a table was read; returns whether it was the last one."""
        self._waiting.discard(table)
        return not self._waiting


def accept(request: Request, tables: Iterable[str]) -> Ticket:
    """Return the request's ticket; raises RefuseToStart for one that cannot be understood."""
    names = list(tables)
    if request.table and request.table not in names:
        raise RefuseToStart(f"the contract has no table {request.table}; there are: {', '.join(names)}")
    if (request.keys or request.where) and not request.table:
        raise RefuseToStart("keys and a condition are of one table: name it")
    if request.keys and request.where:
        raise RefuseToStart("give keys or a condition, not both")
    return Ticket(request, [request.table] if request.table else names)


def keys_of(request: Request, plan: Plan) -> list[tuple[Any, ...]]:
    """Return the keys that a request names, as the driver takes them; raises RefuseToStart without repeating one."""
    parts = len(plan.table.key)
    try:
        told = [[key] if parts == 1 else [str(part) for part in json.loads(key)] for key in request.keys]
        return [plan.parse(key) for key in told]
    except (ValueError, TypeError, ArithmeticError) as error:
        raise RefuseToStart(f"a key of table {plan.table.name} is not {' and '.join(plan.table.key)} in the column's "
                            f"type: {type(error).__name__}") from error  # fmt: skip
