"""Shapes of families, businesses and facilities, as `hub.serve.shapes` has those of people.

Who stands in examples is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.serve.shapes import Person, Published, RecordId, Version
from hub.wire.entities import Entity


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Golden(_Shape):
    entity_id: UUID = Field(examples=["3f2b8c1e-8a55-8d0c-9d36-0f1f6f9b7a10"])
    version: Version
    changed_at: datetime = Field(description="when this version was committed")
    previous_ids: list[UUID] = Field(description="vanished ids that resolve to this one")
    phone: str | None = Field(description="E.164")
    street: str | None
    rt: int | None
    rw: int | None
    village: str | None = Field(description="name of the village where its code is not known")
    region: str | None = Field(description="deepest known region code, in region_system")
    region_system: str | None
    postcode: str | None


class Family(_Golden):
    """The golden record of one family; who belongs to it: `/v1/family/{entity_id}/people`."""

    kk: str | None = Field(examples=["1508010102030004"])
    head_nik: str | None = Field(examples=["1508012345670001"])
    head_name: str | None = Field(examples=["SEKAR MELATI WANGI"])
    member_count: int | None = Field(description="as its records claim")


class Business(_Golden):
    """The golden record of one business."""

    nib: str | None = Field(examples=["9120001234567"])
    npwp: str | None = Field(description="16 digits", examples=["0012345678331000"])
    owner_nik: str | None
    owner_name: str | None
    name: str | None = Field(description="without its legal form", examples=["MAJU JAYA CONTOH"])
    form: str | None = Field(examples=["CV"])
    kbli: str | None = Field(examples=["47112"])
    scale: str | None = Field(description="micro, small, medium or large")


class Facility(_Golden):
    """The golden record of one facility."""

    npsn: str | None = Field(examples=["10501234"])
    health_code: str | None
    name: str | None = Field(examples=["SD NEGERI 12/II CONTOH"])
    kind: str | None = Field(examples=["school"])
    latitude: float | None = Field(description="decimal degrees, WGS 84", examples=[-1.4823])
    longitude: float | None = Field(examples=[102.1177])


AnyGolden = Family | Business | Facility
GOLDEN_SHAPE: Mapping[Entity, type[Person | Family | Business | Facility]] = {
    "person": Person,
    "family": Family,
    "business": Business,
    "facility": Facility,
}


class EntityState(Published):
    """One published state of a family, business or facility and how long it held."""

    golden: AnyGolden | None = Field(description="null once the id vanished")


class EntityHistory(_Shape):
    """The published states of an entity, oldest first."""

    entity_id: UUID
    states: list[EntityState]


class _Lookup(_Shape):
    phone: str | None = Field(None, max_length=40, description="as people write it: 0812..., 62812... or +62812...")
    record: RecordId | None = None

    @model_validator(mode="after")
    def _enough(self) -> _Lookup:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}")
        return self


class FamilyLookup(_Lookup):
    """Identifiers of a family; all that are given must fit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kk": "1508010102030004"}]})
    kk: str | None = Field(None, max_length=40)
    head_nik: str | None = Field(None, max_length=40)


class BusinessLookup(_Lookup):
    """Identifiers of a business; all that are given must fit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"nib": "9120001234567"}]})
    nib: str | None = Field(None, max_length=40)
    npwp: str | None = Field(None, max_length=40, description="15 or 16 digits")
    owner_nik: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200, description="without its legal form")


class FacilityLookup(_Lookup):
    """Identifiers of a facility; all that are given must fit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"npsn": "10501234"}]})
    npsn: str | None = Field(None, max_length=40)
    health_code: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=200)


class EntityFound(_Shape):
    """Entities that have the looked-up values."""

    found: list[AnyGolden]
    more: bool = Field(description="true when there are more than are shown")


class Membership(_Shape):
    """One span of one person in one family."""

    person_id: UUID
    family_id: UUID
    role: str = Field(description="head, where the family's head has the person's NIK, else member")
    since: datetime = Field(description="when the hub knew it")
    until: datetime | None = Field(description="when the hub knew that it ended; null while it holds")
    source: str = Field(description="source of the person's winning family card")
    record: RecordId
    claimed_at: datetime = Field(description="when that source told it")


class Memberships(_Shape):
    """Spans of persons in families, the newest first."""

    memberships: list[Membership]
