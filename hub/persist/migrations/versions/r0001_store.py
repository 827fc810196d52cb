"""The first shape of the store.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = """
CREATE TABLE link.record (
    id BYTEA NOT NULL,
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    version BYTEA NOT NULL,
    seen BYTEA NOT NULL,
    root BYTEA NOT NULL,
    deleted BOOLEAN NOT NULL,
    next BYTEA,
    body BYTEA,
    CONSTRAINT pk_record PRIMARY KEY (id)
) WITH (fillfactor = 85);
COMMENT ON COLUMN link.record.body IS 'CleanPerson, the last values; null once deleted';

CREATE TABLE link.lineage (
    child BYTEA NOT NULL,
    version BYTEA NOT NULL,
    parent BYTEA NOT NULL,
    CONSTRAINT pk_lineage PRIMARY KEY (child, version)
);

CREATE TABLE link.edge (
    a BYTEA NOT NULL,
    b BYTEA NOT NULL,
    weight INTEGER NOT NULL,
    levels JSON NOT NULL,
    CONSTRAINT pk_edge PRIMARY KEY (a, b)
);
COMMENT ON COLUMN link.edge.levels IS '[[comparison, level, weight in milli-bits], ...]';

CREATE TABLE link.judgement (
    id TEXT NOT NULL,
    a BYTEA NOT NULL,
    b BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT,
    state TEXT NOT NULL,
    CONSTRAINT pk_judgement PRIMARY KEY (id, a, b)
);
CREATE INDEX ix_judgement_a_b ON link.judgement (a, b);
COMMENT ON COLUMN link.judgement.sequence IS 'order of arrival';
COMMENT ON COLUMN link.judgement.made_at IS 'microseconds since 1970 UTC';
COMMENT ON COLUMN link.judgement.expires_at IS 'microseconds since 1970 UTC';
COMMENT ON COLUMN link.judgement.state IS 'active, superseded, refused, withdrawn or expired';

CREATE TABLE link.floor (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    floor BYTEA NOT NULL,
    CONSTRAINT pk_floor PRIMARY KEY (source, tbl)
);

CREATE TABLE link.sweep (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    floor BYTEA NOT NULL,
    raw_partition INTEGER NOT NULL,
    raw_partitions INTEGER NOT NULL,
    clean_partition INTEGER NOT NULL,
    clean_partitions INTEGER NOT NULL,
    CONSTRAINT pk_sweep PRIMARY KEY (source, tbl, floor, raw_partition, clean_partition)
);

CREATE TABLE link.block (
    item TEXT NOT NULL,
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    version BYTEA NOT NULL,
    id BYTEA,
    previous BYTEA,
    CONSTRAINT pk_block PRIMARY KEY (item)
);
COMMENT ON COLUMN link.block.item IS 'quarantine item that blocks its table''s sweeps';

CREATE TABLE link.lease (
    name TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_lease PRIMARY KEY (name)
);
COMMENT ON COLUMN link.lease.name IS 'the one row is `reconcile`';

CREATE TABLE link."offset" (
    cluster_id TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic TEXT NOT NULL,
    next_offset BIGINT NOT NULL,
    CONSTRAINT pk_offset PRIMARY KEY (cluster_id, topic_id, partition)
) WITH (fillfactor = 50);

CREATE TABLE store.person (
    entity_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    status TEXT NOT NULL,
    moved_to UUID[] NOT NULL,
    previous_ids UUID[] NOT NULL,
    nik TEXT,
    kk TEXT,
    name TEXT,
    titles TEXT,
    sex TEXT,
    birth_date DATE,
    birth_place TEXT,
    mother TEXT,
    phone TEXT,
    street TEXT,
    rt INTEGER,
    rw INTEGER,
    region TEXT,
    region_system TEXT,
    marital TEXT,
    vital TEXT,
    wins JSON NOT NULL,
    digest BYTEA NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (entity_id)
) WITH (fillfactor = 85);
CREATE INDEX ix_person_phone ON store.person (phone) WHERE status = 'active';
CREATE INDEX ix_person_kk ON store.person (kk) WHERE status = 'active';
CREATE INDEX ix_person_name_birth_date ON store.person (name, birth_date) WHERE status = 'active';
CREATE INDEX ix_person_nik ON store.person (nik) WHERE status = 'active';
COMMENT ON COLUMN store.person.status IS 'active; merged, split or deleted: a stub without personal data';
COMMENT ON COLUMN store.person.moved_to IS 'entity ids that took a vanished id''s records';
COMMENT ON COLUMN store.person.previous_ids IS 'vanished ids that resolve to this one';
COMMENT ON COLUMN store.person.wins IS '[{group, rule, source, record (hex), changed_at, losers: [{source, record, changed_at, value}]}]';
COMMENT ON COLUMN store.person.digest IS 'of the content; an unchanged row is not published';
COMMENT ON COLUMN store.person.changed_at IS 'when this version was committed';

CREATE TABLE store.member (
    record BYTEA NOT NULL,
    entity_id UUID NOT NULL,
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    CONSTRAINT pk_member PRIMARY KEY (record)
) WITH (fillfactor = 85);
CREATE INDEX ix_member_entity_id ON store.member (entity_id);

CREATE TABLE store.history (
    entity_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    causes JSON NOT NULL,
    other_ids UUID[] NOT NULL,
    body BYTEA NOT NULL,
    CONSTRAINT pk_history PRIMARY KEY (entity_id, generation, sequence)
);
CREATE INDEX ix_history_generation_sequence ON store.history (generation, sequence);
COMMENT ON COLUMN store.history.at IS 'commit time, the same for all rows of a commit';
COMMENT ON COLUMN store.history.kind IS 'created, changed, merged, split, reassigned or deleted';
COMMENT ON COLUMN store.history.causes IS '[{kind, id}]';
COMMENT ON COLUMN store.history.body IS 'GoldenPerson as published';

CREATE TABLE store.alias (
    old_id UUID NOT NULL,
    new_id UUID NOT NULL,
    status TEXT NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_alias PRIMARY KEY (old_id, new_id)
);
CREATE INDEX ix_alias_new_id ON store.alias (new_id);
COMMENT ON COLUMN store.alias.old_id IS 'a vanished id; a living one is never here';
COMMENT ON COLUMN store.alias.new_id IS 'one of the ids that took its records; may vanish too';
COMMENT ON COLUMN store.alias.status IS 'merged or split; a deleted id has no alias';

CREATE TABLE store.outbox (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    topic TEXT NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA,
    headers JSON NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (id)
);
COMMENT ON COLUMN store.outbox.id IS 'publication order = commit order';
COMMENT ON COLUMN store.outbox.headers IS '{name: text}, in order, sent as UTF-8';

CREATE TABLE store.published (
    name TEXT NOT NULL,
    cursor BIGINT NOT NULL,
    CONSTRAINT pk_published PRIMARY KEY (name)
);
COMMENT ON COLUMN store.published.name IS 'publisher';
COMMENT ON COLUMN store.published.cursor IS 'last outbox id acknowledged; only rises';

CREATE TABLE store.clock (
    id BOOLEAN DEFAULT true NOT NULL,
    generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_clock PRIMARY KEY (id),
    CONSTRAINT ck_clock_one_row CHECK (id)
);
COMMENT ON COLUMN store.clock.generation IS 'raised by a restore';
COMMENT ON COLUMN store.clock.sequence IS 'raised by every commit';

CREATE TABLE store.quarantine (
    id TEXT NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    remedy TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    headers JSON NOT NULL,
    record BYTEA,
    version BYTEA,
    field TEXT,
    key BYTEA,
    payload BYTEA,
    state TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    attempts SMALLINT DEFAULT 0 NOT NULL,
    note TEXT,
    CONSTRAINT pk_quarantine PRIMARY KEY (id)
);
CREATE INDEX ix_quarantine_state_source ON store.quarantine (state, source);
CREATE INDEX ix_quarantine_record ON store.quarantine (record) WHERE state in ('open', 'retried');
COMMENT ON COLUMN store.quarantine.remedy IS 'in Indonesian';
COMMENT ON COLUMN store.quarantine.at IS 'when it was refused';
COMMENT ON COLUMN store.quarantine.headers IS '{name: base64}';
COMMENT ON COLUMN store.quarantine.state IS 'open, retried, closed or discarded';
COMMENT ON COLUMN store.quarantine.attempts IS 'retries so far';
COMMENT ON COLUMN store.quarantine.note IS 'why an operator discarded it';

CREATE TABLE store.schema (
    fingerprint BYTEA NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT pk_schema PRIMARY KEY (fingerprint)
);
COMMENT ON COLUMN store.schema.fingerprint IS 'CRC-64-AVRO, 8 bytes as in a body''s header';

create view store.history_span as
select h.*, lead(h.at) over (partition by h.entity_id order by h.generation, h.sequence) as until
from store.history h;

insert into store.clock (generation, sequence) values (1, 0);
insert into link.lease (name, epoch, expires_at) values ('reconcile', 0, '-infinity');
"""  # noqa: E501 - made from hub.wire.tables, whose comments are long

DOWN = """
drop schema link cascade;
drop schema store cascade;
create schema link;
create schema store;
"""


def upgrade() -> None:
    """Create every table, index and view."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Drop everything, rows included."""
    op.get_bind().exec_driver_sql(DOWN)
