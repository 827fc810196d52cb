"""Rows of schema store: golden rows, members, history, aliases and the outbox of one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

import orjson

from hub.persist import aliases, memberships, messages, spans
from hub.persist.messages import Coding, Draft
from hub.persist.stage import Database, Upsert, byteas, copy, uuids
from hub.persist.work import Committed, Work
from hub.wire import cloud_events, topics
from hub.wire.decisions import EntityDelta
from hub.wire.entities import ENTITIES, Entity, Golden, golden_attributes
from hub.wire.errors import Halt
from hub.wire.records import Cause, EntityChange, Reassigned
from hub.wire.tables import DATES

GOLDEN = {
    entity: Upsert(
        f"store.{entity}",
        ("entity_id", "generation", "sequence", "status", "moved_to", "previous_ids", *golden_attributes(entity),
         "wins", "digest", "changed_at"),
        ("entity_id",), guard="(t.generation, t.sequence) < (excluded.generation, excluded.sequence)",
    )
    for entity in ENTITIES
}  # fmt: skip
"""Attributes of a golden record are columns of its table under the same name."""
MEMBER = Upsert("store.member", ("record", "entity_id", "source", "tbl", "entity"), ("record",), guard="true")
STAGED = (*GOLDEN.values(), MEMBER)
_READ = {entity: attrgetter(*golden_attributes(entity)) for entity in ENTITIES}
_DATES = {entity: [at for at, name in enumerate(golden_attributes(entity)) if name in DATES] for entity in ENTITIES}

_KNOWN = "select entity_id::text, status, digest from store.{entity} where entity_id = any(%s::uuid[])"
_MEMBERS = "select record, entity_id::text from store.member where entity_id = any(%s::uuid[])"
_MEMBERS_GONE = "delete from store.member where record = any(%s::bytea[])"
_HISTORY = (
    "copy store.history (entity_id, generation, sequence, at, kind, status, causes, other_ids, body, entity) from stdin"
)
_OUTBOX = "copy store.outbox (generation, sequence, topic, key, value, headers, at) from stdin"
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Stamp:
    """Version and time of a commit."""

    generation: int
    sequence: int
    at_us: int


@dataclass(slots=True)
class _Rows:
    entity: Entity
    stamp: Stamp
    at: datetime = field(init=False)
    golden: list[tuple[Any, ...]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    outbox: list[tuple[Any, ...]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    living: int = 0

    def __post_init__(self) -> None:
        self.at = datetime.fromtimestamp(self.stamp.at_us / 1e6, UTC)


def drafts(coding: Coding, work: Work) -> dict[str, Draft]:
    """Encode every golden record of a work, stubs included; done once, before and outside of the transaction."""
    found = {}
    for entity in work.delta.entities:
        if entity.members:
            golden = work.golden.get(entity.entity_id)
            if golden is None or len(golden.members) != len(entity.members):
                raise Halt(f"entity {entity.entity_id} has {len(entity.members)} members, its golden record does not: "
                           "merge and link disagree, report this fault")  # fmt: skip
        else:
            golden = messages.stub(work.entity, entity.entity_id, entity.kind, entity.other_ids)
        found[entity.entity_id] = coding.draft(golden)
    return found


def write(database: Database, work: Work, ready: Mapping[str, Draft], stamp: Stamp, coding: Coding) -> Committed:
    """Write what changed of the touched entities; an unchanged golden record gets no row, history or message."""
    entities = sorted(work.delta.entities, key=lambda entity: entity.entity_id)
    members = _write_members(database, work, stamp)
    previous, refresh = aliases.write(database, work.entity, entities, stamp.generation, stamp.sequence)
    drafted = {**ready, **_with_previous(coding, ready, previous)}
    drafted |= _refreshed(database, coding, refresh)
    entities += [EntityDelta(entity_id, (), "changed", tuple(causes)) for entity_id, causes in _causes(refresh)]
    known = _known(database, work.entity, drafted)
    rows = _Rows(work.entity, stamp)
    for entity in entities:
        draft = drafted[entity.entity_id]
        status, digest = known.get(entity.entity_id, (None, None))
        if digest != draft.digest:
            _add(rows, entity, draft, coding)
            rows.living += (draft.golden.status == "active") - (status == "active")
    GOLDEN[work.entity].add(database, [row for row in rows.golden if row[0] not in known])
    GOLDEN[work.entity].run(database, [row for row in rows.golden if row[0] in known])
    if rows.history:
        copy(database, _HISTORY, rows.history)
        changed = [row[0] for row in rows.golden]
        version = (stamp.generation, stamp.sequence)
        rows.outbox += memberships.write(
            database, coding, changed, entity=work.entity, version=version, at_us=stamp.at_us
        )
        copy(database, _OUTBOX, rows.outbox)
        database.execute("notify outbox")
    return Committed(stamp.generation, stamp.sequence, stamp.at_us, rows.kinds, rows.living, members, 0)


def _known(database: Database, entity: Entity, drafted: Iterable[str]) -> dict[str, tuple[str, bytes]]:
    ids = sorted(drafted)
    if not ids:
        return {}
    return {row[0]: (row[1], row[2]) for row in database.execute(_KNOWN.format(entity=entity), (uuids(ids),))}


def _write_members(database: Database, work: Work, stamp: Stamp) -> int:
    entities = work.delta.entities
    if not entities:
        return 0
    before: dict[bytes, str] = dict(
        database.execute(_MEMBERS, (uuids(sorted(entity.entity_id for entity in entities)),))
    )
    now = {
        member.record: (entity.entity_id, member.source, member.table, work.entity)
        for entity in entities if entity.members
        for member in work.golden[entity.entity_id].members
    }  # fmt: skip
    changed = sorted((record, *place) for record, place in now.items() if before.get(record) != place[0])
    gone = sorted(record for record in before if record not in now)
    if gone:
        database.execute(_MEMBERS_GONE, (byteas(gone),))
    moved = [record for record, *_ in changed if record in before]
    begun = [(record, entity_id, work.entity) for record, entity_id, *_ in changed]
    at = datetime.fromtimestamp(stamp.at_us / 1e6, UTC)
    spans.write(database, (stamp.generation, stamp.sequence), at, (*gone, *moved), begun)
    return MEMBER.run(database, changed) - len(gone)


def _with_previous(coding: Coding, ready: Mapping[str, Draft], previous: Mapping[str, list[str]]) -> dict[str, Draft]:
    return {
        entity_id: coding.draft(replace(ready[entity_id].golden, previous_ids=tuple(ids)))
        for entity_id, ids in previous.items()
    }


def _refreshed(database: Database, coding: Coding, refresh: Mapping[str, aliases.Refresh]) -> dict[str, Draft]:
    """Return the drafts of living entities that nothing touched but the list of their previous ids."""
    found = {}
    for entity_id, wanted in refresh.items():
        row = database.execute(
            "select body from store.history where entity_id = %s order by generation desc, sequence desc limit 1",
            (entity_id,),
        ).fetchone()
        if row is not None:
            golden: Golden = coding.archive.decode(row[0])
            found[entity_id] = coding.draft(replace(golden, previous_ids=tuple(wanted.previous_ids)))
    return found


def _causes(refresh: Mapping[str, aliases.Refresh]) -> list[tuple[str, tuple[Any, ...]]]:
    return sorted((entity_id, wanted.causes) for entity_id, wanted in refresh.items())


def _add(rows: _Rows, entity: EntityDelta, draft: Draft, coding: Coding) -> None:
    golden, stamp, at = draft.golden, rows.stamp, rows.at
    change = EntityChange(
        entity.entity_id, stamp.generation, stamp.sequence, stamp.at_us, entity.kind,
        tuple([Cause(cause.kind, cause.id) for cause in entity.causes]), entity.other_ids,
        tuple([Reassigned(moved.record, moved.old_id, moved.new_id) for moved in entity.reassigned]),
        rows.entity,
    )  # fmt: skip
    framed = draft.framed_at(stamp.generation, stamp.sequence)
    version = (stamp.generation, stamp.sequence)
    key = entity.entity_id.encode()
    rows.kinds[entity.kind] += 1
    rows.golden.append(golden_row(rows.entity, golden, version, draft.digest, at))
    rows.history.append((
        entity.entity_id, *version, at, entity.kind, golden.status, orjson.dumps(change.causes).decode(),
        uuids(entity.other_ids), coding.body(framed), rows.entity,
    ))  # fmt: skip
    told = [
        cloud_events.headers(kind.format(entity=rows.entity), entity.entity_id, *version, stamp.at_us)
        for kind in (cloud_events.GOLDEN_TYPE, cloud_events.CHANGE_TYPE)
    ]
    rows.outbox += [
        (*version, topics.GOLDEN_TOPIC[rows.entity].name, key, framed, told[0], at),
        (*version, topics.CHANGES_TOPIC[rows.entity].name, key, coding.codec.encode(change), told[1], at),
    ]


def golden_row(
    entity: Entity, golden: Golden, version: tuple[int, int], digest: bytes, at: datetime
) -> tuple[Any, ...]:  # fmt: skip
    """Return the row of a golden record in the order of its staging columns."""
    values = list(_READ[entity](golden))
    for place in _DATES[entity]:
        if values[place] is not None:
            values[place] = date.fromordinal(_EPOCH_DAY + values[place])
    return (
        golden.entity_id, *version, golden.status, uuids(golden.moved_to), uuids(golden.previous_ids), *values,
        orjson.dumps(golden.wins, default=bytes.hex).decode(), digest, at,
    )  # fmt: skip
