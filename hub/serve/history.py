"""Records to entities and back, as of any time: what `store.history` and `store.member_span` say of the past.

The time is that of the hub's commits: what the hub held to be true then, not what an office dates back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from hub.serve import explain_case
from hub.serve.history_shapes import (
    Belonging,
    Crosswalk,
    CrosswalkIn,
    Entities,
    Move,
    Records,
    Source,
    Span,
    Standing,
    plain,
)
from hub.serve.problems import NotFound
from hub.serve.store import Snapshot
from hub.wire import tables as t
from hub.wire.archive import Archive

Identify = Callable[[str, str, Sequence[str]], bytes]
"""Returns the record id of (source, table, key parts); raises a problem where it cannot."""


def standing(snapshot: Snapshot, entity_id: UUID) -> Standing:
    """Return what became of an id; raises NotFound for one that was never given."""
    entity, row = explain_case.kind_of(snapshot, entity_id)
    alive = row.status == "active"
    return Standing(
        entity_id=entity_id, entity=entity, status=row.status, version=plain(row),
        living=[entity_id] if alive else explain_case.heirs(snapshot, entity, entity_id),
        previous_ids=sorted(row.previous_ids),
    )  # fmt: skip


def records_of(snapshot: Snapshot, entity_id: UUID, at: datetime | None) -> Records:
    """Return the records of an entity at a time, now without one; raises NotFound for an id that was never given."""
    entity, _ = explain_case.kind_of(snapshot, entity_id)
    h = t.history.c
    query = select(h.status, h.body).where(h.entity_id == entity_id)
    if at is not None:
        query = query.where(h.at <= at)
    rows = snapshot.all(query.order_by(h.generation.desc(), h.sequence.desc()).limit(1))
    members = Archive(snapshot.schemas().get).decode(bytes(rows[0].body)).members if rows else ()
    ids = [member.record for member in members]
    s = t.member_span.c
    spans = select(s.record, s.since, s.until).where(s.record.in_(ids), s.entity_id == entity_id)
    if at is None:
        spans = spans.where(s.until.is_(None))
    else:
        spans = spans.where(s.since <= at, or_(s.until.is_(None), s.until > at))
    valid = {bytes(row.record): (row.since, row.until) for row in snapshot.all(spans)}
    known = sources(snapshot, ids)
    return Records(
        entity_id=entity_id, entity=entity, at=at, status=rows[0].status if rows else None,
        records=[Belonging(record=known[record], since=valid[record][0], until=valid[record][1])
                 for record in ids if record in valid],
    )  # fmt: skip


def entities_of(snapshot: Snapshot, record: bytes, at: datetime | None) -> Entities:
    """Return every entity that a record belonged to, or the one at a time; raises NotFound for an unknown record."""
    known = sources(snapshot, [record])
    if record not in known:
        raise NotFound(f"the hub never saw a record {record.hex()}")
    s, y = t.member_span.c, t.lineage.c
    query = select(t.member_span).where(s.record == record)
    if at is not None:
        query = query.where(s.since <= at, or_(s.until.is_(None), s.until > at)).limit(1)
    rows = snapshot.all(query.order_by(s.generation.desc(), s.sequence.desc()))
    moves = snapshot.all(
        select(y.child, y.parent).where(or_(y.child == record, y.parent == record)).order_by(y.version)
    )
    return Entities(
        record=known[record], spans=[_span(snapshot, row) for row in rows],
        moves=[Move(before=bytes(row.parent).hex(), after=bytes(row.child).hex()) for row in moves],
    )  # fmt: skip


def crosswalk(snapshot: Snapshot, asked: CrosswalkIn, identify: Identify) -> Crosswalk:
    """Answer either way; raises NotFound, or what `identify` raises."""
    if asked.entity is not None:
        return Crosswalk(records=records_of(snapshot, asked.entity, asked.at))
    if asked.record is not None:
        record = bytes.fromhex(asked.record)
    else:
        record = identify(asked.source or "", asked.table or "", asked.key)
    return Crosswalk(entities=entities_of(snapshot, record, asked.at))


def sources(snapshot: Snapshot, records: Iterable[bytes]) -> Mapping[bytes, Source]:
    """Return where records come from, dead ones included."""
    r = t.record.c
    archive = Archive(snapshot.schemas().get)
    rows = snapshot.all(select(r.id, r.source, r.tbl, r.body).where(r.id.in_(list(records))))
    return {bytes(row.id): _source(row, archive) for row in rows}


def _source(row: Any, archive: Archive) -> Source:
    body = None if row.body is None else archive.decode(bytes(row.body))
    return Source(record=bytes(row.id).hex(), source=row.source, table=row.tbl, living=body is not None,
                  key=list(getattr(body, "key", ())))  # fmt: skip


def _span(snapshot: Snapshot, row: Any) -> Span:
    held = standing(snapshot, row.entity_id)
    return Span(record=bytes(row.record).hex(), entity_id=row.entity_id, entity=held.entity, since=row.since,
                until=row.until, living=held.living)  # fmt: skip
