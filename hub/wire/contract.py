"""A source's contract: the pydantic model of `connectors/sources/<opd>.toml`.

Every column is mapped or ignored by name; what is neither is drift.  Secrets stand in the environment and are named
as `env:VARIABLE`.
"""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hub.wire.entities import Entity
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_PERSONAL = ("nik", "kk", "identity_no", "head_nik", "owner_nik", "npwp")
"""Attributes whose columns may be a table's key only where it has no other."""
SHIPPED = Path(__file__).resolve().parents[2] / "connectors" / "sources"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldMap(_Strict):
    """How one attribute of the canonical record is made: from which columns, with which cleaner."""

    columns: tuple[str, ...] = Field(alias="from", min_length=1)
    cleaner: str = Field(alias="with", description="name of a cleaner, or lookup:<vocabulary>")
    system: Literal["kemendagri", "bps"] | None = Field(None, description="code system, for region codes")
    required: bool = Field(False, description="an empty value quarantines the row")

    @field_validator("columns", mode="before")
    @classmethod
    def _one_column(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class DeletedWhen(_Strict):
    """A soft delete: rows whose column holds this value are deleted records."""

    column: str
    equals: str = Field(description="the value as text: true and false for booleans, digits for numbers")

    @field_validator("equals", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, int) else value


class Expect(_Strict):
    """What the owner promises; clean and monitoring compare with it."""

    rows: tuple[int, int] | None = None
    fill: dict[str, float] = Field(default_factory=dict)
    freshness: str | None = Field(None, pattern=r"^\d+[smhd]$")


class Table(_Strict):
    """One table of a source and the entity that its rows speak of."""

    name: str = Field(description="schema-qualified name at the source")
    entity: Entity
    key: tuple[str, ...] = Field(min_length=1)
    surrogate_key: bool = Field(True, description="false only where the table has no key but a personal number")
    ignore: tuple[str, ...] = ()
    deleted_when: DeletedWhen | None = None
    drift: Literal["keep", "quarantine", "stop"] = "keep"
    map: dict[str, FieldMap]
    lookups: dict[str, dict[str, str]] = Field(default_factory=dict)
    expect: Expect = Field(default_factory=Expect)

    @property
    def mapped(self) -> frozenset[str]:
        """Columns that some attribute is made from, and the one that tells a soft delete."""
        told = () if self.deleted_when is None else (self.deleted_when.column,)
        return frozenset([*(column for field in self.map.values() for column in field.columns), *told])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for target, field in self.map.items():
            if field.cleaner.startswith("lookup:") and field.cleaner.removeprefix("lookup:") not in self.lookups:
                raise ValueError(f"map.{target}: vocabulary {field.cleaner!r} is not among lookups of {self.name}")
        both = self.mapped & set(self.ignore)
        if both:
            raise ValueError(f"{self.name}: columns both mapped and ignored: {', '.join(sorted(both))}")
        personal = {c for t in _PERSONAL if t in self.map for c in self.map[t].columns}
        if self.surrogate_key and personal & set(self.key):
            raise ValueError(
                f"{self.name}: key {', '.join(sorted(personal & set(self.key)))} holds a personal number; name the "
                "table's surrogate key instead, or set surrogate_key = false if it has none"
            )
        return self


class Source(_Strict):
    """Who owns the data and on what ground it flows; without a legal basis a source does not start."""

    name: Identifier
    kind: Identifier = Field(description="module in connectors/kinds")
    owner: str = Field(min_length=3, description="produsen data")
    authority: Literal["register", "sector", "programme"] = Field(
        description="rank class of survivorship: register = the civil register, sector = an office that sees the "
        "person, programme = a list made from others"
    )
    attests: tuple[Literal["nik", "kk", "nib", "npsn"], ...] = Field(
        (), description="identifiers whose holder this source proves"
    )
    sensitive: bool = Field(
        False,
        description="its data decide on aid, health or the like, where a wrong union harms somebody: doubts about "
        "its records come first in the stewards' queue",
    )
    legal_basis: str = Field(min_length=5)
    purpose: str = Field(min_length=5)
    retention_days: int = Field(gt=0)
    expires: date
    dsn: str = Field(pattern=r"^env:[A-Z][A-Z0-9_]*$", description="where the connection string stands")
    partitions: int = Field(3, gt=0, le=64)
    verify_every: str = Field(
        "24h", pattern=r"^(off|\d+[smhd])$", description="how often source and hub are compared; off = only when asked"
    )


class Contract(_Strict):
    """One TOML file: a source, its tables and its kind's own options."""

    source: Source
    table: tuple[Table, ...] = Field(min_length=1)
    options: dict[str, Any] = Field(default_factory=dict, description="the kind's own, checked by the kind")

    def table_named(self, name: str) -> Table:
        """Return a table by its name; raises KeyError."""
        return {table.name: table for table in self.table}[name]

    def dsn(self) -> str:
        """Return the connection string from the environment; raises RefuseToStart."""
        variable = self.source.dsn.removeprefix("env:")
        value = os.environ.get(variable)
        if not value:
            raise RefuseToStart(f"source {self.source.name}: environment variable {variable} is not set; it must hold "
                                "the connection string")  # fmt: skip
        return value


def load(path: Path) -> Contract:
    """Read one contract; raises RefuseToStart naming the file, the place and what to change."""
    try:
        return Contract.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise RefuseToStart(f"contract {path.name} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RefuseToStart(f"contract {path.name} is not valid: {faults}") from error


def load_all(settings: Settings) -> dict[str, Contract]:
    """Read every contract of the sources folder, by source name; raises RefuseToStart."""
    folder = settings.sources or SHIPPED
    found: dict[str, Contract] = {}
    for path in sorted(folder.glob("*.toml")):
        contract = load(path)
        if contract.source.name in found:
            raise RefuseToStart(f"contract {path.name}: a second source is named {contract.source.name}")
        found[contract.source.name] = contract
    if not found:
        raise RefuseToStart(f"no contract (*.toml) in {folder}; set SATUDATA_SOURCES to the folder that holds them")
    return found


def duration_s(text: str) -> int:
    """Return the seconds of a duration such as 15m; raises ValueError."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 90s, 15m, 24h or 7d")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
