"""Brings a database to the shape that this version of the hub expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

from hub.wire.errors import RefuseToStart
from hub.wire.tables import LINK, STORE

_LOCK = 7_321_045
"""Advisory lock: two that migrate at once go one after the other."""


def migrate(database_url: str) -> None:
    """Apply every revision that the database lacks; safe to repeat and to run twice at once.

    Raises RefuseToStart when the database does not answer or was migrated by a newer version of the hub.
    """
    with _connection(database_url) as connection:
        connection.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
        for schema in (LINK, STORE):
            connection.exec_driver_sql(f"create schema if not exists {schema}")
        connection.commit()
        config = _config()
        _refuse_newer(connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def require_current(database_url: str) -> None:
    """Raise RefuseToStart unless the database has exactly this version's revisions."""
    with _connection(database_url) as connection:
        found = _revision(connection)
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    if found != expected:
        raise RefuseToStart(
            f"the store is at revision {found or 'none'}, this version of the hub needs {expected}; "
            "run `satudata prepare`, or the version of the hub that made this store"
        )


def _refuse_newer(connection: Connection, config: Config) -> None:
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise RefuseToStart(f"the store is at revision {found}, which this version of the hub does not know; "
                            "run the newer version, or restore a backup made before it")  # fmt: skip


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": STORE})
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("hub.persist") / "migrations"))
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    try:
        raw = psycopg.connect(url, application_name="satudata-migrate", connect_timeout=10)
    except psycopg.OperationalError as error:
        raise RefuseToStart(
            f"the hub's PostgreSQL does not answer: {error}; start it or set SATUDATA_DATABASE"
        ) from error
    engine = create_engine("postgresql+psycopg://", creator=lambda: raw, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        raw.close()
