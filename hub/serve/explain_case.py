"""What an explanation rests on, read from one snapshot of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from hub.serve.problems import NotFound, Vanished
from hub.serve.store import Snapshot
from hub.wire import tables as t
from hub.wire.archive import Archive
from hub.wire.decisions import EdgeRow, JudgementRow, Level, RecordRow
from hub.wire.explained import Case, Explainer

KINDS = ("person", "family", "business", "facility")


def golden(entity: str) -> Any:
    """Return the table of a kind of entity's golden rows, None where the store has none."""
    return t.METADATA.tables.get(f"{t.STORE}.{entity}")


def kind_of(snapshot: Snapshot, entity_id: UUID) -> tuple[str, Row[Any]]:
    """Return the kind of an entity and its golden row or stub; raises NotFound."""
    for entity in KINDS:
        table = golden(entity)
        if table is not None:
            rows = snapshot.all(select(table).where(table.c.entity_id == entity_id))
            if rows:
                return entity, rows[0]
    raise NotFound(f"the hub never gave an entity the id {entity_id}")


def living(snapshot: Snapshot, entity_id: UUID) -> tuple[str, Row[Any]]:
    """Return the kind and the golden row of a living id; raises Vanished with where its records went, or NotFound."""
    entity, row = kind_of(snapshot, entity_id)
    if row.status != "active":
        to = [str(one) for one in heirs(snapshot, entity, entity_id)]
        where = "its records are gone" if not to else "its records now belong to " + ", ".join(to)
        raise Vanished(f"{entity_id} is {row.status}: {where}", entity_status=row.status, moved_to=to)
    return entity, row


def heirs(snapshot: Snapshot, entity: str, entity_id: UUID) -> list[UUID]:
    """Return the living ids that hold what a vanished id held, sorted; several after a split, none after a deletion."""
    seen, frontier, ends = {entity_id}, [entity_id], set[UUID]()
    while frontier:
        rows = snapshot.all(select(t.alias.c.old_id, t.alias.c.new_id).where(t.alias.c.old_id.in_(frontier)))
        moved = {row.old_id for row in rows}
        ends |= {one for one in frontier if one not in moved and one != entity_id}
        frontier = [one for one in {row.new_id for row in rows} if one not in seen]
        seen |= set(frontier)
    table = golden(entity)
    if not ends or table is None:
        return []
    found = snapshot.all(select(table.c.entity_id).where(table.c.entity_id.in_(ends), table.c.status == "active"))
    return sorted(row.entity_id for row in found)


def owner(snapshot: Snapshot, record: bytes) -> UUID:
    """Return the entity of a living record; raises NotFound."""
    rows = snapshot.all(select(t.member.c.entity_id).where(t.member.c.record == record))
    if not rows:
        raise NotFound(f"the hub knows no living record {record.hex()}")
    found: UUID = rows[0].entity_id
    return found


def gather(snapshot: Snapshot, explainer: Explainer, records: Iterable[bytes]) -> Case:
    """Return what the store knows of these living records."""
    wanted = sorted(records)
    archive = Archive(snapshot.schemas().get)
    rows = _rows(snapshot, archive, wanted)
    roots = sorted({row.root for row in rows})
    edges = snapshot.all(select(t.edge).where(t.edge.c.a.in_(wanted), t.edge.c.b.in_(wanted)))
    decided = snapshot.all(
        select(t.judgement).where(t.judgement.c.a.in_(roots), t.judgement.c.b.in_(roots)).order_by(
            t.judgement.c.sequence, t.judgement.c.id, t.judgement.c.a, t.judgement.c.b)
    )  # fmt: skip
    return Case(
        rows, [_edge(row) for row in edges], [_decision(row) for row in decided],
        _attesting(snapshot, archive, explainer, rows),
    )  # fmt: skip


def _rows(snapshot: Snapshot, archive: Archive, records: Sequence[bytes]) -> list[RecordRow]:
    r = t.record.c
    query = select(r.id, r.source, r.tbl, r.version, r.seen, r.root, r.next, r.body).where(
        r.id.in_(records), r.body.is_not(None)
    )
    return [
        RecordRow(bytes(row.id), row.source, row.tbl, bytes(row.version), bytes(row.seen), bytes(row.root), False,
                  None if row.next is None else bytes(row.next), archive.decode(bytes(row.body)))
        for row in snapshot.all(query.order_by(r.id))
    ]  # fmt: skip


def _edge(row: Any) -> EdgeRow:
    return EdgeRow(bytes(row.a), bytes(row.b), row.weight, tuple([Level(*each) for each in row.levels]))


def _decision(row: Any) -> JudgementRow:
    return JudgementRow(row.id, row.sequence, bytes(row.a), bytes(row.b), row.verdict, row.author, row.reason,
                        row.made_at, row.expires_at, row.state)  # fmt: skip


def _attesting(
    snapshot: Snapshot, archive: Archive, explainer: Explainer, rows: Sequence[RecordRow]
) -> list[RecordRow]:
    """Return registers' living records that hold an identifier of these, found by the golden value they give."""
    field, table = explainer.attested, golden(explainer.entity)
    if field is None or table is None or field not in table.c:
        return []
    values = {value for row in rows if (value := getattr(row.body, field, None)) is not None}
    known = {row.id for row in rows}
    if not values:
        return []
    holders = select(table.c.entity_id).where(table.c[field].in_(values), table.c.status == "active")
    m = t.member.c
    found = snapshot.all(
        select(m.record).where(m.entity_id.in_(holders), m.source.in_(explainer.attesting)).order_by(m.record)
    )
    others = _rows(snapshot, archive, [bytes(row.record) for row in found if bytes(row.record) not in known])
    return [row for row in others if getattr(row.body, field, None) in values]


def by_entity(snapshot: Snapshot, entity_ids: Iterable[UUID]) -> Mapping[UUID, tuple[bytes, ...]]:
    """Return the members of entities, sorted record ids."""
    m = t.member.c
    found: dict[UUID, list[bytes]] = {}
    for row in snapshot.all(select(m.entity_id, m.record).where(m.entity_id.in_(list(entity_ids)))):
        found.setdefault(row.entity_id, []).append(bytes(row.record))
    return {entity_id: tuple(sorted(records)) for entity_id, records in found.items()}
