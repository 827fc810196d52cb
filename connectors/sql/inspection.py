"""What must be true at the source before its tables are read, each with its remedy; nothing is changed there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import types as sql
from sqlalchemy.engine import Connection

from connectors.protocol import Finding
from connectors.sql import catalog
from connectors.sql.catalog import TableRow
from connectors.sql.engine import connect, reason
from connectors.sql.options import Options
from connectors.sql.queries import Queries
from connectors.sql.types import known
from hub.wire.clock import Clock
from hub.wire.contract import Contract, Table
from hub.wire.errors import TryAgain

Watermarks = Callable[[str], Sequence[str]]
_AVRO_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_SKEW_S = 60.0


def findings(connection: Connection, contract: Contract, watermarks: Watermarks, *, deep: bool) -> Sequence[Finding]:
    """Return what is wrong or worth a warning; `deep` also counts rows, which reads every key once."""
    found: list[Finding] = []
    for table in contract.table:
        row = catalog.table(connection, table.name)
        if row is None:
            found.append(_error(
                "no_table", f"table {table.name} does not exist, or this role may not see it",
                f"Periksa nama tabel {table.name} pada kontrak, atau jalankan GRANT SELECT untuk peran ini.",
                "correct the table's name in the contract, or GRANT SELECT on it",
            ))  # fmt: skip
            continue
        found += [*_columns(table, row, connection.dialect.name), *_key(table, row)]
        found += _watermarks(table, row, watermarks(table.name), connection.dialect.name)
        for look in (_right, _counted) if deep else (_right,):
            if not any(finding.level == "error" for finding in found):
                found += look(connection, table, row)
    return found


def _error(code: str, what: str, remedy_id: str, remedy_en: str) -> Finding:
    return Finding("error", code, what, remedy_id, remedy_en)


def _columns(table: Table, row: TableRow, dialect: str) -> Iterator[Finding]:
    names = {column.name for column in row.columns}
    for name in sorted(set(table.key) - names):
        yield _error("missing_column", f"key column {table.name}.{name} does not exist",
                     "Perbaiki nama kolom pada kontrak.", "correct the column's name in the contract")  # fmt: skip
    for name in sorted(table.mapped - names):
        yield Finding("warning", "missing_column", f"column {table.name}.{name} does not exist: the table is not read",
                      "Perbaiki nama kolom pada kontrak, atau kembalikan kolomnya.",
                      "correct the column's name in the contract, or bring the column back")  # fmt: skip
    for column in row.columns:
        if column.name in table.ignore:
            continue
        if not _AVRO_NAME.match(column.name):
            yield _error("column_name", f"column {table.name}.{column.name} cannot be a field's name",
                         "Abaikan kolom ini pada kontrak, atau baca tabel lewat view dengan nama lain.",
                         "ignore the column in the contract, or read the table through a view")  # fmt: skip
        if not known(column.type, dialect):
            yield Finding("warning", "unknown_type", f"column {table.name}.{column.name} has type {column.told}, which "
                          "is read as text", "Abaikan kolom ini bila tidak diperlukan.",
                          "ignore the column in the contract if nobody needs it")  # fmt: skip
        if column.name not in table.mapped and column.name not in table.key:
            yield Finding("warning", "drift", f"column {table.name}.{column.name} is neither mapped nor ignored",
                          "Petakan atau abaikan kolom ini pada kontrak.",
                          "map or ignore the column; until then it is kept in raw only")  # fmt: skip


def _key(table: Table, row: TableRow) -> Iterator[Finding]:
    key = frozenset(table.key)
    if not any(unique <= key for unique in row.unique_keys):
        known_ = " or ".join(", ".join(sorted(k)) for k in row.unique_keys) or "none"
        yield Finding("warning", "key", f"nothing at the source makes key {', '.join(table.key)} of {table.name} "
                      f"unique (there is: {known_})", "Pakai kunci utama tabel, atau buat indeks unik.",
                      "name the primary key in the contract, or make a unique index")  # fmt: skip
    personal = {c for target in ("nik", "kk") if target in table.map for c in table.map[target].columns}
    others = [unique for unique in row.unique_keys if not unique & personal]
    if key & personal and others:
        other = ", ".join(sorted(others[0]))
        yield _error("personal_key", f"key of {table.name} is a personal number although {other} is a key too",
                     "Pakai kunci pengganti tabel, bukan NIK atau KK.", f"name {other} as the key")  # fmt: skip


def _watermarks(table: Table, row: TableRow, names: Sequence[str], dialect: str) -> Iterator[Finding]:
    columns = {column.name: column for column in row.columns}
    for name in names:
        if name not in columns:
            yield _error("no_watermark", f"watermark column {table.name}.{name} does not exist",
                         "Perbaiki options.watermark pada kontrak, atau pakai jenis sql_diff.",
                         "correct options.watermark in the contract, or use kind sql_diff")  # fmt: skip
            continue
        kind = columns[name].type
        if dialect != "sqlite" and isinstance(kind, sql.String | sql.Boolean):
            yield _error("watermark_type", f"watermark column {table.name}.{name} has type {columns[name].told}, whose "
                         "order says nothing of time", "Pakai jenis sql_diff.", "use kind sql_diff")  # fmt: skip
        if name not in row.indexed:
            yield Finding("warning", "watermark_index", f"no index begins with {table.name}.{name}: each poll reads "
                          "the whole table", f"Buat indeks pada kolom {name}.", f"make an index on {name}")  # fmt: skip


def _right(connection: Connection, table: Table, row: TableRow) -> Iterator[Finding]:
    """Read one key: the catalogue may show a table that this role may not read."""
    statement, _ = Queries(table.name, row.columns, table.key, connection.dialect.name).keys(None, 1)
    try:
        connection.execute(statement).fetchall()
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        yield _error("select_right", f"table {table.name} cannot be read: {reason(error)}",
                     f"Jalankan: GRANT SELECT ON {table.name} TO peran ini;",
                     f"GRANT SELECT ON {table.name} to this role")  # fmt: skip
    connection.rollback()


def _counted(connection: Connection, table: Table, row: TableRow) -> Iterator[Finding]:
    queries = Queries(table.name, row.columns, table.key, connection.dialect.name)
    for code, what, (statement, _) in (
        ("key_twice", "keys stand in more than one row", queries.twice()),
        ("key_missing", "rows lack a part of their key and are not read", queries.without_key()),
    ):
        count = connection.execute(statement).scalar_one()
        if count:
            level = "error" if code == "key_twice" else "warning"
            yield Finding(level, code, f"table {table.name}: {count} {what}",  # type: ignore[arg-type]  # one of both
                          "Perbaiki datanya, atau sebut kolom lain sebagai kunci pada kontrak.",
                          "correct the data, or name other columns as the key in the contract")  # fmt: skip


def preflight(contract: Contract, clock: Clock, options: Options, watermarks: Watermarks) -> Sequence[Finding]:
    """Look at the source without changing it; a source that is away is a finding."""
    try:
        engine = connect(contract)
        with engine.connect() as connection:
            found = list(findings(connection, contract, watermarks, deep=True))
            skew = _skew(connection, clock)
    except (sa.exc.SQLAlchemyError, TryAgain) as error:
        what = reason(error) if isinstance(error, sa.exc.SQLAlchemyError) else str(error)
        return [_error("reach", f"the database cannot be read: {what}",
                       f"Periksa jaringan, hak baca peran ini, dan {contract.source.dsn}.",
                       f"check network, this role's rights and {contract.source.dsn}")]  # fmt: skip
    engine.dispose()
    if skew is not None and skew > _SKEW_S:
        found.append(Finding("warning", "clock", f"the clocks of source and hub differ by {skew:.0f} seconds",
                             "Samakan jam kedua mesin (NTP).", "synchronise both machines' clocks (NTP)"))  # fmt: skip
    if not any(finding.level == "error" for finding in found):
        hours = "" if options.window is None else f", whole tables between {options.window[0]} and {options.window[1]}"
        found.insert(0, Finding("ok", "reach", f"{contract.source.name} can be read, at most {options.rows_per_s} rows "
                                f"a second{hours}"))  # fmt: skip
    return found


_NOW: Mapping[str, str] = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
    "mysql": "SELECT unix_timestamp(now(6)) + 0e0",
    "mssql": "SELECT DATEDIFF_BIG(second, '1970-01-01', SYSUTCDATETIME())",
}


def _skew(connection: Connection, clock: Clock) -> float | None:
    asked = _NOW.get(connection.dialect.name)
    return None if asked is None else abs(float(connection.execute(sa.text(asked)).scalar_one()) - clock.now_us() / 1e6)
