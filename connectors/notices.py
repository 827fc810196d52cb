"""Notices of a source on their way to the topic `notice`: what an operator should know of it.

code                what happened
source_began_anew   a new epoch: every table is read again (why: `reason`)
source_ended        the connector ended and waits for a person (`kind`, `reason`)
source_paused       an operator paused the source; source_resumed: it goes on
signal_refused      an operator's signal cannot be obeyed (`request`, `reason`)
snapshot_started    tables are being read (`request` where somebody asked); snapshot_finished: they are
column_added        and column_dropped, column_retyped, column_renamed: the source's table changed
table_stopped       its contract wants a drifted table stopped; table_resumed: the contract was changed
wal_budget          the log that the source keeps for the hub passed a mark of its budget
slot_lost           the source no longer keeps its log for the hub; log_purged: it threw away what was not read
delivery_accepted   a delivery of files was taken; delivery_refused, delivery_set_aside: it was not
rows_refused        rows of a delivery or a table were refused
verified            source and hub were compared
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.protocol import Notice
from hub.wire import log, metrics
from hub.wire.avro import Codec
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.records import SourceNotice
from hub.wire.topics import NOTICE

_LOG = log.get(__name__)
_DRIFT = frozenset({"column_added", "column_dropped", "column_retyped", "column_renamed"})


class Notices:
    """One source's notices: as messages, and counted once Kafka has them."""

    def __init__(self, source: str, codec: Codec, clock: Clock) -> None:
        self._source = source
        self._codec = codec
        self._clock = clock

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
