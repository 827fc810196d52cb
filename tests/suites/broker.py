"""What every broker must do; run on Kafka and on its twin in memory."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from hub.platform.child import until
from hub.wire.broker import Log, Outgoing, Sender, murmur2
from hub.wire.errors import Quarantine, RefuseToStart
from hub.wire.topics import Topic

Broker = tuple[Sender, Log]
NewTopic = Callable[..., Topic]


class BrokerSuite:
    """Subclass with a fixture `broker`; `new_topic` gives a created topic with a name of its own."""

    @pytest.fixture
    def new_topic(self, broker: Broker) -> NewTopic:
        def make(partitions: int = 3, limit: int = 1024 * 1024) -> Topic:
            name = f"suite.{os.urandom(6).hex()}"
            topic = Topic(name, "none", "test", partitions, "delete", 3_600_000, ("test",), ("test",),
                          max_message_bytes=limit)  # fmt: skip
            broker[1].ensure([topic])
            return topic

        return make

    async def test_what_is_sent_is_read_in_order_of_its_partition(self, broker: Broker, new_topic: NewTopic) -> None:
        sender, log = broker
        topic = new_topic()
        await sender.send_batch([Outgoing(topic.name, b"k%d" % (n % 5), b"%d" % n) for n in range(100)])
        by_key: dict[bytes | None, list[int]] = {}
        for message in log.read(topic.name):
            by_key.setdefault(message.key, []).append(int(message.value or b"-1"))
        assert by_key == {b"k%d" % k: list(range(k, 100, 5)) for k in range(5)}

    async def test_a_key_decides_its_partition_as_kafka_s_clients_do(self, broker: Broker, new_topic: NewTopic) -> None:
        sender, log = broker
        topic = new_topic(partitions=7)
        keys = [os.urandom(size) for size in (1, 2, 3, 4, 5, 15, 16, 16, 33)]
        await sender.send_batch([Outgoing(topic.name, key, b"") for key in keys])
        assert {m.key: m.partition for m in log.read(topic.name)} == {key: murmur2(key) % 7 for key in keys}

    async def test_headers_null_values_and_a_given_partition_are_kept(
        self, broker: Broker, new_topic: NewTopic
    ) -> None:
        sender, log = broker
        topic = new_topic()
        await sender.send_batch([Outgoing(topic.name, None, None, (("kind", b"sweep"), ("v", b"\0\1")), 2)])
        (message,) = log.read(topic.name)
        assert (message.partition, message.key, message.value) == (2, None, None)
        assert message.headers == (("kind", b"sweep"), ("v", b"\0\1"))

    async def test_reading_ends_at_the_present_end_and_can_start_anywhere(
        self, broker: Broker, new_topic: NewTopic
    ) -> None:
        sender, log = broker
        topic = new_topic(partitions=1)
        assert list(log.read(topic.name)) == []
        await sender.send_batch([Outgoing(topic.name, None, b"%d" % n) for n in range(10)])
        assert [m.value for m in log.read(topic.name, {0: 7})] == [b"7", b"8", b"9"]
        assert log.bounds(topic.name) == {0: (0, 10)}

    async def test_a_follower_hears_what_arrives_and_nothing_twice(self, broker: Broker, new_topic: NewTopic) -> None:
        sender, log = broker
        topic = new_topic(partitions=1)
        await sender.send_batch([Outgoing(topic.name, None, b"%d" % n) for n in range(3)])
        follower = log.follow(topic.name, {0: 2})
        heard: list[bytes | None] = []

        def hears(wanted: list[bytes]) -> bool:
            heard.extend(message.value for message in follower.poll())
            return heard == wanted

        assert until(lambda: hears([b"2"]), 20)
        await sender.send_batch([Outgoing(topic.name, None, b"3")])
        assert until(lambda: hears([b"2", b"3"]), 20)
        assert list(follower.poll()) == []
        follower.close()

    async def test_a_message_over_the_limit_is_refused_alone(self, broker: Broker, new_topic: NewTopic) -> None:
        sender, log = broker
        topic = new_topic(partitions=1, limit=2000)
        with pytest.raises(Quarantine) as refused:
            await sender.send_batch([Outgoing(topic.name, None, os.urandom(20_000), (), 0)])
        assert refused.value.code == "too_large"
        await sender.send_batch([Outgoing(topic.name, None, b"small")])
        assert [m.value for m in log.read(topic.name)] == [b"small"]

    async def test_a_ticket_tells_when_all_is_acknowledged(self, broker: Broker, new_topic: NewTopic) -> None:
        sender, log = broker
        topic = new_topic()
        ticket = sender.submit([Outgoing(topic.name, None, b"x")] * 50)
        assert ticket.wait(30)
        assert ticket.done
        assert sum(high for _, high in log.bounds(topic.name).values()) == 50

    async def test_nothing_sent_is_done_at_once(self, broker: Broker) -> None:
        await broker[0].send_batch([])

    def test_topics_are_created_once_and_never_shrunk(self, broker: Broker, new_topic: NewTopic) -> None:
        log = broker[1]
        topic = new_topic(partitions=2)
        log.ensure([topic])
        assert log.partitions(topic.name) == 2
        assert log.partitions("suite.absent") == 0
        grown = Topic(topic.name, "none", "test", 5, "delete", 3_600_000, ("test",), ("test",))
        with pytest.raises(RefuseToStart, match="2 partitions"):
            log.ensure([grown])
