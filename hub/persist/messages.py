"""Golden rows and entity changes as the bytes that are published and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.encoder import long
from hub.wire.entities import GOLDEN, Entity, Golden

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
        return self.framed[:head] + long(generation) + long(sequence) + self.framed[head + 2 :]


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
