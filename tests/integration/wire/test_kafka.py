"""Kafka passes the suite that its twin passes, and does what only a real broker can show."""

from collections.abc import Iterator

import pytest

from hub.wire.kafka import KafkaLog, KafkaSender
from tests.suites.broker import Broker, BrokerSuite, NewTopic


class TestKafka(BrokerSuite):
    @pytest.fixture
    def broker(self, kafka: str) -> Iterator[Broker]:
        sender = KafkaSender(kafka, "suite")
        yield sender, KafkaLog(kafka)
        sender.close()

    def test_cluster_and_topics_have_ids_of_their_own(self, broker: Broker, new_topic: NewTopic, kafka: str) -> None:
        log = KafkaLog(kafka)
        one, two = new_topic(), new_topic()
        ids = log.topic_ids([one.name, two.name])
        assert len(set(ids.values())) == 2
        assert log.cluster_id() == KafkaLog(kafka).cluster_id()
