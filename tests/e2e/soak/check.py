"""What must hold whenever the river has come to rest, whatever was broken before."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg

from hub.demo import expect, lost
from hub.demo.journal import Change
from hub.persist import load
from hub.wire import version
from hub.wire.archive import Archive
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.kafka import KafkaLog
from hub.wire.records import EntityChange, GoldenPerson
from hub.wire.topics import CHANGES_PERSON, GOLDEN_PERSON
from tests.e2e.soak.faults import LOST
from tests.e2e.soak.ground import Ground

MARGIN_US = 30_000_000
"""What a connector had not yet captured when its slot was dropped is lost with it."""


def at_rest(ground: Ground, gaps: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the figures of one check; raises AssertionError on the first thing that does not hold."""
    with closing(ConfluentRegistry(ground.settings.endpoint("registry"))) as registry:
        codec = Codec(registry)
        log = KafkaLog(ground.settings.endpoint("kafka"))
        never = _never_in_raw(ground, log, codec, gaps)
        assert not never, f"{len(never)} commits never reached raw: {[r.hex() for r in never[:5]]}"
        report = json.loads(ground.ask("hub.demo.oracle", str(ground.settings.home)))
        assert report["store_equals_oracle"], report["differences"][:5]
        read = _readers_saw(ground, log, codec)
    memory, stored = ground.memory_digest(), ground.ask("tests.e2e.soak.reload")
    assert memory == stored, f"memory {memory} is not what the store loads to: {stored}"
    return {"records": report["records"], "entities": report["entities"], "f1": round(report["f1"], 5), "read": read}


def _never_in_raw(ground: Ground, log: KafkaLog, codec: Codec, gaps: list[tuple[int, int]]) -> list[bytes]:
    """Return the records of commits that neither raw holds nor a later snapshot covers."""
    raw = lost.arrived(log, codec)
    missing = [(seq, change) for seq, change in ground.numbered() if lost.missing([change], raw)]
    if gaps:  # a snapshot tells rows, not changed keys: the hub cannot know that lineage, nor may the oracle
        untold = lost.missing([replace(change, previous=None) for _, change in missing], raw)
        ground.forget_lineage([s for s, c in missing if _covered(c, gaps) and c.record in untold])
        ground.journal.note(f"{expect.LOADED}.{LOST}", str(_snapshot_us(ground)))
    return [change.record for _, change in missing if not _covered(change, gaps)]


def _covered(change: Change, gaps: list[tuple[int, int]]) -> bool:
    return change.source == LOST and any(begin - MARGIN_US <= change.at_us <= end for begin, end in gaps)


def _snapshot_us(ground: Ground) -> int:
    """Return the age that the last snapshot gave to the rows of `LOST`: that of most rows of its last epoch."""
    with load.state(ground.settings.endpoint("database")) as state:
        mine = [row for row in state.records if row.source == LOST and row.body is not None]
    epoch = max(version.unpack(row.version).epoch for row in mine)
    first = min(row.version for row in mine if version.unpack(row.version).epoch == epoch)
    return next(row.body.changed_at for row in mine if row.version == first and row.body is not None)


def _readers_saw(ground: Ground, log: KafkaLog, codec: Codec) -> int:
    """Read what subscribers read: every byte is one that the store published, and only a repeat steps back.

    A publisher that was killed between Kafka's commit and its cursor sends its last transaction again, byte for byte.
    """
    history = _history(ground.settings.endpoint("database"))
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    seen: dict[tuple[str, str, tuple[int, int]], bytes] = {}
    for topic in (GOLDEN_PERSON.name, CHANGES_PERSON.name):
        for message in log.read(topic):
            value = message.value or b""
            record = codec.decode_record(value)
            assert isinstance(record, GoldenPerson | EntityChange)
            at = (record.generation, record.sequence)
            before, place = latest.get((topic, record.entity_id), (0, 0)), (topic, record.entity_id, at)
            assert at > before or seen.get(place) == value, f"{topic}: {record.entity_id} went back to {at}"
            latest[topic, record.entity_id], seen[place] = at, value
            assert (record.entity_id, *at) in history, f"{topic}: {record.entity_id} at {at} was never committed"
            if isinstance(record, GoldenPerson):
                assert record == history[record.entity_id, *at], f"{record.entity_id} at {at} differs from the history"
    newest: dict[str, tuple[int, int]] = {}
    for entity, generation, sequence in history:
        newest[entity] = max(newest.get(entity, (0, 0)), (generation, sequence))
    assert {entity: latest.get((GOLDEN_PERSON.name, entity)) for entity in newest} == newest
    return len(seen)


def _history(database: str) -> dict[tuple[str, int, int], GoldenPerson]:
    with psycopg.connect(database) as connection:
        archive = Archive(load.schemas(connection).get)
        rows = connection.execute("SELECT entity_id::text, generation, sequence, body FROM store.history").fetchall()
    return {(entity, generation, sequence): archive.decode(bytes(body)) for entity, generation, sequence, body in rows}
