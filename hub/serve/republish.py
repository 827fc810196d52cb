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

from hub.wire import topics
from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.broker import Log
from hub.wire.errors import Halt
from hub.wire.records import Cause, EntityChange, GoldenPerson

KIND = "restored"
"""Kind in store.history and cause in changes.person of a state that a restore published."""
_BATCH = 500
_LIVING = """
select h.body from store.person p
join store.history h using (entity_id, generation, sequence)
where p.status = 'active' order by p.entity_id"""
_KNOWN = """
select p.entity_id::text, p.status, h.body from store.person p
join store.history h using (entity_id, generation, sequence) where p.entity_id = any(%s::uuid[])"""
_STUBS = "select entity_id::text, generation, sequence from store.person where status <> 'active'"
_TICK = """
update store.clock set generation = greatest(generation, %s) + 1, sequence = sequence + 1
returning generation, sequence"""
_STAMP = """
insert into store.person (entity_id, generation, sequence, status, moved_to, previous_ids, wins, digest, changed_at)
values (%(id)s, %(generation)s, %(sequence)s, %(status)s, %(moved_to)s::uuid[], '{}', '[]', %(digest)s, %(at)s)
on conflict (entity_id) do update set generation = excluded.generation, sequence = excluded.sequence,
  changed_at = excluded.changed_at"""
_HISTORY = """
insert into store.history (entity_id, generation, sequence, at, kind, status, causes, other_ids, body)
values (%(id)s, %(generation)s, %(sequence)s, %(at)s, %(kind)s, %(status)s, %(causes)s, %(moved_to)s::uuid[],
  %(body)s)"""
_OUTBOX = """
insert into store.outbox (generation, sequence, topic, key, value, headers, at)
values (%(generation)s, %(sequence)s, %(topic)s, %(key)s, %(value)s, %(headers)s, %(at)s)"""
_SCHEMA = "insert into store.schema (fingerprint, text) values (%s, %s) on conflict do nothing"
Database = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What subscribers of golden.person have read."""

    generation: int
    """The highest."""
    living: frozenset[str]
    """Entity ids whose last value is a living record."""
    vanished: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """(generation, sequence) of the last value of ids that have vanished."""


def seen_on(log: Log, codec: Codec, topic: str = topics.GOLDEN_PERSON.name) -> Seen:
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
    database: Database, codec: Codec, seen: Seen, *, known_generation: int, at_us: int
) -> tuple[int, int, int]:
    """Write it all into history and outbox, in the caller's transaction; return generation, living rows, stubs."""
    row = database.execute(_TICK, (max(seen.generation, known_generation),)).fetchone()
    if row is None:
        raise Halt("store.clock has no row: the backup is not of a store of this hub; restore another one")
    schemas = {bytes(mark): text for mark, text in database.execute("select fingerprint, text from store.schema")}
    archive = Archive(schemas.get)
    writer = _Writer(database, archive, codec, Stamp(int(row[0]), int(row[1]), at_us))
    present: set[str] = set()
    living = 0
    with database.cursor(name="living") as cursor:
        cursor.itersize = _BATCH
        for (body,) in cursor.execute(_LIVING):
            golden: GoldenPerson = archive.decode(bytes(body))
            present.add(golden.entity_id)
            writer.add(golden, "changed")
            living += 1
    gone = sorted((seen.living | _moved_since(database, seen)) - present)
    for golden in _stubs(database, archive, gone):
        writer.add(golden, golden.status)
    writer.flush()
    for mark, text in archive.unsaved().items():
        database.execute(_SCHEMA, (mark, text))
    database.execute("notify outbox")
    return int(row[0]), living, len(gone)


def _moved_since(database: Database, seen: Seen) -> set[str]:
    """Return ids that vanished before the backup and once more after it: subscribers may know another way on."""
    rows = database.execute(_STUBS).fetchall()
    return {entity_id for entity_id, *version in rows if seen.vanished.get(entity_id, (0, 0)) > tuple(version)}


def _stubs(database: Database, archive: Archive, gone: list[str]) -> Iterator[GoldenPerson]:
    known = {row[0]: archive.decode(bytes(row[2])) for row in database.execute(_KNOWN, (gone,)) if row[1] != "active"}
    for entity_id in gone:
        yield known.get(entity_id, GoldenPerson(entity_id, 0, 0, "deleted"))


class _Writer:
    """Collects rows of one version and writes them in batches."""

    def __init__(self, database: Database, archive: Archive, codec: Codec, stamp: Stamp) -> None:
        self._database = database
        self._archive = archive
        self._codec = codec
        self._stamp = stamp
        self._at = datetime.fromtimestamp(stamp.at_us / 1e6, UTC)
        self._rows: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []

    def add(self, golden: GoldenPerson, kind: str) -> None:
        """Take one golden record or stub; `kind` is what changes.person says of it."""
        stamp, at = self._stamp, self._stamp.at_us
        golden = replace(golden, generation=stamp.generation, sequence=stamp.sequence)
        cause = Cause(KIND, str(stamp.generation))
        change = EntityChange(
            golden.entity_id, stamp.generation, stamp.sequence, at, kind, (cause,), golden.moved_to
        )  # fmt: skip
        self._rows.append({
            "id": UUID(golden.entity_id), **self._version(), "kind": KIND, "status": golden.status,
            "causes": json.dumps([cause.to_dict()]), "moved_to": [UUID(one) for one in golden.moved_to],
            "body": self._archive.encode(golden), "digest": self._digest(golden),
        })  # fmt: skip
        self._message(topics.GOLDEN_PERSON.name, golden.entity_id, "satudata.golden.person", golden)
        self._message(topics.CHANGES_PERSON.name, golden.entity_id, "satudata.change.person", change)
        if len(self._rows) >= _BATCH:
            self.flush()

    def _version(self) -> dict[str, Any]:
        return {"generation": self._stamp.generation, "sequence": self._stamp.sequence, "at": self._at}

    def _digest(self, golden: GoldenPerson) -> bytes:
        """Return the digest by which persist tells whether a golden record changed: of all but its version."""
        framed = self._codec.encode(replace(golden, generation=0, sequence=0))
        return blake2b(framed[5:], digest_size=16).digest()

    def _message(self, topic: str, entity_id: str, kind: str, record: Any) -> None:
        headers = {
            "ce_specversion": "1.0", "ce_id": f"{entity_id}/{self._stamp.generation}.{self._stamp.sequence}",
            "ce_source": "satudata/hub", "ce_type": kind,
            "ce_time": self._at.isoformat().replace("+00:00", "Z"), "ce_subject": entity_id,
            "content-type": "application/avro",
        }  # fmt: skip
        self._messages.append({
            **self._version(), "topic": topic, "key": entity_id.encode(), "value": self._codec.encode(record),
            "headers": json.dumps(headers),
        })  # fmt: skip

    def flush(self) -> None:
        """Write what is collected."""
        with self._database.cursor() as cursor:
            cursor.executemany(_STAMP, self._rows)
            cursor.executemany(_HISTORY, self._rows)
            cursor.executemany(_OUTBOX, self._messages)
        self._rows.clear()
        self._messages.clear()
