"""A database looked at: its tables by SQLAlchemy's reflection, some hundred rows of each, and how it can be captured.

It only reads, in a session that cannot write where the server knows such sessions; a table that may not be read is
proposed by its columns' names alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Inspector
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from connectors.discover import capture, words
from connectors.discover.seen import OTHER, Column, Seen, Table
from connectors.sql.engine import DRIVERS, EXTRAS
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.typed import BOOL, DATE, MOMENT, NUMBER, TEXT

_SYSTEM = frozenset({"information_schema", "pg_catalog", "mysql", "performance_schema", "sys"})
_TYPES: Sequence[tuple[type[TypeEngine[Any]], str]] = (
    (sa.LargeBinary, OTHER), (sa.JSON, OTHER), (sa.ARRAY, OTHER), (sa.Boolean, BOOL), (sa.DateTime, MOMENT),
    (sa.Date, DATE), (sa.Time, OTHER), (sa.Interval, OTHER), (sa.Numeric, NUMBER), (sa.Integer, NUMBER),
    (sa.Enum, TEXT), (sa.String, TEXT), (sa.Uuid, TEXT),
)  # fmt: skip
_SQLITE = "main"
"""What SQLite calls the one schema of a file."""
_FEW = 20
"""Different values that a column may have for its vocabulary to be looked at."""
_READ_ONLY = {
    "postgresql": ("SET default_transaction_read_only = on", "SET statement_timeout = '30s'"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}
_CONNECT: Mapping[str, Mapping[str, Any]] = {
    "postgresql": {"connect_timeout": 10}, "mysql": {"connect_timeout": 10, "read_timeout": 60}
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A table in its schema, and the name that a contract gives it."""

    schema: str | None
    name: str
    contract: str


def look(dsn: str, rows: int, name: str | None = None) -> Seen:
    """Look at a database; `rows` of each table are sampled.  Raises RefuseToStart or TryAgain, never with the DSN."""
    url = _address(dsn)
    try:
        with _connect(url) as connection:
            return _seen(connection, url, rows, name)
    except sa.exc.OperationalError as error:
        raise TryAgain(f"{_shown(url)} cannot be read: {_first_line(error)}") from None
    except sa.exc.DBAPIError as error:
        raise RefuseToStart(f"{_shown(url)} cannot be looked at: {_first_line(error)}") from None


def _address(dsn: str) -> URL:
    try:
        url = sa.make_url(dsn)
    except (sa.exc.ArgumentError, ValueError):
        raise RefuseToStart("this is no URL of a database such as postgresql://role:password@host/database or "
                            "sqlite:////folder/file.db, and no file") from None  # fmt: skip
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise RefuseToStart(f"there is no file {Path(url.database or '').name}")
    return url


def _shown(url: URL) -> str:
    """Return what may be said of an address: no password, no options."""
    return f"{url.get_backend_name()} {url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _connect(url: URL) -> Connection:
    backend = url.get_backend_name()
    try:
        engine = sa.create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args=dict(_CONNECT.get(backend, {}))
        )
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError):
        how = f'pip install "satudata-hub[{EXTRAS[backend]}]"' if backend in EXTRAS else "a SQLAlchemy driver for it"
        raise RefuseToStart(f"databases of kind {backend} cannot be read yet: install {how}") from None
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    for statement in _READ_ONLY.get(backend, ()):
        connection.exec_driver_sql(statement)
    return connection


def _seen(connection: Connection, url: URL, rows: int, name: str | None) -> Seen:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # a type that SQLAlchemy does not know is of no use here
        inspector = sa.inspect(connection)
        places = _places(inspector, url)
        tables = [_table(connection, inspector, place, rows) for place in places]
    chosen = capture.choose(connection, tables)
    return Seen(name or _name(url), chosen.kind, chosen.why, tables, chosen.options, chosen.notes)


def _places(inspector: Inspector, url: URL) -> list[Place]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return [Place(None, table, f"{_SQLITE}.{table}") for table in inspector.get_table_names()]
    one = None if backend == "postgresql" else url.database or None
    schemas = inspector.get_schema_names() if one is None else [one]
    return [
        Place(schema, table, f"{schema}.{table}")
        for schema in schemas
        if schema not in _SYSTEM
        for table in inspector.get_table_names(schema=schema)
    ]


def _name(url: URL) -> str:
    stem = Path(url.database).stem if url.get_backend_name() == "sqlite" and url.database else url.database
    return words.source_name(stem or url.host or "sumber")


def _table(connection: Connection, inspector: Inspector, place: Place, rows: int) -> Table:
    reflected = inspector.get_columns(place.name, schema=place.schema)
    kinds = {str(column["name"]): _kind(column["type"]) for column in reflected}
    optional = {str(column["name"]) for column in reflected if column["nullable"]}
    keys = _keys(inspector, place, optional)
    read = sa.table(
        place.name, *[sa.column(name) for name, kind in kinds.items() if kind != OTHER], schema=place.schema
    )
    try:
        sample = _sample(connection, read, keys, rows)
        count = _count(connection, read)
        distinct = {name: _distinct(connection, read, name) for name in _small(sample, kinds)}
    except sa.exc.DBAPIError as error:
        return Table(place.contract, [Column(n, k) for n, k in kinds.items()], keys, unread=_first_line(error))
    values = {name: [text for row in sample if (text := _text(row[name])) is not None] for name in read.c.keys()}  # noqa: SIM118 - of a collection of columns
    columns = [Column(n, k, values.get(n, ()), distinct.get(n)) for n, k in kinds.items()]
    return Table(place.contract, columns, keys, count)


def _kind(type_: TypeEngine[Any]) -> str:
    return next((kind for cls, kind in _TYPES if isinstance(type_, cls)), OTHER)


def _keys(inspector: Inspector, place: Place, optional: set[str]) -> list[tuple[str, ...]]:
    primary = tuple(inspector.get_pk_constraint(place.name, schema=place.schema)["constrained_columns"])
    found: list[tuple[str, ...]] = []
    with suppress(RuntimeError):  # a dialect that cannot say
        found += [tuple(c["column_names"]) for c in inspector.get_unique_constraints(place.name, schema=place.schema)]
    for index in inspector.get_indexes(place.name, schema=place.schema):
        if (
            index["unique"]
            and all(index["column_names"])
            and not index.get("dialect_options", {}).get("postgresql_where")
        ):
            found.append(tuple(str(name) for name in index["column_names"]))
    others = [key for key in dict.fromkeys(found) if key and key != primary and not set(key) & optional]
    return [primary, *others] if primary else others


def _sample(connection: Connection, read: Any, keys: Sequence[Sequence[str]], rows: int) -> list[Mapping[str, Any]]:
    """Return rows from the table's beginning and, where a key tells it, from its end: old rows are often odd ones."""
    if not len(read.c):
        return []
    found: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(sa.select(read).limit(rows)).mappings()]
    if len(found) == rows and keys and set(keys[0]) <= set(read.c.keys()):
        last = sa.select(read).order_by(*[read.c[name].desc() for name in keys[0]]).limit(rows)
        found += [dict(row) for row in connection.execute(last).mappings()]
    return found


def _count(connection: Connection, read: Any) -> int | None:
    """Return about how many rows there are, by the server's statistics where counting would cost it too much."""
    estimate = capture.estimate(connection, read)
    if estimate is not None:
        return estimate
    return connection.execute(sa.select(sa.func.count()).select_from(read)).scalar_one()


def _small(sample: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> list[str]:
    """Return the columns whose sampled values are few and whose name says that they are codes."""
    coded = [name for name in kinds if words.attribute_of(name) in words.CODES and kinds[name] != OTHER]
    return [name for name in coded if sample and len({row[name] for row in sample}) <= _FEW]


def _distinct(connection: Connection, read: Any, name: str) -> list[str] | None:
    found = connection.execute(sa.select(read.c[name]).distinct().limit(_FEW + 1)).scalars().all()
    if len(found) > _FEW:
        return None
    return [text.strip() for value in found if (text := _text(value)) is not None]


def _text(value: Any) -> str | None:
    """Return a value as the text that a cleaner would see, None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def _first_line(error: sa.exc.DBAPIError) -> str:
    """Return what the server says, without statement, parameters and context."""
    said = str(error.orig).strip().splitlines()
    return f"{type(error.orig).__name__}: {said[0] if said else 'no text'}"
