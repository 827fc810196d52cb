"""Golden rows and entity changes as the bytes that are published and kept, with CloudEvents headers.

CloudEvents 1.0, Kafka protocol binding, binary mode: attributes are headers `ce_*`.  An event's id is entity id and
entity version, so a repeat is recognised as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.entities import GOLDEN, Entity, Golden
from hub.wire.records import EntityChange

SOURCE = "satudata/hub"
GOLDEN_TYPE = "satudata.golden.{entity}"
CHANGE_TYPE = "satudata.change.{entity}"
_FRAME = 5
_ID = 37
"""Bytes of an entity id in Avro: its length, then a UUID's 36 characters."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A golden record encoded but for its version, which is known only inside the transaction."""

    golden: Golden
    framed: bytes
    """As a Kafka message, at version (0, 0)."""
    digest: bytes
    """Of all content but the version."""

    def framed_at(self, generation: int, sequence: int) -> bytes:
        """Return the Kafka message of a version; the two numbers stand behind the entity id."""
        head = _FRAME + _ID
        return self.framed[:head] + _long(generation) + _long(sequence) + self.framed[head + 2 :]


@dataclass(frozen=True, slots=True)
class Coding:
    """The two encodings of a record: as a Kafka message, and as a stored body."""

    codec: Codec
    archive: Archive

    def draft(self, golden: Golden) -> Draft:
        """Encode a golden record once, for digest, message and history alike."""
        if golden.generation or golden.sequence:
            golden = replace(golden, generation=0, sequence=0)
        framed = self.codec.encode(golden)
        return Draft(golden, framed, blake2b(framed[_FRAME:], digest_size=16).digest())

    def body(self, framed: bytes) -> bytes:
        """Return the stored body of a message's bytes."""
        return self.archive.adopt(self.codec.writer(framed), framed)


def stub(entity: Entity, entity_id: str, kind: str, moved_to: tuple[str, ...]) -> Golden:
    """Return what stays for ever of a vanished id: where its records went, and no personal value."""
    if kind not in ("merged", "split", "deleted"):
        kind = {0: "deleted", 1: "merged"}.get(len(moved_to), "split")
    return GOLDEN[entity](entity_id, 0, 0, kind, moved_to=moved_to if kind != "deleted" else ())


def headers(kind: str, entity_id: str, change: EntityChange) -> str:
    """Return the outbox's JSON of a message's CloudEvents headers; no value needs escaping."""
    return event(kind, entity_id, change.generation, change.sequence, change.at)


def event(kind: str, entity_id: str, generation: int, sequence: int, at_us: int) -> str:
    """Return the headers of an event at a version, as JSON."""
    time = datetime.fromtimestamp(at_us / 1e6, UTC).isoformat().replace("+00:00", "Z")
    return (
        f'{{"ce_specversion":"1.0","ce_id":"{entity_id}/{generation}.{sequence}",'
        f'"ce_source":"{SOURCE}","ce_type":"{kind}","ce_time":"{time}","ce_subject":"{entity_id}",'
        f'"content-type":"application/avro"}}'
    )


def _long(value: int) -> bytes:
    """Return Avro's zig-zag variable-length form of a long that is not negative."""
    left, out = value << 1, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)
