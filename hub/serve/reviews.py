"""Rows of the stewards' queue and of the holds become shapes of the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.serve import phrases, read, review_shapes, review_store, shapes
from hub.serve.problems import NotFound, Refused
from hub.serve.store import Snapshot
from hub.wire.archive import Archive

_HEAD = frozenset({"id", "version", "deleted", "source", "table", "changed_at", "digest", "previous", "next", "flags"})
"""Fields of a clean record that are not values."""
_EPOCH = date(1970, 1, 1)
_CURSOR = re.compile(r"(-?\d{1,9})_([0-9a-f-]{36})")
_SINCE = re.compile(r"(.{10,40})_([0-9a-f-]{36})")


def page(snapshot: Snapshot, wanted: review_store.Wanted) -> review_shapes.Reviews:
    """Return a page of the queue."""
    rows = review_store.reviews(snapshot, wanted)
    shown = rows[: wanted.limit]
    more = f"{shown[-1].worth}_{shown[-1].id}" if len(rows) > len(shown) else None
    return review_shapes.Reviews(items=[review_shapes.Review(**_item(row)) for row in shown], next=more)


def place(cursor: str | None) -> tuple[int, UUID] | None:
    """Return where a page begins; raises Refused for what is no cursor of ours."""
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise Refused("after is the `next` of an earlier page, as it was given")
    return int(match[1]), UUID(match[2])


def detail(snapshot: Snapshot, review_id: UUID) -> review_shapes.ReviewDetail:
    """Return an item with both records, their evidence and earlier decisions; raises NotFound."""
    row = known(snapshot, review_id)
    a, b = bytes(row.a), bytes(row.b)
    states = review_store.records(snapshot, (a, b))
    archive = Archive(snapshot.schemas().get)
    edges = snapshot.edges([a, b])
    roots = [bytes(state.root) for state in states.values()]
    earlier = list(snapshot.judgements_on(roots, within=True))
    if row.judgement is not None and not any(one.id == row.judgement for one in earlier):
        earlier += snapshot.judgement(row.judgement)
    members = snapshot.members([row.entity_a, row.entity_b])
    return review_shapes.ReviewDetail(
        **_item(row), left=_side(states.get(a), archive), right=_side(states.get(b), archive),
        levels=_levels(edges[0].levels) if edges else [],
        members_a=read.members(one for one in members if one.entity_id == row.entity_a),
        members_b=read.members(one for one in members if one.entity_id == row.entity_b),
        judgements=judgements(snapshot, earlier),
    )  # fmt: skip


def known(snapshot: Snapshot, review_id: UUID) -> Any:
    """Return an item's row; raises NotFound."""
    row = review_store.review(snapshot, review_id)
    if row is None:
        raise NotFound(f"there is no item {review_id} in the queue: it was decided, or its records changed")
    return row


def _item(row: Any) -> dict[str, Any]:
    claim = None if row.steward is None else review_shapes.Claim(steward=row.steward, until=row.until)
    plain = ("id", "entity", "kind", "state", "opened_at", "worth", "points", "source_a", "source_b", "entity_a",
             "entity_b", "size_a", "size_b", "twins", "conflict", "holds", "judgement")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in plain}, "account": phrases.doubt(row.kind), "a": bytes(row.a).hex(),
        "b": bytes(row.b).hex(), "weight": _bits(row.weight), "margin": _bits(row.margin), "claim": claim,
    }  # fmt: skip


def _bits(milli: int | None) -> float | None:
    return None if milli is None else milli / 1000


def _side(row: Any, archive: Archive) -> review_shapes.Side | None:
    if row is None or row.body is None:
        return None
    body = archive.decode(bytes(row.body))
    values = {field.name: getattr(body, field.name) for field in fields(body) if field.name not in _HEAD}
    return review_shapes.Side(
        record=bytes(row.id).hex(), source=row.source, table=row.tbl, changed_at=read.moment(body.changed_at),
        values={name: _value(name, value) for name, value in values.items() if value is not None},
        flags={flag.field: flag.code for flag in body.flags},
    )  # fmt: skip


def _value(name: str, value: Any) -> Any:
    if name.endswith("_date") and isinstance(value, int):
        return (_EPOCH + timedelta(days=value)).isoformat()
    return value


def _levels(levels: Iterable[Sequence[Any]]) -> list[shapes.Level]:
    found = [
        shapes.Level(comparison=comparison, level=level, weight=weight / 1000,
                     account=phrases.level(comparison, level))
        for comparison, level, weight in levels
    ]  # fmt: skip
    return sorted(found, key=lambda level: -abs(level.weight))


# ---------------------------------------------------------------------- judgements and their notes


def judgements(snapshot: Snapshot, rows: Sequence[Any]) -> list[shapes.Judgement]:
    """Return judgements with what was said of them later."""
    found = read.judgements(rows)
    said: dict[str, list[shapes.Note]] = {}
    for note in review_store.notes_on(snapshot, [one.id for one in found]):
        said.setdefault(note.judgement, []).append(_note(note))
    return [one.model_copy(update={"notes": said.get(one.id, [])}) for one in found]


def judgement(snapshot: Snapshot, judgement_id: str) -> shapes.Judgement | None:
    """Return a judgement, contest or withdrawal that reconcile has taken; None while it has not."""
    found = judgements(snapshot, snapshot.judgement(judgement_id))
    if found:
        return found[0]
    note = review_store.note(snapshot, judgement_id)
    if note is None:
        return None
    states = {"taken": "active", "void": "refused"}
    return shapes.Judgement(
        id=note.id, verdict=note.kind, state=states.get(note.state, note.state), author=note.author, reason=note.reason,
        made_at=read.moment(note.made_at), expires_at=None, pairs=[],
        **{"withdraws" if note.kind == "withdrawn" else "contests": note.judgement},
    )  # fmt: skip


def _note(row: Any) -> shapes.Note:
    return shapes.Note(
        id=row.id,
        kind=row.kind,
        state=row.state,
        author=row.author,
        reason=row.reason,
        made_at=read.moment(row.made_at),
    )


def decisions(snapshot: Snapshot, wanted: review_shapes.JudgementLookup) -> review_shapes.Judgements:
    """Return a page of judgements, the latest first."""
    rows = review_store.judged(snapshot, wanted.author, wanted.state, wanted.before, wanted.limit)
    last = min((row.sequence for row in rows), default=None)
    full = len({row.sequence for row in rows}) == wanted.limit
    return review_shapes.Judgements(items=judgements(snapshot, rows), next=last if full else None)


# ---------------------------------------------------------------------- holds


def holds(
    snapshot: Snapshot, entity: str | None, feeds: Sequence[str], *, released: bool, after: str | None, limit: int
) -> review_shapes.Holds:
    """Return a page of holds."""
    rows = review_store.holds(snapshot, entity, released=released, after=_since(after), limit=limit)
    shown = rows[:limit]
    more = f"{shown[-1].since.isoformat()}_{shown[-1].entity_id}" if len(rows) > len(shown) else None
    return review_shapes.Holds(items=[_hold(row) for row in shown], feeds=list(feeds), next=more)


def hold(snapshot: Snapshot, entity_id: UUID) -> review_shapes.Hold:
    """Return the hold in force on an entity; raises NotFound."""
    row = review_store.hold(snapshot, entity_id)
    if row is None:
        raise NotFound(f"entity {entity_id} is not held")
    return _hold(row)


def _hold(row: Any) -> review_shapes.Hold:
    names = ("entity", "entity_id", "reason", "judgement", "since", "released_at", "release")
    return review_shapes.Hold(**{name: getattr(row, name) for name in names})


def _since(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    match = _SINCE.fullmatch(cursor)
    try:
        return (datetime.fromisoformat(match[1]), UUID(match[2])) if match else _no_cursor()
    except ValueError:
        return _no_cursor()


def _no_cursor() -> tuple[datetime, UUID]:
    raise Refused("after is the `next` of an earlier page, as it was given")
