"""Memberships with validity: which entity each record belonged to, from when until when.

`store.history` says of an entity which records it had at any time, but of a record only by reading every body there is.
So each change of a membership is kept as a row of its own, in the transaction that changes `store.member`: a record's
rows follow each other without overlap, and the one without an end is its row of `store.member`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from hub.persist.stage import Database, byteas, copy

_CLOSE = "update store.member_span set until = %s where record = any(%s::bytea[]) and until is null"
_OPEN = "copy store.member_span (record, generation, sequence, since, until, entity_id, entity) from stdin"
State = tuple[str, int, int, datetime, tuple[bytes, ...]]
"""Entity id, generation, sequence, time and members of a published state."""


def write(
    database: Database, version: tuple[int, int], at: datetime, ended: Iterable[bytes],
    begun: Sequence[tuple[bytes, str, str]],
) -> None:  # fmt: skip
    """End the open spans of some records, and open new ones: (record, entity id, kind of entity)."""
    closing = sorted(ended)
    if closing:
        database.execute(_CLOSE, (at, byteas(closing)))
    if begun:
        copy(database, _OPEN, [(record, *version, at, None, entity_id, entity) for record, entity_id, entity in begun])


def from_history(states: Iterable[State]) -> Iterator[tuple[Any, ...]]:
    """Yield (record, generation, sequence, since, until, entity id) of every membership in published states.

    `states` come entity by entity, each entity's in the order of versions.
    """
    current: str | None = None
    open_: dict[bytes, tuple[int, int, datetime]] = {}
    for entity_id, generation, sequence, at, members in states:
        if entity_id != current:
            yield from _left(open_, current, None, open_)
            current, open_ = entity_id, {}
        gone = open_.keys() - set(members)
        yield from _left(open_, current, at, gone)
        for record in gone:
            del open_[record]
        for record in members:
            open_.setdefault(record, (generation, sequence, at))
    yield from _left(open_, current, None, open_)


def _left(
    open_: dict[bytes, tuple[int, int, datetime]], entity_id: str | None, until: datetime | None, gone: Iterable[bytes]
) -> Iterator[tuple[Any, ...]]:
    for record in sorted(gone):
        yield (record, *open_[record], until, entity_id)
