"""Generated columns, and how they could stop the office's own work.

From PostgreSQL 18 on the server refuses every UPDATE and DELETE of a published table that logs whole rows (REPLICA
IDENTITY FULL) and has a generated column which the publication leaves out.  So stored ones are always published there,
and a table with a virtual one, which no publication can have, is refused before it is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from psycopg.rows import tuple_row

from connectors.kinds.postgres_wal.catalog import Connection, quoted
from connectors.protocol import Finding

OPTION = "publish_generated_columns = stored"
_FIRST = 180_000
_COLUMNS = """
SELECT attname::text, attgenerated::text FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attgenerated <> '' AND NOT attisdropped ORDER BY attnum
"""
_PUBLICATION = """
SELECT to_jsonb(p) ->> 'pubgencols' = 's', pg_has_role(p.pubowner, 'USAGE') FROM pg_publication p WHERE pubname = %s
"""


class Published(NamedTuple):
    """What a publication does with stored generated columns."""

    stored: bool
    owned: bool


def matter(conn: Connection) -> bool:
    """Say whether this server can publish them, and then insists on it."""
    return conn.info.server_version >= _FIRST


def published(conn: Connection, publication: str) -> Published | None:
    """Return what a publication does; None if it does not exist, or where they do not matter."""
    if not matter(conn):
        return None
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_PUBLICATION, [publication], prepare=False).fetchone()
    return Published(*row) if row else None


def virtual(conn: Connection, table: str) -> Finding | None:
    """Return the fault of a table that cannot be captured without harm to the office; None for any other."""
    names = _names(conn, table, "v")
    if not names:
        return None
    return Finding(
        "error", "virtual_column", f"table {table} has virtual generated columns ({', '.join(names)}): PostgreSQL "
        "refuses UPDATE and DELETE of a published table that logs whole rows and has one",
        f"Jangan publikasikan tabel {table}; minta pengembang aplikasi mengubah kolom itu menjadi STORED.",
        "do not publish the table; make these columns STORED, or drop them, first",
    )  # fmt: skip


def unpublished(conn: Connection, tables: list[str], publication: str) -> Iterator[Finding]:
    """Say that somebody else must let stored columns into the publication, before the office's updates fail."""
    found = published(conn, publication)
    if found is None or found.stored or found.owned:
        return
    change = f"ALTER PUBLICATION {publication} SET ({OPTION})"
    having = [table for table in tables if _names(conn, table, "s")]
    if having:
        what = f"UPDATE and DELETE of {', '.join(having)} fail: publication {publication} leaves out generated columns"
    else:
        what = f"UPDATE and DELETE would fail once a table of publication {publication} has a generated column"
    yield Finding("error" if having else "warning", "generated_unpublished", what,
                  f"Jalankan sebagai pemilik publikasi: {change};", change)  # fmt: skip


def _names(conn: Connection, table: str, kind: str) -> list[str]:
    if not matter(conn):
        return []
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_COLUMNS, [quoted(table)], prepare=False).fetchall()
    return [name for name, generated in rows if generated == kind]
