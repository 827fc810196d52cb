"""What must be true at an OPD's PostgreSQL before it is captured, each with its remedy; and the publication."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import psycopg

from connectors.kinds.postgres_wal import catalog
from connectors.kinds.postgres_wal.catalog import Connection, TableRow
from connectors.kinds.postgres_wal.options import Options
from connectors.kinds.postgres_wal.types import form
from connectors.protocol import Finding
from hub.wire.contract import Contract, Table
from hub.wire.errors import RefuseToStart

_AVRO_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_OLDEST = 150_000
_SERVER = """
SELECT current_setting('server_version_num')::int, current_setting('wal_level'), pg_is_in_recovery(),
       current_setting('server_encoding'), current_setting('max_replication_slots')::int,
       (SELECT count(*) FROM pg_replication_slots),
       (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user),
       has_database_privilege(current_database(), 'CREATE'), current_user, current_database()
"""


def findings(conn: Connection, contract: Contract, options: Options) -> Sequence[Finding]:
    """Return what is wrong, or worth a warning; nothing is changed at the source."""
    found = [*_server(conn, options)]
    rows = {table.name: catalog.table(conn, table.name) for table in contract.table}
    for table in contract.table:
        found += _table(conn, table, rows[table.name])
    found += _publication(conn, contract, options, rows)
    return found


def _error(code: str, what: str, remedy_id: str, remedy_en: str) -> Finding:
    return Finding("error", code, what, remedy_id, remedy_en)


def _server(conn: Connection, options: Options) -> Iterator[Finding]:
    row = conn.execute(_SERVER).fetchone()
    if row is None:
        return
    number, wal_level, recovering, encoding, slots, used, replication, _, user, _ = row
    if number < _OLDEST:
        yield _error("version", f"PostgreSQL {number // 10000} is too old",
                     "Perbarui PostgreSQL ke versi 15 atau lebih.", "upgrade PostgreSQL to 15 or newer")  # fmt: skip
    if wal_level != "logical":
        yield _error("wal_level", f"wal_level is {wal_level}",
                     "Atur wal_level = logical lalu mulai ulang PostgreSQL.",
                     "ALTER SYSTEM SET wal_level = logical, then restart PostgreSQL")  # fmt: skip
    if recovering:
        yield _error("standby", "this server is a standby", "Sambungkan ke server utama.", "connect to the primary")
    if encoding == "SQL_ASCII":
        yield _error("encoding", "the database's encoding is SQL_ASCII, so texts have no known meaning",
                     "Pindahkan basis data ke penyandian UTF8.", "move the database to encoding UTF8")  # fmt: skip
    if not replication:
        yield _error("replication_right", f"role {user} may not replicate", f"Jalankan: ALTER ROLE {user} REPLICATION;",
                     f"ALTER ROLE {user} REPLICATION")  # fmt: skip
    if used >= slots and catalog.slot(conn, options.slot) is None:
        yield _error("slots", f"all {slots} replication slots are in use",
                     "Naikkan max_replication_slots atau hapus slot yang tidak dipakai.",
                     "raise max_replication_slots, or drop a slot that nobody uses")  # fmt: skip


def _table(conn: Connection, table: Table, row: TableRow | None) -> Iterator[Finding]:
    name = table.name
    if row is None:
        yield _error("no_table", f"table {name} does not exist", f"Periksa nama tabel {name} pada kontrak.",
                     "correct the table's name in the contract, or the role's USAGE on its schema")  # fmt: skip
        return
    if row.kind != "r":
        yield _error("table_kind", f"{name} is no ordinary table",
                     "Pilih tabel biasa, bukan view atau tabel terpartisi.",
                     "name an ordinary table: views and partitioned tables are not captured")  # fmt: skip
    if not row.readable:
        yield _error("select_right", f"table {name} may not be read", f"Jalankan: GRANT SELECT ON {name} TO peran ini;",
                     f"GRANT SELECT ON {name} to this role")  # fmt: skip
    if row.replica_identity != "f":
        yield _error("replica_identity", f"table {name} does not log whole rows",
                     f"Jalankan: ALTER TABLE {name} REPLICA IDENTITY FULL;",
                     f"ALTER TABLE {name} REPLICA IDENTITY FULL")  # fmt: skip
    yield from _key(table, row)
    yield from _columns(conn, table, row)


def _key(table: Table, row: TableRow) -> Iterator[Finding]:
    key = frozenset(table.key)
    if key not in row.unique_keys:
        known = " or ".join(", ".join(sorted(k)) for k in row.unique_keys) or "none"
        yield _error("key", f"key {', '.join(table.key)} of {table.name} is no unique key (there is: {known})",
                     "Pakai kunci utama tabel pada kontrak, atau buat indeks unik NOT NULL.",
                     "name the primary key in the contract, or make a unique index on NOT NULL columns")  # fmt: skip
    personal = {c for target in ("nik", "kk") if target in table.map for c in table.map[target].columns}
    others = [k for k in row.unique_keys if not k & personal]
    if key & personal and others:
        other = ", ".join(sorted(others[0]))
        yield _error("personal_key", f"key of {table.name} is a personal number although {other} is a key too",
                     "Pakai kunci pengganti tabel, bukan NIK atau KK.", f"name {other} as the key")  # fmt: skip


def _columns(conn: Connection, table: Table, row: TableRow) -> Iterator[Finding]:
    live = {column.name: column for column in row.columns}
    for name in sorted(table.mapped | set(table.key)):
        if name not in live:
            yield _error("missing_column", f"column {table.name}.{name} does not exist",
                         "Perbaiki nama kolom pada kontrak.", "correct the column's name in the contract")  # fmt: skip
        elif live[name].generated:
            yield _error("generated_column", f"column {table.name}.{name} is generated, so it is not in the log",
                         "Petakan kolom asalnya.", "map the columns that it is made from")  # fmt: skip
    captured = [column for name, column in live.items() if name not in table.ignore and not column.generated]
    lookup = partial(catalog.type_row, conn)
    for column in captured:
        if not _AVRO_NAME.match(column.name):
            yield _error("column_name", f"column {table.name}.{column.name} cannot be a field's name",
                         "Abaikan kolom ini pada kontrak atau ganti namanya.",
                         "ignore the column in the contract, or rename it to letters, digits and _")  # fmt: skip
        if form(column.type_oid, column.modifier, lookup) is None:
            known = lookup(column.type_oid)
            yield _error("unknown_type", f"column {table.name}.{column.name} has type {known.name if known else '?'}, "
                         "which is not captured", "Abaikan kolom ini pada kontrak.",
                         "ignore the column in the contract")  # fmt: skip
        if column.name not in table.mapped and column.name not in table.key:
            yield Finding("warning", "drift", f"column {table.name}.{column.name} is neither mapped nor ignored",
                          "Petakan atau abaikan kolom ini pada kontrak.",
                          "map or ignore the column; until then it is kept in raw only")  # fmt: skip


def _publication(
    conn: Connection, contract: Contract, options: Options, rows: dict[str, TableRow | None]
) -> Iterator[Finding]:
    publication = catalog.publication(conn, options.publication)
    tables = ", ".join(table.name for table in contract.table)
    statement = f"CREATE PUBLICATION {options.publication} FOR TABLE {tables}"
    if publication is None:
        if not _may_create(conn) or not all(row is None or row.owned for row in rows.values()):
            yield _error("publication", f"there is no publication {options.publication} and this role may not make it",
                         f"Jalankan sebagai pemilik tabel: {statement};", statement)  # fmt: skip
        return
    absent = [table.name for table in contract.table if table.name not in publication.entries]
    if absent and not all(row is None or row.owned for row in rows.values()):
        change = f"ALTER PUBLICATION {options.publication} ADD TABLE {', '.join(absent)}"
        yield _error("publication_tables", f"publication {options.publication} lacks {', '.join(absent)}",
                     f"Jalankan sebagai pemilik tabel: {change};", change)  # fmt: skip
    filtered = [table.name for table in contract.table if table.name in publication.filtered]
    if filtered or not publication.complete:
        yield _error("publication_part", f"publication {options.publication} leaves out rows, columns or operations",
                     f"Hapus publikasi itu lalu jalankan: {statement};",
                     f"drop it, then {statement}")  # fmt: skip


def _may_create(conn: Connection) -> bool:
    row = conn.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
    return bool(row and row[0])


def ensure_publication(conn: Connection, contract: Contract, options: Options) -> None:
    """Make the publication, or add the tables that it lacks; raises RefuseToStart when the role may not."""
    publication = catalog.publication(conn, options.publication)
    entries: dict[str, Any] = publication.entries if publication else {}
    absent = ", ".join(catalog.quoted(table.name) for table in contract.table if table.name not in entries)
    if not absent:
        return
    verb = "CREATE PUBLICATION {} FOR TABLE" if publication is None else "ALTER PUBLICATION {} ADD TABLE"
    statement = f"{verb.format(options.publication)} {absent}"
    try:
        conn.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefuseToStart(f"this role may not change publication {options.publication}; as the tables' owner run: "
                            f"{statement}") from error  # fmt: skip
