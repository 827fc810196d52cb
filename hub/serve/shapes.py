"""What the API takes and gives, as pydantic models; they are the OpenAPI document.  People in examples are invented."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

RecordId = Annotated[
    str, Field(pattern="^[0-9a-f]{32}$", description="record id: 32 hexadecimal digits; a keyed hash, not a NIK",
               examples=["5f0c1c8d7e4ab6a9d2c3e4f5a6b7c8d9"]),
]  # fmt: skip
Verdict = Literal["same", "different", "unsure", "withdrawn", "contested"]
Entity = Literal["person", "family", "business", "facility"]


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, as in 2026-11-24T08:00:00+07:00")
    return moment


Moment = Annotated[datetime, AfterValidator(_with_zone)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Version(_Shape):
    """An entity's version: compare generation first, then sequence."""

    generation: int = Field(description="raised when the store is restored from a backup")
    sequence: int = Field(description="commit sequence within the generation")


class Person(_Shape):
    """The golden record of one person: of each attribute group the value that won."""

    entity_id: UUID = Field(examples=["3f2b8c1e-8a55-5d0c-9d36-0f1f6f9b7a10"])
    version: Version
    changed_at: datetime = Field(description="when this version was committed")
    previous_ids: list[UUID] = Field(description="vanished ids that resolve to this one")
    nik: str | None = Field(examples=["1508012345670001"])
    kk: str | None = Field(examples=["1508010102030004"])
    name: str | None = Field(examples=["SEKAR MELATI WANGI"])
    identity_no: str | None = Field(description="passport or another number of who has no NIK")
    titles: str | None = Field(description="titles before and degrees after the name, separated by a bar")
    sex: str | None = Field(examples=["female"])
    birth_date: date | None
    birth_place: str | None
    mother: str | None
    phone: str | None = Field(description="E.164")
    street: str | None
    rt: int | None
    rw: int | None
    village: str | None = Field(description="name of the village where its code is not known")
    region: str | None = Field(description="deepest known region code, in region_system")
    region_system: str | None
    postcode: str | None
    marital: str | None
    vital: str | None


class Member(_Shape):
    """One source record of an entity."""

    record: RecordId
    source: str = Field(examples=["dukcapil"])
    table: str = Field(examples=["public.penduduk"])
    version: str | None = Field(description="version of its last state, 48 hexadecimal digits; they sort as they rise")


class Members(_Shape):
    """The source records of one entity."""

    entity_id: UUID
    members: list[Member]


class Loser(_Shape):
    """A record whose value did not win."""

    source: str
    record: RecordId
    changed_at: datetime
    value: dict[str, Any] = Field(description="the group's values of this record")


class Reason(_Shape):
    """Why the values of one attribute group are what they are."""

    group: str = Field(examples=["name"])
    value: dict[str, Any] = Field(description="the values that won")
    rule: str = Field(description="what decided", examples=["rank"])
    account: str = Field(description="the rule in one sentence, in Indonesian")
    source: str
    record: RecordId
    changed_at: datetime = Field(description="when the source committed the record")
    losers: list[Loser]


class Level(_Shape):
    """What one comparison said of a pair."""

    comparison: str = Field(examples=["nik"])
    level: str = Field(examples=["exact"])
    weight: float = Field(description="match weight in bits: positive speaks for one person, negative against")
    account: str = Field(description="the level in words, in Indonesian")


class Link(_Shape):
    """A scored pair of records of one entity: why they are taken for one person."""

    a: RecordId
    b: RecordId
    weight: float = Field(description="total match weight in bits, the prior against a chance pair included")
    levels: list[Level]


class JudgedPair(_Shape):
    """One pair of a judgement and what became of it."""

    a: RecordId
    b: RecordId
    state: str = Field(description="active, superseded, refused, withdrawn or expired")


class Note(_Shape):
    """What was said of a judgement later."""

    id: str
    kind: str = Field(description="withdrawn or contested")
    state: str = Field(description="taken; void, because nothing stood any more; or withdrawn, a contest taken back")
    author: str
    reason: str
    made_at: datetime


class Judgement(_Shape):
    """A steward's decision and its state."""

    id: str
    verdict: Verdict
    state: str = Field(
        description="pending: acknowledged by Kafka, not yet taken by reconcile; active; refused: it contradicts "
        "earlier ones; superseded by a later one; withdrawn; expired; mixed: see the pairs"
    )
    author: str
    reason: str
    made_at: datetime
    expires_at: datetime | None
    withdraws: str | None = None
    contests: str | None = None
    pairs: list[JudgedPair]
    notes: list[Note] = Field(default_factory=list, description="contests and withdrawals of it, in order")


class Why(_Shape):
    """The account of one entity: each value's reason, each link's levels, each judgement."""

    entity_id: UUID
    version: Version
    values: list[Reason]
    members: list[Member]
    links: list[Link]
    judgements: list[Judgement] = Field(description="on pairs of this entity's members")


class Cause(_Shape):
    """What brought a change about."""

    kind: str = Field(examples=["record"])
    id: str = Field(description="record id, judgement id or model version")


class Published(_Shape):
    """How long a published state of an entity held, and what brought it about."""

    version: Version
    at: datetime = Field(description="from when it held")
    until: datetime | None = Field(description="until when; null while it is current")
    kind: str = Field(description="created, changed, merged, split, reassigned, deleted or restored")
    status: str = Field(description="active, merged, split or deleted")
    causes: list[Cause]
    other_ids: list[UUID] = Field(description="ids absorbed, shed or moved to")


class State(Published):
    """One published state of a person and how long it held."""

    person: Person | None = Field(description="null once the id vanished")


class History(_Shape):
    """The published states of an entity, oldest first."""

    entity_id: UUID
    states: list[State]


class Lookup(_Shape):
    """Identifiers to look up; all that are given must fit. Personal values stand in the body, never in a URL."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"nik": "1508012345670001"},
                                        {"name": "Sekar Melati Wangi", "birth_date": "1994-03-21"}]},
    )  # fmt: skip
    nik: str | None = Field(None, max_length=40)
    kk: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200, description="with birth_date")
    birth_date: date | None = Field(None, description="with name")
    phone: str | None = Field(None, max_length=40, description="as people write it: 0812..., 62812... or +62812...")
    record: RecordId | None = None

    @model_validator(mode="after")
    def _enough(self) -> Lookup:
        if (self.name is None) != (self.birth_date is None):
            raise ValueError("name and birth_date go together")
        if not any((self.nik, self.kk, self.name, self.phone, self.record)):
            raise ValueError("give nik, kk, phone, record, or name with birth_date")
        return self


class Found(_Shape):
    """Entities that have the looked-up values."""

    people: list[Person]
    more: bool = Field(description="true when there are more than are shown")


class JudgementIn(_Shape):
    """A decision on records or on whole entities."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [
            {"verdict": "same", "author": "petugas.contoh", "reason": "KK dan akta kelahiran diperiksa",
             "entities": ["3f2b8c1e-8a55-5d0c-9d36-0f1f6f9b7a10", "8c0d4f7a-1b7e-5a4f-8a52-5d1c7e0a9b33"]},
            {"verdict": "withdrawn", "author": "petugas.contoh", "reason": "keliru",
             "withdraws": "0f1a9d52-6c1e-4a55-9a55-4d1f3c2b1a00"},
            {"verdict": "contested", "author": "warga.contoh", "reason": "keduanya bukan orang yang sama",
             "contests": "0f1a9d52-6c1e-4a55-9a55-4d1f3c2b1a00"},
        ]},
    )  # fmt: skip
    verdict: Verdict
    author: str = Field(min_length=1, max_length=200, description="who decides; an account's name")
    reason: str = Field(min_length=1, max_length=2000, description="why, without personal values")
    records: list[RecordId] = Field(default_factory=list, max_length=64, description="each pair of them is decided on")
    entities: list[UUID] = Field(
        default_factory=list, max_length=8,
        description="each pair of records of two of them is decided on, as they are composed now",
    )  # fmt: skip
    expires_at: Moment | None = Field(None, description="from when the decision no longer holds")
    withdraws: str | None = Field(
        None, max_length=64, description="with verdict withdrawn: the judgement to undo, or the contest to take back"
    )
    contests: str | None = Field(
        None,
        max_length=64,
        description="with verdict contested: the judgement that is doubted; it stands until settled",
    )
    confirms: str | None = Field(
        None, max_length=64,
        description="instead of records or entities: the same verdict again on the pairs of this judgement, which "
        "settles a contest",
    )  # fmt: skip
    entity: Entity = Field("person", description="kind of entity that the records speak of")

    @model_validator(mode="after")
    def _meant(self) -> JudgementIn:
        named = {"withdrawn": self.withdraws, "contested": self.contests}
        for verdict, judgement in named.items():
            if (self.verdict == verdict) != (judgement is not None):
                raise ValueError("verdict withdrawn goes with withdraws, verdict contested with contests")
        if self.verdict in named:
            if self.records or self.entities or self.confirms or self.expires_at:
                raise ValueError(f"verdict {self.verdict} takes the judgement's id, author and reason, nothing else")
            return self
        if sum(map(bool, (self.records, self.entities, self.confirms))) != 1:
            raise ValueError("give either records, entities, or confirms")
        if len(set(self.records)) != len(self.records) or len(set(self.entities)) != len(self.entities):
            raise ValueError("each record or entity once")
        if self.confirms is None and len(self.records) + len(self.entities) < 2:
            raise ValueError("at least two are needed")
        return self


class Problem(BaseModel):
    """An error, RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(examples=["urn:satudata:problem:not-found"])
    title: str
    status: int
    detail: str
    moved_to: list[UUID] | None = Field(None, description="410 only: the living ids that hold its records")
    judgements: list[str] | None = Field(None, description="409 only: the judgements that are contradicted")
