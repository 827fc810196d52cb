"""What must be true at an OPD's PostgreSQL before it is captured, each with its remedy; and the publication."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from connectors.kinds.postgres_wal import catalog, generated, parts
from connectors.kinds.postgres_wal.catalog import Connection, PublicationRow, TableRow
from connectors.kinds.postgres_wal.options import Options
from connectors.protocol import Finding
from hub.wire.contract import Contract, Table
from hub.wire.errors import RefuseToStart

_AVRO_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_OLDEST = 130_000
_FAILOVER = 170_000
_SERVER = """
SELECT current_setting('server_version_num')::int AS number, current_setting('wal_level') AS wal_level,
       pg_is_in_recovery() AS recovering, current_setting('server_encoding') AS encoding,
       current_setting('max_replication_slots')::int AS slots,
       (SELECT count(*) FROM pg_replication_slots)::int AS used, current_setting('max_wal_senders')::int AS senders,
       (SELECT count(*) FROM pg_stat_replication)::int AS sending,
       (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS replicates,
       current_user::text AS role, current_setting('max_slot_wal_keep_size') AS kept,
       current_setting('synchronized_standby_slots', true) AS standbys
"""
_OWN = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"


def findings(conn: Connection, contract: Contract, options: Options) -> Sequence[Finding]:
    """Return what is wrong, or worth a warning; nothing is changed at the source."""
    found = [*_server(conn, options)]
    rows = {table.name: catalog.table(conn, table.name, options.publication) for table in contract.table}
    for table in contract.table:
        found += _table(conn, table, rows[table.name])
    found += _publication(conn, contract, options, rows)
    return found


def _error(code: str, what: str, remedy_id: str, remedy_en: str) -> Finding:
    return Finding("error", code, what, remedy_id, remedy_en)


def _server(conn: Connection, options: Options) -> Iterator[Finding]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        row: Any = cursor.execute(_SERVER, prepare=False).fetchone()
    if row is None:
        return
    if row.number < _OLDEST:
        yield _error("version", f"PostgreSQL {row.number // 10000} is too old",
                     "Perbarui PostgreSQL ke versi 13 atau lebih.", "upgrade PostgreSQL to 13 or newer")  # fmt: skip
    if row.wal_level != "logical":
        yield _error("wal_level", f"wal_level is {row.wal_level}",
                     "Atur wal_level = logical lalu mulai ulang PostgreSQL.",
                     "ALTER SYSTEM SET wal_level = logical, then restart PostgreSQL")  # fmt: skip
    if row.recovering:
        yield _error("standby", "this server is a standby", "Sambungkan ke server utama.", "connect to the primary")
    if row.encoding == "SQL_ASCII":
        yield _error("encoding", "the database's encoding is SQL_ASCII, so texts have no known meaning",
                     "Pindahkan basis data ke penyandian UTF8.", "move the database to encoding UTF8")  # fmt: skip
    if not row.replicates:
        yield _error("replication_right", f"role {row.role} may not replicate",
                     f"Jalankan: ALTER ROLE {row.role} REPLICATION;", f"ALTER ROLE {row.role} REPLICATION")  # fmt: skip
    yield from _room(conn, options, row)
    yield from _log_kept(options, row)


def _room(conn: Connection, options: Options, row: Any) -> Iterator[Finding]:
    """Say whether there is room for the slot and, while tables are read, for a temporary one beside it."""
    own = conn.execute(_OWN, [options.slot], prepare=False).fetchone()
    needed = 1 if own else 2
    if row.used >= row.slots and own is None:
        yield _error("slots", f"all {row.slots} replication slots are in use",
                     "Naikkan max_replication_slots atau hapus slot yang tidak dipakai.",
                     "raise max_replication_slots, or drop a slot that nobody uses")  # fmt: skip
    elif row.used + needed > row.slots:
        yield Finding("warning", "slots_few", f"only one of {row.slots} replication slots is free; a table "
                      "that is read again needs one more for that time",
                      "Naikkan max_replication_slots, paling sedikit satu.",
                      "raise max_replication_slots by one at least")  # fmt: skip
    if row.sending + (1 if own and own[0] else 2) > row.senders:
        yield Finding("warning", "senders_few", f"{row.sending} of {row.senders} WAL senders are in use; the hub "
                      "needs two", "Naikkan max_wal_senders, paling sedikit dua.",
                      "raise max_wal_senders by two at least")  # fmt: skip


def _log_kept(options: Options, row: Any) -> Iterator[Finding]:
    """Say whether the server keeps our log within bounds, and beyond a failover."""
    if row.kept == "-1":
        yield Finding("warning", "wal_unbounded", "nothing bounds the log that the server keeps while the hub is "
                      "switched off: its disk can fill",
                      "Jalankan: ALTER SYSTEM SET max_slot_wal_keep_size = '20GB'; (sesuaikan dengan disk) "
                      "lalu SELECT pg_reload_conf();",
                      "ALTER SYSTEM SET max_slot_wal_keep_size = '20GB' (as the disk allows), then "
                      "SELECT pg_reload_conf(); options.wal_budget below it acts while the hub runs")  # fmt: skip
    if options.failover and row.number < _FAILOVER:
        yield _error("failover", f"PostgreSQL {row.number // 10000} keeps no slot on standbys",
                     "Hapus failover dari kontrak, atau perbarui PostgreSQL ke versi 17 atau lebih.",
                     "remove options.failover, or upgrade PostgreSQL to 17 or newer")  # fmt: skip
    elif options.failover and not row.standbys:
        yield Finding("warning", "failover_order", "changes can reach the hub before a standby has them, so everything "
                      "is read anew after a failover",
                      "Isi synchronized_standby_slots dengan slot milik server cadangan.",
                      "set synchronized_standby_slots to the standby's slot")  # fmt: skip


def _table(conn: Connection, table: Table, row: TableRow | None) -> Iterator[Finding]:
    name = table.name
    if row is None:
        yield _error("no_table", f"table {name} does not exist", f"Periksa nama tabel {name} pada kontrak.",
                     "correct the table's name in the contract, or the role's USAGE on its schema")  # fmt: skip
        return
    if row.kind not in ("r", "p"):
        yield _error("table_kind", f"{name} is no ordinary table", "Pilih tabel biasa, bukan view atau tabel asing.",
                     "name an ordinary or partitioned table: views and foreign tables are not captured")  # fmt: skip
    harmful = generated.virtual(conn, name)
    if harmful is not None:
        yield harmful
        return  # nothing further: its remedies would stop the office's own work
    if row.kind == "p":
        yield from _partitions(conn, table)
    if not row.readable:
        yield _error("select_right", f"table {name} may not be read", f"Jalankan: GRANT SELECT ON {name} TO peran ini;",
                     f"GRANT SELECT ON {name} to this role")  # fmt: skip
    if row.replica_identity != "f":
        yield _error("replica_identity", f"table {name} does not log whole rows",
                     f"Jalankan: ALTER TABLE {name} REPLICA IDENTITY FULL;",
                     f"ALTER TABLE {name} REPLICA IDENTITY FULL")  # fmt: skip
    yield from _key(table, row)
    yield from _columns(conn, table, row)


def _partitions(conn: Connection, table: Table) -> Iterator[Finding]:
    for part in parts.parts(conn, table.name):
        if part.kind != "r":
            yield _error("partition_kind", f"partition {part.name} of {table.name} is no ordinary table",
                         f"Lepaskan partisi {part.name}: tabel asing tidak tercatat di WAL.",
                         f"detach {part.name}: changes of a foreign table are not in the log")  # fmt: skip
            continue
        if not part.readable:
            yield _error("select_right", f"partition {part.name} may not be read",
                         f"Jalankan: GRANT SELECT ON {part.name} TO peran ini;",
                         f"GRANT SELECT ON {part.name} to this role")  # fmt: skip
        if part.replica_identity != "f":
            yield _error("replica_identity", f"partition {part.name} does not log whole rows",
                         f"Jalankan: ALTER TABLE {part.name} REPLICA IDENTITY FULL;",
                         f"ALTER TABLE {part.name} REPLICA IDENTITY FULL")  # fmt: skip


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
        elif live[name].generated and not generated.matter(conn):
            yield _error("generated_column", f"column {table.name}.{name} is generated, so it is not in the log",
                         "Petakan kolom asalnya.", "map the columns that it is made from")  # fmt: skip
    logged = [column for column in live.values() if generated.matter(conn) or not column.generated]
    captured = [column for column in logged if column.name not in table.ignore]
    for column in captured:
        if not _AVRO_NAME.match(column.name):
            yield _error("column_name", f"column {table.name}.{column.name} cannot be a field's name",
                         "Abaikan kolom ini pada kontrak atau ganti namanya.",
                         "ignore the column in the contract, or rename it to letters, digits and _")  # fmt: skip
        if column.name not in table.mapped and column.name not in table.key:
            yield Finding("warning", "drift", f"column {table.name}.{column.name} is neither mapped nor ignored",
                          "Petakan atau abaikan kolom ini pada kontrak.",
                          "map or ignore the column; until then it is kept in raw only")  # fmt: skip


def _publication(
    conn: Connection, contract: Contract, options: Options, rows: Mapping[str, TableRow | None]
) -> Iterator[Finding]:
    publication = catalog.publication(conn, options.publication)
    statement = _statement(conn, contract, options, rows)
    if publication is None:
        if not _may_create(conn) or not all(row is None or row.owned for row in rows.values()):
            yield _error("publication", f"there is no publication {options.publication} and this role may not make it",
                         f"Jalankan sebagai pemilik tabel: {statement};", statement)  # fmt: skip
        return
    root = parts.root(conn, options.publication)
    if root is not None and not root.published and not root.owned and _partitioned(rows):
        change = f"ALTER PUBLICATION {options.publication} SET (publish_via_partition_root = true)"
        yield _error("publication_root", f"publication {options.publication} speaks of partitions, not of their table",
                     f"Jalankan sebagai pemilik publikasi: {change};", change)  # fmt: skip
        return
    absent = _absent(contract, publication, rows, rooted=root is None or root.published)
    if absent and not all(row is None or row.owned for row in rows.values()):
        change = f"ALTER PUBLICATION {options.publication} ADD TABLE {', '.join(absent)}"
        yield _error("publication_tables", f"publication {options.publication} lacks {', '.join(absent)}",
                     f"Jalankan sebagai pemilik tabel: {change};", change)  # fmt: skip
    yield from generated.unpublished(conn, [table.name for table in contract.table], options.publication)
    filtered = [table.name for table in contract.table if table.name in publication.filtered]
    if filtered or not publication.complete:
        yield _error("publication_part", f"publication {options.publication} leaves out rows, columns or operations",
                     f"Hapus publikasi itu lalu jalankan: {statement};",
                     f"drop it, then {statement}")  # fmt: skip


def _may_create(conn: Connection) -> bool:
    row = conn.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
    return bool(row and row[0])


def _partitioned(rows: Mapping[str, TableRow | None]) -> bool:
    return any(row is not None and row.kind == "p" for row in rows.values())


def _statement(conn: Connection, contract: Contract, options: Options, rows: Mapping[str, TableRow | None]) -> str:
    tables = ", ".join(table.name for table in contract.table)
    wanted = ["publish_via_partition_root = true"] * _partitioned(rows) + [generated.OPTION] * generated.matter(conn)
    how = f" WITH ({', '.join(wanted)})" if wanted else ""
    return f"CREATE PUBLICATION {options.publication} FOR TABLE {tables}{how}"


def _absent(
    contract: Contract, publication: PublicationRow, rows: Mapping[str, TableRow | None], *, rooted: bool = True
) -> list[str]:
    """Return the tables that are not published; before changes are published as the root's, a root is not listed."""
    return [
        table.name
        for table in contract.table
        if table.name not in publication.entries and (rooted or (row := rows[table.name]) is None or row.kind != "p")
    ]


def unpublished_roots(conn: Connection, contract: Contract, options: Options) -> list[str]:
    """Return the tables of which changes are missing because the publication speaks of their partitions."""
    root = parts.root(conn, options.publication)
    if root is None or root.published:
        return []
    rows = {table.name: catalog.table(conn, table.name) for table in contract.table}
    return [name for name, row in rows.items() if row is not None and row.kind == "p"]


def ensure_publication(conn: Connection, contract: Contract, options: Options) -> None:
    """Make the publication, or add what it lacks; raises RefuseToStart when the role may not."""
    rows = {table.name: catalog.table(conn, table.name) for table in contract.table}
    root = parts.root(conn, options.publication)
    if root is None:
        tables = ", ".join(catalog.quoted(table.name) for table in contract.table)
        more = f", {generated.OPTION}" if generated.matter(conn) else ""
        how = f"WITH (publish_via_partition_root = true{more})"
        _change(conn, options, f"CREATE PUBLICATION {options.publication} FOR TABLE {tables} {how}")
        return
    columns = generated.published(conn, options.publication)
    if columns is not None and columns.owned and not columns.stored:
        _change(conn, options, f"ALTER PUBLICATION {options.publication} SET ({generated.OPTION})")
    if not root.published and _partitioned(rows):
        _change(conn, options, f"ALTER PUBLICATION {options.publication} SET (publish_via_partition_root = true)")
    publication = catalog.publication(conn, options.publication)
    absent = [] if publication is None else _absent(contract, publication, rows)
    if absent:
        tables = ", ".join(catalog.quoted(name) for name in absent)
        _change(conn, options, f"ALTER PUBLICATION {options.publication} ADD TABLE {tables}")


def _change(conn: Connection, options: Options, statement: str) -> None:
    try:
        conn.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefuseToStart(f"this role may not change publication {options.publication}; as the tables' owner run: "
                            f"{statement}") from error  # fmt: skip
