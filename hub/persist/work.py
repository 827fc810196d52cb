"""What one transaction takes and what it gives back, as records without behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.persist.reviews import Change
from hub.wire.decisions import Delta
from hub.wire.entities import Entity, Golden
from hub.wire.records import QuarantineItem


@dataclass(frozen=True, slots=True)
class Log:
    """One partition of one incarnation of a topic on one cluster: what an offset is an offset of."""

    cluster_id: str
    topic_id: str
    partition: int


@dataclass(frozen=True, slots=True)
class Move:
    """An offset that a transaction moves, and the only value that it may move it from."""

    log: Log
    base: int
    next: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A transaction that puts one model in another's place, and what it says of it."""

    entity: str
    version: str
    said: str


@dataclass(frozen=True, slots=True)
class Work:
    """All of one transaction; a retry sends the same object."""

    delta: Delta
    golden: Mapping[str, Golden]
    """Golden state of every entity of the delta that has members; version and previous ids are filled in here."""
    moves: Sequence[Move] = ()
    refused: Sequence[QuarantineItem] = ()
    """Quarantine items that arrived or were made by reconcile itself."""
    settled: Mapping[str, str] = field(default_factory=dict)
    """Quarantine items that an operator settled: id -> reason."""
    bodies: Mapping[bytes, bytes] = field(default_factory=dict)
    """Record id -> body in the archive's encoding, where the delta's row holds that very message's values."""
    reviews: Change | None = None
    """What changes of the stewards' queue and of holds."""
    turn: Turn | None = None
    """Set where all of it is the work of a new model."""
    entity: Entity = "person"
    """The kind of entity that all of it speaks of: each has an engine of its own."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction did."""

    generation: int
    sequence: int
    at_us: int
    """Commit time by the database's clock, microseconds since 1970 UTC."""
    published: Mapping[str, int]
    """Golden rows written and published, by kind of change."""
    living: int
    """Living golden records more (or less) than before."""
    members: int
    """Living source records more (or less) than before."""
    edges: int
    """Scored pairs more (or less) than before."""
