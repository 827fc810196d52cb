"""After a restore: every living golden row under a new generation, and stubs of what subscribers know otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import psycopg

from hub.serve import restored_memberships
from hub.wire import cloud_events, topics
from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.broker import Log
from hub.wire.entities import ENTITIES, ENTITY_OF, GOLDEN, Entity, Golden
from hub.wire.errors import Halt
from hub.wire.records import Cause, EntityChange, Membership

KIND = "restored"
"""Kind in store.history and cause in changes.<entity> of a state that a restore published."""
_BATCH = 500
_LIVING = """
select h.body from store.{entity} p
join store.history h using (entity_id, generation, sequence)
where p.status = 'active' order by p.entity_id"""
_KNOWN = """
select p.entity_id::text, p.status, h.body from store.{entity} p
join store.history h using (entity_id, generation, sequence) where p.entity_id = any(%s::uuid[])"""
_STUBS = "select entity_id::text, generation, sequence from store.{entity} where status <> 'active'"
_TICK = """
update store.clock set generation = greatest(generation, %s) + 1, sequence = sequence + 1
returning generation, sequence"""
_STAMP = """
insert into store.{entity} (entity_id, generation, sequence, status, moved_to, previous_ids, wins, digest, changed_at)
values (%(id)s, %(generation)s, %(sequence)s, %(status)s, %(moved_to)s::uuid[], '{{}}', '[]', %(digest)s, %(at)s)
on conflict (entity_id) do update set generation = excluded.generation, sequence = excluded.sequence,
  changed_at = excluded.changed_at"""
_HISTORY = """
insert into store.history (entity_id, generation, sequence, at, kind, status, causes, other_ids, body, entity)
values (%(id)s, %(generation)s, %(sequence)s, %(at)s, %(kind)s, %(status)s, %(causes)s, %(moved_to)s::uuid[],
  %(body)s, %(entity)s)"""
_OUTBOX = """
insert into store.outbox (generation, sequence, topic, key, value, headers, at)
values (%(generation)s, %(sequence)s, %(topic)s, %(key)s, %(value)s, %(headers)s, %(at)s)"""
_SCHEMA = "insert into store.schema (fingerprint, text) values (%s, %s) on conflict do nothing"
Database = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What subscribers of a golden topic have read."""

    generation: int
    """The highest."""
    living: frozenset[str]
    """Entity ids whose last value is a living record."""
    vanished: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """(generation, sequence) of the last value of ids that have vanished."""


def seen_on(log: Log, codec: Codec, topic: str) -> Seen:
    """Read a golden topic to its end; raises Quarantine for a value that is no golden record."""
    if not log.partitions(topic):
        return Seen(0, frozenset())
    generation = 0
    living: set[str] = set()
    vanished: dict[str, tuple[int, int]] = {}
    for message in log.read(topic):
        entity_id = (message.key or b"").decode()
        golden = None if message.value is None else codec.decode_record(message.value)
        if golden is not None:
            generation = max(generation, golden.generation)
        living.discard(entity_id)
        vanished.pop(entity_id, None)
        if golden is not None and golden.status == "active":
            living.add(entity_id)
        elif golden is not None:
            vanished[entity_id] = golden.generation, golden.sequence
    return Seen(generation, frozenset(living), vanished)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Version and time of what a restore publishes."""

    generation: int
    sequence: int
    at_us: int


def republish(
    database: Database,
    codec: Codec,
    seen: Mapping[Entity, Seen],
    memberships: Mapping[str, Membership],
    *,
    known_generation: int,
    at_us: int,
) -> tuple[int, int, int]:
    """Write it all into history and outbox, in the caller's transaction; return generation, living rows, stubs.

    `seen` tells of the golden topic of each kind of entity, `memberships` of golden.membership.
    """
    highest = max([each.generation for each in seen.values()], default=0)
    row = database.execute(_TICK, (max(highest, known_generation),)).fetchone()
    if row is None:
        raise Halt("store.clock has no row: the backup is not of a store of this hub; restore another one")
    schemas = {bytes(mark): text for mark, text in database.execute("select fingerprint, text from store.schema")}
    archive = Archive(schemas.get)
    writer = _Writer(database, archive, codec, Stamp(int(row[0]), int(row[1]), at_us))
    living = stubs = 0
    for entity in ENTITIES:
        present = _living(database, archive, entity, writer)
        known = seen.get(entity, Seen(0, frozenset()))
        gone = sorted((known.living | _moved_since(database, entity, known)) - present)
        for golden in _stubs(database, archive, entity, gone):
            writer.add(golden, golden.status)
        writer.flush()
        living, stubs = living + len(present), stubs + len(gone)
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    restored_memberships.republish(database, codec, memberships, (int(row[0]), int(row[1])), at)
    for mark, text in archive.unsaved().items():
        database.execute(_SCHEMA, (mark, text))
    database.execute("notify outbox")
    return int(row[0]), living, stubs


def _living(database: Database, archive: Archive, entity: Entity, writer: _Writer) -> set[str]:
    """Hand every living golden record to the writer; return their ids."""
    present: set[str] = set()
    with database.cursor(name="living") as cursor:
        cursor.itersize = _BATCH
        for (body,) in cursor.execute(_LIVING.format(entity=entity)):
            golden: Golden = archive.decode(bytes(body))
            present.add(golden.entity_id)
            writer.add(golden, "changed")
    return present


def _moved_since(database: Database, entity: Entity, seen: Seen) -> set[str]:
    """Return ids that vanished before the backup and once more after it: subscribers may know another way on."""
    rows = database.execute(_STUBS.format(entity=entity)).fetchall()
    return {entity_id for entity_id, *version in rows if seen.vanished.get(entity_id, (0, 0)) > tuple(version)}


def _stubs(database: Database, archive: Archive, entity: Entity, gone: list[str]) -> Iterator[Golden]:
    rows = database.execute(_KNOWN.format(entity=entity), (gone,))
    known = {row[0]: archive.decode(bytes(row[2])) for row in rows if row[1] != "active"}
    for entity_id in gone:
        yield known.get(entity_id, GOLDEN[entity](entity_id, 0, 0, "deleted"))


class _Writer:
    """Collects rows of one version and writes them in batches, each of one kind of entity."""

    def __init__(self, database: Database, archive: Archive, codec: Codec, stamp: Stamp) -> None:
        self._database = database
        self._archive = archive
        self._codec = codec
        self._stamp = stamp
        self._at = datetime.fromtimestamp(stamp.at_us / 1e6, UTC)
        self._entity: Entity = "person"
        self._rows: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []

    def add(self, golden: Golden, kind: str) -> None:
        """Take one golden record or stub; `kind` is what changes.<entity> says of it."""
        entity = ENTITY_OF[type(golden)]
        if entity != self._entity:
            self.flush()
            self._entity = entity
        stamp, at = self._stamp, self._stamp.at_us
        golden = replace(golden, generation=stamp.generation, sequence=stamp.sequence)
        cause = Cause(KIND, str(stamp.generation))
        change = EntityChange(
            golden.entity_id, stamp.generation, stamp.sequence, at, kind, (cause,), golden.moved_to,
            entity=entity,
        )  # fmt: skip
        self._rows.append({
            "id": UUID(golden.entity_id), **self._version(), "kind": KIND, "status": golden.status,
            "causes": json.dumps([cause.to_dict()]), "moved_to": [UUID(one) for one in golden.moved_to],
            "body": self._archive.encode(golden), "digest": self._digest(golden), "entity": entity,
        })  # fmt: skip
        self._message(
            topics.GOLDEN_TOPIC[entity].name, golden.entity_id, cloud_events.GOLDEN_TYPE.format(entity=entity), golden
        )
        self._message(
            topics.CHANGES_TOPIC[entity].name, golden.entity_id, cloud_events.CHANGE_TYPE.format(entity=entity), change
        )
        if len(self._rows) >= _BATCH:
            self.flush()

    def _version(self) -> dict[str, Any]:
        return {"generation": self._stamp.generation, "sequence": self._stamp.sequence, "at": self._at}

    def _digest(self, golden: Golden) -> bytes:
        """Return the digest by which persist tells whether a golden record changed: of all but its version."""
        framed = self._codec.encode(replace(golden, generation=0, sequence=0))
        return blake2b(framed[5:], digest_size=16).digest()

    def _message(self, topic: str, entity_id: str, kind: str, record: Any) -> None:
        stamp = self._stamp
        headers = cloud_events.headers(kind, entity_id, stamp.generation, stamp.sequence, stamp.at_us)
        self._messages.append({
            **self._version(), "topic": topic, "key": entity_id.encode(), "value": self._codec.encode(record),
            "headers": headers,
        })  # fmt: skip

    def flush(self) -> None:
        """Write what is collected."""
        with self._database.cursor() as cursor:
            cursor.executemany(_STAMP.format(entity=self._entity), self._rows)
            cursor.executemany(_HISTORY, self._rows)
            cursor.executemany(_OUTBOX, self._messages)
        self._rows.clear()
        self._messages.clear()
