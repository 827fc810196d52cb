"""Kafka transactions: batches that a `read_committed` reader sees whole or not at all, sent by one process at a time.

A fixed transactional id names the sender.  Whoever calls `fence` last owns it: an older holder, be it frozen or cut
off, has its open transaction aborted and can never commit another.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub.wire import log
from hub.wire.broker import Outgoing
from hub.wire.errors import Halt, HubError, TryAgain
from hub.wire.topics import LARGE_MESSAGE

PUBLISHER = "satudata-publish"
"""Transactional id of the one writer of golden and change topics; a restore fences with it too."""
_LOG = log.get(__name__)
_FLUSH_SECONDS = 30
_CALL_SECONDS = 10
_TRANSACTION_MS = 60_000
_NEVER_FITS = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.RECORD_LIST_TOO_LARGE})
_SENDER = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 1,
    "transaction.timeout.ms": _TRANSACTION_MS,
    "message.max.bytes": LARGE_MESSAGE + 1024 * 1024,
    "queue.buffering.max.messages": 200_000,
    "reconnect.backoff.max.ms": 2_000,
}


class TransactionalSender:
    """Sends batches in order, each in one transaction of its own."""

    def __init__(self, bootstrap: str, transactional_id: str, **extra: Any) -> None:
        self._id = transactional_id
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {**_SENDER, "bootstrap.servers": bootstrap, "client.id": transactional_id,
             "transactional.id": transactional_id, "error_cb": self._on_error, "logger": log.get("librdkafka"), **extra}
        )  # fmt: skip

    def _on_error(self, error: KafkaError) -> None:
        _LOG.warning("kafka_error", code=error.name(), detail=error.str(), fatal=error.fatal())

    def fence(self) -> None:
        """Become the only holder of the transactional id; raises TryAgain while Kafka is away, Halt when refused."""
        try:
            self._producer.init_transactions(_CALL_SECONDS)
        except KafkaException as error:
            raise self._sorted(error.args[0]) from error

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages in one transaction and return after its commit.

        Raises TryAgain when nothing of it will be seen, Halt when another process took over, or when a message can
        never be accepted.  An interruption between the two leaves the outcome open: sending the same again is right.
        """
        self._failed = None
        try:
            self._producer.begin_transaction()
            for message in messages:
                self._produce(message)
            left = self._producer.flush(_FLUSH_SECONDS)
            if self._failed is not None or left:
                raise KafkaException(self._failed or KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - their name
            self._insist(self._producer.commit_transaction)
        except (KafkaException, SystemError) as error:
            cause = _kafka_error(error)
            fault = self._sorted(cause)
            if isinstance(fault, TryAgain) or self._never_fits(cause):
                self._abort()
            raise fault from error

    def _produce(self, message: Outgoing) -> None:
        place: dict[str, Any] = {} if message.partition is None else {"partition": message.partition}
        while True:
            try:
                self._producer.produce(
                    message.topic, message.value, message.key, headers=list(message.headers),
                    on_delivery=self._report, **place,
                )  # fmt: skip
            except BufferError:
                self._producer.poll(0.05)
            else:
                return

    def _report(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _insist(self, call: Callable[[float], None]) -> None:
        """Repeat a call that says it may be repeated, for as long as the coordinator keeps the transaction."""
        deadline = time.monotonic() + _TRANSACTION_MS / 1000
        while True:
            try:
                call(_CALL_SECONDS)
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _abort(self) -> None:
        try:
            self._insist(self._producer.abort_transaction)
        except KafkaException as error:
            raise self._sorted(error.args[0], aborting=True) from error

    def _never_fits(self, error: KafkaError) -> bool:
        return error.code() in _NEVER_FITS

    def _sorted(self, error: KafkaError, *, aborting: bool = False) -> HubError:
        """Return what a Kafka error asks of the caller."""
        text = f"{error.name()}: {error.str()}"
        if self._never_fits(error):
            return Halt(f"{self._id}: a message can never be accepted by Kafka ({text}); raise the topic's "
                        "max.message.bytes, then start the process again")  # fmt: skip
        if error.fatal() or aborting:
            return Halt(f"{self._id}: the transactional sender ended for good ({text}); another process took over its "
                        "id or the transaction timed out: let the supervisor start this one again")  # fmt: skip
        return TryAgain(f"{self._id}: Kafka did not take the transaction: {text}")

    def close(self) -> None:
        """Give the connection back; an open transaction is left to be aborted by the next holder."""
        with contextlib.suppress(KafkaException):  # a fenced producer says so once more
            self._producer.purge()
            self._producer.flush(0)


def _kafka_error(error: Exception) -> KafkaError:
    """Return what Kafka said; a fatal error that meets a delivery report comes as a SystemError, with or without it."""
    told = error if isinstance(error, KafkaException) else error.__cause__
    if isinstance(told, KafkaException):
        return told.args[0]
    return KafkaError(KafkaError._FATAL, str(error), fatal=True)  # noqa: SLF001 - their name
