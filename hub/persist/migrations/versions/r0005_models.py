"""The model that the store was built with, and the one offered to take its place.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE link.model (
    entity TEXT NOT NULL,
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    frequencies TEXT,
    state TEXT NOT NULL,
    author TEXT NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    said TEXT,
    CONSTRAINT pk_model PRIMARY KEY (entity, version)
);
CREATE UNIQUE INDEX ix_model_entity_state ON link.model (entity, state) WHERE state in ('active', 'offered');
COMMENT ON COLUMN link.model.text IS 'the model file, TOML';
COMMENT ON COLUMN link.model.frequencies IS 'its frequencies, JSON';
COMMENT ON COLUMN link.model.state IS 'offered, active, retired or refused';
COMMENT ON COLUMN link.model.said IS 'what the writer said when it settled the offer';
"""


def upgrade() -> None:
    """Create the table; the writer notes its model at its next start."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Drop it, rows included."""
    op.get_bind().exec_driver_sql("DROP TABLE link.model")
