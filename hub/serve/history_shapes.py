"""What the API gives of the past: spans of membership, crosswalks and timelines, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.serve.shapes import Moment, RecordId, Version


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Standing(_Shape):
    """What became of an id that the hub gave."""

    entity_id: UUID
    entity: str = Field(description="kind of entity", examples=["person"])
    status: str = Field(description="active, merged, split or deleted")
    version: Version
    living: list[UUID] = Field(
        description="the ids that hold its records now: itself while it lives, several after a split, none once deleted"
    )
    previous_ids: list[UUID] = Field(description="vanished ids that resolve to this one")


class Source(_Shape):
    """A source record: where it comes from and whether it still lives."""

    record: RecordId
    source: str = Field(examples=["dukcapil"])
    table: str = Field(examples=["public.penduduk"])
    living: bool
    key: list[str] = Field(description="its key at the source, in the contract's order; empty where it is not known")


class Span(_Shape):
    """A membership and its validity, by the hub's commits."""

    record: RecordId
    entity_id: UUID
    entity: str = Field(description="kind of entity", examples=["person"])
    since: datetime
    until: datetime | None = Field(description="null while it holds")
    living: list[UUID] = Field(description="the ids that hold now what that entity held")


class Move(_Shape):
    """A changed primary key: the record went on under another id, in the same entity."""

    before: RecordId
    after: RecordId


class Entities(_Shape):
    """The entities of one record."""

    record: Source
    spans: list[Span] = Field(description="all there were, the newest first; or the one that held at the time asked")
    moves: list[Move] = Field(description="changed keys by which it came about or went on")


class Belonging(_Shape):
    """A record of an entity, and from when until when it belongs to it."""

    record: Source
    since: datetime
    until: datetime | None = Field(description="null while it holds")


class Records(_Shape):
    """The records of one entity at a time."""

    entity_id: UUID
    entity: str
    at: datetime | None = Field(description="the time asked; null: now")
    status: str | None = Field(description="of the id at that time; null before it was first given")
    records: list[Belonging]


class CrosswalkIn(_Shape):
    """One record, by its key at the source or by its id; or an entity. Keys stand in the body, never in a URL."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [
            {"source": "dukcapil", "table": "public.penduduk", "key": ["10423"], "at": "2026-11-24T08:00:00+07:00"},
            {"record": "5f0c1c8d7e4ab6a9d2c3e4f5a6b7c8d9"},
            {"entity": "3f2b8c1e-8a55-5d0c-9d36-0f1f6f9b7a10"},
        ]},
    )  # fmt: skip
    source: str | None = Field(None, max_length=100)
    table: str | None = Field(None, max_length=200)
    key: list[str] = Field(default_factory=list, max_length=16, description="parts in the order of the contract")
    record: RecordId | None = None
    entity: UUID | None = None
    at: Moment | None = Field(None, description="as of this time; without it as of now, a record's whole past included")

    @model_validator(mode="after")
    def _one_question(self) -> CrosswalkIn:
        parts = (self.source is not None, self.table is not None, bool(self.key))
        if any(parts) and not all(parts):
            raise ValueError("source, table and key go together")
        if sum([all(parts), self.record is not None, self.entity is not None]) != 1:
            raise ValueError("give either source, table and key, or record, or entity")
        return self


class Crosswalk(_Shape):
    """A record's entities, or an entity's records."""

    entities: Entities | None = None
    records: Records | None = None


class Told(_Shape):
    """A cause, or a whole event, in both languages."""

    kind: str
    subject: str = Field(description="record id, judgement id, model version or generation that it names")
    id: str
    en: str


class Moved(_Shape):
    """A record that came to an entity or left it, and where from or where to."""

    record: RecordId
    source: str
    table: str
    other_id: UUID | None = Field(description="the entity that it came from or went to; null: none")


class Event(_Shape):
    """One published change of an entity."""

    version: Version
    at: datetime
    kind: str = Field(description="created, changed, merged, split, reassigned, deleted or restored")
    id: str
    en: str
    causes: list[Told]
    joined: list[Moved]
    left: list[Moved]
    groups: list[str] = Field(description="attribute groups whose value changed; the values are in the history")
    other_ids: list[UUID]


class Timeline(_Shape):
    """What happened to an entity, oldest first."""

    entity_id: UUID
    entity: str
    events: list[Event]
    more: bool = Field(description="true when there are older ones")


def plain(row: Any) -> Version:
    """Return a row's entity version."""
    return Version(generation=row.generation, sequence=row.sequence)
