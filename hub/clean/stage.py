"""A batch of raw messages into messages to send: decode by the writer's schema, apply the rules, encode.

No I/O but the registry's look-ups.  Nothing is counted before `settled`, so a batch may be worked out again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.clean.rules import STAGE, Cleaner, Output
from hub.wire import log, metrics
from hub.wire.avro import Codec
from hub.wire.broker import Headers, Incoming, Outgoing
from hub.wire.entities import Clean
from hub.wire.envelope import Change, Envelopes
from hub.wire.errors import Halt, Quarantine
from hub.wire.records import Held, QuarantineItem, Sweep
from hub.wire.topics import HEADER_KIND, HEADER_RETRY

_LOG = log.get(__name__)
_MARKERS = frozenset({b"sweep", b"held"})
_KINDS: Mapping[str, Headers] = {"sweep": ((HEADER_KIND, b"sweep"),), "held": ((HEADER_KIND, b"held"),)}


@dataclass(slots=True)
class Work:
    """What a batch becomes, and what to count once it is acknowledged."""

    outgoing: list[Outgoing] = field(default_factory=list)
    cleaned: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    in_a_row: dict[str, int] = field(default_factory=dict)
    """Rows refused one after another, by source, after this batch."""


class Stage:
    """The clean stage without its transport."""

    def __init__(self, cleaner: Cleaner, codec: Codec, limit: int) -> None:
        self._cleaner = cleaner
        self._codec = codec
        self._envelopes = Envelopes(codec)
        self._limit = limit
        self._in_a_row: dict[str, int] = {}
        self._drift: set[tuple[str, str]] = set()

    def process(self, messages: Sequence[Incoming]) -> Work:
        """Return a batch's work; raises TryAgain when the registry is away, Halt when a person must act."""
        work = Work(in_a_row=dict(self._in_a_row))
        for message in messages:
            outputs = self._outputs(message)
            self._count(work, message, outputs)
            retried = dict(message.headers).get(HEADER_RETRY)
            work.outgoing += [self._outgoing(output, retried) for output in outputs]
        return work

    def settled(self, work: Work) -> None:
        """Count a batch whose every message is acknowledged."""
        self._in_a_row = work.in_a_row
        for (source, table), rows in work.cleaned.items():
            metrics.CLEANED.labels(source, table).inc(rows)
        for (source, code), rows in work.refused.items():
            metrics.QUARANTINED.labels(STAGE, source, code).inc(rows)
        for (source, name, code), rows in work.flags.items():
            metrics.FLAGGED.labels(source, name, code).inc(rows)

    def _outputs(self, message: Incoming) -> list[Output]:
        try:
            content = self._content(message)
        except Quarantine as why:
            return self._cleaner.refuse(message, why)
        return self._cleaner.clean(message, content)

    def _content(self, message: Incoming) -> Change | Sweep | Held:
        if message.value is None:
            raise Quarantine("undecodable", "the message has no value",
                             remedy="Pesan kosong bukan dari konektor sumber ini; periksa pengirimnya.")  # fmt: skip
        kind = dict(message.headers).get(HEADER_KIND)
        if kind in _MARKERS:
            marker = self._codec.decode_record(message.value)
            if not isinstance(marker, Sweep | Held):
                raise Quarantine("unexpected_schema", f"a marker holds a {type(marker).__name__}",
                                 remedy="Penanda ini bukan milik hub; periksa pengirimnya.")  # fmt: skip
            return marker
        change = self._envelopes.read(message.value)
        self._note_drift(message, change)
        return change

    def _note_drift(self, message: Incoming, change: Change) -> None:
        """Tell of a column that the contract does not know, once a process and column."""
        if change.after is None:
            return
        for column in self._cleaner.drift_of(message.topic, change.layout):
            if (message.topic, column) not in self._drift:
                self._drift.add((message.topic, column))
                source, table = self._cleaner.place_of(message.topic)
                metrics.SOURCE_DRIFT.labels(source, table).inc()
                _LOG.warning("unknown_column", source=source, table=table, column=column,
                             remedy="map it or ignore it in the source's contract")  # fmt: skip

    def _count(self, work: Work, message: Incoming, outputs: Sequence[Output]) -> None:
        source, table = self._cleaner.place_of(message.topic)
        record = outputs[0].record
        if isinstance(record, Clean):
            work.cleaned[source, table] += 1
            work.in_a_row[source] = 0
            for flag in record.flags:
                work.flags[source, flag.field, flag.code] += 1
        elif isinstance(record, QuarantineItem):
            work.refused[source, record.code] += 1
            if HEADER_RETRY not in dict(message.headers):
                self._refused_again(work, source, record)

    def _refused_again(self, work: Work, source: str, item: QuarantineItem) -> None:
        row = work.in_a_row[source] = work.in_a_row.get(source, 0) + 1
        if row > self._limit:
            raise Halt(
                f"source {source}: {row} rows were refused one after another, the last for {item.code} "
                f"({item.reason}); something is wrong with the whole source. Look at `satudata quarantine list`, mend "
                "the source or its contract, then start clean again (SATUDATA_QUARANTINE_LIMIT sets this number)"
            )

    def _outgoing(self, output: Output, retried: bytes | None) -> Outgoing:
        """Return the message of an output; a retried row that is good now tells which item it settles."""
        headers = _KINDS.get(output.kind, ())
        if retried is not None and isinstance(output.record, Clean):
            headers = (*headers, (HEADER_RETRY, retried))
        return Outgoing(output.topic, output.key, self._codec.encode(output.record), headers, output.partition)
