"""PostgreSQL's write-ahead log: every committed change by logical decoding (pgoutput), and tables read beside it.

__init__ ── source ──┬── inspection   what must be true at the source, and the publication (generated)
                     ├── continuity   whether the log goes on where a position ends
                     ├── budget       the log that the server keeps for us
                     ├── readings     tables read in chunks beside the stream, over jobs and snapshot
                     ├── compare      fingerprints
                     ├── stream       transactions, relations, rows, truncates
                     ├── tables       the contract's tables: identity, partitions (parts), drift
                     ├── replication  the protocol's client side, over session
                     ├── table        one table's plan, over frames, types and values (nested, shapes)
                     └── catalog      questions to the database's catalogue
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from connectors.kinds.postgres_wal.inspection import findings
from connectors.kinds.postgres_wal.options import options
from connectors.kinds.postgres_wal.session import connect
from connectors.kinds.postgres_wal.source import PostgresWal
from connectors.protocol import Connector, Finding, Surroundings
from hub.wire.clock import Clock
from hub.wire.contract import Contract

_SKEW_SECONDS = 2.0


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector of this source, not yet connected."""
    return PostgresWal(contract, surroundings)


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:
    """Look at the source without changing it."""
    chosen = options(contract)
    name = contract.source.name
    try:
        with connect(contract.dsn(), f"satudata-check-{name}") as conn:
            row = conn.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
            skew = abs(row[0] - clock.now_us() / 1e6) if row else 0.0
            found = list(findings(conn, contract, chosen))
    except psycopg.OperationalError as error:
        return [Finding("error", "reach", f"PostgreSQL cannot be reached: {error}",
                        f"Periksa jaringan, pg_hba.conf dan {contract.source.dsn}.",
                        f"check network, pg_hba.conf and {contract.source.dsn}")]  # fmt: skip
    if skew > _SKEW_SECONDS:
        found.append(Finding("warning", "clock", f"the clocks of source and hub differ by {skew:.0f} seconds",
                             "Samakan jam kedua mesin (NTP).", "synchronise both machines' clocks (NTP)"))  # fmt: skip
    if not any(finding.level == "error" for finding in found):
        found.insert(0, Finding("ok", "reach", f"PostgreSQL of {name} can be captured"))
    return found
