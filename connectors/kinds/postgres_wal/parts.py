"""What a table's rows are kept in, itself or the leaves of its partitions; and what the publication says of it.

These questions take no lock on a table, so they are answered while the office's own ALTER TABLE waits or works.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from psycopg.rows import class_row, tuple_row

from connectors.kinds.postgres_wal.catalog import Connection, quoted


class Part(NamedTuple):
    """A relation that holds rows."""

    oid: int
    name: str
    """Schema and name, quoted."""
    filenode: int
    kind: str
    readable: bool
    replica_identity: str


class Root(NamedTuple):
    """How a publication publishes partitioned tables."""

    published: bool
    """Changes of partitions are published as the root table's."""
    owned: bool


_PARTS = """
WITH RECURSIVE below (oid) AS (
    SELECT to_regclass(%s)::oid UNION ALL
    SELECT i.inhrelid FROM below b JOIN pg_class c ON c.oid = b.oid JOIN pg_inherits i ON i.inhparent = b.oid
    WHERE c.relkind = 'p'
)
SELECT c.oid::int8 AS oid, format('%%I.%%I', n.nspname, c.relname) AS name,
       coalesce(pg_relation_filenode(c.oid), 0)::int8 AS filenode, c.relkind::text AS kind,
       has_table_privilege(c.oid, 'SELECT') AS readable, c.relreplident::text AS replica_identity
FROM below b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind <> 'p' ORDER BY c.oid
"""
_SIZES = "SELECT oid::int8, pg_relation_size(oid) FROM unnest(%s::oid[]) o (oid)"
_ROOT = "SELECT pubviaroot, pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = %s"
_MEMBER = """
SELECT p.oid::int8, p.puballtables, coalesce(r.oid, 0)::int8, {schema}
FROM pg_publication p LEFT JOIN pg_class c ON c.oid = to_regclass(%s)
LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid WHERE p.pubname = %s
"""
_SCHEMA = """
coalesce((SELECT n.oid FROM pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid = c.relnamespace), 0)::int8
"""
_SCHEMAS = 150_000
"""The first server whose publications name schemas."""
_LOCK = "LOCK TABLE ONLY {} IN ACCESS SHARE MODE"
_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = ANY (%s::oid[]))"


def parts(conn: Connection, table: str) -> list[Part]:
    """Return what holds a table's rows, by oid; nothing if there is no such table."""
    with conn.cursor(row_factory=class_row(Part)) as cursor:
        return cursor.execute(_PARTS, [quoted(table)], prepare=False).fetchall()


def pages(conn: Connection, oids: Iterable[int], page: int) -> dict[int, int]:
    """Return how many pages each relation has; they must be locked by this session, else it may wait."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_SIZES, [list(oids)], prepare=False).fetchall()
    return {oid: (size or 0) // page for oid, size in rows}


def root(conn: Connection, publication: str) -> Root | None:
    """Return how a publication treats partitioned tables; None if there is no such publication."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_ROOT, [publication], prepare=False).fetchone()
    return None if row is None else Root(*row)


def membership(conn: Connection, publication: str, table: str) -> str:
    """Return what tells that a table left a publication and came back: changes in between are lost."""
    schema = _SCHEMA if conn.info.server_version >= _SCHEMAS else "0::int8"
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_MEMBER.format(schema=schema), [quoted(table), publication], prepare=False).fetchone()
    return "none" if row is None else "/".join(str(part) for part in row)


def lock(conn: Connection, part: Part) -> None:
    """Keep a part from being rewritten or dropped until the transaction's end."""
    conn.execute(_LOCK.format(part.name).encode())


def wanted_by_others(conn: Connection, oids: Iterable[int]) -> bool:
    """Say whether somebody waits for a lock on one of these."""
    row = conn.execute(_WAITING, [list(oids)], prepare=False).fetchone()
    return bool(row and row[0])


def mark(found: list[Part], *, partitioned: bool) -> str:
    """Return what tells that rows of a partitioned table came or went without the log saying so.

    A partition that is attached, detached, dropped or truncated by itself is no change of any row in the log.
    """
    return ",".join(f"{part.oid}:{part.filenode}" for part in found) if partitioned else ""
