"""Signals to a source's connector: the topic `signal.<source>`, read by the runner, written by `satudata source`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.wire import log
from hub.wire.avro import Codec
from hub.wire.broker import Follower, Incoming, Log, Outgoing, Sender
from hub.wire.errors import Quarantine, TryAgain
from hub.wire.records import SourceSignal
from hub.wire.topics import SIGNAL

_LOG = log.get(__name__)
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Heard:
    """A signal, and the offset after it."""

    signal: SourceSignal
    next_offset: int


class Signals:
    """The signals of one source, from an offset on."""

    def __init__(self, source: str, log_: Log, codec: Codec) -> None:
        self._source = source
        self._topic = SIGNAL.named(source=source).name
        self._log = log_
        self._codec = codec
        self._next = 0
        self._follower: Follower | None = None

    def catch_up(self, offset: int) -> list[Heard]:
        """Return what was sent from an offset to now; raises TryAgain while Kafka is away."""
        self.close()
        first, end = self._log.bounds(self._topic)[0]
        self._next = offset if first <= offset <= end else first
        return self._read(self._log.read(self._topic, {0: self._next}))

    def poll(self) -> list[Heard]:
        """Return what was sent since; never waits."""
        if self._follower is None:
            self._follower = self._log.follow(self._topic, {0: self._next})
        return self._read(self._follower.poll())

    def _read(self, messages: Iterable[Incoming]) -> list[Heard]:
        found = []
        for message in messages:
            self._next = message.offset + 1
            try:
                record = self._codec.decode_record(message.value or b"")
            except Quarantine as error:
                record = error  # told below
            if isinstance(record, SourceSignal):
                found.append(Heard(record, self._next))
            else:
                _LOG.error("signal_unreadable", source=self._source, offset=message.offset, reason=str(record))
        return found

    def close(self) -> None:
        """Hang up."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None


def send(signal: SourceSignal, *, sender: Sender, log_: Log, codec: Codec) -> None:
    """Put a signal where the source's connector finds it, now or at its next start; raises TryAgain."""
    topic = SIGNAL.named(source=signal.source)
    log_.ensure([topic])
    messages: Sequence[Outgoing] = [Outgoing(topic.name, signal.source.encode(), codec.encode(signal))]
    if not sender.submit(messages).wait(_SECONDS):
        raise TryAgain(f"Kafka did not take the signal within {_SECONDS} s; it may still arrive")
