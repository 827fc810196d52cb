"""What the position remembers of a source's deliveries; every key of the state begins with `file:`.

file:begun           the archive was read again in this epoch, or there was none
file:reserved        highest counter that a row may carry already
file:sending         the delivery whose rows are being sent: after a crash it is sent again with the same counters
file:last:<table>    the last accepted delivery of a table
file:step            counts what must be durable before the connector goes on
"""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

BEGUN, RESERVED, SENDING, LAST, STEP = "file:begun", "file:reserved", "file:sending", "file:last:", "file:step"
SAMPLE = 256
"""Keys of the last delivery that are looked for in the next one; a smaller table is compared whole."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery being sent."""

    table: str
    sha256: str
    first: int
    """Counter of its first row."""
    rows: int
    contract: str
    """Mark of what the contract says of the table: under another one the rows are others and need new counters."""
    at_us: int


@dataclass(frozen=True, slots=True)
class Last:
    """The last accepted delivery of a table."""

    sha256: str
    first: int
    rows: int
    at_us: int
    archive: str
    """Its name in the archive."""
    date: str = ""
    """ISO day that it declared."""
    sample: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Column by normalised header: mapping is remembered."""
    zeros: Mapping[str, float] = field(default_factory=dict)
    """Of each key column the part of its values that begin with 0."""
    how: Mapping[str, str] = field(default_factory=dict)

    @property
    def final(self) -> int:
        """Counter of its last row, or of itself if it has none."""
        return self.first + max(self.rows - 1, 0)


def _text(what: Sending | Last) -> str:
    return json.dumps(asdict(what), separators=(",", ":"), ensure_ascii=False)


def reserve(sending: Sending, reserved: int) -> dict[str, str]:
    """Return what must be durable before a delivery's first row is sent."""
    return {RESERVED: str(reserved), SENDING: _text(sending)}


def accepted(table: str, last: Last) -> dict[str, str]:
    """Return what is remembered once all of a delivery is in Kafka."""
    return {SENDING: "", LAST + table: _text(last)}


class Memory:
    """A position's state, read."""

    def __init__(self, state: Mapping[str, str]) -> None:
        self.begun = BEGUN in state
        self.reserved = int(state.get(RESERVED) or 0)
        self.sending = Sending(**json.loads(state[SENDING])) if state.get(SENDING) else None
        self._state = state

    def last(self, table: str) -> Last | None:
        """Return a table's last accepted delivery."""
        text = self._state.get(LAST + table)
        if not text:
            return None
        found = json.loads(text)
        return Last(**{**found, "sample": tuple(found["sample"])})


class Sample:
    """The smallest record ids of a delivery: ids are keyed hashes, so these are a fair draw of its keys."""

    def __init__(self) -> None:
        self._worst_first: list[int] = []

    def add(self, record: bytes) -> None:
        """Take a record id."""
        number = -int.from_bytes(record, "big")
        if len(self._worst_first) < SAMPLE:
            heapq.heappush(self._worst_first, number)
        elif number > self._worst_first[0]:
            heapq.heapreplace(self._worst_first, number)

    def texts(self) -> tuple[str, ...]:
        """Return the sample as the position keeps it."""
        return tuple(
            base64.b64encode((-number).to_bytes(16, "big")).decode()
            for number in sorted(self._worst_first, reverse=True)
        )


def lost(sample: Iterable[str], now: set[bytes]) -> float:
    """Return which part of a sample is not among the record ids of now."""
    ids = [base64.b64decode(text) for text in sample]
    return sum(1 for one in ids if one not in now) / len(ids) if ids else 0.0
