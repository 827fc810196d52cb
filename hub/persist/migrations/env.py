"""Alembic's entry: runs the revisions on the connection that `hub.persist.migrate` hands over."""

from __future__ import annotations

from alembic import context

from hub.wire.tables import METADATA, STORE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    version_table_schema=STORE,
)
with context.begin_transaction():
    context.run_migrations()
