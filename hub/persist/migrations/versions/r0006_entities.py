"""Families, businesses and facilities beside people, and who belongs to which family.

What is there is of people: a column with a default that is a constant rewrites no table.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE link.record ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.record.entity IS 'kind of entity';
ALTER TABLE link.lineage ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.lineage.entity IS 'kind of entity';
ALTER TABLE link.edge ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.edge.entity IS 'kind of entity';
ALTER TABLE link.judgement ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.judgement.entity IS 'kind of entity';
ALTER TABLE link.note ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.note.entity IS 'kind of entity';
ALTER TABLE link.floor ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.floor.entity IS 'kind of entity';
ALTER TABLE link.sweep ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.sweep.entity IS 'kind of entity';
ALTER TABLE link.block ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN link.block.entity IS 'kind of entity';
ALTER TABLE store.member ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN store.member.entity IS 'kind of entity';
ALTER TABLE store.history ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN store.history.entity IS 'kind of entity';
ALTER TABLE store.alias ADD COLUMN entity TEXT DEFAULT 'person' NOT NULL;
COMMENT ON COLUMN store.alias.entity IS 'kind of entity';
CREATE INDEX ix_record_entity ON link.record (entity) WHERE entity <> 'person';
CREATE INDEX ix_edge_entity ON link.edge (entity) WHERE entity <> 'person';
COMMENT ON COLUMN link.record.body IS 'the clean record, the last values; null once deleted';
COMMENT ON COLUMN store.history.body IS 'the golden record as published';

ALTER TABLE store.person ADD COLUMN identity_no TEXT, ADD COLUMN village TEXT, ADD COLUMN postcode TEXT;
CREATE INDEX ix_person_identity_no ON store.person (identity_no) WHERE status = 'active';

CREATE TABLE store.family (
    entity_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    status TEXT NOT NULL,
    moved_to UUID[] NOT NULL,
    previous_ids UUID[] NOT NULL,
    kk TEXT,
    head_nik TEXT,
    head_name TEXT,
    member_count INTEGER,
    phone TEXT,
    street TEXT,
    rt INTEGER,
    rw INTEGER,
    village TEXT,
    region TEXT,
    region_system TEXT,
    postcode TEXT,
    wins JSON NOT NULL,
    digest BYTEA NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_family PRIMARY KEY (entity_id)
) WITH (fillfactor = 85);
CREATE INDEX ix_family_head_nik ON store.family (head_nik) WHERE status = 'active';
CREATE INDEX ix_family_kk ON store.family (kk) WHERE status = 'active';
CREATE INDEX ix_family_phone ON store.family (phone) WHERE status = 'active';
COMMENT ON COLUMN store.family.status IS 'active; merged, split or deleted: a stub without personal data';
COMMENT ON COLUMN store.family.moved_to IS 'entity ids that took a vanished id''s records';
COMMENT ON COLUMN store.family.previous_ids IS 'vanished ids that resolve to this one';
COMMENT ON COLUMN store.family.wins IS '[{group, rule, source, record (hex), changed_at, losers: [{source, record, changed_at, value}]}]';
COMMENT ON COLUMN store.family.digest IS 'of the content; an unchanged row is not published';
COMMENT ON COLUMN store.family.changed_at IS 'when this version was committed';

CREATE TABLE store.business (
    entity_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    status TEXT NOT NULL,
    moved_to UUID[] NOT NULL,
    previous_ids UUID[] NOT NULL,
    nib TEXT,
    npwp TEXT,
    owner_nik TEXT,
    owner_name TEXT,
    name TEXT,
    form TEXT,
    kbli TEXT,
    scale TEXT,
    phone TEXT,
    street TEXT,
    rt INTEGER,
    rw INTEGER,
    village TEXT,
    region TEXT,
    region_system TEXT,
    postcode TEXT,
    wins JSON NOT NULL,
    digest BYTEA NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_business PRIMARY KEY (entity_id)
) WITH (fillfactor = 85);
CREATE INDEX ix_business_name ON store.business (name) WHERE status = 'active';
CREATE INDEX ix_business_nib ON store.business (nib) WHERE status = 'active';
CREATE INDEX ix_business_npwp ON store.business (npwp) WHERE status = 'active';
CREATE INDEX ix_business_owner_nik ON store.business (owner_nik) WHERE status = 'active';
CREATE INDEX ix_business_phone ON store.business (phone) WHERE status = 'active';
COMMENT ON COLUMN store.business.status IS 'active; merged, split or deleted: a stub without personal data';
COMMENT ON COLUMN store.business.moved_to IS 'entity ids that took a vanished id''s records';
COMMENT ON COLUMN store.business.previous_ids IS 'vanished ids that resolve to this one';
COMMENT ON COLUMN store.business.wins IS '[{group, rule, source, record (hex), changed_at, losers: [{source, record, changed_at, value}]}]';
COMMENT ON COLUMN store.business.digest IS 'of the content; an unchanged row is not published';
COMMENT ON COLUMN store.business.changed_at IS 'when this version was committed';

CREATE TABLE store.facility (
    entity_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    status TEXT NOT NULL,
    moved_to UUID[] NOT NULL,
    previous_ids UUID[] NOT NULL,
    npsn TEXT,
    health_code TEXT,
    name TEXT,
    kind TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    phone TEXT,
    street TEXT,
    rt INTEGER,
    rw INTEGER,
    village TEXT,
    region TEXT,
    region_system TEXT,
    postcode TEXT,
    wins JSON NOT NULL,
    digest BYTEA NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_facility PRIMARY KEY (entity_id)
) WITH (fillfactor = 85);
CREATE INDEX ix_facility_health_code ON store.facility (health_code) WHERE status = 'active';
CREATE INDEX ix_facility_name ON store.facility (name) WHERE status = 'active';
CREATE INDEX ix_facility_npsn ON store.facility (npsn) WHERE status = 'active';
CREATE INDEX ix_facility_phone ON store.facility (phone) WHERE status = 'active';
COMMENT ON COLUMN store.facility.status IS 'active; merged, split or deleted: a stub without personal data';
COMMENT ON COLUMN store.facility.moved_to IS 'entity ids that took a vanished id''s records';
COMMENT ON COLUMN store.facility.previous_ids IS 'vanished ids that resolve to this one';
COMMENT ON COLUMN store.facility.wins IS '[{group, rule, source, record (hex), changed_at, losers: [{source, record, changed_at, value}]}]';
COMMENT ON COLUMN store.facility.digest IS 'of the content; an unchanged row is not published';
COMMENT ON COLUMN store.facility.changed_at IS 'when this version was committed';

CREATE TABLE store.membership (
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    family_id UUID NOT NULL,
    role TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    record BYTEA NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_membership PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_membership_current ON store.membership (person_id) WHERE until is null;
CREATE INDEX ix_membership_family_id_until ON store.membership (family_id, until);
CREATE INDEX ix_membership_person_id_until ON store.membership (person_id, until);
COMMENT ON COLUMN store.membership.id IS 'of one span of one person in one family';
COMMENT ON COLUMN store.membership.role IS 'head or member';
COMMENT ON COLUMN store.membership.claimed_at IS 'when the source of the winning family card told it, microseconds since 1970 UTC';
COMMENT ON COLUMN store.membership.source IS 'of the winning family card';
COMMENT ON COLUMN store.membership.since IS 'when the hub knew it';
COMMENT ON COLUMN store.membership.until IS 'when the hub knew that it ended; null while it holds';

DROP VIEW store.history_span;
CREATE VIEW store.history_span AS
SELECT h.*, lead(h.at) OVER (PARTITION BY h.entity_id ORDER BY h.generation, h.sequence) AS until
FROM store.history h;
"""  # noqa: E501 - made from hub.wire.tables, whose comments are long

DOWN = """
DROP VIEW store.history_span;
DROP TABLE store.membership, store.facility, store.business, store.family;
ALTER TABLE store.person DROP COLUMN identity_no, DROP COLUMN village, DROP COLUMN postcode;
DELETE FROM link.record WHERE entity <> 'person';
ALTER TABLE link.record DROP COLUMN entity;
DELETE FROM link.lineage WHERE entity <> 'person';
ALTER TABLE link.lineage DROP COLUMN entity;
DELETE FROM link.edge WHERE entity <> 'person';
ALTER TABLE link.edge DROP COLUMN entity;
DELETE FROM link.judgement WHERE entity <> 'person';
ALTER TABLE link.judgement DROP COLUMN entity;
DELETE FROM link.note WHERE entity <> 'person';
ALTER TABLE link.note DROP COLUMN entity;
DELETE FROM store.member_span WHERE entity <> 'person';
DELETE FROM store.review WHERE entity <> 'person';
DELETE FROM store.hold WHERE entity <> 'person';
DELETE FROM store.review_basis WHERE entity <> 'person';
DELETE FROM link.model WHERE entity <> 'person';
DELETE FROM link.floor WHERE entity <> 'person';
ALTER TABLE link.floor DROP COLUMN entity;
DELETE FROM link.sweep WHERE entity <> 'person';
ALTER TABLE link.sweep DROP COLUMN entity;
DELETE FROM link.block WHERE entity <> 'person';
ALTER TABLE link.block DROP COLUMN entity;
DELETE FROM store.member WHERE entity <> 'person';
ALTER TABLE store.member DROP COLUMN entity;
DELETE FROM store.history WHERE entity <> 'person';
ALTER TABLE store.history DROP COLUMN entity;
DELETE FROM store.alias WHERE entity <> 'person';
ALTER TABLE store.alias DROP COLUMN entity;
CREATE VIEW store.history_span AS
SELECT h.*, lead(h.at) OVER (PARTITION BY h.entity_id ORDER BY h.generation, h.sequence) AS until
FROM store.history h;
"""


def upgrade() -> None:
    """Create the tables, and say of every row there that it is of people."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Drop them, and the rows of every other kind of entity."""
    op.get_bind().exec_driver_sql(DOWN)
