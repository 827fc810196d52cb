"""The transactional sender's errors: whatever way Kafka tells of a lost fence, the process ends."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from hub.wire import transactional


def test_a_fatal_error_met_in_a_delivery_report_is_fatal_with_or_without_its_cause() -> None:
    fenced = KafkaError(KafkaError._FENCED, "fenced", fatal=True)
    wrapped = SystemError("returned a result with an exception set")
    wrapped.__cause__ = KafkaException(fenced)
    assert transactional._kafka_error(wrapped).code() == KafkaError._FENCED
    assert transactional._kafka_error(SystemError("returned NULL without setting an exception")).fatal()


@pytest.mark.parametrize("code", [KafkaError._TIMED_OUT, KafkaError._FENCED])
def test_an_error_that_kafka_names_stays_what_it_is(code: int) -> None:
    assert transactional._kafka_error(KafkaException(KafkaError(code))).code() == code
