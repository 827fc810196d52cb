"""What the API gives of an explanation, as pydantic models; every text in Indonesian (`id`) and English (`en`)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.serve.entity_shapes import BusinessLookup, FacilityLookup, FamilyLookup
from hub.serve.shapes import Judgement, Lookup, Member, RecordId
from hub.serve.shapes import Reason as Value
from hub.wire.entities import Entity

Reason = Literal[
    "alone", "evidence", "decided_same",
    "decided_different", "attested", "listed", "no_key", "generic_key", "threshold", "average", "size",
]  # fmt: skip

AnyLookup = Lookup | FamilyLookup | BusinessLookup | FacilityLookup


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Said(_Shape):
    """One sentence in both languages."""

    id: str
    en: str


class Line(_Shape):
    """One line of an account."""

    part: str = Field(description="level, frequency (what a rare or common value adds) or cap (not counted twice)")
    comparison: str = Field(examples=["nik"])
    level: str = Field(examples=["exact"])
    bits: float = Field(description="positive speaks for one, negative against")
    id: str
    en: str


class Change(_Shape):
    """The nearest change of one level that would bring the pair to the other side of the threshold."""

    comparison: str
    level: str
    total: float = Field(description="bits that the pair would have")
    id: str
    en: str


class Account(_Shape):
    """The evidence on two records: prior and lines add up to the total."""

    prior: float = Field(description="bits before any evidence")
    lines: list[Line]
    total: float
    threshold: float
    links: bool = Field(description="whether the total reaches the threshold")
    change: Change | None
    id: str
    en: str


class Step(_Shape):
    """One try to join two groups of records, in the order in which they are made."""

    a: RecordId
    b: RecordId
    weight: float | None = Field(description="bits of the evidence on a and b; null where they were not compared")
    judgement: str | None = Field(description="the decision that asked for it; null where the evidence did")
    left: list[RecordId] = Field(description="the group of a as it was")
    right: list[RecordId] = Field(description="the group of b as it was")
    average: float = Field(description="bits over all pairs of the two groups")
    outcome: Literal["joined", "different", "attested", "listed", "average", "size"]
    account: Account | None
    id: str
    en: str


class Pair(_Shape):
    """The evidence on the two records that matter most between two that are asked about."""

    a: RecordId
    b: RecordId
    compared: bool = Field(description="false: they share no key that counts, so the account is what would be said")
    shared: list[str] = Field(description="keys that both have, by the model's name")
    account: Account


class Claim(_Shape):
    """A record's identifier that a register attests."""

    record: RecordId
    source: str
    field: str = Field(examples=["nik"])
    value: str = Field(description="masked, unless it was asked for in clear", examples=["1508••••••••••01"])


class Explanation(_Shape):
    """Why records are one, or why they are not."""

    entity: str = Field(description="kind of entity", examples=["person"])
    model: str = Field(description="version of the model", examples=["person-4"])
    entities: list[UUID] = Field(description="the living entities in question")
    one: bool
    reason: Reason
    id: str
    en: str
    records: list[Member]
    steps: list[Step] = Field(description="one: the tries that joined; not one: those that failed between the two")
    pair: Pair | None = Field(description="where two were asked about")
    claims: list[Claim] = Field(description="attested identifiers that stand against each other")
    judgements: list[Judgement] = Field(description="stewards' decisions between these records, whatever their state")
    changes: list[Said] = Field(description="what would change it, tried out by the same rules")
    faithful: bool = Field(
        description="false: the rules, run again, end otherwise than the store (another model's weights, or a number "
        "held by so many that it identifies nobody); the account is then only of the evidence"
    )
    values: list[Value] = Field(default_factory=list, description="of one entity: why each value won")


class ExplainIn(_Shape):
    """What to explain: one entity by identifiers of its kind, two entities, or two records."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [
            {"lookup": {"nik": "1508012345670001"}},
            {"business": {"nib": "9120001234567"}},
            {"entities": ["3f2b8c1e-8a55-5d0c-9d36-0f1f6f9b7a10", "8c0d4f7a-1b7e-5a4f-8a52-5d1c7e0a9b33"]},
            {"records": ["5f0c1c8d7e4ab6a9d2c3e4f5a6b7c8d9", "00aa1c8d7e4ab6a9d2c3e4f5a6b7c8d9"]},
        ]},
    )  # fmt: skip
    lookup: Lookup | None = Field(None, description="identifiers of a person")
    family: FamilyLookup | None = Field(None, description="identifiers of a family")
    business: BusinessLookup | None = Field(None, description="identifiers of a business")
    facility: FacilityLookup | None = Field(None, description="identifiers of a facility")
    entities: list[UUID] = Field(default_factory=list, max_length=2)
    records: list[RecordId] = Field(default_factory=list, max_length=2)
    reveal: bool = Field(default=False, description="show attested identifiers in clear where they conflict")

    @model_validator(mode="after")
    def _one_question(self) -> ExplainIn:
        lookups = self.lookups()
        if len(lookups) + bool(self.entities) + bool(self.records) != 1:
            raise ValueError("give one of lookup (a person's), family, business, facility, entities or records")
        if not lookups and len(set(self.entities)) + len(set(self.records)) != max(
            len(self.entities), len(self.records)
        ):
            raise ValueError("give two different ones")
        return self

    def lookups(self) -> dict[Entity, AnyLookup]:
        """Return the identifiers that are given, by kind of entity."""
        every: dict[Entity, AnyLookup | None] = {
            "person": self.lookup, "family": self.family, "business": self.business, "facility": self.facility
        }  # fmt: skip
        return {kind: wanted for kind, wanted in every.items() if wanted is not None}


class Explained(_Shape):
    """The answer to what was asked: one explanation, or one of each entity that an identifier finds."""

    explanations: list[Explanation]
    more: bool = Field(default=False, description="true when more entities were found than are explained")
