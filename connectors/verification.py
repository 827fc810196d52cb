"""Continuous verification, the source's side: when a table is due its fingerprint is taken and sent to the hub.

          fingerprint, in a thread of its own       the stream has passed it            Kafka has it
    due ------------------------------------> taken ------------------------> sent ------------------> `verified`

A fingerprint is sent only after Kafka acknowledged every change up to it, so who reads it knows that raw holds them.
When a table was last compared is read back from the topic, so a restart does not begin to count anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from connectors.protocol import Connector, Fingerprint, Fingerprinting, Notice, Surroundings
from hub.wire import log
from hub.wire.avro import Codec
from hub.wire.broker import Log, Outgoing, Sender, Ticket
from hub.wire.clock import Clock
from hub.wire.contract import Contract, duration_s
from hub.wire.errors import Quarantine, RefuseToStart, TryAgain
from hub.wire.records import Verification
from hub.wire.topics import VERIFICATION
from hub.wire.version import stamp

_LOG = log.get(__name__)
SETTLE_S = 600.0
"""How long a source is read before its first comparison that nobody asked for."""
RETRY_S = 1.0, 60.0
"""The first and the longest pause before what was put off is tried again; each is twice the one before."""
PASS_S = 3600.0
"""How long the stream may take to reach a fingerprint before it is given up."""
_BEGUN = stamp(0, 0, 0)
"""Below every version: a state that has passed it is one of a finished first reading."""


@dataclass(frozen=True, slots=True)
class _Taken:
    table: str
    print: Fingerprint
    at_us: int
    since: float


@dataclass(frozen=True, slots=True)
class _Sent:
    taken: _Taken
    ticket: Ticket


class Verifying:
    """Compares one source's tables with the hub, one at a time (`connectors.protocol.Verifier`)."""

    def __init__(
        self, contract: Contract, around: Surroundings, *, sender: Sender, log_: Log, codec: Codec, clock: Clock
    ) -> None:
        self._contract = contract
        self._stopping = around.stopping
        self._sender = sender
        self._log = log_
        self._codec = codec
        self._clock = clock
        every = contract.source.verify_every
        self._every_s = None if every == "off" else float(duration_s(every))
        self._threads: ThreadPoolExecutor | None = None
        self._asked: dict[str, None] = {}
        self._due: dict[str, float] = {}
        self._last: Mapping[str, int] | None = None
        self._recalling: Future[Mapping[str, int]] | None = None
        self._taking: tuple[str, Future[Fingerprint], int] | None = None
        self._taken: _Taken | None = None
        self._sent: _Sent | None = None
        self._pause_s = RETRY_S[0]
        self._pause_until = 0.0

    # ------------------------------------------------------------------ the runner's questions

    def ask(self, table: str) -> None:
        """Compare one table, or all where it is empty, as soon as the source is being read; raises RefuseToStart."""
        names = [each.name for each in self._contract.table]
        if table and table not in names:
            raise RefuseToStart(f"the contract of {self._contract.source.name} has no table {table}; there are: "
                                f"{', '.join(names)}")  # fmt: skip
        self._asked |= dict.fromkeys([table] if table else names)

    def tick(self, connector: Connector, state: Mapping[str, str]) -> Sequence[Notice]:
        """Begin what is due and return what happened."""
        if not isinstance(connector, Fingerprinting):
            asked, self._asked = self._asked, {}
            kind = self._contract.source.kind
            return [_refused(table, f"kind {kind} cannot tell what a table held at one position") for table in asked]
        notices = [*self._settle_taking(), *self._settle_sent()]
        if self._taken is not None:
            self._send(self._taken, connector, state)
        elif self._idle() and connector.passed(_BEGUN, state):
            self._begin(connector)
        return notices

    def close(self) -> None:
        """Give up what runs and wait for it; safe to repeat."""
        self._stopping.set()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
        self._threads = self._recalling = self._taking = self._taken = self._sent = None

    # ------------------------------------------------------------------ steps

    def _idle(self) -> bool:
        waits = self._clock.monotonic() < self._pause_until
        return not waits and self._taking is None and self._taken is None and self._sent is None

    def _begin(self, connector: Fingerprinting) -> None:
        table = next(iter(self._asked), None)
        if table is None and self._every_s is not None and self._recalled():
            table = self._due_now()
        if table is not None:
            self._asked.pop(table, None)  # whoever asks from here on is answered by a comparison of its own
            self._taking = table, self._pool().submit(self._take, connector, table), self._clock.now_us()

    def _take(self, connector: Fingerprinting, table: str) -> Fingerprint:
        self._log.ensure([VERIFICATION])
        return connector.fingerprint(table)

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._stopping.clear()
            self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"{self._contract.source.name}-verify")
        return self._threads

    def _recalled(self) -> bool:
        """Learn once when each table was last compared; False until it is known."""
        if self._last is not None:
            return True
        if self._recalling is None:
            self._recalling = self._pool().submit(self._recall)
            return False
        if not self._recalling.done():
            return False
        recalling, self._recalling = self._recalling, None
        try:
            self._last = recalling.result()
        except TryAgain as error:
            self._pause(str(error))
            return False
        self._schedule()
        return True

    def _recall(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for message in self._log.read(VERIFICATION.name):
            if message.value is not None:
                try:
                    record = self._codec.decode_record(message.value)
                except Quarantine:
                    continue  # not the hub's: hub.verify tells of it
                if isinstance(record, Verification) and record.source == self._contract.source.name:
                    found[record.table] = record.at
        return found

    def _schedule(self) -> None:
        if self._every_s is None or self._last is None:
            return
        now, now_us = self._clock.monotonic(), self._clock.now_us()
        for table in self._contract.table:
            age = (now_us - self._last.get(table.name, 0)) / 1e6
            self._due[table.name] = now + min(max(self._every_s - age, SETTLE_S), self._every_s)

    def _due_now(self) -> str | None:
        table = min(self._due, key=self._due.__getitem__, default=None)
        return table if table is not None and self._due[table] <= self._clock.monotonic() else None

    def _done_with(self, table: str) -> None:
        self._pause_s = RETRY_S[0]
        if self._every_s is not None:
            self._due[table] = self._clock.monotonic() + self._every_s

    def _settle_taking(self) -> Sequence[Notice]:
        if self._taking is None or not self._taking[1].done():
            return []
        (table, future, at_us), self._taking = self._taking, None
        try:
            found = future.result()
        except TryAgain as error:
            self._put_off(table, str(error))
            return []
        except RefuseToStart as error:
            self._done_with(table)
            return [_refused(table, str(error))]
        self._taken = _Taken(table, found, at_us, self._clock.monotonic())
        return []

    def _send(self, taken: _Taken, connector: Fingerprinting, state: Mapping[str, str]) -> None:
        if connector.passed(taken.print.version, state):
            record = Verification(
                self._contract.source.name, taken.table, taken.print.version, tuple(taken.print.count),
                tuple(taken.print.digest), tuple(taken.print.shapes), taken.at_us,
            )  # fmt: skip
            key = f"{record.source}/{record.table}".encode()
            ticket = self._sender.submit([Outgoing(VERIFICATION.name, key, self._codec.encode(record))])
            self._sent, self._taken = _Sent(taken, ticket), None
        elif self._clock.monotonic() - taken.since > PASS_S:
            self._taken = None
            self._put_off(taken.table, "the stream did not reach the fingerprint's position")

    def _settle_sent(self) -> Sequence[Notice]:
        if self._sent is None or not self._sent.ticket.done:
            return []
        sent, self._sent = self._sent, None
        if sent.ticket.error is not None:
            self._put_off(sent.taken.table, str(sent.ticket.error))
            return []
        self._done_with(sent.taken.table)
        rows = sum(sent.taken.print.count)
        return [Notice("verified", sent.taken.table, {"rows": str(rows), "at_us": str(sent.taken.at_us)})]

    def _put_off(self, table: str, reason: str) -> None:
        self._asked[table] = None
        self._pause(reason)

    def _pause(self, reason: str) -> None:
        self._pause_until = self._clock.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, RETRY_S[1])
        _LOG.warning("verification_waits", source=self._contract.source.name, reason=reason)


def _refused(table: str, reason: str) -> Notice:
    return Notice("verify_refused", table, {"reason": reason})
