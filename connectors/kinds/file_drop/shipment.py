"""An accepted delivery on its way: counters reserved, rows sent, a whole one ended by a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from connectors.kinds.file_drop import memory
from connectors.kinds.file_drop.inspection import Inspection
from connectors.kinds.file_drop.memory import Last, Sending
from connectors.kinds.file_drop.messages import Writer
from connectors.kinds.file_drop.rows import Rows
from connectors.kinds.file_drop.session import Session, Steps
from connectors.protocol import Batch, Notice, sweep_markers
from hub.wire import metrics
from hub.wire.broker import Outgoing
from hub.wire.contract import Table
from hub.wire.version import pack

BATCH = 1000
_WIB = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A delivery that was found good."""

    table: Table
    suffix: str
    sha256: str
    found: Inspection
    archive: str
    """Its name in the archive."""
    at_us: int
    """When what it says was true, as well as that can be told."""


def told_at(declared: date | None, otherwise_us: int, now_us: int) -> int:
    """Return the moment that a delivery's rows are dated with: its declared day, else when its file was written."""
    if declared is not None:
        moment = datetime(declared.year, declared.month, declared.day, tzinfo=_WIB)
        otherwise_us = int(moment.timestamp() * 1_000_000)
    return min(otherwise_us, now_us) if otherwise_us > 0 else now_us


def mark(table: Table) -> str:
    """Return the mark of what a contract says of a table."""
    return hashlib.sha256(table.model_dump_json().encode()).hexdigest()[:16]


def ship(session: Session, delivery: Accepted, *notices: Notice) -> Steps:
    """Send all rows of the delivery that lies in the session's copy; ends when Kafka and the position have it."""
    table, found = delivery.table, delivery.found
    sending = _sending(session, delivery)
    reserved = max(session.memory.reserved, sending.first + max(found.rows, 1) - 1)
    yield session.remember(Batch(reserve=memory.reserve(sending, reserved)))
    whole = session.options.whole(table)
    for batch in _rows(session, delivery, sending, "r" if whole else "u"):
        yield batch
        _progress(session, table, batch, sending)
    metrics.SNAPSHOT_PROGRESS.labels(source=session.source, table=table.name).set(1)
    floor = pack(session.epoch, sending.first, 0)
    markers = sweep_markers(session.around, session.contract, table.name, floor) if whole else []
    last = Last(sending.sha256, sending.first, found.rows, sending.at_us, delivery.archive,
                found.declared.isoformat() if found.declared else "", found.sample, found.layout.headers(),
                found.zeros, found.how)  # fmt: skip
    end = Batch(markers, memory.accepted(table.name, last), barrier=True, notices=notices)
    yield from session.durably(end)


def _sending(session: Session, delivery: Accepted) -> Sending:
    """Return the delivery with the counters that it had before a crash, or with new ones."""
    known, contract = session.memory, mark(delivery.table)
    before = known.sending
    if before is not None and (before.table, before.sha256, before.contract, before.rows) == (
        delivery.table.name, delivery.sha256, contract, delivery.found.rows
    ):  # fmt: skip
        return before
    return Sending(delivery.table.name, delivery.sha256, known.reserved + 1, delivery.found.rows, contract,
                   delivery.at_us)  # fmt: skip


def _rows(session: Session, delivery: Accepted, sending: Sending, op: str) -> Iterator[Batch]:
    table, layout = delivery.table, delivery.found.layout
    book, _ = session.inspector(table).open(session.copy, delivery.suffix, session.memory.last(table.name))
    try:
        writer = Writer(session.around, session.source, table.name, layout)
        writer.begin(sending.sha256, sending.at_us, op, "true" if op == "r" else "false")
        rows, identify = Rows(table, book, layout), session.identify(table)
        messages: list[Outgoing] = []
        for counter, row in enumerate(rows, sending.first):
            record = identify(rows.key(row) or [])
            messages.append(writer.message(record, session.epoch, counter, row.number, row.texts))
            if len(messages) == BATCH:
                yield Batch(messages, counts={(table.name, op): len(messages)})
                messages = []
                writer.refresh()
        if messages:
            yield Batch(messages, counts={(table.name, op): len(messages)})
    finally:
        book.close()


def _progress(session: Session, table: Table, batch: Batch, sending: Sending) -> None:
    last = batch.messages[-1]
    stamp = dict(last.headers)["version"]
    done = int.from_bytes(stamp[8:16], "big") - sending.first + 1
    metrics.SNAPSHOT_PROGRESS.labels(source=session.source, table=table.name).set(done / max(sending.rows, 1))


def archive_name(at: datetime, declared: date | None, sha256: str, name: str) -> str:
    """Return the archive's name of a delivery: moment of acceptance, declared day, hash, kind of file."""
    suffix = Path(name).suffix.lower()
    plain = suffix if suffix[1:].isalnum() and len(suffix) <= 9 else ""
    return f"{at:%Y%m%dT%H%M%S%fZ}_{declared.isoformat() if declared else 'tanpa-tanggal'}_{sha256}{plain}"
