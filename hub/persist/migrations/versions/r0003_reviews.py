"""Notes on judgements, the stewards' queue, and holds.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE link.note (
    id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    judgement TEXT NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT pk_note PRIMARY KEY (id)
);
CREATE INDEX ix_note_judgement ON link.note (judgement);
COMMENT ON COLUMN link.note.sequence IS 'order of arrival, in one order with judgements';
COMMENT ON COLUMN link.note.judgement IS 'the judgement or contest that it speaks of';
COMMENT ON COLUMN link.note.kind IS 'withdrawn or contested';
COMMENT ON COLUMN link.note.made_at IS 'microseconds since 1970 UTC';
COMMENT ON COLUMN link.note.state IS 'taken, void (nothing stood any more) or withdrawn';

CREATE TABLE store.review (
    id UUID NOT NULL,
    entity TEXT NOT NULL,
    kind TEXT NOT NULL,
    a BYTEA NOT NULL,
    b BYTEA NOT NULL,
    weight INTEGER,
    margin INTEGER,
    entity_a UUID NOT NULL,
    entity_b UUID NOT NULL,
    size_a INTEGER NOT NULL,
    size_b INTEGER NOT NULL,
    source_a TEXT NOT NULL,
    source_b TEXT NOT NULL,
    sources TEXT[] NOT NULL,
    twins BOOLEAN NOT NULL,
    conflict BOOLEAN NOT NULL,
    evidence BYTEA NOT NULL,
    judgement TEXT,
    unsure TEXT,
    worth INTEGER NOT NULL,
    points JSON NOT NULL,
    holds TEXT,
    state TEXT NOT NULL,
    judged_on BYTEA,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_review PRIMARY KEY (id)
);
CREATE INDEX ix_review_state_entity_worth_id ON store.review (state, entity, worth, id);
CREATE INDEX ix_review_entity_a ON store.review (entity_a);
CREATE INDEX ix_review_entity_b ON store.review (entity_b);
COMMENT ON COLUMN store.review.id IS 'of the pair, or of the contested decision';
COMMENT ON COLUMN store.review.kind IS 'weak, near, average, attested, size or contested';
COMMENT ON COLUMN store.review.weight IS 'milli-bits; null where the two were never scored';
COMMENT ON COLUMN store.review.sources IS 'of every record of both entities';
COMMENT ON COLUMN store.review.evidence IS 'differs when what speaks for and against does';
COMMENT ON COLUMN store.review.judgement IS 'the contested decision';
COMMENT ON COLUMN store.review.unsure IS 'a standing decision that nobody can tell for now';
COMMENT ON COLUMN store.review.points IS '{what: points}, the sum is worth';
COMMENT ON COLUMN store.review.holds IS 'contested or conflict: its entities are held back from sensitive feeds';
COMMENT ON COLUMN store.review.state IS 'open, or aside: unsure, on the same evidence';
COMMENT ON COLUMN store.review.judged_on IS 'the evidence that unsure was given on';
COMMENT ON COLUMN store.review.opened_at IS 'since when it is in this state';

CREATE TABLE store.review_basis (
    entity TEXT NOT NULL,
    basis TEXT NOT NULL,
    CONSTRAINT pk_review_basis PRIMARY KEY (entity)
);
COMMENT ON COLUMN store.review_basis.basis IS 'model and sensitive sources that the whole queue rests on';

CREATE TABLE store.claim (
    review UUID NOT NULL,
    steward TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_claim PRIMARY KEY (review)
);

CREATE TABLE store.hold (
    entity_id UUID NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    entity TEXT NOT NULL,
    reason TEXT NOT NULL,
    judgement TEXT,
    released_at TIMESTAMP WITH TIME ZONE,
    release TEXT,
    CONSTRAINT pk_hold PRIMARY KEY (entity_id, since)
);
CREATE UNIQUE INDEX ix_hold_entity_id ON store.hold (entity_id) WHERE released_at IS NULL;
COMMENT ON COLUMN store.hold.reason IS 'contested or conflict';
COMMENT ON COLUMN store.hold.judgement IS 'the contested decision';
COMMENT ON COLUMN store.hold.release IS 'decided, evidence or vanished';
"""

DOWN = """
DROP TABLE store.hold;
DROP TABLE store.claim;
DROP TABLE store.review_basis;
DROP TABLE store.review;
DROP TABLE link.note;
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Drop them, rows included."""
    op.get_bind().exec_driver_sql(DOWN)
