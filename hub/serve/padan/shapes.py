"""What the API gives of padan / tidak padan, as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hub.serve.padan import words
from hub.serve.padan.compare import Kind
from hub.serve.padan.desk import Made
from hub.serve.padan.findings import CATEGORIES, PADAN, Category, Finding
from hub.serve.padan.survey import Twin
from hub.serve.read import moment
from hub.serve.shapes import RecordId


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PadanCount(_Shape):
    """How many records are in a category."""

    category: Category
    name: str = Field(description="in Indonesian")
    records: int
    meaning: str = Field(description="in Indonesian")
    todo: str = Field(description="what the office does, in Indonesian")


class PadanSummary(_Shape):
    """How a source stands to the civil register."""

    source: str
    owner: str
    registers: list[str] = Field(description="sources that prove who holds which NIK")
    as_of: datetime = Field(description="when the store was read")
    records: int
    padan: int = Field(description="records that are a living person of the register, with and without differences")
    duplicates: int = Field(description="records that have a duplicate in the office's own list")
    categories: list[PadanCount]


class PadanReason(_Shape):
    """Why a record is in its category."""

    code: str = Field(examples=["nik_held_by_other"])
    text: str = Field(description="in Indonesian")


class PadanDifference(_Shape):
    """An attribute group on which office and register disagree."""

    group: str = Field(examples=["birth_date"])
    kind: Kind = Field(description="spelling and typing tell names that are written otherwise")
    text: str = Field(description="in Indonesian")
    ours: str = Field(description="the office's value")
    register_value: str = Field(description="the register's value")


class PadanDuplicate(_Shape):
    """Another row of the office's own list that seems to be of the same person."""

    record: RecordId
    kind: str = Field(description="entity: taken for one person; nik: the same NIK, not one person")


class PadanRow(_Shape):
    """One record of the office and how it stands to the register."""

    record: RecordId
    table: str
    key: list[str] = Field(description="the row's own key, as its office knows it; empty if it was not kept")
    entity_id: UUID
    category: Category
    reasons: list[PadanReason]
    differences: list[PadanDifference]
    proposed_nik: str | None = Field(
        description="NIK of the register's record where the office's is missing or another"
    )
    duplicates: list[PadanDuplicate]


class PadanPage(_Shape):
    """Some rows of a source's list, in the order of what matters."""

    source: str
    as_of: datetime
    rows: list[PadanRow]
    next: RecordId | None = Field(description="give it as `after` for the rows that follow; null at the end")


def summary(made: Made, owner: str) -> PadanSummary:
    """Return the counts of a survey."""
    survey = made.survey
    titles = words.TITLES
    return PadanSummary(
        source=survey.source, owner=owner, registers=sorted(survey.registers), as_of=moment(made.at_us),
        records=survey.total, padan=sum(survey.counts[one] for one in CATEGORIES if one in PADAN),
        duplicates=survey.twins,
        categories=[
            PadanCount(category=one, name=titles[one].sheet, records=survey.counts[one], meaning=titles[one].meaning,
                       todo=titles[one].todo)
            for one in CATEGORIES
        ],
    )  # fmt: skip


def rows(found: Sequence[Finding], twins: Mapping[bytes, Sequence[Twin]]) -> list[PadanRow]:
    """Return findings as rows; `twins` holds the other rows of each record's groups."""
    return [_row(one, twins.get(one.record.id, ())) for one in found]


def _row(found: Finding, twins: Sequence[Twin]) -> PadanRow:
    record = found.record
    return PadanRow(
        record=record.id.hex(), table=record.table, key=list(getattr(record, "key", ())),
        entity_id=UUID(found.entity_id), category=found.category,
        reasons=[PadanReason(code=one.code, text=words.reason(one)) for one in found.reasons],
        differences=[
            PadanDifference(group=one.group, kind=one.kind, text=words.difference(one), ours=one.ours,
                            register_value=one.theirs)
            for one in found.differences
        ],
        proposed_nik=found.proposed_nik,
        duplicates=[PadanDuplicate(record=one.record.hex(), kind=one.kind) for one in twins],
    )  # fmt: skip
