"""What a kind of source must offer to the runner: four methods, and messages ready for Kafka.

A kind reads; it never writes to Kafka.  The runner submits what it reads, waits for the acknowledgements, keeps the
position in `position.<source>` and only then tells the source how far it may forget.

Three abilities are optional, each a protocol of one method that the runner looks for: `Requested` (a table is read
again when somebody asks), `Fingerprinting` (a table is compared with the hub), `Watching` (what a pause costs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, Protocol, runtime_checkable

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
    """The kind's own, each key under a prefix of its own (`snap:`, `poll:` ...), and `columns:<table>`, which
    `connectors.drift` keeps; without a key of the kind's own nothing is read in this epoch yet.  What the runner keeps
    for itself (`run:`) is not shown to a kind; `run:` and `columns:` outlive an epoch."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an operator should know of a source; sent to the topic `notice`, logged and counted.

    `detail` holds names, numbers and codes, never a value of a row.  A notice that belongs to a request names its id
    as `request`.
    """

    code: str
    table: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody asks for a table to be read again; who asks for all tables asks with one request a table.

    The runner repeats a request after each start and each lost connection until a notice `snapshot_finished` (or
    `signal_refused`) whose detail names it as `request` is acknowledged: a kind that keeps its progress in the state
    finds it there by the request's id.
    """

    id: str
    action: Literal["snapshot"]
    table: str = ""
    keys: Sequence[str] = ()
    """Texts of the contract's type, one a record; of a key of several parts, JSON arrays of them."""
    where: str = ""
    """A condition in the source's own SQL; only for kinds that speak it."""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a table holds at one position: number and digest of its rows in 256 buckets.

    A row's bucket is the first byte of its record id.
    """

    version: bytes
    """20-byte stamp: every change up to it is in, none after it."""
    count: Sequence[int]
    digest: Sequence[int]
    """XOR of `identity.row_digest(digest_key, Avro bytes of after, their schema's mark)`, signed 64 bits."""
    shapes: Sequence[int] = ()
    """Marks of the schemas that these rows are written in; `connectors.fingerprint.Buckets` fills in all of this."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a kind found at the source."""

    identity: Mapping[str, str]
    anew: str | None
    """None: the position can be continued; else why a new epoch must begin, in one sentence."""
    reads_new_tables: bool = False
    """Whether the kind itself reads a table from its beginning that the contract names since the position was written;
    else that takes a new epoch, in which all is read anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order in which they must reach Kafka, and what may be remembered of them."""

    messages: Sequence[Outgoing] = ()
    state: Mapping[str, str] | None = None
    """To be written over the position's state, key by key, once these and all earlier messages are acknowledged; an
    empty value removes its key.  None: nothing may be remembered, the batch ends inside a transaction."""
    reserve: Mapping[str, str] | None = None
    """To be written, durably, before the first of these messages is sent."""
    barrier: bool = False
    """Send only after everything before is acknowledged."""
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Changes by (table, op), for the metrics."""
    newest_us: int = 0
    """Commit time of the newest change, microseconds since 1970 UTC; 0: no change, or one of a snapshot."""
    notices: Sequence[Notice] = ()
    """Sent with the messages: the state is remembered when both are acknowledged."""


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


@runtime_checkable
class Requested(Protocol):
    """A connector that can read tables again when asked; one that is not gets its requests refused by the runner."""

    def request(self, request: Request) -> None:
        """Take a request, to be fulfilled by the batches that `read` yields next; called between two of them.

        Raises RefuseToStart when this kind cannot do it: the runner sends its text as the notice `signal_refused`.
        """
        ...


@runtime_checkable
class Fingerprinting(Protocol):
    """A connector whose tables can be compared with what the hub holds."""

    def fingerprint(self, table: str) -> Fingerprint:
        """Return a table's fingerprint in the epoch being read, over a connection of its own.

        Called by another thread while `read` goes on.  Raises TryAgain when the source is away, RefuseToStart when
        the table cannot be read consistently.
        """
        ...

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        """Say whether a position's state has every change up to a fingerprint's version behind it."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A connector that looks after what a pause costs its source."""

    def watch(self) -> Sequence[Notice]:
        """Look at the source over a short connection, act as the contract says, and return what happened.

        Called every half minute while the source is not read and nothing is open: while it is paused, or Kafka is
        away.  Raises TryAgain when the source is away.
        """
        ...


class Verifier(Protocol):
    """Compares a source with the hub on the runner's behalf, in a thread of its own (`Fingerprinting`)."""

    def ask(self, table: str) -> None:
        """Compare one table, or all where it is empty, as soon as the source is being read."""
        ...

    def tick(self, connector: Connector, state: Mapping[str, str]) -> Sequence[Notice]:
        """Begin what is due and return what happened; called about every second while the source is being read.

        `state` is the position's, as far as Kafka has acknowledged what was read.
        """
        ...

    def close(self) -> None:
        """Wait for what runs; safe to repeat."""
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
    digest_key: bytes
    """The key under which the source's rows are digested, for fingerprints."""
    stopping: Event = field(default_factory=Event)
    """Set when a fingerprint under way is to be given up."""


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
