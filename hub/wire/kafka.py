"""Kafka through confluent-kafka: an idempotent sender with awaited delivery reports, and the log's administration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from hub.wire import log
from hub.wire.broker import TOO_LARGE_REMEDY, Incoming, Outgoing, Ticket
from hub.wire.errors import Halt, Quarantine, RefuseToStart, TryAgain
from hub.wire.topics import LARGE_MESSAGE, Topic

T = TypeVar("T")
_LOG = log.get(__name__)
_SENDER = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "message.timeout.ms": 0,  # an outage of any length is waited out: giving up would lose order
    "message.max.bytes": LARGE_MESSAGE + 1024 * 1024,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 131_072,
    "reconnect.backoff.max.ms": 2_000,
}

_LEADERLESS_S = 10.0
"""How long a partition that has no leader yet is asked again."""
_PATIENT = {"fetch.wait.max.ms": 10_000, "queued.max.messages.kbytes": 1024}
"""A follower's: it hears at once of what arrives, and asks seldom while nothing does."""


class KafkaSender:
    """An idempotent producer whose reports are served by its own thread."""

    def __init__(self, bootstrap: str, client_id: str, *, linger_ms: float = 2, **extra: Any) -> None:
        self._producer = Producer(
            {**_SENDER, "bootstrap.servers": bootstrap, "client.id": client_id, "linger.ms": linger_ms,
             "error_cb": self._on_error, "logger": log.get("librdkafka"), **extra}
        )  # fmt: skip
        self._fatal: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=f"{client_id}-reports", daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = Halt(f"Kafka producer failed for good: {error.str()}; the process must be started again")
        _LOG.warning("kafka_error", code=error.name(), detail=error.str(), fatal=error.fatal())

    def submit(self, messages: Sequence[Outgoing]) -> Ticket:
        """Hand messages over in order and return their ticket at once; blocks only while the buffer is full."""
        self._raise_fatal()
        ticket = Ticket(len(messages))

        def report(error: KafkaError | None, _message: Message) -> None:
            ticket.settle(None if error is None else sending_error(error))

        produce = self._producer.produce
        for one in messages:
            place = -1 if one.partition is None else one.partition
            while True:
                try:
                    produce(one.topic, one.value, one.key, place, report, headers=list(one.headers))
                except BufferError:
                    self._raise_fatal()
                    time.sleep(0.005)
                    continue
                except KafkaException as error:
                    ticket.settle(sending_error(error.args[0]))
                break
        self._producer.poll(0)  # what has been delivered is counted here: the other thread waits for this one meanwhile
        return ticket

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            raise self._fatal

    async def send_batch(self, messages: Sequence[Outgoing]) -> None:
        """Send and wait for every delivery report; raises TryAgain, Quarantine (too large) or Halt."""
        await self.submit(messages).wait_async()

    def close(self) -> None:
        """Deliver what is buffered, then stop; raises TryAgain when something is still not delivered."""
        left = self._producer.flush(30)
        self._stop.set()
        self._thread.join()
        if left:
            raise TryAgain(f"{left} messages were not acknowledged by Kafka before the end")


class KafkaFollower:
    """Reads on in one topic; a broker that is away only means that nothing arrives."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def poll(self) -> Sequence[Incoming]:
        """Return what arrived since; never waits."""
        return [_incoming(message) for message in self._consumer.consume(500, 0) if message.error() is None]

    def close(self) -> None:
        """Hang up."""
        self._consumer.close()


def sending_error(error: KafkaError) -> Exception:
    """Return what a delivery error asks of the caller."""
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return Quarantine("too_large", f"message is over the topic's limit: {error.str()}", remedy=TOO_LARGE_REMEDY)
    if error.fatal():
        return Halt(f"Kafka producer failed for good: {error.str()}; the process must be started again")
    return TryAgain(f"Kafka did not take the message: {error.name()}: {error.str()}")


class KafkaLog:
    """Administers topics and reads them to their present end."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "logger": log.get("librdkafka")})

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create topics that do not exist; raises RefuseToStart when an existing one has fewer partitions."""
        wanted = [NewTopic(t.name, t.partitions, -1, config=t.config()) for t in topics if not self.partitions(t.name)]
        if wanted:
            for name, future in self._admin.create_topics(wanted).items():
                try:
                    future.result()
                except KafkaException as error:
                    if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                        raise RefuseToStart(f"topic {name} could not be created: {error}") from error
        for topic in topics:
            found = self._settled_partitions(topic.name)
            if found < topic.partitions:
                raise RefuseToStart(f"topic {topic.name} has {found} partitions, {topic.partitions} are declared; "
                                    "add partitions or declare fewer")  # fmt: skip

    def _settled_partitions(self, topic: str) -> int:
        deadline = time.monotonic() + 20
        while True:
            found = self.partitions(topic)
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def partitions(self, topic: str) -> int:
        """Return the number of partitions, 0 if there is no such topic."""
        found = _ask(lambda: self._admin.list_topics(topic, timeout=20)).topics.get(topic)
        if found is None or found.error is not None:
            return 0
        return len(found.partitions)

    def cluster_id(self) -> str:
        """Return the cluster's id."""
        return str(_ask(lambda: self._admin.describe_cluster(request_timeout=20).result().cluster_id))

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """Return the broker's id of each topic: another id means that the topic was made anew."""
        from confluent_kafka import TopicCollection

        futures = _ask(lambda: self._admin.describe_topics(TopicCollection(list(topics)), request_timeout=20))
        return {name: str(_ask(future.result).topic_id) for name, future in futures.items()}

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Return the next offset of a consumer group in every (topic, partition) where it committed one."""
        from confluent_kafka import ConsumerGroupTopicPartitions

        request = [ConsumerGroupTopicPartitions(group)]
        future = _ask(lambda: self._admin.list_consumer_group_offsets(request, request_timeout=20))[group]
        found = _ask(future.result).topic_partitions or []
        return {(place.topic, place.partition): place.offset for place in found if place.offset >= 0}

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return (first offset, next offset) of every partition."""
        found = self.bounds_of([topic])
        return {partition: bounds for (_, partition), bounds in found.items()}

    def bounds_of(self, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
        """Return (first offset, next offset) of every (topic, partition), as a reader of committed messages sees them.

        Asks with two requests for all of them, over the connection that there is.
        """
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(self.partitions(topic))]
        low, high = (self._ends(places, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return {place: (low[place], high[place]) for place in low}

    def _ends(self, places: Sequence[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        if not places:
            return {}
        request = dict.fromkeys(places, spec)
        patient_until = time.monotonic() + _LEADERLESS_S
        while True:
            futures = _ask(
                lambda: self._admin.list_offsets(
                    request, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=20
                )
            )
            try:
                return {(place.topic, place.partition): _ask(found.result).offset for place, found in futures.items()}
            except TryAgain as error:
                if not _is_leaderless(error) or time.monotonic() > patient_until:
                    raise
            time.sleep(0.1)

    def read(self, topic: str, start: Mapping[int, int] | None = None) -> Iterator[Incoming]:
        """Yield committed messages from `start` (default: the beginning) to the end as it is now."""
        ends = {p: high for p, (low, high) in self.bounds(topic).items() if high > max(low, (start or {}).get(p, 0))}
        if not ends:
            return
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, p, (start or {}).get(p, 0)) for p in ends])
            while ends:
                for message in consumer.consume(2000, 0.2):
                    yield _incoming(message)
                for place in consumer.position([TopicPartition(topic, p) for p in ends]):
                    if place.offset >= ends[place.partition]:
                        consumer.incremental_unassign([place])
                        del ends[place.partition]
        finally:
            consumer.close()

    def follow(self, topic: str, start: Mapping[int, int]) -> KafkaFollower:
        """Return a reader that goes on from `start`, over a connection of its own."""
        consumer = self._consumer(**_PATIENT)
        consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in start.items()])
        return KafkaFollower(consumer)

    def _consumer(self, **extra: Any) -> Consumer:
        return Consumer(
            {"bootstrap.servers": self._bootstrap, "group.id": "satudata-reader", "enable.auto.commit": False,
             "auto.offset.reset": "earliest", "isolation.level": "read_committed",
             "fetch.message.max.bytes": LARGE_MESSAGE, "logger": log.get("librdkafka"), **extra}
        )  # fmt: skip


def _incoming(message: Message) -> Incoming:
    error = message.error()
    if error is not None:
        raise TryAgain(f"Kafka read failed: {error.name()}: {error.str()}")
    return Incoming(
        message.topic() or "", message.partition() or 0, message.offset() or 0, message.key(), message.value(),
        tuple((name, value) for name, value in message.headers() or ()), message.timestamp()[1],
    )  # fmt: skip


def _is_leaderless(error: TryAgain) -> bool:
    """Say whether a partition has no leader yet: it was made, or its broker came back, a moment ago."""
    cause = error.__cause__
    return isinstance(cause, KafkaException) and cause.args[0].code() in {
        KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE
    }  # fmt: skip


def _ask(work: Callable[[], T]) -> T:
    try:
        return work()
    except KafkaException as error:
        raise TryAgain(f"Kafka does not answer: {error.args[0].str()}") from error
