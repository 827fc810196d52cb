"""The binlog of MySQL and MariaDB: tables are read once, in chunks, while every committed change is followed.

__init__ ── source ──┬── inspection   what must be true at the server
                     ├── snapshot     tables in chunks        tasks    what is left to read
                     ├── stream       transactions, rows, DDL  place   where, and the versions that it gives
                     ├── tables       columns, plans, drift    statements   what a statement means
                     ├── catalog      questions to the server  client  the protocol's client side
                     └── decoder      events taken apart, over events, shapes, columns, table, rows, values, types
"""

from __future__ import annotations

from collections.abc import Sequence

import pymysql

from connectors.kinds.mysql_binlog import catalog
from connectors.kinds.mysql_binlog.client import connect
from connectors.kinds.mysql_binlog.inspection import away, findings
from connectors.kinds.mysql_binlog.options import options
from connectors.kinds.mysql_binlog.source import MysqlBinlog
from connectors.protocol import Connector, Finding, Surroundings
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import TryAgain

_SKEW_SECONDS = 2.0


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector of this source, not yet connected."""
    return MysqlBinlog(contract, surroundings)


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:
    """Look at the source without changing it."""
    chosen = options(contract)
    name = contract.source.name
    try:
        session = connect(contract.dsn(), f"satudata-check-{name}")
        try:
            server = catalog.server(session)
            skew = abs(float(session.one("SELECT UNIX_TIMESTAMP(NOW(6))")[0]) - clock.now_us() / 1e6)
            found = list(findings(session, server, contract, chosen))
        finally:
            session.leave()
    except (pymysql.Error, TryAgain) as error:
        return [away(error, contract)]
    if skew > _SKEW_SECONDS:
        found.append(Finding("warning", "clock", f"the clocks of source and hub differ by {skew:.0f} seconds",
                             "Samakan jam kedua mesin (NTP).", "synchronise both machines' clocks (NTP)"))  # fmt: skip
    if not any(finding.level == "error" for finding in found):
        family = "MariaDB" if server.mariadb else "MySQL"
        found.insert(0, Finding("ok", "reach", f"{family} {server.version} of {name} can be captured"))
    return found
