"""Which journalled commits never reached raw: Kafka read to its end and compared by record and transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hub.demo.journal import Change
from hub.demo.rows import ALL, LOGGED
from hub.wire.avro import Codec
from hub.wire.broker import Incoming, Log
from hub.wire.topics import HEADER_KIND, raw_topic

XID_BITS = 32
"""The log's transaction ids have 32 bits; the journal's have 64."""


def arrived(log: Log, codec: Codec) -> set[tuple[bytes, int]]:
    """Return (record, transaction) of every change that stands in the raw topics of the systems whose log is read."""
    found: set[tuple[bytes, int]] = set()
    for source in sorted(LOGGED):
        system = ALL[source]
        found.update(_changes(log.read(raw_topic(system.source, system.table).name), codec))
    return found


def _changes(messages: Iterable[Incoming], codec: Codec) -> Iterator[tuple[bytes, int]]:
    for message in messages:
        kind = dict(message.headers).get(HEADER_KIND, b"change")
        if kind != b"change" or message.value is None or message.key is None:
            continue
        envelope = codec.decode(message.value)[1]
        yield message.key, _short(_number(envelope["source"]))


def missing(changes: Iterable[Change], raw: set[tuple[bytes, int]]) -> list[bytes]:
    """Return the records of journalled changes that raw does not hold, of the systems whose log is read."""
    return [
        record
        for change in changes if change.source in LOGGED
        for record in change.expected() if (record, _short(change.xid)) not in raw
    ]  # fmt: skip


def _number(source: dict[str, Any]) -> int:
    """Return the transaction's number: PostgreSQL's id, or the last part of MariaDB's GTID; 0 in a snapshot."""
    if "txId" in source:
        return int(source["txId"] or 0)
    return int(str(source.get("gtid") or "0").rpartition("-")[2])


def _short(xid: int) -> int:
    return xid & ((1 << XID_BITS) - 1)
