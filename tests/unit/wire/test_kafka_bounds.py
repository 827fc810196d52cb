"""Bounds of a log whose partitions were made a moment ago: Kafka says that they have no leader yet."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from hub.wire import kafka
from hub.wire.errors import TryAgain
from hub.wire.kafka import KafkaLog


class Admin:
    """Answers a request for offsets with errors at first."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)

    def list_offsets(self, request: dict[Any, Any], **_: Any) -> dict[Any, Future[Any]]:
        code = self._codes.pop(0) if self._codes else None
        found = {}
        for place in request:
            found[place] = future = Future[Any]()
            if code is None:
                future.set_result(SimpleNamespace(offset=7))
            else:
                future.set_exception(KafkaException(KafkaError(code)))
        return found


def log_of(monkeypatch: pytest.MonkeyPatch, *codes: int) -> KafkaLog:
    made = KafkaLog("127.0.0.1:1")
    monkeypatch.setattr(made, "_admin", Admin(*codes))
    monkeypatch.setattr(made, "partitions", lambda _topic: 2)
    return made


def test_partitions_that_have_no_leader_yet_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(monkeypatch, KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert log.bounds("raw.x.y") == {0: (7, 7), 1: (7, 7)}


def test_partitions_that_stay_without_a_leader_are_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "_LEADERLESS_S", 0.2)
    with pytest.raises(TryAgain, match="Kafka does not answer"):
        log_of(monkeypatch, *[KafkaError.NOT_LEADER_FOR_PARTITION] * 99).bounds("raw.x.y")


def test_any_other_refusal_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(monkeypatch, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(TryAgain):
        log.bounds("raw.x.y")
    assert log.bounds("raw.x.y") == {0: (7, 7), 1: (7, 7)}
