"""The stewards' queue and the holds in PostgreSQL: written in the transaction that decides who is the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.persist.review_rows import ReviewRow
from hub.persist.reviews import Change, Held
from hub.persist.stage import Database, copy, each
from hub.persist.store_rows import Stamp
from hub.wire import cloud_events, topics
from hub.wire.avro import Codec
from hub.wire.decisions import Doubt
from hub.wire.records import Hold

_COLUMNS = (
    "id", "entity", "kind", "a", "b", "weight", "margin", "entity_a", "entity_b", "size_a", "size_b", "source_a",
    "source_b", "sources", "twins", "conflict", "evidence", "judgement", "unsure", "worth", "points", "holds", "state",
    "judged_on",
)  # fmt: skip
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")
_KEEP = f"""
insert into store.review as r ({", ".join(_COLUMNS)}, opened_at)
values ({", ".join(["%s"] * len(_COLUMNS))}, %s)
on conflict (id) do update set {_SET},
  opened_at = case when r.state = excluded.state then r.opened_at else excluded.opened_at end"""  # noqa: S608 - our own
_GONE = "delete from store.review where id = %s"
_LOAD = f"select {', '.join(_COLUMNS)} from store.review where entity = %s"  # noqa: S608 - our own names
_BASIS = "select basis from store.review_basis where entity = %s"
_NEW_BASIS = """
insert into store.review_basis (entity, basis) values (%s, %s)
on conflict (entity) do update set basis = excluded.basis"""
_HOLD = """
insert into store.hold (entity_id, since, entity, reason, judgement) values (%s, %s, %s, %s, %s)"""
_RELEASE = """
update store.hold set released_at = %s, release = %s where entity_id = %s and released_at is null"""
_OUTBOX = "copy store.outbox (generation, sequence, topic, key, value, headers, at) from stdin"
HOLD_TYPE = "satudata.hold"


def load(database: Database, entity: str) -> tuple[list[ReviewRow], str | None]:
    """Return the stored queue of an entity, and the basis that it rests on."""
    rows = [_row(dict(zip(_COLUMNS, row, strict=True))) for row in database.execute(_LOAD, (entity,))]
    basis = database.execute(_BASIS, (entity,)).fetchone()
    return rows, None if basis is None else str(basis[0])


def write(database: Database, change: Change, codec: Codec, stamp: Stamp) -> None:
    """Write a change of queue and holds in the caller's transaction; each hold and release is published."""
    at = datetime.fromtimestamp(stamp.at_us / 1e6, UTC)
    each(database, _GONE, [(item,) for item in change.gone])
    each(database, _KEEP, [(*_values(row), at) for row in sorted(change.kept, key=lambda row: row.id)])
    if change.basis is not None:
        database.execute(_NEW_BASIS, (change.entity, change.basis))
    each(database, _RELEASE, [(at, why, entity_id) for entity_id, why in sorted(change.released.items())])
    each(database, _HOLD, [
        (entity_id, at, change.entity, hold.reason, hold.judgement) for entity_id, hold in sorted(change.holds.items())
    ])  # fmt: skip
    said = [
        _hold(change.entity, entity_id, held, change.holds.get(entity_id) or Held(change.released[entity_id]), stamp)
        for held, entities in ((False, change.released), (True, change.holds))
        for entity_id in sorted(entities)
        if held or entity_id not in change.holds
    ]
    if said:
        copy(database, _OUTBOX, [
            (hold.generation, hold.sequence, topics.HOLD.name, hold.entity_id.encode(), codec.encode(hold),
             cloud_events.headers(HOLD_TYPE, hold.entity_id, hold.generation, hold.sequence, hold.at), at)
            for hold in said
        ])  # fmt: skip
        database.execute("notify outbox")


def _hold(entity: str, entity_id: str, held: bool, why: Held, stamp: Stamp) -> Hold:
    return Hold(entity, entity_id, stamp.generation, stamp.sequence, stamp.at_us, held, why.reason, why.judgement)


def _values(row: ReviewRow) -> tuple[Any, ...]:
    doubt = row.doubt
    return (
        row.id, row.entity, doubt.kind, doubt.a, doubt.b, doubt.weight, doubt.margin, doubt.entity_a, doubt.entity_b,
        doubt.size_a, doubt.size_b, doubt.source_a, doubt.source_b, list(doubt.sources), doubt.twins, doubt.conflict,
        doubt.evidence, doubt.judgement, doubt.unsure, row.worth, orjson.dumps(dict(row.points)).decode(), row.holds,
        row.state, row.judged_on,
    )  # fmt: skip


def _row(stored: Mapping[str, Any]) -> ReviewRow:
    doubt = Doubt(
        stored["a"], stored["b"], stored["kind"], stored["weight"], stored["margin"], str(stored["entity_a"]),
        str(stored["entity_b"]), stored["size_a"], stored["size_b"], stored["source_a"], stored["source_b"],
        tuple(stored["sources"]), stored["twins"], stored["conflict"], stored["evidence"], stored["judgement"],
        stored["unsure"],
    )  # fmt: skip
    return ReviewRow(
        str(stored["id"]), stored["entity"], doubt, stored["worth"], tuple(stored["points"].items()), stored["holds"],
        stored["state"], stored["judged_on"],
    )  # fmt: skip


def waiting(database: Database) -> list[tuple[str, str, int, float]]:
    """Return how many items are open and when the oldest was opened (seconds since 1970), by entity and kind."""
    return list(database.execute(
        "select entity, kind, count(*)::int, extract(epoch from min(opened_at))::float8 from store.review "
        "where state = 'open' group by 1, 2"
    ))  # fmt: skip
