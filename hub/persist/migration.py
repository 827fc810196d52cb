"""Brings a database to the shape that this version of the hub expects.

Alembic is loaded by who migrates; a stage only asks whether its store is of this version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING

import psycopg

from hub.wire.errors import RefuseToStart

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_LOCK = 7_321_045
"""Advisory lock: two that migrate at once go one after the other."""
_REVISION = "select version_num from store.alembic_version"


def migrate(database_url: str) -> None:
    """Apply every revision that the database lacks; safe to repeat and to run twice at once.

    Raises RefuseToStart when the database does not answer or was migrated by a newer version of the hub.
    """
    from alembic import command

    from hub.wire.tables import LINK, STORE

    with _connection(database_url) as connection:
        connection.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
        for schema in (LINK, STORE):
            connection.exec_driver_sql(f"create schema if not exists {schema}")
        connection.commit()
        config = _config()
        _refuse_newer(connection, config, STORE)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def require_current(database_url: str) -> None:
    """Raise RefuseToStart unless the database has exactly this version's revisions."""
    with _connected(database_url) as connection:
        try:
            row = connection.execute(_REVISION).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            row = None
    found, expected = row and row[0], newest()
    if found != expected:
        raise RefuseToStart(
            f"the store is at revision {found or 'none'}, this version of the hub needs {expected}; "
            "run `satudata prepare`, or the version of the hub that made this store"
        )


def newest() -> str:
    """Return this version's newest revision: each is a file `r<revision>_<what>.py`."""
    names = [each.name for each in _scripts().joinpath("versions").iterdir()]
    return max(name[1:].partition("_")[0] for name in names if name.startswith("r") and name.endswith(".py"))


def _scripts() -> resources.abc.Traversable:
    return resources.files("hub.persist") / "migrations"


def _refuse_newer(connection: Connection, config: Config, schema: str) -> None:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection, opts={"version_table_schema": schema})
    found = context.get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise RefuseToStart(f"the store is at revision {found}, which this version of the hub does not know; "
                            "run the newer version, or restore a backup made before it")  # fmt: skip


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    return config


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, application_name="satudata-migrate", connect_timeout=10)
    except psycopg.OperationalError as error:
        raise RefuseToStart(
            f"the hub's PostgreSQL does not answer: {error}; start it or set SATUDATA_DATABASE"
        ) from error
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    from sqlalchemy import NullPool, create_engine

    with _connected(url) as raw:
        engine = create_engine("postgresql+psycopg://", creator=lambda: raw, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection
