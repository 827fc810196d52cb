"""`position.<source>`: how far a source is read, and in which epoch.

An epoch is max(previous + 1, UTC seconds), written durably before a row carries it, so a version never falls back:
not after a lost slot, not on another server, not when a clock was set back.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.protocol import Position
from hub.wire.avro import Codec
from hub.wire.broker import Log, Outgoing, Sender, Ticket
from hub.wire.clock import Clock
from hub.wire.errors import Halt, Quarantine, RefuseToStart
from hub.wire.records import SourcePosition
from hub.wire.topics import HEADER_VERSION, POSITION


class Positions:
    """The position topic of one source."""

    def __init__(self, source: str, log: Log, sender: Sender, codec: Codec, clock: Clock) -> None:
        self._source = source
        self._log = log
        self._sender = sender
        self._codec = codec
        self._clock = clock
        self._topic = POSITION.named(source=source).name

    def last(self) -> Position | None:
        """Return the last position of the highest epoch, or None; raises Halt when one cannot be read.

        The highest epoch and not simply the last message: a process that was frozen and woke up may still write one
        of the epoch before.
        """
        found: Position | None = None
        for message in self._log.read(self._topic):
            if message.value is None:
                continue
            try:
                record = self._codec.decode_record(message.value)
            except Quarantine as error:
                raise Halt(f"topic {self._topic}, offset {message.offset}: {error}; somebody else writes to it, or its "
                           "schema is gone from the registry: restore the registry") from error  # fmt: skip
            if found is None or record.epoch >= found.epoch:
                found = Position(record.epoch, record.identity, record.state)
        return found

    def write(self, position: Position) -> Ticket:
        """Send a position; it is durable when the ticket is done."""
        record = SourcePosition(
            self._source, position.epoch, dict(position.identity), dict(position.state), self._clock.now_us()
        )
        return self._sender.submit([Outgoing(self._topic, self._source.encode(), self._codec.encode(record))])

    def new_epoch(self, previous: int) -> int:
        """Return an epoch above the previous one and not below the time."""
        return max(previous + 1, self._clock.now_us() // 1_000_000)

    def refuse_lost(self, raw_topics: Iterable[str]) -> None:
        """Raise RefuseToStart if there is raw data although no position is known: its epoch cannot be guessed."""
        filled = [name for name in raw_topics if any(high for _, high in self._log.bounds(name).values())]
        if filled:
            raise RefuseToStart(
                f"topic {self._topic} holds no position although {', '.join(filled)} holds changes, so the epoch in "
                f"use is unknown; restore {self._topic}, or, if it is lost for good, run "
                f"`satudata check {self._source} --anew`, which reads the highest epoch back from raw and lets the "
                "next start take a new snapshot"
            )

    def highest_epoch(self, raw_topics: Iterable[str]) -> int:
        """Return the highest epoch that any message kept in raw carries; 0 if there is none."""
        highest = 0
        for name in raw_topics:
            for message in self._log.read(name):
                stamp = dict(message.headers).get(HEADER_VERSION)
                if stamp is not None:
                    highest = max(highest, int.from_bytes(stamp[:8], "big"))
        return highest
