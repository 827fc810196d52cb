"""What must be true at an office's MySQL or MariaDB before it is captured, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pymysql

from connectors.kinds.mysql_binlog import catalog, columns
from connectors.kinds.mysql_binlog.catalog import Server, TableRow
from connectors.kinds.mysql_binlog.client import Session
from connectors.kinds.mysql_binlog.options import Options
from connectors.protocol import Finding
from hub.wire.contract import Contract, Table

_AVRO_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_OLDEST = {True: (10, 5), False: (5, 7)}
_DAY = 86_400
_REPLICA = frozenset({"REPLICATION SLAVE", "ALL PRIVILEGES", "ALL"})
_STATUS = frozenset({"REPLICATION CLIENT", "BINLOG MONITOR", "SUPER", "ALL PRIVILEGES", "ALL"})
_LOCK = frozenset({"RELOAD", "FLUSH_TABLES", "ALL PRIVILEGES", "ALL"})


def findings(session: Session, server: Server, contract: Contract, options: Options) -> Sequence[Finding]:
    """Return what is wrong, or worth a warning; nothing is changed at the source."""
    found = [*_server(server, options), *_rights(session, server)]
    if not any(finding.code in ("log_bin", "status_right") for finding in found):
        found += _logged(session, server, contract)
    for table in contract.table:
        found += _table(session, table)
    return found


def _error(code: str, what: str, remedy_id: str, remedy_en: str) -> Finding:
    return Finding("error", code, what, remedy_id, remedy_en)


def _warning(code: str, what: str, remedy_id: str, remedy_en: str) -> Finding:
    return Finding("warning", code, what, remedy_id, remedy_en)


def _server(server: Server, options: Options) -> Iterator[Finding]:
    family, oldest = "MariaDB" if server.mariadb else "MySQL", _OLDEST[server.mariadb]
    if server.number < oldest:
        yield _error("version", f"{family} {server.version} is too old",
                     f"Perbarui {family} ke versi {oldest[0]}.{oldest[1]} atau lebih.",
                     f"upgrade {family} to {oldest[0]}.{oldest[1]} or newer")  # fmt: skip
    if not server.on("log_bin"):
        yield _error("log_bin", "the server writes no binlog",
                     "Tambahkan log_bin pada [mysqld] lalu mulai ulang server.",
                     "set log_bin under [mysqld] in the server's configuration, then restart it")  # fmt: skip
        return
    yield from _form(server)
    if server.on("log_slave_updates") is False and server.on("read_only"):
        yield _warning("replica", "this server is read only and does not log what it replicates",
                       "Sambungkan ke server utama, atau atur log_slave_updates = ON.",
                       "connect to the primary, or set log_slave_updates = ON")  # fmt: skip
    if server.id in (0, options.server_id):
        yield _error("server_id", f"the server's server_id is {server.id}, which must be another than 0 and than the "
                     f"connector's own {options.server_id}", "Atur server_id server ke bilangan lain, misalnya 1.",
                     "set the server's server_id to another number, or options.server_id")  # fmt: skip
    seconds = _retention(server)
    if 0 < seconds < _DAY:
        yield _warning("retention", f"the binlog is kept for {seconds / 3600:.1f} hours only",
                       f"Jalankan: SET GLOBAL {_retention_setting(server)}; dan tulis juga pada berkas konfigurasi.",
                       f"SET GLOBAL {_retention_setting(server)}: after a longer outage every table is read "
                       "again")  # fmt: skip


def _form(server: Server) -> Iterator[Finding]:
    for name, wanted, absent in (("binlog_format", "ROW", "ROW"), ("binlog_row_image", "FULL", "FULL")):
        value = server.settings.get(name, absent).upper()
        if value != wanted:
            yield _error(name, f"{name} is {value}", f"Jalankan: SET GLOBAL {name} = {wanted}; tulis juga pada berkas "
                         "konfigurasi, lalu sambungkan ulang semua aplikasi.",
                         f"SET GLOBAL {name} = {wanted}, in the configuration too, and let every application connect "
                         "again: open sessions keep the old value")  # fmt: skip
    if server.settings.get("binlog_row_value_options", ""):
        yield _error("partial_json", "binlog_row_value_options logs parts of JSON values only",
                     "Jalankan: SET GLOBAL binlog_row_value_options = '';",
                     "SET GLOBAL binlog_row_value_options = ''")  # fmt: skip
    if server.settings.get("binlog_row_metadata", "MINIMAL").upper() != "FULL":
        yield _warning("row_metadata", "the log does not name its columns, so names are taken from the catalogue",
                       "Jalankan: SET GLOBAL binlog_row_metadata = FULL; (MariaDB 10.5, MySQL 8.0.1 atau lebih).",
                       "SET GLOBAL binlog_row_metadata = FULL: a changed table need not be read again")  # fmt: skip


def _retention(server: Server) -> float:
    """Return the seconds that the log is kept; 0: for ever."""
    seconds = float(server.settings.get("binlog_expire_logs_seconds", "0") or 0)
    return seconds or float(server.settings.get("expire_logs_days", "0") or 0) * _DAY


def _retention_setting(server: Server) -> str:
    return "binlog_expire_logs_seconds = 604800" if "binlog_expire_logs_seconds" in server.settings else (
        "expire_logs_days = 7"
    )  # fmt: skip


def _rights(session: Session, server: Server) -> Iterator[Finding]:
    (account,) = session.one("SELECT CURRENT_USER()")
    user = "'" + str(account).replace("@", "'@'") + "'"
    held = catalog.rights(session)
    status = "BINLOG MONITOR" if server.mariadb else "REPLICATION CLIENT"
    needed = [("replication_right", _REPLICA, "REPLICATION SLAVE", "may not read the binlog"),
              ("status_right", _STATUS, status, "may not ask where the binlog ends")]  # fmt: skip
    if not server.mariadb and server.settings.get("gtid_mode") != "ON":
        needed.append(("lock_right", _LOCK, "RELOAD", "may not hold the server still for a snapshot's beginning"))
    for code, any_of, right, lack in needed:
        if not held & any_of:
            grant = f"GRANT {right} ON *.* TO {user}"
            yield _error(code, f"account {user} {lack}", f"Jalankan: {grant};", grant)


def _logged(session: Session, server: Server, contract: Contract) -> Iterator[Finding]:
    status = catalog.log_status(session, server)
    only = [name for name in str(status.get("binlog_do_db") or "").split(",") if name]
    never = [name for name in str(status.get("binlog_ignore_db") or "").split(",") if name]
    for database in sorted({table.name.partition(".")[0] for table in contract.table}):
        if (only and database not in only) or database in never:
            yield _error("not_logged", f"database {database} is left out of the binlog",
                         "Hapus binlog_do_db dan binlog_ignore_db dari konfigurasi, lalu mulai ulang server.",
                         "remove binlog_do_db and binlog_ignore_db from the configuration, then restart")  # fmt: skip


def _table(session: Session, table: Table) -> Iterator[Finding]:
    name = table.name
    if "." not in name:
        yield _error("no_table", f"table {name} is named without its database",
                     "Tulis <basisdata>.<tabel> pada kontrak.",
                     "write <database>.<table> in the contract")  # fmt: skip
        return
    row = catalog.table(session, name)
    if row is None or row.name != name:
        there = f"; there is {row.name}" if row else ""
        database = catalog.quoted(name)
        yield _error("no_table", f"table {name} does not exist, or the account may not see it{there}",
                     f"Periksa nama tabel {name} pada kontrak, atau jalankan: GRANT SELECT ON {database} TO akun ini;",
                     f"correct the table's name in the contract, or GRANT SELECT ON {database} to this "
                     "account")  # fmt: skip
        return
    if row.kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
        yield _error("table_kind", f"{name} is no ordinary table", "Pilih tabel biasa, bukan view.",
                     "name an ordinary table: views are not in the binlog")  # fmt: skip
        return
    if not catalog.readable(session, name):
        grant = f"GRANT SELECT ON {catalog.quoted(name)} TO this account"
        yield _error("select_right", f"table {name} may not be read",
                     f"Jalankan: GRANT SELECT ON {catalog.quoted(name)} TO akun ini;", grant)  # fmt: skip
    yield from _engine(row)
    yield from _key(table, row)
    yield from _columns(session, table, row)


def _engine(row: TableRow) -> Iterator[Finding]:
    if row.engine not in catalog.TRANSACTIONAL:
        yield _warning("engine", f"table {row.name} is kept by {row.engine}, which has no transactions: it can be "
                       "captured but not verified", f"Jalankan: ALTER TABLE {row.name} ENGINE = InnoDB;",
                       f"ALTER TABLE {row.name} ENGINE = InnoDB")  # fmt: skip
    deleting = sorted({parent.name for parent in row.parents if parent.on_delete})
    if deleting:
        yield _warning("cascade_delete", f"rows of {row.name} go with rows of {', '.join(deleting)}, which the server "
                       "does not log: each time the whole table is read again",
                       "Bila tabel besar, ganti ON DELETE CASCADE atau SET NULL dengan pemicu atau aplikasi.",
                       "for a large table replace ON DELETE CASCADE or SET NULL by the application's own "
                       "statement")  # fmt: skip
    updating = sorted({parent.name for parent in row.parents if parent.on_update and not parent.on_delete})
    if updating:
        yield _warning("cascade_update", f"changed keys of {', '.join(updating)} change rows of {row.name}, which the "
                       "server does not log", "Jangan mengubah kunci tabel induk, atau baca ulang tabel sesudahnya.",
                       "after such a change run `satudata source snapshot` for the table")  # fmt: skip


def _key(table: Table, row: TableRow) -> Iterator[Finding]:
    key, known = frozenset(table.key), [frozenset(names) for names in row.unique_keys]
    if key not in known:
        there = " or ".join(", ".join(names) for names in row.unique_keys) or "none"
        yield _error("key", f"key {', '.join(table.key)} of {table.name} is no unique key (there is: {there})",
                     "Pakai kunci utama tabel pada kontrak, atau buat indeks unik NOT NULL.",
                     "name the primary key in the contract, or make a unique index on NOT NULL columns")  # fmt: skip
    elif not catalog.in_order(row, table.key):
        yield _warning("key_type", f"{table.name} cannot be read piece by piece along its key, but only as a whole",
                       "Bila tabel besar, pakai kunci bilangan.", "for a large table name a numeric key")  # fmt: skip
    personal = {c for target in ("nik", "kk") if target in table.map for c in table.map[target].columns}
    others = [names for names in row.unique_keys if not set(names) & personal]
    if key & personal and others:
        other = ", ".join(others[0])
        yield _error("personal_key", f"key of {table.name} is a personal number although {other} is a key too",
                     "Pakai kunci pengganti tabel, bukan NIK atau KK.", f"name {other} as the key")  # fmt: skip


def _columns(session: Session, table: Table, row: TableRow) -> Iterator[Finding]:
    live = {column.name: column for column in row.columns}
    for name in sorted(table.mapped | set(table.key)):
        if name not in live:
            yield _error("missing_column", f"column {table.name}.{name} does not exist",
                         "Perbaiki nama kolom pada kontrak.", "correct the column's name in the contract")  # fmt: skip
    described = columns.from_catalogue(session.ask(columns.CATALOGUE, *table.name.split(".", 1)))
    for column in described:
        if column.name in table.ignore:
            continue
        if not _AVRO_NAME.match(column.name):
            yield _error("column_name", f"column {table.name}.{column.name} cannot be a field's name",
                         "Abaikan kolom ini pada kontrak atau ganti namanya.",
                         "ignore the column in the contract, or rename it to letters, digits and _")  # fmt: skip
        trouble = columns.trouble(column)
        if trouble:
            yield _error("unknown_type", f"{table.name}: {trouble}", "Abaikan kolom ini pada kontrak.",
                         "ignore the column in the contract")  # fmt: skip
        if column.name not in table.mapped and column.name not in table.key:
            yield _warning("drift", f"column {table.name}.{column.name} is neither mapped nor ignored",
                           "Petakan atau abaikan kolom ini pada kontrak.",
                           "map or ignore the column; until then it is kept in raw only")  # fmt: skip


def away(error: Exception, contract: Contract) -> Finding:
    """Return the finding of a server that cannot be reached."""
    what = str(error) if not isinstance(error, pymysql.Error) else str(error.args[-1])
    return _error("reach", f"the server cannot be reached: {what}",
                  f"Periksa jaringan, akun, dan {contract.source.dsn}.",
                  f"check network, account and {contract.source.dsn}")  # fmt: skip
