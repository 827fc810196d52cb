"""What link and merge decide and persist writes: the contract between them, as frozen records.

link takes events and returns a Delta; merge turns a cluster's records into a Golden; persist writes both in one
transaction.  Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.wire.entities import Clean, Golden
from hub.wire.records import Held, Judgement, Sweep


@dataclass(frozen=True, slots=True)
class QuarantineClosed:
    """An operator settled a quarantine item, so a sweep that waited for it may go on."""

    item: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time to do bounded background work: sweep deletions, expiry of judgements as of `now_us`."""

    now_us: int


Event = Clean | Held | Sweep | Judgement | QuarantineClosed | Tick


@dataclass(frozen=True, slots=True)
class RecordRow:
    """Row of link.record: the last state of one source record."""

    id: bytes
    source: str
    table: str
    version: bytes
    seen: bytes
    """Highest version at which the record was seen, held rows included; sweeps compare it."""
    root: bytes
    """Lineage root across changed primary keys; entity ids and judgements hang on it."""
    deleted: bool
    next: bytes | None
    """Set on a delete by key change; the old values stay until a state of the successor is taken, not only held."""
    body: Clean | None
    """The last values; None once deleted, and None in a living row of a Delta whose values the store already has:
    persist then keeps the body it stored (link holds no bodies in memory)."""
    encoded: bytes | None = None
    """The last values as the store keeps them, in a row of a State whose body has not been read yet."""


@dataclass(frozen=True, slots=True)
class LineageRow:
    """Row of link.lineage: at `version` the record `parent` became `child` by a changed primary key."""

    child: bytes
    version: bytes
    parent: bytes


@dataclass(frozen=True, slots=True)
class Level:
    """What one comparison said of a pair: its level's name and weight in milli-bits."""

    comparison: str
    level: str
    weight: int


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """Row of link.edge: a scored pair, `a` < `b`; the explanation is kept, not recomputed."""

    a: bytes
    b: bytes
    weight: int
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """Row of link.judgement: a decision on one pair of lineage roots, `a` < `b`."""

    id: str
    sequence: int
    """Order of arrival; the later decision on a pair wins, a contradictory one is kept as refused."""
    a: bytes
    b: bytes
    verdict: str
    author: str
    reason: str
    made_at: int
    expires_at: int | None
    state: str
    """active, superseded, refused, withdrawn or expired."""


@dataclass(frozen=True, slots=True)
class NoteRow:
    """Row of link.note: what was said later of a judgement, by whom and why; it stays whatever becomes of it."""

    id: str
    sequence: int
    """In one order with judgements."""
    judgement: str
    """Which judgement, or which contest where one is taken back, it speaks of."""
    kind: str
    """withdrawn or contested."""
    author: str
    reason: str
    made_at: int
    state: str
    """taken; void, because nothing stood any more; or withdrawn, a contest that was taken back."""


@dataclass(frozen=True, slots=True)
class FloorRow:
    """Row of link.floor: versions of this table below it are refused for ever."""

    source: str
    table: str
    floor: bytes


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an entity changed: kind is record, judgement, sweep, attestation, generic_key or model."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Reassigned:
    """A record whose entity id changed."""

    record: bytes
    old_id: str
    new_id: str


@dataclass(frozen=True, slots=True)
class EntityDelta:
    """One touched entity: who belongs to it now, and what became of it."""

    entity_id: str
    members: tuple[bytes, ...]
    """Sorted record ids; empty when the id vanished."""
    kind: str
    """created, changed, merged, split, reassigned or deleted."""
    causes: tuple[Cause, ...]
    other_ids: tuple[str, ...] = ()
    """merged: the id that took its records; split: the ids that did; for a surviving id: ids it absorbed or shed."""
    reassigned: tuple[Reassigned, ...] = ()


@dataclass(slots=True)
class Delta:
    """Everything that a batch of events changes; memory takes it only after COMMIT."""

    records: list[RecordRow] = field(default_factory=list)
    lineage: list[LineageRow] = field(default_factory=list)
    edges: list[EdgeRow] = field(default_factory=list)
    edges_gone: list[tuple[bytes, bytes]] = field(default_factory=list)
    judgements: list[JudgementRow] = field(default_factory=list)
    notes: list[NoteRow] = field(default_factory=list)
    floors: list[FloorRow] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    """Marker pairs (raw partition, clean partition) newly seen."""
    sweeps_done: list[FloorRow] = field(default_factory=list)
    """Sweeps whose deletions are complete: their marker rows can go."""
    blocks: list[Held] = field(default_factory=list)
    """Rows that cannot be identified; they block their table's sweeps."""
    blocks_gone: list[str] = field(default_factory=list)
    entities: list[EntityDelta] = field(default_factory=list)
    seen_ids: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(record id, version) of every good version taken: open quarantine items below it are closed."""
    stale: int = 0
    """Events older than what is known, or below the floor: counted, without effect."""
    refused_unions: int = 0
    """Unions not made in the touched components because the cluster would pass its bound: to be alarmed."""


GREY = 3_000
"""Milli-bits on either side of the threshold within which weights alone decide little."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair of records, `a` < `b`, on which a steward's decision is worth something."""

    a: bytes
    b: bytes
    kind: str
    """weak: one entity by little more than the threshold; near: two by little less; attested, size or average: two by
    that rule, against the pair's own weight; contested: a decision that somebody doubts."""
    weight: int | None
    """Milli-bits; None for a contested pair that shares no blocking key."""
    margin: int | None
    """Weight less the threshold."""
    entity_a: str
    entity_b: str
    """Equal where the two are one entity."""
    size_a: int
    size_b: int
    source_a: str
    source_b: str
    sources: tuple[str, ...]
    """Of every record of both entities."""
    twins: bool
    conflict: bool
    """The two hold different identifiers, one of which a register attests."""
    evidence: bytes
    """A mark that differs when what speaks for and against the pair does."""
    judgement: str | None = None
    """The contested decision."""
    unsure: str | None = None
    """A standing decision that nobody can tell for now."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """Every doubt that touches a record of `looked`; what was known of those records before is void."""

    looked: tuple[bytes, ...]
    found: tuple[Doubt, ...]


class Engine(Protocol):
    """link's engine as the reconcile agent sees it."""

    def apply(self, events: Sequence[Event]) -> Delta:
        """Return what the events change; the engine itself stays as it was."""
        ...

    def commit(self, delta: Delta) -> None:
        """Take the delta that `apply` returned last into memory, after its COMMIT."""
        ...

    def doubts(self) -> Doubts:
        """Return the doubts that `apply` made or ended, between it and `commit`."""
        ...

    def doubts_of(self, records: Iterable[bytes]) -> Doubts:
        """Return the doubts that touch these records, as committed; an unknown one only loses its own."""
        ...

    def known(self) -> list[bytes]:
        """Return the ids of all living records."""
        ...

    def backlog(self) -> bool:
        """Say whether a Tick has bounded work waiting (a sweep in progress)."""
        ...

    def next_expiry_us(self) -> int | None:
        """Return when the next judgement expires, or None."""
        ...

    def digest(self) -> str:
        """Return a digest of ids, versions, edges, clusters and judgements, whatever the order of arrival."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """All that the store gives back to an engine at start."""

    records: Iterable[RecordRow]
    lineage: Iterable[LineageRow]
    edges: Iterable[EdgeRow]
    judgements: Iterable[JudgementRow]
    floors: Iterable[FloorRow]
    sweeps: Iterable[Sweep]
    blocks: Iterable[Held]
    members: Iterable[tuple[bytes, str]]
    """(record id, entity id) of every living record."""
    notes: Iterable[NoteRow] = ()
    schemas: Mapping[bytes, str] = field(default_factory=dict)
    """The writers' schemas of encoded bodies, by fingerprint."""


class Merge(Protocol):
    """merge as the reconcile agent sees it."""

    def __call__(self, entity_id: str, members: Sequence[Any], authorities: Mapping[str, str]) -> Golden:
        """Return the golden state of a cluster; version and previous ids are filled in by persist."""
        ...
