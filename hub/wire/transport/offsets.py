"""Where reading starts: Kafka's committed offsets, or a store of the app's own, checked against the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Protocol

from hub.wire.errors import Halt
from hub.wire.transport.batch import Place


class ConsumerView(Protocol):
    """What a source of offsets may ask of the consumer."""

    async def committed(self, tps: Iterable[Place]) -> dict[Place, int]:
        """Return the group's committed offsets; a partition without one is absent."""
        ...

    async def bounds(self, tps: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        """Return (first offset, next offset) of each partition's log."""
        ...

    def acknowledged(self, tp: Place) -> int | None:
        """Return how far this stay has acknowledged, which Kafka may not know yet."""
        ...


class OffsetSource(Protocol):
    """Tells where each partition is to be read from; asked at every assignment and after every failure."""

    async def load(self, view: ConsumerView, tps: Iterable[Place]) -> Mapping[Place, int | None]:
        """Return the next offset of each partition, None where nothing is stored.

        Raises TryAgain when the store is away (asked again) and Halt when going on would lose or repeat data.
        """
        ...


class KafkaOffsets:
    """The default: the group's committed offsets."""

    async def load(self, view: ConsumerView, tps: Iterable[Place]) -> Mapping[Place, int | None]:
        """Return the committed offset, or what this stay acknowledged since."""
        wanted = list(tps)
        stored = await view.committed(wanted)
        found: dict[Place, int | None] = {}
        for tp in wanted:
            known = [offset for offset in (stored.get(tp), view.acknowledged(tp)) if offset is not None]
            found[tp] = max(known, default=None)
        return found


class Outside(Enum):
    """What to do with a partition whose stored offset lies outside its log."""

    HOLD = "hold"
    """Leave this partition alone and say so loudly; its neighbours go on."""
    BEGINNING = "beginning"
    """Read from the log's beginning: right where repeating does no harm."""
    HALT = "halt"
    """End the process; also where nothing is stored and the log no longer starts at 0."""


def start_of(tp: Place, stored: int | None, begin: int, end: int, outside: Outside) -> int | None:
    """Return the offset to read from, None to hold the partition; raises Halt with the remedy."""
    if stored is None:
        if outside is Outside.HALT and begin > 0:
            raise Halt(
                f"no offset is stored for {tp.topic}[{tp.partition}] and its log starts at {begin}, not at 0: records "
                f"before {begin} would be left out; restore the store that knows them, or have the source send a new "
                "snapshot and set the offset by hand"
            )
        return begin
    if begin <= stored <= end:
        return stored
    if outside is Outside.HALT:
        raise Halt(
            f"stored offset {stored} of {tp.topic}[{tp.partition}] lies outside its log {begin}..{end}: "
            + (
                "retention removed records that were not read; have the source send a new snapshot, then set the offset"
                if stored < begin
                else "the log lost its end or is another one; restore Kafka, or have the source send a new snapshot"
            )
        )
    return begin if outside is Outside.BEGINNING else None
