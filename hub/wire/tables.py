"""Every table of the hub's PostgreSQL, as SQLAlchemy core: what persist writes and publish and serve read.

Schema `link` holds what is needed to know who is the same, schema `store` what the hub tells others.  Only the holder
of `link.lease` writes, in one transaction a batch (but for `store.verification` and `store.claim`); so the order of
`store.clock` is the order of commits and a reader that has seen a sequence has seen everything below it.

Left out on purpose: blocking keys (a function of `link.record.body` and the model, rebuilt at load) and a table of
clusters (`store.member` is it).  Record ids are 16 bytes, versions 24 (`hub.wire.version`); entity ids are UUIDs.
Columns named `body` hold Avro in single-object encoding (`hub.wire.archive`), readable without the registry, whose
schemas stand in `store.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.types import TypeEngine

from hub.wire.entities import GOLDEN, Entity, golden_attributes

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
LINK = "link"
STORE = "store"
TIME = DateTime(timezone=True)
DATES = frozenset({"birth_date"})
"""Attributes that are days since 1970-01-01 in a record and dates in a table."""


def _must(name: str, kind: type[TypeEngine[Any]] | TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _entity() -> Column[Any]:
    return Column("entity", Text, nullable=False, server_default=text("'person'"), comment="kind of entity")


_OTHERS = text("entity <> 'person'")
"""People are by far the most; so the others are found without going through them."""

# ---------------------------------------------------------------- link: who is the same

record = Table(
    "record", METADATA,
    Column("id", LargeBinary, primary_key=True),
    _must("source", Text), _must("tbl", Text),
    _must("version", LargeBinary), _must("seen", LargeBinary), _must("root", LargeBinary),
    _must("deleted", Boolean), Column("next", LargeBinary),
    Column("body", LargeBinary, comment="the clean record, the last values; null once deleted"), _entity(),
    Index("ix_record_entity", "entity", postgresql_where=_OTHERS), schema=LINK, postgresql_with={"fillfactor": "85"},
)  # fmt: skip
"""Last state of every source record (decisions.RecordRow); also the archive of the last clean state."""

lineage = Table(
    "lineage", METADATA,
    _must("child", LargeBinary), _must("version", LargeBinary), _must("parent", LargeBinary), _entity(),
    PrimaryKeyConstraint("child", "version"), schema=LINK,
)  # fmt: skip

edge = Table(
    "edge", METADATA,
    _must("a", LargeBinary), _must("b", LargeBinary), _must("weight", Integer),
    Column("levels", JSON, nullable=False, comment="[[comparison, level, weight in milli-bits], ...]"),
    _entity(), PrimaryKeyConstraint("a", "b"), Index("ix_edge_entity", "entity", postgresql_where=_OTHERS),
    schema=LINK,
)  # fmt: skip

judgement = Table(
    "judgement", METADATA,
    _must("id", Text), _must("a", LargeBinary), _must("b", LargeBinary),
    Column("sequence", BigInteger, nullable=False, comment="order of arrival"),
    _must("verdict", Text), _must("author", Text), _must("reason", Text),
    Column("made_at", BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
    Column("expires_at", BigInteger, comment="microseconds since 1970 UTC"),
    Column("state", Text, nullable=False, comment="active, superseded, refused, withdrawn or expired"),
    _entity(), PrimaryKeyConstraint("id", "a", "b"), Index(None, "a", "b"), schema=LINK,
)  # fmt: skip
"""One row a judged pair of lineage roots, a < b."""

note = Table(
    "note", METADATA,
    Column("id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, comment="order of arrival, in one order with judgements"),
    Column("judgement", Text, nullable=False, index=True, comment="the judgement or contest that it speaks of"),
    Column("kind", Text, nullable=False, comment="withdrawn or contested"),
    _must("author", Text), _must("reason", Text),
    Column("made_at", BigInteger, nullable=False, comment="microseconds since 1970 UTC"),
    Column("state", Text, nullable=False, comment="taken, void (nothing stood any more) or withdrawn"),
    _entity(), schema=LINK,
)  # fmt: skip
"""Who withdrew or contested a judgement, and why (decisions.NoteRow)."""

floor = Table(
    "floor", METADATA,
    _must("source", Text), _must("tbl", Text), _must("floor", LargeBinary), _entity(),
    PrimaryKeyConstraint("source", "tbl"), schema=LINK,
)  # fmt: skip

sweep = Table(
    "sweep", METADATA,
    _must("source", Text), _must("tbl", Text), _must("floor", LargeBinary),
    _must("raw_partition", Integer), _must("raw_partitions", Integer),
    _must("clean_partition", Integer), _must("clean_partitions", Integer), _entity(),
    PrimaryKeyConstraint("source", "tbl", "floor", "raw_partition", "clean_partition"), schema=LINK,
)  # fmt: skip

block = Table(
    "block", METADATA,
    Column("item", Text, primary_key=True, comment="quarantine item that blocks its table's sweeps"),
    _must("source", Text), _must("tbl", Text), _must("version", LargeBinary),
    Column("id", LargeBinary), Column("previous", LargeBinary), _entity(), schema=LINK,
)  # fmt: skip

lease = Table(
    "lease", METADATA,
    Column("name", Text, primary_key=True, comment="the one row is `reconcile`"),
    _must("epoch", BigInteger), Column("holder", Text), _must("expires_at", TIME), schema=LINK,
)  # fmt: skip

offset = Table(
    "offset", METADATA,
    _must("cluster_id", Text), _must("topic_id", Text), _must("partition", Integer),
    _must("topic", Text), _must("next_offset", BigInteger),
    PrimaryKeyConstraint("cluster_id", "topic_id", "partition"), schema=LINK,
    postgresql_with={"fillfactor": "50"},
)  # fmt: skip
"""Where reconcile reads on; moved in the transaction that holds what was read."""

model = Table(
    "model", METADATA,
    _must("entity", Text), _must("version", Text),
    Column("text", Text, nullable=False, comment="the model file, TOML"),
    Column("frequencies", Text, comment="its frequencies, JSON"),
    Column("state", Text, nullable=False, comment="offered, active, retired or refused"),
    _must("author", Text), _must("offered_at", TIME), Column("settled_at", TIME),
    Column("said", Text, comment="what the writer said when it settled the offer"),
    PrimaryKeyConstraint("entity", "version"),
    Index(None, "entity", "state", unique=True, postgresql_where=text("state in ('active', 'offered')")), schema=LINK,
)  # fmt: skip
"""The model that the store was built with, those before it, and the one offered to take its place."""

# ---------------------------------------------------------------- store: what the hub tells

_LIVING = text("status = 'active'")

_TYPES: dict[str, type[TypeEngine[Any]]] = {"str | None": Text, "int | None": Integer, "float | None": Double}


def _golden(entity: Entity, *indexes: tuple[str, ...]) -> Table:
    """Return the table of a kind of entity's golden rows: one column an attribute, indexed where they are living."""
    types = {field.name: _TYPES[str(field.type)] for field in fields(GOLDEN[entity]) if str(field.type) in _TYPES}
    return Table(
        entity, METADATA,
        Column("entity_id", Uuid, primary_key=True),
        _must("generation", BigInteger), _must("sequence", BigInteger),
        Column("status", Text, nullable=False,
               comment="active; merged, split or deleted: a stub without personal data"),
        Column("moved_to", ARRAY(Uuid), nullable=False, comment="entity ids that took a vanished id's records"),
        Column("previous_ids", ARRAY(Uuid), nullable=False, comment="vanished ids that resolve to this one"),
        *[Column(name, Date if name in DATES else types[name]) for name in golden_attributes(entity)],
        Column("wins", JSON, nullable=False,
               comment="[{group, rule, source, record (hex), changed_at, losers: [{source, record, changed_at, "
               "value}]}]"),
        Column("digest", LargeBinary, nullable=False, comment="of the content; an unchanged row is not published"),
        Column("changed_at", TIME, nullable=False, comment="when this version was committed"),
        *[Index(None, *columns, postgresql_where=_LIVING) for columns in indexes],
        schema=STORE, postgresql_with={"fillfactor": "85"},
    )  # fmt: skip


person = _golden("person", ("nik",), ("kk",), ("name", "birth_date"), ("phone",), ("identity_no",))
"""Current golden rows, and for ever a stub of every id that vanished."""
family = _golden("family", ("kk",), ("head_nik",), ("phone",))
business = _golden("business", ("nib",), ("npwp",), ("owner_nik",), ("name",), ("phone",))
facility = _golden("facility", ("npsn",), ("health_code",), ("name",), ("phone",))
GOLDEN_TABLE: Mapping[Entity, Table] = {
    "person": person, "family": family, "business": business, "facility": facility,
}  # fmt: skip

membership = Table(
    "membership", METADATA,
    Column("id", Uuid, primary_key=True, comment="of one span of one person in one family"),
    _must("person_id", Uuid), _must("family_id", Uuid),
    Column("role", Text, nullable=False, comment="head or member"),
    Column("claimed_at", BigInteger, nullable=False,
           comment="when the source of the winning family card told it, microseconds since 1970 UTC"),
    Column("source", Text, nullable=False, comment="of the winning family card"), _must("record", LargeBinary),
    Column("since", TIME, nullable=False, comment="when the hub knew it"),
    Column("until", TIME, comment="when the hub knew that it ended; null while it holds"),
    _must("generation", BigInteger), _must("sequence", BigInteger),
    Index(None, "person_id", "until"), Index(None, "family_id", "until"),
    Index("ix_membership_current", "person_id", unique=True, postgresql_where=text("until is null")), schema=STORE,
)  # fmt: skip
"""Persons in families, as their golden records' family cards say; a span that ended stays."""

member = Table(
    "member", METADATA,
    Column("record", LargeBinary, primary_key=True),
    Column("entity_id", Uuid, nullable=False, index=True),
    _must("source", Text), _must("tbl", Text), _entity(), schema=STORE, postgresql_with={"fillfactor": "85"},
)  # fmt: skip
"""Which entity each living record belongs to."""

member_span = Table(
    "member_span", METADATA,
    _must("record", LargeBinary), _must("generation", BigInteger), _must("sequence", BigInteger),
    Column("since", TIME, nullable=False, comment="commit from which the record belonged to the entity"),
    Column("until", TIME, comment="commit from which it did no longer; null while it does"),
    _must("entity_id", Uuid),
    Column("entity", Text, nullable=False, server_default=text("'person'"), comment="kind of entity"),
    PrimaryKeyConstraint("record", "generation", "sequence"), schema=STORE, postgresql_with={"fillfactor": "90"},
)  # fmt: skip
"""Every membership there was, with its validity; the other way round `store.history` tells it."""

history = Table(
    "history", METADATA,
    _must("entity_id", Uuid), _must("generation", BigInteger), _must("sequence", BigInteger),
    Column("at", TIME, nullable=False, comment="commit time, the same for all rows of a commit"),
    Column("kind", Text, nullable=False, comment="created, changed, merged, split, reassigned or deleted"),
    _must("status", Text),
    Column("causes", JSON, nullable=False, comment="[{kind, id}]"),
    Column("other_ids", ARRAY(Uuid), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the golden record as published"), _entity(),
    PrimaryKeyConstraint("entity_id", "generation", "sequence"), Index(None, "generation", "sequence"), schema=STORE,
)  # fmt: skip
"""Every published state, append-only; `store.history_span` (a view) adds `until`, the end of its validity."""

alias = Table(
    "alias", METADATA,
    Column("old_id", Uuid, nullable=False, comment="a vanished id; a living one is never here"),
    Column("new_id", Uuid, nullable=False, index=True, comment="one of the ids that took its records; may vanish too"),
    Column("status", Text, nullable=False, comment="merged or split; a deleted id has no alias"),
    _must("generation", BigInteger), _must("sequence", BigInteger), _entity(),
    PrimaryKeyConstraint("old_id", "new_id"), schema=STORE,
)  # fmt: skip
"""Where vanished ids went; follow it until the id is living.  Acyclic: a returning id loses its rows."""

outbox = Table(
    "outbox", METADATA,
    Column("id", BigInteger, Identity(always=False), primary_key=True, comment="publication order = commit order"),
    _must("generation", BigInteger), _must("sequence", BigInteger),
    _must("topic", Text), _must("key", LargeBinary), Column("value", LargeBinary),
    Column("headers", JSON, nullable=False, comment="{name: text}, in order, sent as UTF-8"),
    Column("at", TIME, nullable=False), schema=STORE,
)  # fmt: skip
"""Messages to publish; a channel `outbox` is notified with every commit that adds some."""

published = Table(
    "published", METADATA,
    Column("name", Text, primary_key=True, comment="publisher"),
    Column("cursor", BigInteger, nullable=False, comment="last outbox id acknowledged; only rises"), schema=STORE,
)  # fmt: skip

clock = Table(
    "clock", METADATA,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("generation", BigInteger, nullable=False, comment="raised by a restore"),
    Column("sequence", BigInteger, nullable=False, comment="raised by every commit"),
    CheckConstraint("id", name="one_row"), schema=STORE,
)  # fmt: skip

quarantine = Table(
    "quarantine", METADATA,
    Column("id", Text, primary_key=True),
    _must("stage", Text), _must("source", Text), _must("tbl", Text), _must("topic", Text),
    _must("partition", Integer), _must("offset", BigInteger), _must("code", Text), _must("reason", Text),
    Column("remedy", Text, nullable=False, comment="in Indonesian"),
    Column("at", TIME, nullable=False, comment="when it was refused"),
    Column("headers", JSON, nullable=False, comment="{name: base64}"),
    Column("record", LargeBinary), Column("version", LargeBinary), Column("field", Text),
    Column("key", LargeBinary), Column("payload", LargeBinary),
    Column("state", Text, nullable=False, comment="open, retried, closed or discarded"),
    Column("opened_at", TIME, nullable=False), Column("closed_at", TIME),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0"), comment="retries so far"),
    Column("note", Text, comment="why an operator discarded it"),
    Index(None, "record", postgresql_where=text("state in ('open', 'retried')")),
    Index(None, "state", "source"), schema=STORE,
)  # fmt: skip
"""Refused messages, whole."""

schema = Table(
    "schema", METADATA,
    Column("fingerprint", LargeBinary, primary_key=True, comment="CRC-64-AVRO, 8 bytes as in a body's header"),
    _must("text", Text), schema=STORE,
)  # fmt: skip
"""Writer's schemas of every `body`, so that a store outlives its registry."""

verification = Table(
    "verification", METADATA,
    _must("source", Text), _must("tbl", Text),
    Column("version", LargeBinary, nullable=False, comment="20-byte stamp of the position that was compared"),
    Column("taken_at", TIME, nullable=False, comment="when the source was read"),
    Column("judged_at", TIME, nullable=False, comment="when the hub was compared with it"),
    Column("source_rows", BigInteger, nullable=False, comment="rows that count, at the source"),
    Column("hub_rows", BigInteger, nullable=False, comment="rows that count, in link.record"),
    _must("equal", SmallInteger), _must("differing", SmallInteger), _must("undecided", SmallInteger),
    Column("differing_since", TIME, comment="taken_at of the first comparison in a row that found a difference"),
    Column("buckets", JSON, nullable=False,
           comment="[{bucket, state, reason, source, hub}] of the buckets that are not equal"),
    PrimaryKeyConstraint("source", "tbl"), schema=STORE,
)  # fmt: skip
"""The last comparison of each table with its source; written by verify, which holds no lease."""

review = Table(
    "review", METADATA,
    Column("id", Uuid, primary_key=True, comment="of the pair, or of the contested decision"),
    _must("entity", Text),
    Column("kind", Text, nullable=False, comment="weak, near, average, attested, size or contested"),
    _must("a", LargeBinary), _must("b", LargeBinary),
    Column("weight", Integer, comment="milli-bits; null where the two were never scored"), Column("margin", Integer),
    _must("entity_a", Uuid), _must("entity_b", Uuid), _must("size_a", Integer), _must("size_b", Integer),
    _must("source_a", Text), _must("source_b", Text),
    Column("sources", ARRAY(Text), nullable=False, comment="of every record of both entities"),
    _must("twins", Boolean), _must("conflict", Boolean),
    Column("evidence", LargeBinary, nullable=False, comment="differs when what speaks for and against does"),
    Column("judgement", Text, comment="the contested decision"),
    Column("unsure", Text, comment="a standing decision that nobody can tell for now"),
    _must("worth", Integer),
    Column("points", JSON, nullable=False, comment="{what: points}, the sum is worth"),
    Column("holds", Text, comment="contested or conflict: its entities are held back from sensitive feeds"),
    Column("state", Text, nullable=False, comment="open, or aside: unsure, on the same evidence"),
    Column("judged_on", LargeBinary, comment="the evidence that unsure was given on"),
    Column("opened_at", TIME, nullable=False, comment="since when it is in this state"),
    Index(None, "state", "entity", "worth", "id"), Index(None, "entity_a"), Index(None, "entity_b"),
    schema=STORE,
)  # fmt: skip
"""What a steward should look at (decisions.Doubt), worth most first; written with the clusters it follows from."""

review_basis = Table(
    "review_basis", METADATA,
    Column("entity", Text, primary_key=True),
    Column("basis", Text, nullable=False, comment="model and sensitive sources that the whole queue rests on"),
    schema=STORE,
)  # fmt: skip

claim = Table(
    "claim", METADATA,
    Column("review", Uuid, primary_key=True), _must("steward", Text), _must("until", TIME), schema=STORE,
)  # fmt: skip
"""Who looks at an item of the queue just now; written by serve, worth nothing after a while."""

hold = Table(
    "hold", METADATA,
    _must("entity_id", Uuid), _must("since", TIME), _must("entity", Text),
    Column("reason", Text, nullable=False, comment="contested or conflict"),
    Column("judgement", Text, comment="the contested decision"),
    Column("released_at", TIME), Column("release", Text, comment="decided, evidence or vanished"),
    PrimaryKeyConstraint("entity_id", "since"),
    Index(None, "entity_id", unique=True, postgresql_where=text("released_at is null")), schema=STORE,
)  # fmt: skip
"""Entities held back from sensitive feeds, and those that were; their clusters are not held back."""

HISTORY_SPAN = """
create view store.history_span as
select h.*, lead(h.at) over (partition by h.entity_id order by h.generation, h.sequence) as until
from store.history h
"""
"""The view that gives each history row its end; null while it is current."""
