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


class Arrived:
    """(record, transaction) of every change that stands in the raw topics of the systems whose log is read."""

    def __init__(self) -> None:
        self._found: set[tuple[bytes, int]] = set()
        self._places: dict[str, dict[int, int]] = {}
        """By topic and partition, where the next look goes on."""

    def look(self, log: Log, codec: Codec) -> set[tuple[bytes, int]]:
        """Read what came since the last look, and return everything that was found so far."""
        for source in sorted(LOGGED):
            topic = raw_topic(ALL[source].source, ALL[source].table).name
            self._found.update(_changes(onward(log, topic, self._places.setdefault(topic, {})), codec))
        return self._found


def onward(log: Log, topic: str, places: dict[int, int]) -> Iterator[Incoming]:
    """Yield a topic's messages from `places` to its end, and keep in `places` where that is."""
    for message in log.read(topic, dict(places)):
        places[message.partition] = message.offset + 1
        yield message


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
