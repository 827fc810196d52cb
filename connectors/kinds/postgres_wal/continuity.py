"""Whether the log goes on where a position ends: the same slot, the same history of the server."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import tuple_row

from connectors.kinds.postgres_wal.catalog import Connection, SlotRow
from connectors.kinds.postgres_wal.replication import Identity, Replication, parse_lsn

_STANDBYS = """
SELECT current_setting('synchronized_standby_slots', true)
FROM pg_replication_slots s WHERE slot_name = %s AND to_jsonb(s) ->> 'failover' = 'true'
"""
_FAILOVER = "SELECT to_jsonb(s) ->> 'failover' FROM pg_replication_slots s WHERE slot_name = %s"


def lost(name: str, slot: SlotRow | None, ours: int) -> str | None:
    """Say why the slot does not hold what follows our position, or None."""
    if slot is None:
        return f"replication slot {name} is gone"
    if slot.lost:
        return f"replication slot {name} was invalidated: the server needed the space of its log"
    if not slot.confirmed or parse_lsn(slot.confirmed) > ours:
        return f"replication slot {name} was moved or made anew by somebody else"
    return None


def elsewhere(replication: Replication, server: Identity, state: Mapping[str, str]) -> str | None:
    """Say why the server's history is not the one that we followed, or None.

    A standby that took over has a timeline of its own.  What we sent to Kafka is part of its history only if the old
    server sent nothing before its standbys had it (`synchronized_standby_slots`), which the state remembers.
    """
    ours, timeline = parse_lsn(state["lsn"]), state.get("timeline", server.timeline)
    if ours > server.position:
        return "the server went back to an earlier state"
    if timeline == server.timeline:
        return None
    fork = replication.fork(server.timeline, timeline) if int(server.timeline) > int(timeline) else None
    if fork is None or fork < ours:
        return f"the server's history left ours before our position (timeline {server.timeline})"
    if not state.get("standbys"):
        return "another server took over, which may lack what the first one had sent: no synchronized_standby_slots"
    return None


def standbys(sql: Connection, slot: str) -> str:
    """Return the standbys that have all the log before we do; empty where nothing makes sure of it."""
    with sql.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_STANDBYS, [slot], prepare=False).fetchone()
    return str(row[0] or "") if row else ""


def keep_on_standbys(sql: Connection, replication: Replication, slot: str) -> None:
    """Have a slot kept on standbys that was made before the contract said so."""
    with sql.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_FAILOVER, [slot], prepare=False).fetchone()
    if row is not None and row[0] == "false":
        replication.keep_on_standbys(slot)
