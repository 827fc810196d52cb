"""The judgement on one table: each bucket equal, differing, or undecided and why.  Pure.

A bucket that holds a state newer than the compared position says nothing of it, for the hub keeps last states only:
it is undecided, as is one whose digests were taken under another schema, or that has a refused row nobody can digest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from hub.wire.identity import shape_of
from hub.wire.records import Verification

BUCKETS = 256
STAMP = 20
State = Literal["equal", "differing", "undecided"]
EQUAL: Final = "equal"
DIFFERING: Final = "differing"
UNDECIDED: Final = "undecided"


class Row(NamedTuple):
    """What the hub knows of one record: a row of link.record."""

    id: bytes
    version: bytes
    seen: bytes
    deleted: bool
    moved: bool
    """It was deleted by a changed key and stays only until its successor is taken: the source has it no more."""
    digest: int
    """Of the row that the record was made from; 0 when it is deleted."""


class Bucket(NamedTuple):
    """One bucket's verdict, with the numbers of rows on both sides."""

    number: int
    state: State
    reason: str
    """Empty if equal; `count` or `digest` if differing; else newer, swept, schema, held, blocked or late."""
    source: int
    hub: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the hub knows of the table at the moment of comparison."""

    floor: bytes = bytes(24)
    """What is older was swept."""
    blocked: bool = False
    """A refused row that cannot be identified may be any of the table's."""
    ended: Collection[bytes] = ()
    """Records whose key changed after the compared position: that may have ended them without a state of their own."""


@dataclass(slots=True)
class _Side:
    count: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    digest: list[int] = field(default_factory=lambda: [0] * BUCKETS)


class Comparison:
    """Takes the hub's rows one by one, in any order, and gives the verdicts."""

    def __init__(self, told: Verification, around: Surroundings) -> None:
        self._told = told
        self._around = around
        self._hub = _Side()
        self._newer: set[int] = set()
        self._other_shape: set[int] = set()
        self._unknown: set[int] = set()
        self._shapes = frozenset(told.shapes)

    def take(self, row: Row) -> bool:
        """Take a row; returns True if its last state was refused, so that it comes again through `take_held`."""
        at = self._told.version
        if max(row.version, row.seen)[:STAMP] > at or row.id in self._around.ended:
            self._newer.add(row.id[0])
            return False
        if row.moved:
            return False
        if row.seen > row.version:
            return not row.deleted or row.seen >= self._around.floor  # below it: refused, then swept
        if not row.deleted:
            self._add(row.id[0], row.digest)
        return False

    def take_held(self, record: bytes, digest: int | None) -> None:
        """Take a record whose last state was refused: the source has it; its digest, if that can be told."""
        if digest is None:
            self._hub.count[record[0]] += 1
            self._unknown.add(record[0])
        else:
            self._add(record[0], digest)

    def _add(self, bucket: int, digest: int) -> None:
        self._hub.count[bucket] += 1
        self._hub.digest[bucket] ^= digest
        if shape_of(digest) not in self._shapes:
            self._other_shape.add(bucket)

    def buckets(self) -> Sequence[Bucket]:
        """Return the verdict of every bucket."""
        return [self._bucket(number) for number in range(BUCKETS)]

    def _bucket(self, number: int) -> Bucket:
        source, hub = self._told.counts[number], self._hub.count[number]
        state, reason = self._verdict(number, source, hub)
        return Bucket(number, state, reason, source, hub)

    def _verdict(self, number: int, source: int, hub: int) -> tuple[State, str]:
        same = source == hub and self._told.digests[number] == self._hub.digest[number]
        verdicts: tuple[tuple[bool, tuple[State, str]], ...] = (
            (self._around.floor[:STAMP] > self._told.version, (UNDECIDED, "swept")),
            (number in self._newer, (UNDECIDED, "newer")),
            (same and number not in self._unknown, (EQUAL, "")),
            (self._around.blocked, (UNDECIDED, "blocked")),
            (source != hub, (DIFFERING, "count")),
            (number in self._unknown, (UNDECIDED, "held")),
            (number in self._other_shape, (UNDECIDED, "schema")),
        )
        return next((verdict for holds, verdict in verdicts if holds), (DIFFERING, "digest"))
