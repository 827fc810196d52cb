"""The broker's twin in memory: same interfaces and partitioning as Kafka, no service; for tests and dry runs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from hub.wire.broker import TOO_LARGE_REMEDY, Incoming, Outgoing, Ticket, murmur2
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain
from hub.wire.topics import Topic


class MemoryFollower:
    """Reads on in one topic of the twin."""

    def __init__(
        self, messages: Mapping[tuple[str, int], list[Incoming]], topic: str, start: Mapping[int, int]
    ) -> None:
        self._messages = messages
        self._topic = topic
        self._next = dict(start)

    def poll(self) -> Sequence[Incoming]:
        """Return what arrived since."""
        found: list[Incoming] = []
        for partition, offset in self._next.items():
            new = self._messages.get((self._topic, partition), [])[offset:]
            self._next[partition] += len(new)
            found += new
        return found

    def close(self) -> None:
        """Do nothing: no connection is held."""


class MemoryBroker:
    """A sender and a log in one: what is sent can be read at once."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._messages: dict[tuple[str, int], list[Incoming]] = {}
        self._random = random.Random(0)  # noqa: S311 - spreads keyless messages

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create topics that do not exist; raises RefuseToStart when an existing one has fewer partitions."""
        for topic in topics:
            known = self._topics.setdefault(topic.name, topic)
            if known.partitions < topic.partitions:
                raise RefuseToStart(
                    f"topic {topic.name} has {known.partitions} partitions, {topic.partitions} are declared"
                )
            for partition in range(known.partitions):
                self._messages.setdefault((topic.name, partition), [])

    def drop(self, topic: str) -> None:
        """Delete a topic with all that it holds."""
        self._topics.pop(topic, None)
        for place in [place for place in self._messages if place[0] == topic]:
            del self._messages[place]

    def submit(self, messages: Sequence[Outgoing]) -> Ticket:
        """Append messages in order; their ticket is settled at once."""
        ticket = Ticket(len(messages))
        for message in messages:
            ticket.settle(self._append(message))
        return ticket

    def _append(self, message: Outgoing) -> Exception | None:
        topic = self._topics.get(message.topic)
        if topic is None:
            return TryAgain(f"Kafka did not take the message: no topic {message.topic}")
        if len(message.value or b"") > topic.max_message_bytes:
            return Quarantine("too_large", "message is over the topic's limit", remedy=TOO_LARGE_REMEDY)
        partition = message.partition
        if partition is None:
            hashed = self._random.getrandbits(31) if message.key is None else murmur2(message.key)
            partition = hashed % topic.partitions
        log = self._messages[topic.name, partition]
        log.append(Incoming(topic.name, partition, len(log), message.key, message.value, message.headers, 0))
        return None

    async def send_batch(self, messages: Sequence[Outgoing]) -> None:
        """Append messages; raises what the first refused one asks."""
        await self.submit(messages).wait_async()

    def close(self) -> None:
        """Do nothing: all is delivered."""

    def partitions(self, topic: str) -> int:
        """Return the number of partitions, 0 if there is no such topic."""
        return self._topics[topic].partitions if topic in self._topics else 0

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """Return an id of each topic; a broker's topics are made once and never anew."""
        return {name: f"{id(self):x}/{name}" for name in topics}

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return (first offset, next offset) of every partition."""
        return {p: (0, len(self._messages[topic, p])) for p in range(self.partitions(topic))}

    def read(self, topic: str, start: Mapping[int, int] | None = None) -> Iterator[Incoming]:
        """Yield messages from `start` (default: the beginning) to the end as it is now."""
        for partition in range(self.partitions(topic)):
            yield from list(self._messages[topic, partition][(start or {}).get(partition, 0) :])

    def follow(self, topic: str, start: Mapping[int, int]) -> MemoryFollower:
        """Return a reader that goes on from `start`."""
        return MemoryFollower(self._messages, topic, start)
