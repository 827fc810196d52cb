"""Rows of the store become shapes of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from hub.serve import entity_shapes, phrases, shapes
from hub.serve.problems import NotFound, Vanished
from hub.serve.store import Snapshot
from hub.wire.archive import Archive
from hub.wire.entities import Entity, golden_attributes
from hub.wire.groups import GROUPS
from hub.wire.tables import DATES

_EPOCH = date(1970, 1, 1)


def living(snapshot: Snapshot, entity_id: UUID, entity: Entity = "person") -> Any:
    """Return the golden row of a living id; raises Vanished with where its records went, or NotFound."""
    row = snapshot.golden(entity, entity_id)
    if row is None:
        raise NotFound(f"the hub never gave a {entity} the id {entity_id}")
    if row.status != "active":
        to = [str(one) for one in snapshot.resolve(entity_id)]
        where = "its records are gone" if not to else "its records now belong to " + ", ".join(to)
        raise Vanished(f"{entity_id} is {row.status}: {where}", entity_status=row.status, moved_to=to)
    return row


def person(row: Any) -> shapes.Person:
    """Return a person's golden row's shape."""
    return cast(shapes.Person, golden("person", row))


def golden(entity: Entity, row: Any) -> Any:
    """Return the shape of a kind of entity's golden row."""
    return entity_shapes.GOLDEN_SHAPE[entity](
        entity_id=row.entity_id, version=version(row), changed_at=row.changed_at, previous_ids=row.previous_ids,
        **{name: getattr(row, name) for name in golden_attributes(entity)},
    )  # fmt: skip


def version(row: Any) -> shapes.Version:
    """Return a row's entity version."""
    return shapes.Version(generation=row.generation, sequence=row.sequence)


def members(rows: Iterable[Any]) -> list[shapes.Member]:
    """Return the shapes of member rows."""
    return [
        shapes.Member(record=bytes(row.record).hex(), source=row.source, table=row.tbl,
                      version=None if row.version is None else bytes(row.version).hex())
        for row in rows
    ]  # fmt: skip


def why(snapshot: Snapshot, entity_id: UUID, entity: Entity = "person") -> shapes.Why:
    """Return the account of a living entity; raises as `living`."""
    row = living(snapshot, entity_id, entity)
    rows = snapshot.members([entity_id])
    records = [bytes(one.record) for one in rows]
    roots = [bytes(one.root) for one in rows if one.root is not None]
    return shapes.Why(
        entity_id=entity_id, version=version(row), values=reasons(row, entity),
        members=members(rows), links=[_link(edge) for edge in snapshot.edges(records)],
        judgements=judgements(snapshot.judgements_on(roots, within=True)),
    )  # fmt: skip


def reasons(row: Any, entity: Entity = "person") -> list[shapes.Reason]:
    """Return why each value of a golden row won."""
    return [_reason(entity, row, win) for win in row.wins]


def _reason(entity: Entity, row: Any, win: Mapping[str, Any]) -> shapes.Reason:
    group = win["group"]
    value = {column: getattr(row, column, None) for column in GROUPS[entity].get(group, (group,))}
    return shapes.Reason(
        group=group, value={name: item for name, item in value.items() if item is not None}, rule=win["rule"],
        account=phrases.rule(win["rule"]), source=win["source"], record=win["record"],
        changed_at=moment(win["changed_at"]), losers=[_loser(loser) for loser in win["losers"]],
    )  # fmt: skip


def _loser(loser: Mapping[str, Any]) -> shapes.Loser:
    value = loser["value"]
    values = json.loads(value) if isinstance(value, str) else dict(value)
    if isinstance(values.get("birth_date"), int):
        values["birth_date"] = (_EPOCH + timedelta(days=values["birth_date"])).isoformat()
    return shapes.Loser(
        source=loser["source"], record=loser["record"], changed_at=moment(loser["changed_at"]), value=values
    )


def _link(edge: Any) -> shapes.Link:
    return shapes.Link(
        a=bytes(edge.a).hex(), b=bytes(edge.b).hex(), weight=edge.weight / 1000,
        levels=[
            shapes.Level(comparison=comparison, level=level, weight=weight / 1000,
                         account=phrases.level(comparison, level))
            for comparison, level, weight in edge.levels
        ],
    )  # fmt: skip


def judgements(rows: Sequence[Any]) -> list[shapes.Judgement]:
    """Return judgement rows as judgements, each with its pairs, in order of arrival."""
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return [_judgement(pairs) for pairs in grouped.values()]


def _judgement(rows: Sequence[Any]) -> shapes.Judgement:
    first = rows[0]
    states = {row.state for row in rows}
    return shapes.Judgement(
        id=first.id, verdict=first.verdict, state=states.pop() if len(states) == 1 else "mixed", author=first.author,
        reason=first.reason, made_at=moment(first.made_at),
        expires_at=None if first.expires_at is None else moment(first.expires_at),
        pairs=[shapes.JudgedPair(a=bytes(row.a).hex(), b=bytes(row.b).hex(), state=row.state) for row in rows],
    )  # fmt: skip


def history(snapshot: Snapshot, entity_id: UUID, at: datetime | None) -> shapes.History:
    """Return every state of an id, or the one that held at a time; raises NotFound where there is none."""
    rows = [row for row in snapshot.history(entity_id, at) if row.entity == "person"]
    if not rows:
        when = "" if at is None else f" at {at.isoformat()}"
        raise NotFound(f"entity {entity_id} had no published state{when}")
    archive = Archive(snapshot.schemas().get)
    return shapes.History(entity_id=entity_id, states=[_state(row, archive.decode) for row in rows])


def _state(row: Any, decode: Callable[[bytes], Any]) -> shapes.State:
    return shapes.State(
        version=version(row), at=row.at, until=row.until, kind=row.kind, status=row.status,
        causes=[shapes.Cause(**cause) for cause in row.causes], other_ids=row.other_ids,
        person=_past("person", row, decode(bytes(row.body))) if row.status == "active" else None,
    )  # fmt: skip


def entity_history(
    snapshot: Snapshot, entity_id: UUID, at: datetime | None, entity: Entity
) -> entity_shapes.EntityHistory:  # fmt: skip
    """Return the same of a family, business or facility."""
    rows = [row for row in snapshot.history(entity_id, at) if row.entity == entity]
    if not rows:
        when = "" if at is None else f" at {at.isoformat()}"
        raise NotFound(f"{entity} {entity_id} had no published state{when}")
    archive = Archive(snapshot.schemas().get)
    return entity_shapes.EntityHistory(entity_id=entity_id, states=[
        entity_shapes.EntityState(
            version=version(row), at=row.at, until=row.until, kind=row.kind, status=row.status,
            causes=[shapes.Cause(**cause) for cause in row.causes], other_ids=row.other_ids,
            golden=_past(entity, row, archive.decode(bytes(row.body))) if row.status == "active" else None,
        )
        for row in rows
    ])  # fmt: skip


def _past(entity: Entity, row: Any, record: Any) -> Any:
    """Return the shape of a golden record as it was published."""
    values = {name: getattr(record, name) for name in golden_attributes(entity)}
    for name in DATES & values.keys():
        if values[name] is not None:
            values[name] = _EPOCH + timedelta(days=values[name])
    return entity_shapes.GOLDEN_SHAPE[entity](
        entity_id=row.entity_id, version=version(row), changed_at=row.at,
        previous_ids=[UUID(one) for one in record.previous_ids], **values,
    )  # fmt: skip


def memberships(rows: Iterable[Any]) -> entity_shapes.Memberships:
    """Return the shape of spans of persons in families."""
    return entity_shapes.Memberships(memberships=[
        entity_shapes.Membership(
            person_id=row.person_id, family_id=row.family_id, role=row.role, since=row.since, until=row.until,
            source=row.source, record=bytes(row.record).hex(), claimed_at=moment(row.claimed_at),
        )
        for row in rows
    ])  # fmt: skip


def moment(us: int) -> datetime:
    """Return microseconds since 1970 as a time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
