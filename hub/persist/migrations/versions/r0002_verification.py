"""Where the comparisons of sources with the hub stand.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE store.verification (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    version BYTEA NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    judged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    source_rows BIGINT NOT NULL,
    hub_rows BIGINT NOT NULL,
    equal SMALLINT NOT NULL,
    differing SMALLINT NOT NULL,
    undecided SMALLINT NOT NULL,
    differing_since TIMESTAMP WITH TIME ZONE,
    buckets JSON NOT NULL,
    CONSTRAINT pk_verification PRIMARY KEY (source, tbl)
);
COMMENT ON COLUMN store.verification.version IS '20-byte stamp of the position that was compared';
COMMENT ON COLUMN store.verification.taken_at IS 'when the source was read';
COMMENT ON COLUMN store.verification.judged_at IS 'when the hub was compared with it';
COMMENT ON COLUMN store.verification.source_rows IS 'rows that count, at the source';
COMMENT ON COLUMN store.verification.hub_rows IS 'rows that count, in link.record';
COMMENT ON COLUMN store.verification.differing_since IS
    'taken_at of the first comparison in a row that found a difference';
COMMENT ON COLUMN store.verification.buckets IS
    '[{bucket, state, reason, source, hub}] of the buckets that are not equal';
"""


def upgrade() -> None:
    """Create the table."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Drop it, rows included."""
    op.get_bind().exec_driver_sql("DROP TABLE store.verification")
