"""Has link taken every change up to a fingerprint?  Told by offsets alone, in the order of the flow.

The connector sent the fingerprint after Kafka had acknowledged all that came before it, so raw's ends, seen once the
fingerprint is seen, are behind it.  When clean's committed offsets have reached them, all that those messages became
is acknowledged in clean; when reconcile's offsets have reached clean's ends of then, link holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.wire.topics import CLEAN_TOPIC, QUARANTINE_CLEAN

CLEAN_GROUP = "clean"
RECONCILED = (*[topic.name for topic in CLEAN_TOPIC.values()], QUARANTINE_CLEAN.name)
"""What reconcile must have read: a refused row's digest is in its quarantine item."""
Place = tuple[str, int]


class Offsets(Protocol):
    """How far topics go and are read; raises TryAgain while who knows is away."""

    def ends(self, topics: Sequence[str]) -> Mapping[Place, int]:
        """Return the next offset of every partition that holds messages."""
        ...

    def cleaned(self) -> Mapping[Place, int]:
        """Return the next offsets that clean will read."""
        ...

    def reconciled(self) -> Mapping[Place, int]:
        """Return the next offsets that reconcile will read."""
        ...


class Passage:
    """One fingerprint's way behind the river."""

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self._raw_ends: Mapping[Place, int] | None = None
        self._clean_ends: Mapping[Place, int] | None = None

    def passed(self, offsets: Offsets) -> bool:
        """Say whether link has passed it; ask again until it has."""
        if self._raw_ends is None:
            self._raw_ends = offsets.ends([self._raw])
        if self._clean_ends is None:
            if not _reached(self._raw_ends, offsets.cleaned()):
                return False
            self._clean_ends = offsets.ends(RECONCILED)
        return _reached(self._clean_ends, offsets.reconciled())


def _reached(ends: Mapping[Place, int], read: Mapping[Place, int]) -> bool:
    return all(read.get(place, 0) >= end for place, end in ends.items())
