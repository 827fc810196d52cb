"""What the catalogue of an OPD's database says of tables, types, slot and publication: plain queries, no cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row

from connectors.kinds.postgres_wal.types import TypeRow

Connection = psycopg.Connection[Any]


class Column(NamedTuple):
    """A column as the log shows it."""

    name: str
    type_oid: int
    modifier: int
    not_null: bool
    generated: bool = False
    """Whether it is made from others and therefore not in the log."""
    number: int = 0
    """Its place in the catalogue, which no other column of the table ever gets; 0 where the log shows it."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table as preflight and snapshot need it."""

    oid: int
    kind: str
    replica_identity: str
    filenode: int
    readable: bool
    owned: bool
    columns: tuple[Column, ...]
    unique_keys: tuple[frozenset[str], ...]
    """Column sets of valid, immediate unique indexes without a condition, all of whose columns are NOT NULL."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A replication slot."""

    plugin: str
    database: str
    active: bool
    confirmed: str | None
    lost: bool


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """A publication; `entries` gives the oid of each table's membership, 0 for one that all tables have."""

    oid: int
    complete: bool
    """Whether inserts, updates, deletes and truncates are all published."""
    entries: dict[str, int]
    filtered: tuple[str, ...]
    """Tables of which only some rows or columns are published."""


_TABLE = """
SELECT c.oid, c.relkind::text AS kind, c.relreplident::text AS replica_identity, c.relfilenode AS filenode,
       has_table_privilege(c.oid, 'SELECT') AS readable, pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_class c WHERE c.oid = to_regclass(%s)
"""
_COLUMNS = """
SELECT attname AS name, atttypid::int8 AS type_oid, atttypmod AS modifier, attnotnull AS not_null,
       attgenerated <> '' AND NOT (attgenerated = 's' AND coalesce((
           SELECT to_jsonb(p) ->> 'pubgencols' = 's' FROM pg_publication p WHERE pubname = %s), false)) AS generated,
       attnum::int8 AS number
FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_KEYS = """
SELECT array_agg(a.attname::text) AS columns
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
  AND i.indexprs IS NULL
GROUP BY i.indexrelid HAVING bool_and(a.attnotnull)
"""
_TYPE = """
SELECT t.oid::int8 AS oid, t.typname AS name, t.typtype::text AS kind, t.typbasetype::int8 AS base,
       t.typtypmod AS base_modifier, t.typdelim::text AS delimiter,
       coalesce((SELECT e.oid::int8 FROM pg_type e WHERE e.typarray = t.oid), 0) AS element,
       CASE WHEN t.oid = 'money'::regtype THEN ARRAY[1::money::text, (-1)::money::text] ELSE coalesce((
           SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid
       ), '{}') END AS labels
FROM pg_type t WHERE t.oid = %s
"""
_SLOT = """
SELECT plugin::text AS plugin, database::text AS database, active, confirmed_flush_lsn::text AS confirmed,
       coalesce(wal_status = 'lost', false) OR to_jsonb(s) ->> 'invalidation_reason' IS NOT NULL AS lost
FROM pg_replication_slots s WHERE slot_name = %s
"""
_PUBLICATION = """
SELECT oid::int8 AS oid, puballtables AS everything, pubinsert AND pubupdate AND pubdelete AND pubtruncate AS complete
FROM pg_publication WHERE pubname = %s
"""
_ENTRIES = """
SELECT t.schemaname || '.' || t.tablename AS name, coalesce(r.oid::int8, 0) AS entry,
       to_jsonb(t) ->> 'rowfilter' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL AS filtered
FROM pg_publication_tables t
LEFT JOIN pg_publication_rel r
       ON r.prpubid = %s AND r.prrelid = to_regclass(format('%%I.%%I', t.schemaname, t.tablename))
WHERE t.pubname = %s
"""


def _rows(conn: Connection, query: str, *arguments: Any) -> list[Any]:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query, arguments, prepare=False).fetchall()


def quoted(name: str) -> str:
    """Return a schema-qualified name, as contracts write it, with each part quoted."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def table(conn: Connection, name: str, publication: str = "") -> TableRow | None:
    """Return a table, or None if there is none of this name.

    From PostgreSQL 18 on a publication can let generated columns into the log: then they are columns like others.
    """
    found = _rows(conn, _TABLE, quoted(name))
    if not found:
        return None
    row = found[0]
    columns = tuple(Column(*column) for column in _rows(conn, _COLUMNS, publication, row.oid))
    keys = tuple(frozenset(key.columns) for key in _rows(conn, _KEYS, row.oid))
    return TableRow(row.oid, row.kind, row.replica_identity, row.filenode, row.readable, row.owned, columns, keys)


def type_row(conn: Connection, oid: int) -> TypeRow | None:
    """Return a type, or None if it is gone."""
    found = _rows(conn, _TYPE, oid)
    return TypeRow(**found[0]._asdict()) if found else None


def slot(conn: Connection, name: str) -> SlotRow | None:
    """Return a slot, or None."""
    found = _rows(conn, _SLOT, name)
    return SlotRow(*found[0]) if found else None


def publication(conn: Connection, name: str) -> PublicationRow | None:
    """Return a publication, or None."""
    found = _rows(conn, _PUBLICATION, name)
    if not found:
        return None
    entries = _rows(conn, _ENTRIES, found[0].oid, name)
    return PublicationRow(
        found[0].oid,
        found[0].complete,
        {entry.name: entry.entry for entry in entries},
        tuple(sorted(entry.name for entry in entries if entry.filtered)),
    )
