"""What must hold whenever the river has come to rest, whatever was broken before."""

from __future__ import annotations

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


class Checks:
    """The checks of one soak: what the topics and the history held at the last one is not read again by the next.

    Nothing of them may change but by what is added; the last check is by fresh `Checks`, which read all of it.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._registry = ConfluentRegistry(ground.settings.endpoint("registry"))
        self._codec = Codec(self._registry)
        self._raw = lost.Arrived()
        self._readers = Readers()

    def close(self) -> None:
        """Hang up."""
        self._registry.close()

    def at_rest(self, gaps: list[tuple[int, int]]) -> dict[str, Any]:
        """Return the figures of one check; raises AssertionError on the first thing that does not hold."""
        ground = self._ground
        read = self.topics(gaps)
        judged = ground.judgement()
        report = judged["report"]
        assert report["store_equals_oracle"], report["differences"][:5]
        memory, stored = ground.memory_digest(), judged["digest"]
        assert memory == stored, f"memory {memory} is not what the store loads to: {stored}"
        return {"records": report["records"], "entities": report["entities"], "f1": round(report["f1"], 5),
                "read": read}  # fmt: skip

    def topics(self, gaps: list[tuple[int, int]]) -> int:
        """Check what raw holds and what subscribers read; return how many messages these are."""
        log = KafkaLog(self._ground.settings.endpoint("kafka"))
        never = _never_in_raw(self._ground, self._raw.look(log, self._codec), gaps)
        assert not never, f"{len(never)} commits never reached raw: {[r.hex() for r in never[:5]]}"
        return self._readers.look(self._ground.settings.endpoint("database"), log, self._codec)


def _never_in_raw(ground: Ground, raw: set[tuple[bytes, int]], gaps: list[tuple[int, int]]) -> list[bytes]:
    """Return the records of commits that neither raw holds nor a later snapshot covers."""
    missing = [(seq, change) for seq, change in ground.numbered() if lost.missing([change], raw)]
    if gaps:  # a snapshot tells rows, not changed keys: the hub cannot know that lineage, nor may the oracle
        untold = lost.missing([replace(change, previous=None) for _, change in missing], raw)
        ground.forget_lineage([s for s, c in missing if _covered(c, gaps) and c.record in untold])
        ground.journal.note(f"{expect.LOADED}.{LOST}", str(_snapshot_us(ground.settings.endpoint("database"))))
    return [change.record for _, change in missing if not _covered(change, gaps)]


def _covered(change: Change, gaps: list[tuple[int, int]]) -> bool:
    return change.source == LOST and any(begin - MARGIN_US <= change.at_us <= end for begin, end in gaps)


def _snapshot_us(database: str) -> int:
    """Return the age that the last snapshot gave to the rows of `LOST`: that of most rows of its last epoch."""
    with psycopg.connect(database) as connection:
        archive = Archive(load.schemas(connection).get)
        mine = connection.execute(
            "SELECT version, body FROM link.record WHERE source = %s AND body IS NOT NULL ORDER BY version", [LOST]
        ).fetchall()
    epoch = version.unpack(bytes(mine[-1][0])).epoch
    body = next(body for packed, body in mine if version.unpack(bytes(packed)).epoch == epoch)
    return int(archive.decode(bytes(body)).changed_at)


Place = tuple[int, int]
"""Generation and sequence of a published state."""


class Readers:
    """What subscribers read: every byte is one that the store published, and only a repeat steps back.

    A publisher that was killed between Kafka's commit and its cursor sends its last transaction again, byte for byte.
    """

    def __init__(self) -> None:
        self._history: dict[tuple[str, int, int], GoldenPerson] = {}
        self._newest: dict[str, Place] = {}
        self._sequence = 0
        self._places: dict[str, dict[int, int]] = {}
        self._latest: dict[tuple[str, str], Place] = {}
        self._seen: dict[tuple[str, str, Place], bytes] = {}

    def look(self, database: str, log: KafkaLog, codec: Codec) -> int:
        """Read what came since the last look, check it, and return how many messages were seen so far."""
        self._remember(database)
        for topic in (GOLDEN_PERSON.name, CHANGES_PERSON.name):
            for message in lost.onward(log, topic, self._places.setdefault(topic, {})):
                self._check(topic, message.value or b"", codec)
        golden = {entity: self._latest.get((GOLDEN_PERSON.name, entity)) for entity in self._newest}
        assert golden == self._newest
        return len(self._seen)

    def _check(self, topic: str, value: bytes, codec: Codec) -> None:
        record = codec.decode_record(value)
        assert isinstance(record, GoldenPerson | EntityChange)
        at = (record.generation, record.sequence)
        before, place = self._latest.get((topic, record.entity_id), (0, 0)), (topic, record.entity_id, at)
        assert at > before or self._seen.get(place) == value, f"{topic}: {record.entity_id} went back to {at}"
        self._latest[topic, record.entity_id], self._seen[place] = at, value
        committed = self._history.get((record.entity_id, *at))
        assert committed is not None, f"{topic}: {record.entity_id} at {at} was never committed"
        if isinstance(record, GoldenPerson):
            assert record == committed, f"{record.entity_id} at {at} differs from the history"

    def _remember(self, database: str) -> None:
        """Read what the store published since the last look: its history is only ever added to."""
        with psycopg.connect(database) as connection:
            archive = Archive(load.schemas(connection).get)
            rows = connection.execute(_HISTORY, [self._sequence]).fetchall()
        for entity, generation, sequence, body in rows:
            self._history[entity, generation, sequence] = archive.decode(bytes(body))
            self._newest[entity] = max(self._newest.get(entity, (0, 0)), (generation, sequence))
            self._sequence = max(self._sequence, sequence)


_HISTORY = "SELECT entity_id::text, generation, sequence, body FROM store.history WHERE sequence > %s"
