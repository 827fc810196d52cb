"""Notices of a source on their way to the topic `notice`: what an operator should know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.protocol import Notice
from hub.wire import log, metrics
from hub.wire.avro import Codec
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.records import SourceNotice
from hub.wire.topics import NOTICE

_LOG = log.get(__name__)
CODES: Mapping[str, str] = {
    "source_began_anew": "a new epoch: every table is read again, for this `reason`",
    "source_ended": "the connector ended and waits for a person (`kind`, `reason`)",
    "source_paused": "an operator paused the source",
    "source_resumed": "an operator ended a pause",
    "signal_refused": "an operator's signal cannot be obeyed (`request`, `reason`)",
    "snapshot_started": "a table is being read (`request` where somebody asked)",
    "snapshot_finished": "a table was read (`request` where somebody asked)",
    "table_read_again": "a table is read again because what its log says cannot be relied on (`reason`)",
    "table_missing": "the source no longer has a table that the contract names",
    "column_left_out": "a `column` is of a type or character set that cannot be captured",
    "server_changed": "another server of the same replication goes on where the last one ended (`server`)",
    "column_added": "a table has a new `column`, or one that its contract never knew",
    "column_dropped": "a table lost a `column`, or never had one that its contract names",
    "column_retyped": "a `column` changed from type `was` to `type`",
    "column_renamed": "a column `was` is called `column` now",
    "table_stopped": "a table is no longer forwarded: its contract wants it stopped when it drifts",
    "table_resumed": "a stopped table is forwarded again, and read again for what was missed",
    "wal_budget": "the log that the source keeps for the hub passed a mark of its budget",
    "slot_lost": "the source no longer keeps its log for the hub (`reason`)",
    "log_purged": "the source threw away log that was not read yet",
    "delivery_accepted": "a delivery of a file was taken whole",
    "delivery_refused": "a delivery was not taken; its sender finds why beside it",
    "delivery_set_aside": "a delivery is older than the last one taken",
    "rows_refused": "rows of a delivery were refused; its sender finds which beside it",
    "verified": "a table's fingerprint was taken and sent to be compared with the hub",
    "verify_refused": "a table cannot be compared with the hub (`reason`)",
}
"""Every code, and what happened."""
_DRIFT = frozenset({"column_added", "column_dropped", "column_retyped", "column_renamed"})


class Notices:
    """One source's notices: as messages, and counted once Kafka has them."""

    def __init__(self, source: str, codec: Codec, clock: Clock) -> None:
        self._source = source
        self._codec = codec
        self._clock = clock
        for code in CODES:  # a counter that begins at its first event shows Prometheus no increase
            metrics.SOURCE_NOTICES.labels(source=source, code=code)

    def messages(self, notices: Sequence[Notice]) -> list[Outgoing]:
        """Return notices as messages, and log them."""
        return [self._message(notice) for notice in notices]

    def _message(self, notice: Notice) -> Outgoing:
        _LOG.info(
            "source_notice", source=self._source, table=notice.table, code=notice.code, detail=dict(notice.detail)
        )
        detail = {**notice.detail}
        if "reason" in detail:  # another's words: a database's error text may quote a value
            detail["reason"] = log.without_numbers(detail["reason"])
        record = SourceNotice(self._source, notice.table, notice.code, detail, self._clock.now_us())
        return Outgoing(NOTICE.name, self._source.encode(), self._codec.encode(record))

    def count(self, notices: Sequence[Notice]) -> None:
        """Count notices that Kafka has acknowledged."""
        for notice in notices:
            metrics.SOURCE_NOTICES.labels(source=self._source, code=notice.code).inc()
            if notice.code in _DRIFT:
                metrics.SOURCE_DRIFT.labels(source=self._source, table=notice.table).inc()
