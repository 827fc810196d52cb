"""What a kind of source must offer to the runner: four methods, and messages ready for Kafka.

A kind reads; it never writes to Kafka.  The runner submits what it reads, waits for the acknowledgements, keeps the
position in `position.<source>` and only then tells the source how far it may forget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hub.wire.avro import Registry
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.records import Sweep
from hub.wire.topics import HEADER_KIND, LARGE_MESSAGE, raw_topic

LARGEST_VALUE = LARGE_MESSAGE - 64 * 1024
"""Bytes that a message's value may have so that, with key and headers, it fits the raw topic."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source is read: within `epoch`, at `state`, which means something only to the kind."""

    epoch: int
    identity: Mapping[str, str] = field(default_factory=dict)
    """What it is a position of; a source that shows another identity gets a new epoch."""
    state: Mapping[str, str] = field(default_factory=dict)
    """Empty: nothing is read in this epoch yet, or not yet all of its first reading."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a kind found at the source."""

    identity: Mapping[str, str]
    anew: str | None
    """None: the position can be continued; else why a new epoch must begin, in one sentence."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order in which they must reach Kafka, and what may be remembered of them."""

    messages: Sequence[Outgoing] = ()
    state: Mapping[str, str] | None = None
    """To be written over the position's state once these and all earlier messages are acknowledged; None: the batch
    ends inside a transaction."""
    reserve: Mapping[str, str] | None = None
    """To be written, durably, before the first of these messages is sent."""
    barrier: bool = False
    """Send only after everything before is acknowledged."""
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Changes by (table, op), for the metrics."""
    newest_us: int = 0
    """Commit time of the newest change, microseconds since 1970 UTC; 0: no change, or one of a snapshot."""


class Connector(Protocol):
    """One source, being read."""

    def open(self, position: Position | None) -> Opened:
        """Connect and look; raises TryAgain when the source is away, RefuseToStart when it is not as it must be."""
        ...

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield batches from the position on, for ever; None when there is nothing at the moment.

        It blocks for a fraction of a second at most between two yields.  Raises TryAgain when the connection is lost:
        the runner then opens anew.
        """
        ...

    def confirm(self, state: Mapping[str, str]) -> None:
        """Tell the source that the position is durable at `state`; called often, also to keep a connection alive."""
        ...

    def close(self) -> None:
        """Leave the source; safe to repeat."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the runner lends to a kind."""

    key: bytes
    """The source's own key, for record ids."""
    registry: Registry
    encode: Callable[[Sweep], bytes]
    partitions: Callable[[str], int]
    """Number of partitions of a topic, as it is now."""
    clock: Clock


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of a source found, with its remedy in one sentence for the office and one for the engineer."""

    level: Literal["error", "warning", "ok"]
    code: str
    what: str
    remedy_id: str = ""
    remedy_en: str = ""


class Kind(Protocol):
    """A module in `connectors/kinds`."""

    def connector(self, contract: Contract, surroundings: Surroundings) -> Connector:
        """Return a connector of this kind, not yet connected; raises RefuseToStart on options that it does not know."""
        ...

    def preflight(self, contract: Contract, clock: Clock) -> Sequence[Finding]:
        """Look at the source without changing it; a source that is away is a finding, not an error."""
        ...


def sweep_markers(surroundings: Surroundings, contract: Contract, table: str, floor: bytes) -> list[Outgoing]:
    """Return one marker for each raw partition of a table: what is older than `floor` no longer exists."""
    topic = raw_topic(contract.source.name, table).name
    count = surroundings.partitions(topic)
    return [
        Outgoing(
            topic,
            None,
            surroundings.encode(Sweep(contract.source.name, table, floor, partition, count)),
            ((HEADER_KIND, b"sweep"),),
            partition,
        )
        for partition in range(count)
    ]
