"""What is to be read from the tables themselves, and how far that is: pure, and kept in the position's state.

A whole table is a `Job`: it lies in the state as `snap:<table>` until it is done, so it goes on after a kill.  A
`Piece`, some records or some rows of a table, is one reading; who asked for it asks again until it is done.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from connectors.kinds.postgres_wal.parts import Part
from connectors.kinds.postgres_wal.snapshot import quoted_column
from connectors.protocol import Request
from hub.wire.contract import Table
from hub.wire.errors import RefuseToStart

SNAP = "snap:"
"""Prefix of the state's keys that say how far a table is read."""
_FOREIGN = re.compile(r"--|/\*|;|\\|\$|\0")


@dataclass(frozen=True, slots=True)
class Job:
    """A whole table, read part by part and chunk by chunk."""

    table: str
    requests: tuple[str, ...] = ()
    """Who waits for it: ids of requests."""
    only: tuple[int, ...] = ()
    """Only these parts; none: all, and in the end what was not seen is swept."""
    begun: bool = False
    floor: int = 0
    """Position of the first chunk: what is older was not seen by any."""
    part: int = 0
    filenode: int = 0
    block: int = 0
    """The next chunk begins here."""
    rows: int = 0

    def text(self) -> str:
        """Return the state's value."""
        default = Job(self.table)
        held = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "table"}
        return json.dumps({k: v for k, v in held.items() if v != getattr(default, k)}, separators=(",", ":"))

    def after(self, part: Part, block: int, rows: int, position: int) -> Job:
        """Return the job once a chunk of a part is read, up to a block, at a position."""
        return dataclasses.replace(
            self, part=part.oid, filenode=part.filenode, block=block, rows=self.rows + rows,
            floor=self.floor or position,
        )  # fmt: skip

    def left(self, found: Sequence[Part]) -> list[tuple[Part, int]]:
        """Return what is still to be read of a table's parts, each from which block on.

        A part that was rewritten since its last chunk begins again: its rows lie elsewhere now.
        """
        mine = [part for part in found if part.oid >= self.part and (not self.only or part.oid in self.only)]
        return [
            (part, self.block if (part.oid, part.filenode) == (self.part, self.filenode) else 0)
            for part in mine
            if not (part.oid == self.part and part.filenode == self.filenode and self.block < 0)
        ]

    def progress(self, found: Sequence[Part], pages: Mapping[int, int]) -> float:
        """Return how much of the table is read, 0 to 1; `pages` by part."""
        total = sum(pages.get(part.oid, 0) for part in found if not self.only or part.oid in self.only)
        left = sum(max(pages.get(part.oid, 0) - block, 0) for part, block in self.left(found))
        return (total - left) / total if total else 1.0


PART_DONE = -1
"""Block of a part that is read to its end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a table under a condition, read at once."""

    request: str
    table: str
    condition: str


def jobs_of(state: Mapping[str, str], tables: Sequence[str]) -> dict[str, Job]:
    """Return the jobs that a state holds, in the tables' order."""
    return dict(_jobs(state, tables))


def _jobs(state: Mapping[str, str], tables: Sequence[str]) -> Iterator[tuple[str, Job]]:
    for table in tables:
        text = state.get(SNAP + table)
        if text:
            held = json.loads(text)
            held |= {name: tuple(held[name]) for name in ("requests", "only") if name in held}
            yield table, Job(table, **held)


def piece(request: Request, table: Table) -> Piece:
    """Return a request for some rows; raises RefuseToStart when it cannot be obeyed as written."""
    conditions = []
    if request.keys:
        names = ", ".join(quoted_column(part) for part in table.key)
        rows = ", ".join(_row(key, table) for key in request.keys)
        conditions.append(f"({names}) IN ({rows})")
    if request.where:
        conditions.append(f"({_closed(request.where)})")
    return Piece(request.id, request.table, " AND ".join(conditions))


def _row(key: str, table: Table) -> str:
    parts: object = [key]
    if len(table.key) > 1:
        try:
            parts = json.loads(key)
        except ValueError as error:
            raise RefuseToStart(
                f"a key of {table.name} is written as a JSON array of {len(table.key)} texts"
            ) from error
    if not isinstance(parts, list) or len(parts) != len(table.key):
        raise RefuseToStart(f"a key of {table.name} has {len(table.key)} parts: {', '.join(table.key)}")
    return "(" + ", ".join(sql.Literal(str(part)).as_string(None).strip() for part in parts) + ")"


def _closed(where: str) -> str:
    """Return a condition that stays inside the brackets around it; raises RefuseToStart."""
    depth, quote = 0, ""
    for sign in where:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if depth < 0:
                break
    if depth or quote or _FOREIGN.search(where):
        raise RefuseToStart("where is one SQL condition: brackets and quotes closed, without ; $ \\ or comments")
    return where
