"""The loop: what sources tell is judged once link has passed it, the newest of each table, one at a time.

A fingerprint that is overtaken by a newer one of its table is dropped; one that link does not pass in an hour (clean
or reconcile stand still, or a sweep is blocked) is judged undecided, so that silence shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.verify.compare import BUCKETS, DIFFERING, EQUAL, UNDECIDED, Bucket, Comparison
from hub.verify.passed import Offsets, Passage
from hub.verify.refused import Refused
from hub.verify.store import Store, View
from hub.wire import log, metrics
from hub.wire.avro import Codec
from hub.wire.broker import Incoming
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import Quarantine
from hub.wire.records import Verification
from hub.wire.topics import VERIFICATION, raw_topic

PATIENCE_S = 3600.0
_LOG = log.get(__name__)
Name = tuple[str, str]
Read = Callable[[Mapping[int, int]], Iterator[Incoming]]
"""Yields the messages of the topic from given offsets on, to its present end."""
_GAUGES = {
    EQUAL: metrics.VERIFIED_EQUAL, DIFFERING: metrics.VERIFIED_DIFFERING, UNDECIDED: metrics.VERIFIED_UNDECIDED
}  # fmt: skip


@dataclass(slots=True)
class _Pending:
    told: Verification
    passage: Passage
    since: float


class Watch:
    """Keeps the newest fingerprint of each table until it can be judged."""

    def __init__(
        self, contracts: Mapping[str, Contract], *, store: Store, offsets: Offsets, read: Read, codec: Codec,
        refused: Refused, clock: Clock,
    ) -> None:  # fmt: skip
        self._contracts = contracts
        self._store = store
        self._offsets = offsets
        self._read = read
        self._codec = codec
        self._refused = refused
        self._clock = clock
        self._next: dict[int, int] = {}
        self._pending: dict[Name, _Pending] = {}
        self._judged: dict[Name, tuple[bytes, int]] | None = None

    def step(self) -> int:
        """Take what is new, judge what can be; return how many were judged.

        Raises TryAgain or psycopg.OperationalError while a service is away: call it again.
        """
        if self._judged is None:
            self._judged = self._recall()
        self._take()
        done = [name for name, pending in sorted(self._pending.items()) if self._try(pending)]
        for name in done:
            del self._pending[name]
        return len(done)

    @property
    def waiting(self) -> Sequence[Name]:
        """Tables whose fingerprint waits for link."""
        return sorted(self._pending)

    def _recall(self) -> dict[Name, tuple[bytes, int]]:
        found = {}
        for known in self._store.known():
            found[known.source, known.table] = known.version, known.taken_us
            _show(known.source, known.table, known.numbers)
        return found

    def _take(self) -> None:
        for message in self._read(self._next):
            self._next[message.partition] = message.offset + 1
            told = self._told(message)
            if told is None:
                continue
            name = told.source, told.table
            if self._judged is not None and self._judged.get(name) != (told.version, told.at):
                passage = Passage(raw_topic(*name).name)
                self._pending[name] = _Pending(told, passage, self._clock.monotonic())

    def _told(self, message: Incoming) -> Verification | None:
        """Return a message's fingerprint, if it is one of a table that a contract names."""
        if message.value is None:
            return None
        try:
            told = self._codec.decode_record(message.value)
            if not isinstance(told, Verification) or {len(told.counts), len(told.digests)} != {BUCKETS}:
                raise Quarantine("unexpected_schema", f"it is no fingerprint of {BUCKETS} buckets", remedy="")
        except Quarantine as error:
            _LOG.error("verification_unreadable", topic=VERIFICATION.name, offset=message.offset, reason=str(error))
            return None
        contract = self._contracts.get(told.source)
        if contract is None or told.table not in [table.name for table in contract.table]:
            return None
        return told

    def _try(self, pending: _Pending) -> bool:
        """Judge a fingerprint if link has passed it; give it up when its time is over."""
        told = pending.told
        if pending.passage.passed(self._offsets):
            with self._store.view(told) as view:
                buckets = self._judge(told, view)
            if buckets is not None:
                self._keep(told, buckets)
                return True
        if self._clock.monotonic() - pending.since < PATIENCE_S:
            return False
        late = [Bucket(number, UNDECIDED, "late", count, 0) for number, count in enumerate(told.counts)]
        self._keep(told, late)
        return True

    def _judge(self, told: Verification, view: View) -> Sequence[Bucket] | None:
        around = view.surroundings()
        if view.sweeping() and not around.blocked:
            return None
        comparison = Comparison(told, around)
        held = {row.id for row in view.rows() if comparison.take(row)}
        if held:
            self._take_held(told, view, comparison, held)
        return comparison.buckets()

    def _take_held(self, told: Verification, view: View, comparison: Comparison, held: Collection[bytes]) -> None:
        for record, topic, payload in view.held():
            if record in held:
                counts, digest = self._refused.told(told.source, told.table, topic, payload)
                if counts:
                    comparison.take_held(record, digest)

    def _keep(self, told: Verification, buckets: Sequence[Bucket]) -> None:
        self._store.write(told, buckets)
        if self._judged is not None:
            self._judged[told.source, told.table] = told.version, told.at
        numbers = {state: sum(each.state == state for each in buckets) for state in _GAUGES}
        _show(told.source, told.table, numbers)
        reasons = sorted({each.reason for each in buckets if each.reason})
        level = _LOG.error if numbers[DIFFERING] else _LOG.info
        level("verified", source=told.source, table=told.table, **numbers, reasons=reasons,
              source_rows=sum(told.counts), hub_rows=sum(each.hub for each in buckets),
              **_remedy(told, numbers))  # fmt: skip


def _show(source: str, table: str, numbers: Mapping[str, int]) -> None:
    for state, gauge in _GAUGES.items():
        gauge.labels(source=source, table=table).set(numbers[state])


def _remedy(told: Verification, numbers: Mapping[str, int]) -> dict[str, str]:
    if not numbers[DIFFERING]:
        return {}
    return {"remedy": f"see docs/verification.md; `satudata source snapshot {told.source} --table {told.table}` reads "
                      "the table again"}  # fmt: skip
