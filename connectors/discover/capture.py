"""By which kind a database can be captured: its log where there is one and we may read it, else SELECT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.discover.guess import guess
from connectors.discover.seen import Table

_ANY_YEAR = 2000
_POSTGRES = """
SELECT current_setting('wal_level') = 'logical', current_setting('server_version_num')::int >= 130000,
       (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery()"""
_ROWS_POSTGRES = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)"
_ROWS_MYSQL = "SELECT table_rows FROM information_schema.tables WHERE table_schema = :schema AND table_name = :name"
_COUNTED = 10_000
"""Statistics below this are not believed: counting so few costs nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind, why it is the one, and its options as lines of TOML."""

    kind: str
    why: str
    options: Sequence[str] = ()
    notes: Sequence[str] = ()


def choose(connection: Connection, tables: Sequence[Table]) -> Choice:
    """Return the kind to propose for a database."""
    backend = connection.dialect.name
    if backend == "postgresql":
        missing = _missing_postgres(connection)
        if not missing:
            return Choice("postgres_wal", "wal_level is logical and this role may replicate", notes=(
                "each table also needs REPLICA IDENTITY FULL; `satudata check <source>` says what is still missing",
            ))  # fmt: skip
        return _by_select(tables, f"postgres_wal would be better, but {' and '.join(missing)}")
    if backend in ("mysql", "mariadb"):
        missing = _missing_mysql(connection)
        if not missing:
            return Choice("mysql_binlog", "the binary log holds whole rows and this role may replicate")
        return _by_select(tables, f"mysql_binlog would be better, but {' and '.join(missing)}")
    return _by_select(tables, f"there is no log of {backend} to read")


def _missing_postgres(connection: Connection) -> list[str]:
    logical, new, replicates, standby = connection.exec_driver_sql(_POSTGRES).one()
    reasons = (
        (not logical, "wal_level is not logical"),
        (not new, "the server is older than PostgreSQL 13"),
        (not replicates, "this role may not replicate (ALTER ROLE ... REPLICATION)"),
        (standby, "this server is a standby"),
    )
    return [reason for holds, reason in reasons if holds]


def _missing_mysql(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image')"
    )
    found = {str(name).lower(): str(value).upper() for name, value in rows}
    granted = " ".join(str(row[0]).upper() for row in connection.exec_driver_sql("SHOW GRANTS"))
    replicates = any(
        right in granted for right in ("REPLICATION SLAVE", "REPLICATION REPLICA", "ALL PRIVILEGES ON *.*")
    )
    reasons = (
        (found.get("log_bin") not in ("ON", "1"), "log_bin is off"),
        (found.get("binlog_format", "ROW") != "ROW", "binlog_format is not ROW"),
        (found.get("binlog_row_image", "FULL") != "FULL", "binlog_row_image is not FULL"),
        (not replicates, "this role may not replicate (GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ...)"),
    )
    return [reason for holds, reason in reasons if holds]


def _by_select(tables: Sequence[Table], better: str) -> Choice:
    people = [(table, found) for table in tables if (found := guess(table, _ANY_YEAR)).people]
    marks = {table.name: found.watermark for table, found in people if found.watermark}
    if marks and len(marks) == len(people):
        lines = ["# the column that rises with every change of a row, by table", "[options.watermark]"]
        return Choice("sql_poll", f"{better}; a column tells when a row was changed last",
                      (*lines, *[f'"{name}" = "{column}"' for name, column in marks.items()]))  # fmt: skip
    some = ", ".join(sorted(marks))
    notes = (f"{some} could be polled by kind sql_poll, in a contract of its own",) if some else ()
    return Choice("sql_diff", f"{better}; no column tells when a row was changed last", (), notes)


def estimate(connection: Connection, read: Any) -> int | None:
    """Return the server's own estimate of a large table's rows, None where it has none or the table is small."""
    backend = connection.dialect.name
    if backend == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(read)
        found = connection.execute(sa.text(_ROWS_POSTGRES), {"name": name}).scalar()
    elif backend in ("mysql", "mariadb"):
        found = connection.execute(sa.text(_ROWS_MYSQL), {"schema": read.schema, "name": read.name}).scalar()
    else:
        return None
    return None if found is None or int(found) < _COUNTED else int(found)
