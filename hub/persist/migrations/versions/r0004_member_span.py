"""Memberships with validity, those of the past out of the history.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from alembic import op

from hub.persist import spans
from hub.persist.stage import copy
from hub.wire.archive import Archive

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE store.member_span (
    record BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    entity_id UUID NOT NULL,
    entity TEXT DEFAULT 'person' NOT NULL,
    CONSTRAINT pk_member_span PRIMARY KEY (record, generation, sequence)
) WITH (fillfactor = 90);
COMMENT ON COLUMN store.member_span.since IS 'commit from which the record belonged to the entity';
COMMENT ON COLUMN store.member_span.until IS 'commit from which it did no longer; null while it does';
COMMENT ON COLUMN store.member_span.entity IS 'kind of entity';
"""
_HISTORY = """
select entity_id::text, generation, sequence, at, body from store.history order by entity_id, generation, sequence"""
_COPY = "copy store.member_span (record, generation, sequence, since, until, entity_id) from stdin"
_AT_ONCE = 5_000


def upgrade() -> None:
    """Create the table and fill it; bodies are read a few thousand at a time."""
    op.get_bind().exec_driver_sql(UP)
    database: Any = op.get_bind().connection.driver_connection
    found = spans.from_history(_states(database))
    while part := list(islice(found, _AT_ONCE)):
        copy(database, _COPY, part)


def _states(database: Any) -> Iterator[spans.State]:
    known = {bytes(row[0]): row[1] for row in database.execute("select fingerprint, text from store.schema")}
    archive = Archive(known.get)
    with database.cursor("history") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(_HISTORY)
        for entity_id, generation, sequence, at, body in cursor:
            members = tuple([member.record for member in archive.decode(bytes(body)).members])
            yield entity_id, generation, sequence, at, members


def downgrade() -> None:
    """Drop it, rows included."""
    op.get_bind().exec_driver_sql("DROP TABLE store.member_span")
