"""The log that an office's server keeps for us: how much it is, and what is done before its disk is full."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.rows import tuple_row

from connectors.kinds.postgres_wal.catalog import Connection
from connectors.kinds.postgres_wal.options import Options
from connectors.protocol import Notice
from hub.wire import log, metrics

_LOG = log.get(__name__)
_ALARM = 0.8
_CALM = 0.7
"""Part of the budget under which an alarm is over, so that it does not flutter."""
_HELD = """
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::int8, active_pid FROM pg_replication_slots
WHERE slot_name = %s AND restart_lsn IS NOT NULL
"""


class Budget:
    """One source's budget; what it saw last decides whether there is something new to tell."""

    def __init__(self, source: str, options: Options) -> None:
        self._source = source
        self._options = options
        self._told = 0.0
        if options.wal_budget is not None:
            metrics.SOURCE_BUDGET_BYTES.labels(source=source).set(options.wal_budget)

    def look(self, conn: Connection) -> tuple[Sequence[Notice], bool]:
        """Return what there is to tell, and whether the slot must go."""
        with conn.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(_HELD, [self._options.slot], prepare=False).fetchone()
        held = 0 if row is None else max(int(row[0]), 0)
        metrics.SOURCE_HELD_BYTES.labels(source=self._source).set(held)
        if self._options.wal_budget is None:
            return (), False
        part = held / self._options.wal_budget
        if part < _CALM:
            self._told = 0.0
        mark = next((mark for mark in (1.0, _ALARM) if part >= mark), 0.0)
        if mark <= self._told:
            return (), self._drops and mark >= 1.0
        self._told = mark
        return [self._notice(held, mark)], self._drops and mark >= 1.0

    @property
    def _drops(self) -> bool:
        return self._options.wal_action == "drop_slot"

    def _notice(self, held: int, mark: float) -> Notice:
        action = self._options.wal_action if mark >= 1.0 else "alarm"
        detail = {"held_bytes": str(held), "budget_bytes": str(self._options.wal_budget), "action": action,
                  "percent": str(100 * held // (self._options.wal_budget or 1))}  # fmt: skip
        _LOG.error("wal_budget", source=self._source, **detail)
        return Notice("wal_budget", detail=detail)


def drop_slot(conn: Connection, slot: str, *, evict: bool) -> bool:
    """Let the server forget its log for us; False while the slot is in use.  `evict` ends whoever uses it."""
    if evict:
        conn.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                     "WHERE slot_name = %s AND active_pid IS NOT NULL", [slot])  # fmt: skip
    try:
        conn.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [slot]
        )
    except psycopg.errors.ObjectInUse:
        return False
    return True
