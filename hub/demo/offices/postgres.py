"""An office with PostgreSQL; whether a broken COMMIT held is asked of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql

from hub.demo.offices import Away, Position
from hub.demo.rows import ALL, Row

if TYPE_CHECKING:
    from hub.demo.writing import Write


class PostgresOffice:
    """One database of an office's PostgreSQL server."""

    def __init__(self, source: str, dsn: str, stop: threading.Event) -> None:
        self.source = source
        self.dsn = dsn
        self._stop = stop
        self._session: psycopg.Connection[Any] | None = None

    def create(self) -> None:
        """Do nothing: `hub.demo.systems` makes the three registers together."""

    def load(self, rows: Iterable[Row]) -> None:
        """Do nothing: see `create`."""

    def commit(self, writes: Sequence[Write]) -> int:
        """Write one transaction and return its transaction id, 64 bits."""
        while True:
            xid: int | None = None
            try:
                session = self._open()
                with session.transaction(), session.cursor() as cursor:
                    row = cursor.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
                    xid = int(row[0]) if row else None
                    for write in writes:
                        cursor.execute(*_statement(write))
            except psycopg.OperationalError:
                if xid is None or not self._held(xid):
                    continue
            assert xid is not None
            return xid

    def _open(self) -> psycopg.Connection[Any]:
        known = self._session
        while known is None or known.closed:
            if self._stop.is_set() and known is not None:
                raise Away(f"database {self.source} is away")
            try:
                known = psycopg.connect(self.dsn, autocommit=True, application_name="warga")
            except psycopg.OperationalError:
                if self._stop.wait(0.2):
                    raise Away(f"database {self.source} is away") from None
        self._session = known
        return known

    def _held(self, xid: int) -> bool:
        while True:
            self.close()
            try:
                row = self._open().execute("SELECT pg_xact_status(%s::text::xid8)", [str(xid)]).fetchone()
            except psycopg.OperationalError:
                continue
            except psycopg.errors.InvalidParameterValue:  # "in the future": a crash forgot that there was such a one
                return False
            if row and row[0] != "in progress":
                return bool(row[0] == "committed")
            time.sleep(0.05)

    def mark(self) -> Any:
        """Return the end of the server's log."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        return str(row[0]) if row else "0/0"

    def taken(self, mark: Any, position: Position) -> bool:  # noqa: ARG002 - the offices' common signature
        """Tell whether the connector has confirmed the log up to the mark to the server."""
        statement = """
            SELECT count(*) > 0 AND bool_and(confirmed_flush_lsn >= %s::pg_lsn) FROM pg_replication_slots
            WHERE database = current_database() AND slot_type = 'logical' AND NOT temporary
        """
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement, [mark]).fetchone() == (True,)

    def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _statement(write: Write) -> tuple[bytes, list[Any]]:
    if write.values is None:
        return _text(write.source, "delete", ()), list(write.key)
    values = list(write.values.values())
    if write.insert:
        return _text(write.source, "insert", tuple(write.values)), values
    return _text(write.source, "update", tuple(write.values)), [*values, *write.key]


@cache
def _text(source: str, what: Literal["insert", "update", "delete"], columns: tuple[str, ...]) -> bytes:
    """Return a statement as the server takes it; the offices have few, so each is composed once."""
    system = ALL[source]
    table = sql.Identifier(*system.table.split("."))
    names = [sql.Identifier(column) for column in columns]
    where = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in system.key)
    if what == "delete":
        return sql.SQL("DELETE FROM {} WHERE {}").format(table, where).as_bytes()
    if what == "insert":
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(names))
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, sql.SQL(", ").join(names), marks).as_bytes()
    pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(name) for name in names)
    return sql.SQL("UPDATE {} SET {} WHERE {}").format(table, pairs, where).as_bytes()
