"""Questions to the stewards' queue, the holds and the notes on judgements; and the one thing serve writes, claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from hub.serve.store import Snapshot, Store
from hub.wire import tables as t

_DAY = text("interval '1 day'")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items of the queue are asked for; None: all."""

    entity: str
    state: str = "open"
    kind: str | None = None
    office: str | None = None
    """A source that one of the two records comes from."""
    free: bool = False
    """Only those that nobody looks at just now."""
    after: tuple[int, UUID] | None = None
    limit: int = 50


def queue(wanted: Wanted) -> Select[Any]:
    """Return the statement that gives a page of the queue; one row more than the limit says that there is another."""
    r, c = t.review.c, t.claim.c
    living = (t.claim, (c.review == r.id) & (c.until > func.now()))
    query = select(t.review, c.steward, c.until).join_from(t.review, *living, isouter=True)
    query = query.where(r.state == wanted.state, r.entity == wanted.entity)
    if wanted.kind is not None:
        query = query.where(r.kind == wanted.kind)
    if wanted.office is not None:
        query = query.where(or_(r.source_a == wanted.office, r.source_b == wanted.office))
    if wanted.free:
        query = query.where(c.review.is_(None))
    if wanted.after is not None:
        query = query.where(tuple_(r.worth, r.id) < tuple_(*wanted.after))
    return query.order_by(r.worth.desc(), r.id.desc()).limit(wanted.limit + 1)


def reviews(snapshot: Snapshot, wanted: Wanted) -> Sequence[Row[Any]]:
    """Return a page of the queue and one row more, if there is one."""
    return snapshot.connection.execute(queue(wanted)).all()


def review(snapshot: Snapshot, review_id: UUID) -> Row[Any] | None:
    """Return one item with who looks at it."""
    r, c = t.review.c, t.claim.c
    query = select(t.review, c.steward, c.until).join_from(
        t.review, t.claim, (c.review == r.id) & (c.until > func.now()), isouter=True
    ).where(r.id == review_id)  # fmt: skip
    return snapshot.connection.execute(query).first()


def records(snapshot: Snapshot, ids: Iterable[bytes]) -> dict[bytes, Row[Any]]:
    """Return the last state of records."""
    rows = snapshot.connection.execute(select(t.record).where(t.record.c.id.in_(list(ids))))
    return {bytes(row.id): row for row in rows}


def notes_on(snapshot: Snapshot, judgements: Iterable[str]) -> Sequence[Row[Any]]:
    """Return what was said later of judgements, in order."""
    n = t.note.c
    return snapshot.connection.execute(
        select(t.note).where(n.judgement.in_(list(judgements))).order_by(n.sequence)
    ).all()  # fmt: skip


def note(snapshot: Snapshot, note_id: str) -> Row[Any] | None:
    """Return one contest or withdrawal."""
    return snapshot.connection.execute(select(t.note).where(t.note.c.id == note_id)).first()


def judged(
    snapshot: Snapshot, author: str | None, state: str | None, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Return the rows of a page of judgements, the latest first."""
    j = t.judgement.c
    found = select(j.sequence).distinct()
    if author is not None:
        found = found.where(j.author == author)
    if state is not None:
        found = found.where(j.state == state)
    if before is not None:
        found = found.where(j.sequence < before)
    found = found.order_by(j.sequence.desc()).limit(limit)
    query = select(t.judgement).where(j.sequence.in_(found)).order_by(j.sequence.desc(), j.id, j.a, j.b)
    return snapshot.connection.execute(query).all()


def holds(
    snapshot: Snapshot, entity: str | None, *, released: bool, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return a page of holds and one row more, if there is one."""
    h = t.hold.c
    query = select(t.hold)
    if not released:
        query = query.where(h.released_at.is_(None))
    if entity is not None:
        query = query.where(h.entity == entity)
    if after is not None:
        query = query.where(tuple_(h.since, h.entity_id) > tuple_(*after))
    return snapshot.connection.execute(query.order_by(h.since, h.entity_id).limit(limit + 1)).all()


def hold(snapshot: Snapshot, entity_id: UUID) -> Row[Any] | None:
    """Return the hold in force on an entity."""
    h = t.hold.c
    return snapshot.connection.execute(
        select(t.hold).where(h.entity_id == entity_id, h.released_at.is_(None))
    ).first()  # fmt: skip


def take(store: Store, review_id: UUID, steward: str, minutes: int) -> Row[Any]:
    """Claim an item unless another steward has it; return whose it is now, and until when."""
    c = t.claim.c
    until = func.now() + func.make_interval(0, 0, 0, 0, 0, minutes)
    made = insert(t.claim).values(review=review_id, steward=steward, until=until)
    made = made.on_conflict_do_update(
        index_elements=[c.review], set_={"steward": steward, "until": until},
        where=or_(c.until <= func.now(), c.steward == steward),
    )  # fmt: skip
    with store.writing() as connection:
        connection.execute(delete(t.claim).where(c.until < func.now() - _DAY))
        connection.execute(made)
        return connection.execute(select(t.claim).where(c.review == review_id)).one()


def give_back(store: Store, review_id: UUID, steward: str) -> None:
    """End a steward's own claim; another's stays."""
    c = t.claim.c
    with store.writing() as connection:
        connection.execute(delete(t.claim).where(c.review == review_id, c.steward == steward))
