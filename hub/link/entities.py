"""Entity ids from anchors, and what became of each touched entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from hub.link.record import Record
from hub.link.work import Work
from hub.wire.decisions import Cause, EntityDelta, Reassigned

_CAUSES = 32
"""Causes named of one entity's change at most."""


@lru_cache(maxsize=1 << 12)
def entity_id(root: bytes) -> str:
    """Return the entity id (UUID version 8 as text) that hangs on a lineage root."""
    digits = blake2b(root, digest_size=16, person=b"satudata.entity").hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def id_now(cluster: Iterable[Record]) -> str:
    """Return a cluster's entity id: of the root of its anchor, the best by (authority rank, root)."""
    return entity_id(min([(record.table.rank, record.root) for record in cluster])[1])


def id_before(work: Work, cluster: Iterable[Record]) -> str:
    """Return the entity id that a cluster had at the batch's start."""
    return entity_id(min([(record.table.rank, work.root_before(record)) for record in cluster])[1])


@dataclass(slots=True)
class Shift:
    """Clusters before and after a batch, of every record whose component was looked at."""

    before: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    after: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    old: dict[Record, str] = field(default_factory=dict)
    new: dict[Record, str] = field(default_factory=dict)


def deltas(work: Work, shift: Shift) -> list[EntityDelta]:
    """Return what became of each entity, sorted by id.

    A record that changed its entity stands in `reassigned` of its new entity; where an id survives but most of its
    records went elsewhere (kind reassigned) those that left stand in its own `reassigned` too.
    """
    found = []
    for entity, members in shift.after.items():
        former = shift.before.get(entity)
        if former is None:
            found.append(_created(work, shift, entity, members))
        elif former != members or not work.content.isdisjoint(members):
            found.append(_survived(work, shift, entity, members, former))
    for entity, former in shift.before.items():
        if entity not in shift.after:
            found.append(_vanished(work, shift, entity, former))
    found.sort(key=_by_entity)
    return found


def _created(work: Work, shift: Shift, entity: str, members: tuple[Record, ...]) -> EntityDelta:
    moves = _moves(shift, members)
    return EntityDelta(
        entity, _ids(members), "created", _causes(work, members), _others(moves.values(), entity), _rows(moves, entity)
    )


def _survived(
    work: Work, shift: Shift, entity: str, members: tuple[Record, ...], former: tuple[Record, ...]
) -> EntityDelta:
    came = _moves(shift, members)
    left = {record: shift.new[record] for record in former if shift.new.get(record, entity) != entity}
    stayed = sum(1 for record in former if shift.new.get(record) == entity)
    kind = "reassigned" if len(left) > stayed else "changed"
    moved = list(_rows(came, entity))
    if kind == "reassigned":
        moved += [Reassigned(record.id, entity, new) for record, new in left.items()]
    moved.sort(key=lambda row: row.record)
    others = _others([*came.values(), *left.values()], entity)
    return EntityDelta(entity, _ids(members), kind, _causes(work, (*members, *former)), others, tuple(moved))


def _vanished(work: Work, shift: Shift, entity: str, former: tuple[Record, ...]) -> EntityDelta:
    heirs = _others([shift.new[record] for record in former if record in shift.new], entity)
    kind = ("deleted", "merged")[len(heirs)] if len(heirs) < 2 else "split"
    causes = _causes(work, [*former, *(mate for heir in heirs for mate in shift.after[heir])])
    return EntityDelta(entity, (), kind, causes, heirs)


def _moves(shift: Shift, members: Iterable[Record]) -> dict[Record, str]:
    """Members that come from another entity, and from which."""
    return {each: shift.old[each] for each in members if each in shift.old and shift.old[each] != shift.new[each]}


def _rows(moves: Mapping[Record, str], entity: str) -> tuple[Reassigned, ...]:
    return tuple([Reassigned(record.id, old, entity) for record, old in moves.items()])


def _others(ids: Iterable[str], entity: str) -> tuple[str, ...]:
    return tuple(sorted(set(ids) - {entity}))


def _ids(members: Iterable[Record]) -> tuple[bytes, ...]:
    return tuple([record.id for record in members])


def _causes(work: Work, records: Iterable[Record]) -> tuple[Cause, ...]:
    found: set[Cause] = set()
    for record in records:
        found |= work.causes.get(record, set())
    return tuple(sorted(found, key=_by_cause)[:_CAUSES])


def _by_cause(cause: Cause) -> tuple[str, str]:
    return cause.kind, cause.id


def _by_entity(delta: EntityDelta) -> str:
    return delta.entity_id
