"""The connection to an office's database: read-only where it can be, one at a time, in UTC."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import sqlalchemy as sa
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.string import TextLoader
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import NullPool

from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain

DRIVERS: Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "oracle": "oracle+oracledb",
    "mssql": "mssql+pymssql",
    "sqlserver": "mssql+pymssql",
    "firebird": "firebird+firebird",
    "sqlite": "sqlite",
}
"""SQLAlchemy's name of the driver that each database is read with, unless the DSN names one."""
EXTRAS: Mapping[str, str] = {"oracle": "oracle", "mssql": "sqlserver", "firebird": "firebird"}
"""What to install for a database whose driver is no part of the base."""
_CONNECT_S = 10
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "postgresql": {"connect_timeout": _CONNECT_S, "keepalives_idle": 60, "prepare_threshold": None},
    "mysql": {"connect_timeout": _CONNECT_S, "charset": "utf8mb4"},
    "mssql": {"login_timeout": _CONNECT_S},
}


def address(contract: Contract) -> URL:
    """Return the contract's DSN with the driver that we read with; raises RefuseToStart."""
    try:
        url = make_url(contract.dsn())
    except (sa.exc.ArgumentError, ValueError) as error:
        raise RefuseToStart(
            f"source {contract.source.name}: {contract.source.dsn} holds no URL such as "
            "mysql://role:password@host/database or sqlite:////folder/file.db"
        ) from error
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def named(url: URL) -> str:
    """Return what a database is, without who reads it: for the position, to see that it is another one."""
    backend, database = url.get_backend_name(), url.database or ""
    return f"sqlite {Path(database).name}" if backend == "sqlite" else f"{backend} {url.host}:{url.port} {database}"


def connect(contract: Contract) -> Engine:
    """Return the engine of a source, not yet connected; raises RefuseToStart or, without SQLite's file, TryAgain."""
    url = address(contract)
    backend = url.get_backend_name()
    if backend == "sqlite" and not Path(url.database or "").exists():
        raise TryAgain(f"source {contract.source.name}: there is no file {Path(url.database or '').name}")
    try:
        engine = sa.create_engine(
            url,
            connect_args=dict(_ARGUMENTS.get(backend, {})),
            hide_parameters=True,  # keys of rows would stand in error texts
            poolclass=NullPool,
            **({"creator": partial(_file, url.database or "")} if backend == "sqlite" else {}),
        )
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        extra = EXTRAS.get(backend)
        how = f'pip install "satudata-hub[{extra}]"' if extra else f"a SQLAlchemy driver for {backend}"
        raise RefuseToStart(f"source {contract.source.name}: {error}; install {how}") from error
    prepare = _PREPARE.get(backend)
    if prepare is not None:
        event.listen(engine, "connect", lambda connection, _record: prepare(connection))
    return engine


def _file(path: str) -> sqlite3.Connection:
    """Open a file of SQLite that must be there: by itself SQLite would make an empty one."""
    return sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=_CONNECT_S, check_same_thread=False)


def hang_up(connection: Any) -> None:
    """End a driver's connection from another thread, so that who waits for its answer wakes up."""
    if isinstance(connection, sqlite3.Connection):
        with contextlib.suppress(sqlite3.Error):
            connection.interrupt()
        return
    line = getattr(connection, "_sock", None)  # PyMySQL
    with contextlib.suppress(OSError, psycopg.Error):
        if line is not None:
            line.shutdown(socket.SHUT_RDWR)
        elif isinstance(connection, psycopg.Connection):
            with socket.socket(fileno=os.dup(connection.fileno())) as copy:
                copy.shutdown(socket.SHUT_RDWR)
        elif hasattr(connection, "cancel"):  # Oracle, SQL Server
            connection.cancel()


def reason(error: Exception) -> str:
    """Return the first line of what a driver says, without statement and parameters."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else 'no text'}"


def _execute(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
    connection.commit()


def _sqlite(connection: Any) -> None:
    connection.text_factory = _readable
    _execute(connection, "PRAGMA query_only = ON")


def _readable(value: bytes) -> str:
    """Return a text; old programs write theirs in the code page of Windows."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _mysql(connection: Any) -> None:
    _execute(connection, "SET time_zone = '+00:00'", "SET SESSION TRANSACTION READ ONLY")


def _oracle(connection: Any) -> None:
    _execute(connection, "ALTER SESSION SET TIME_ZONE = 'UTC'")


def _or_text(loader: type[Any]) -> type[Any]:
    """Return a loader that gives the text of what Python has no value for: infinity, years before Christ."""

    def load(self: Any, data: Any) -> Any:
        try:
            return loader.load(self, data)
        except psycopg.DataError:
            return bytes(data).decode()

    return type(f"{loader.__name__}OrText", (loader,), {"load": load})


_POSTGRESQL = {
    "date": _or_text(DateLoader),
    "timestamp": _or_text(TimestampLoader),
    "timestamptz": _or_text(TimestamptzLoader),
    "json": TextLoader,
    "jsonb": TextLoader,
    "interval": TextLoader,
    "timetz": TextLoader,
}


def _postgresql(connection: Any) -> None:
    for name, loader in _POSTGRESQL.items():
        connection.adapters.register_loader(name, loader)
    _execute(connection, "SET default_transaction_read_only = on", "SET timezone = 'UTC'", "SET datestyle = 'ISO, YMD'",
             "SET intervalstyle = 'iso_8601'", "SET extra_float_digits = 1")  # fmt: skip


_PREPARE: Mapping[str, Callable[[Any], None]] = {
    "sqlite": _sqlite,
    "mysql": _mysql,
    "oracle": _oracle,
    "postgresql": _postgresql,
}
