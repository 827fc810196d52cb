"""The revisions make what `hub.wire.tables` declares, and a store of another version is not touched."""

from __future__ import annotations

import threading
from importlib.resources import files

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, text

from hub.persist import migrate, require_current
from hub.persist.migration import newest
from hub.wire.errors import RefuseToStart
from hub.wire.tables import HISTORY_SPAN, METADATA


def test_migrations_make_the_declared_tables(database):
    migrate(database)
    migrate(database)
    require_current(database)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database), poolclass=NullPool)
    options = {
        "version_table_schema": "store", "include_schemas": True, "compare_type": True, "compare_server_default": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name in ("link", "store"),
    }  # fmt: skip
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        made = connection.scalar(text("select pg_get_viewdef('store.history_span')"))
        connection.execute(text("drop view store.history_span"))
        connection.execute(text(HISTORY_SPAN))
        assert connection.scalar(text("select pg_get_viewdef('store.history_span')")) == made


def test_two_that_migrate_at_once_both_succeed(database):
    faults: list[BaseException] = []

    def work() -> None:
        try:
            migrate(database)
        except BaseException as error:  # noqa: BLE001 - a thread's fault is the test's
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    require_current(database)


def test_a_store_of_a_newer_hub_is_refused(database):
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("update store.alembic_version set version_num = '9999'")
    with pytest.raises(RefuseToStart, match="9999"):
        migrate(database)
    with pytest.raises(RefuseToStart, match="run `satudata prepare`"):
        require_current(database)


def test_an_unprepared_database_is_refused_with_the_remedy(database):
    with pytest.raises(RefuseToStart, match=r"revision none.*satudata prepare"):
        require_current(database)


def test_the_newest_revision_is_the_one_that_no_other_follows():
    assert newest() == ScriptDirectory(str(files("hub.persist") / "migrations")).get_current_head()


def test_a_database_that_does_not_answer_is_named():
    with pytest.raises(RefuseToStart, match="SATUDATA_DATABASE"):
        migrate("postgresql://nobody@127.0.0.1:1/none")
