"""After a restore: memberships under the new generation, and an end to those that only subscribers know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from hub.wire import cloud_events
from hub.wire.avro import Codec
from hub.wire.broker import Log
from hub.wire.records import Membership
from hub.wire.topics import GOLDEN_MEMBERSHIP

_PRESENT = """
select id::text, person_id::text, family_id::text, role, claimed_at, source, record,
  (extract(epoch from since) * 1000000)::bigint
from store.membership where until is null order by id"""
_ENDED = """
select id::text, (extract(epoch from until) * 1000000)::bigint from store.membership
where id = any(%s::uuid[]) and until is not null"""
_STAMP = "update store.membership set generation = %s, sequence = %s where until is null"
_OUTBOX = """
insert into store.outbox (generation, sequence, topic, key, value, headers, at)
values (%s, %s, %s, %s, %s, %s, %s)"""
_BATCH = 500
Database = psycopg.Connection[tuple[Any, ...]]


def seen_on(log: Log, codec: Codec, topic: str = GOLDEN_MEMBERSHIP.name) -> dict[str, Membership]:
    """Read a topic to its end; return the memberships that subscribers take for holding, by id."""
    found: dict[str, Membership] = {}
    if not log.partitions(topic):
        return found
    for message in log.read(topic):
        membership = None if message.value is None else codec.decode_record(message.value)
        if isinstance(membership, Membership) and membership.status == "active":
            found[membership.membership_id] = membership
        else:
            found.pop((message.key or b"").decode(), None)
    return found


def republish(
    database: Database, codec: Codec, seen: Mapping[str, Membership], version: tuple[int, int], at: datetime
) -> None:
    """Put every membership that holds, and the end of every one that does no longer, into the outbox."""
    at_us = int(at.timestamp() * 1_000_000)
    present = [
        Membership(row[0], *version, "active", row[1], row[2], row[3], row[4], row[5], bytes(row[6]), row[7])
        for row in database.execute(_PRESENT)
    ]
    database.execute(_STAMP, version)
    lost = sorted(seen.keys() - {one.membership_id for one in present})
    until: dict[str, int] = dict(database.execute(_ENDED, (lost,)).fetchall())
    ended = [
        replace(seen[one], generation=version[0], sequence=version[1], status="ended", until=until.get(one, at_us))
        for one in lost
    ]
    with database.cursor() as cursor:
        for batch in _batches([*present, *ended]):
            cursor.executemany(_OUTBOX, [_row(one, codec, at) for one in batch])


def _row(one: Membership, codec: Codec, at: datetime) -> tuple[Any, ...]:
    headers = cloud_events.headers(
        cloud_events.MEMBERSHIP_TYPE, one.membership_id, one.generation, one.sequence, int(at.timestamp() * 1_000_000)
    )
    return (one.generation, one.sequence, GOLDEN_MEMBERSHIP.name, one.membership_id.encode(), codec.encode(one),
            headers, at)  # fmt: skip


def _batches(rows: list[Membership]) -> Iterator[Iterable[Membership]]:
    for first in range(0, len(rows), _BATCH):
        yield rows[first : first + _BATCH]
