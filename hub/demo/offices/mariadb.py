"""An office with MariaDB.  Its commits carry a time of their own, a token tells whether a broken one held."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import pymysql
from pymysql.cursors import DictCursor

from hub.demo.offices import Away, Position
from hub.demo.offices.statements import Dialect
from hub.demo.rows import ALL, Row

if TYPE_CHECKING:
    from hub.demo.writing import Write

_TOKENS = "CREATE TABLE IF NOT EXISTS `{name}`.`catatan_demo` (token CHAR(16) PRIMARY KEY, gtid VARCHAR(40))"
_SQL = Dialect("%s", "`", qualified=True)
_BATCH = 500


class MariadbOffice:
    """One database of an office's MariaDB server."""

    def __init__(self, source: str, server: str, stop: threading.Event) -> None:
        self.source = source
        self.dsn = urlunsplit(urlsplit(server)._replace(path=f"/{source}"))
        self._server = server
        self._stop = stop
        self._session: pymysql.Connection[Any] | None = None

    def create(self) -> None:
        """Make the database anew with its tables."""
        ddl = (resources.files("hub.demo") / "systems" / f"{self.source}.sql").read_text(encoding="utf-8")
        with _session(self._server) as session, session.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{self.source}`")
            cursor.execute(f"CREATE DATABASE `{self.source}` CHARACTER SET utf8mb4")
            cursor.execute(f"USE `{self.source}`")
            for statement in filter(str.strip, ddl.split(";")):
                cursor.execute(statement)
            cursor.execute(_TOKENS.format(name=self.source))

    def load(self, rows: Iterable[Row]) -> None:
        """Write the first filling, some hundred rows a statement."""
        found = list(rows)
        if not found:
            return
        names = list(found[0])
        statement = _SQL.insert(ALL[self.source].table, names)
        with _session(self.dsn) as session, session.cursor() as cursor:
            for at in range(0, len(found), _BATCH):
                cursor.executemany(statement, [[row[name] for name in names] for row in found[at : at + _BATCH]])
            session.commit()

    def commit(self, writes: Sequence[Write]) -> int:
        """Write one transaction and return its number among the server's."""
        token = secrets.token_hex(8)
        while True:
            try:
                session = self._open()
                with session.cursor() as cursor:
                    cursor.execute("START TRANSACTION")
                    for write in writes:
                        cursor.execute(*_SQL.write(write))
                    cursor.execute("INSERT INTO catatan_demo (token) VALUES (%s)", [token])
                    session.commit()
                    cursor.execute("SELECT @@last_gtid")
                    return _number(cursor.fetchone())
            except (pymysql.OperationalError, pymysql.InterfaceError) as error:
                self.close()
                if self._held(token):
                    raise Away(f"{self.source}: committed, but its number is not known") from error

    def _held(self, token: str) -> bool:
        while True:
            try:
                with self._open().cursor() as cursor:
                    cursor.execute("SELECT 1 FROM catatan_demo WHERE token = %s", [token])
                    return cursor.fetchone() is not None
            except (pymysql.OperationalError, pymysql.InterfaceError):
                self.close()

    def _open(self) -> pymysql.Connection[Any]:
        while self._session is None:
            try:
                self._session = _connect(self.dsn)
            except pymysql.OperationalError as error:
                if self._stop.wait(0.2):
                    raise Away(f"database {self.source} is away") from error
        return self._session

    def mark(self) -> Any:
        """Return the end of the server's log."""
        with _session(self.dsn) as session, session.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            row = cursor.fetchone()
        return (str(row[0]), int(row[1])) if row else ("", 0)

    def taken(self, mark: Any, position: Position) -> bool:
        """Tell whether the connector's place in the log is at the mark or beyond."""
        state = position()
        return bool((state.get("binlog:file", ""), int(state.get("binlog:pos") or 0)) >= mark)

    def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            with contextlib.suppress(pymysql.Error):
                self._session.close()
            self._session = None


def rows_of(dsn: str, table: str) -> list[Row]:
    """Return a table's rows as they are now."""
    with _session(dsn) as session, session.cursor(DictCursor) as cursor:
        cursor.execute(_SQL.select(table))
        return list(cursor.fetchall())


@contextlib.contextmanager
def _session(dsn: str) -> Iterator[pymysql.Connection[Any]]:
    session = _connect(dsn)
    try:
        yield session
    finally:
        session.close()


def _connect(dsn: str) -> pymysql.Connection[Any]:
    url = urlsplit(dsn)
    return pymysql.connect(
        host=url.hostname, port=url.port or 3306, user=url.username, password=unquote(url.password or ""),
        database=url.path.strip("/") or None, charset="utf8mb4", autocommit=False, connect_timeout=5,
    )  # fmt: skip


def _number(row: Any) -> int:
    """Return the last part of a GTID such as 0-1-123."""
    return int(str(row[0]).rpartition("-")[2]) if row and row[0] else 0
