"""What a stage needs of a broker: send with delivery reports, and read a topic to its end.

Implemented by `hub.wire.kafka` for Kafka and by `hub.wire.memory`, its twin; one suite proves both.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from hub.wire.topics import Topic

TOO_LARGE_REMEDY = "Isi baris ini terlalu besar; keluarkan berkas dari kolomnya, lalu ulangi."
Headers = tuple[tuple[str, bytes], ...]


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A message to send; without a partition the key decides (murmur2, as Kafka's own clients).

    One is made for every row: this kind of class is made in a tenth of the time of a frozen dataclass.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


class Ticket:
    """Delivery of one submitted batch: done when the last message is acknowledged or one has failed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._settled = itertools.count(1).__next__  # counts in one step, whichever threads do
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self.error: Exception | None = None
        if size == 0:
            self._event.set()

    @property
    def done(self) -> bool:
        """Whether every message is settled; look at `error` then."""
        return self._event.is_set()

    def settle(self, error: Exception | None = None) -> None:
        """Count one delivery report; called by the broker's own thread."""
        if error is not None:
            self.error = self.error or error
        if self._settled() != self._size:
            return
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until done; returns False on time-out, raises the delivery error."""
        done = self._event.wait(timeout)
        if done and self.error is not None:
            raise self.error
        return done

    async def wait_async(self) -> None:
        """Wait without blocking the event loop; raises the delivery error."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def resolve() -> None:
            if not future.done():
                future.set_result(None)

        def wake() -> None:
            loop.call_soon_threadsafe(resolve)

        with self._lock:
            if not self._event.is_set():
                self._listeners.append(wake)
                waiting = True
            else:
                waiting = False
        if waiting:
            await future
        if self.error is not None:
            raise self.error


class Sender(Protocol):
    """Sends messages and reports their delivery."""

    def submit(self, messages: Sequence[Outgoing]) -> Ticket:
        """Hand messages over in order and return their ticket at once; blocks only while the buffer is full."""
        ...

    async def send_batch(self, messages: Sequence[Outgoing]) -> None:
        """Send and wait for every delivery report; raises TryAgain, Quarantine (too large) or Halt."""
        ...

    def close(self) -> None:
        """Deliver what is buffered, then stop."""
        ...


class Follower(Protocol):
    """Reads on in one topic."""

    def poll(self) -> Sequence[Incoming]:
        """Return what arrived since; never waits, and returns nothing while the broker is away."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Log(Protocol):
    """Administers topics and reads them to their present end."""

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create topics that do not exist; raises RefuseToStart when an existing one has fewer partitions."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions, 0 if there is no such topic."""
        ...

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """Return the broker's id of each topic: another id means that the topic was made anew."""
        ...

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return (first offset, next offset) of every partition."""
        ...

    def read(self, topic: str, start: dict[int, int] | None = None) -> Iterator[Incoming]:
        """Yield committed messages from `start` (default: the beginning) to the end as it is now."""
        ...

    def follow(self, topic: str, start: dict[int, int]) -> Follower:
        """Return a reader of the partitions that `start` names, from its offsets on, for as long as it is kept."""
        ...


def murmur2(key: bytes) -> int:
    """Return Kafka's 32-bit murmur2 hash of a key, as a positive number."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(key)) & mask
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    tail = key[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF
