"""What the stewards' queue and the holds look like over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hub.serve.shapes import Entity, Judgement, Level, Member, RecordId

Kind = Literal["weak", "near", "average", "attested", "listed", "size", "contested"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Claim(_Shape):
    """Who looks at an item just now."""

    steward: str
    until: datetime = Field(description="from then on anybody may take it")


class ClaimIn(_Shape):
    """A steward who takes an item."""

    steward: str = Field(min_length=1, max_length=200, description="an account's name")
    minutes: int = Field(15, ge=1, le=240, description="for how long; taking it again begins anew")


class ReleaseIn(_Shape):
    """A steward who gives an item back."""

    steward: str = Field(min_length=1, max_length=200)


class Review(_Shape):
    """One item of the queue: two records on which a decision is worth something."""

    id: UUID
    entity: str = Field(examples=["person"])
    kind: Kind = Field(
        description="weak: taken for one by little more than the threshold; near: kept apart by little less; attested, "
        "listed, size, average: kept apart by that rule although the pair's weight links; contested: a decision is "
        "doubted"
    )
    account: str = Field(description="the kind in one sentence, in Indonesian")
    state: Literal["open", "aside"] = Field(
        description="aside: somebody said unsure, and the evidence is the same since"
    )
    opened_at: datetime = Field(description="since when it is in this state")
    worth: int = Field(description="the queue's order, highest first")
    points: dict[str, int] = Field(description="what the worth is made of")
    a: RecordId
    b: RecordId
    source_a: str
    source_b: str
    entity_a: UUID
    entity_b: UUID = Field(description="equal to entity_a while the two are one")
    size_a: int = Field(description="records of entity_a")
    size_b: int
    weight: float | None = Field(description="match weight in bits; null where the two share no blocking key")
    margin: float | None = Field(description="weight less the threshold, in bits")
    twins: bool = Field(description="the evidence is as twins show it")
    conflict: bool = Field(description="the two hold different identifiers, one of them attested by a register")
    holds: str | None = Field(description="why its entities are held back from sensitive feeds, if they are")
    judgement: str | None = Field(description="the contested decision")
    claim: Claim | None = None


class Reviews(_Shape):
    """A page of the queue, worth most first."""

    items: list[Review]
    next: str | None = Field(description="hand it to `after` for the next page; null on the last")


class Side(_Shape):
    """One of the two records, as cleaning left it."""

    record: RecordId
    source: str
    table: str
    changed_at: datetime = Field(description="when the source committed it")
    values: dict[str, Any]
    flags: dict[str, str] = Field(description="what cleaning found, by field")


class ReviewDetail(Review):
    """An item with both records side by side and everything that speaks for or against."""

    left: Side | None = Field(description="record a; null when it is gone meanwhile")
    right: Side | None
    levels: list[Level] = Field(description="what each comparison said, heaviest first; empty where never scored")
    members_a: list[Member]
    members_b: list[Member]
    judgements: list[Judgement] = Field(description="earlier decisions on this pair, and the contested one")


class Hold(_Shape):
    """An entity that is held back from sensitive feeds, or was."""

    entity: str
    entity_id: UUID
    reason: str = Field(
        description="contested: a decision on its records is doubted; conflict: records with different identifiers are "
        "one by little more than the threshold"
    )
    judgement: str | None
    since: datetime
    released_at: datetime | None
    release: str | None = Field(description="decided, evidence (it changed) or vanished (the id is no more)")


class Holds(_Shape):
    """A page of holds, the oldest first."""

    items: list[Hold]
    feeds: list[str] = Field(description="subscriptions that are declared sensitive (SATUDATA_SENSITIVE_FEEDS)")
    next: str | None


class Judgements(_Shape):
    """Decisions, the latest first."""

    items: list[Judgement]
    next: int | None = Field(description="hand it to `before` for the next page; null on the last")


class QueueQuery(BaseModel):
    """Which items of the queue are asked for."""

    model_config = ConfigDict(extra="forbid")
    entity: Entity = "person"
    kind: Kind | None = None
    office: str | None = Field(None, max_length=40, description="a source that one of the two records comes from")
    state: Literal["open", "aside"] = "open"
    free: bool = Field(False, description="only items that nobody looks at just now")
    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, max_length=90, description="`next` of the page before")


class JudgementLookup(_Shape):
    """Which decisions are asked for; an account's name stands in the body, for people may be named in it."""

    author: str | None = Field(None, max_length=200, description="an account's name")
    state: Literal["active", "superseded", "refused", "withdrawn", "expired"] | None = Field(
        None, description="of any of its pairs"
    )
    limit: int = Field(50, ge=1, le=200)
    before: int | None = Field(None, ge=0, description="`next` of the page before")
