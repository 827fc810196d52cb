"""The kind's own part of a contract: `[options]`."""

from __future__ import annotations

import fnmatch
import os
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.wire.contract import Contract, Table, duration_s
from hub.wire.errors import RefuseToStart

Duration = Annotated[str, Field(pattern=r"^\d+[smhd]$")]
Delivery = Literal["whole", "partial"]
_SHIPPED_STORAGE = re.compile(r"^env:([A-Z][A-Z0-9_]*)$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dating(_Strict):
    """Where a delivery says the day that its data are of."""

    file: str | None = Field(None, description="pattern in the file's name with groups year, month and, if any, day")
    cell: str | None = Field(None, pattern=r"^[A-Z]{1,2}[1-9]\d?$", description="place in the sheet, for example B2")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.cell is None):
            raise ValueError("give either `file` or `cell`")
        if self.file is not None and not {"year", "month"} <= set(re.compile(self.file).groupindex):
            raise ValueError("`file` needs the named groups (?P<year>...) and (?P<month>...)")
        return self


class Files(_Strict):
    """How the files of one table look."""

    files: str = Field("*", description="pattern of the files' names; capitals do not matter")
    delivery: Delivery | None = Field(None, description="overrides options.delivery for this table")
    sheet: str | None = None
    date: Dating | None = None
    aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="headers that mean a column")
    width: dict[str, int] = Field(default_factory=dict, description="digits that every value of a column has")


class Options(_Strict):
    """What is the same for all deliveries of a source."""

    delivery: Delivery = Field(description="whole: a delivery is the complete table; partial: it adds and changes rows")
    table: dict[str, Files] = Field(default_factory=dict)
    settle: Duration = Field("10s", description="a file that did not change for so long is finished")
    poll: Duration = Field("15s", description="time between two looks at the folder")
    marker: str | None = Field(None, pattern=r"^\.[a-z]+$", description="suffix of an empty file that says: finished")
    max_loss: float = Field(0.1, ge=0, le=1, description="part of the last delivery's keys that may be missing now")
    max_bytes: int = Field(512 * 1024 * 1024, gt=0)
    max_unpacked_bytes: int = Field(1024 * 1024 * 1024, gt=0, description="of a workbook, unpacked")
    max_rows: int = Field(2_000_000, gt=0)
    accept: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")], ...] = Field(
        (), description="beginnings of SHA-256 of deliveries that are taken although volume, loss or fill are far off"
    )
    encoding: Literal["utf-8", "utf-16", "windows-1252"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    host_key: str | None = Field(None, pattern=r"^SHA256:\S+$", description="the SFTP server's key, as ssh-keygen -l")
    storage: dict[str, str] = Field(default_factory=dict, description="further arguments of the fsspec file system")

    def of(self, table: Table) -> Files:
        """Return how a table's files look."""
        return self.table.get(table.name, Files())

    def whole(self, table: Table) -> bool:
        """Say whether a delivery of a table is all of it."""
        return (self.of(table).delivery or self.delivery) == "whole"

    def accepted(self, sha256: str) -> bool:
        """Say whether the contract names this very delivery as one to take."""
        return any(sha256.startswith(prefix) for prefix in self.accept)

    @property
    def settle_s(self) -> int:
        """Seconds of `settle`."""
        return duration_s(self.settle)

    @property
    def poll_s(self) -> int:
        """Seconds of `poll`."""
        return duration_s(self.poll)

    def storage_arguments(self) -> dict[str, Any]:
        """Return `storage` with what stands in the environment filled in; raises RefuseToStart."""
        found = {}
        for name, value in self.storage.items():
            variable = _SHIPPED_STORAGE.match(value)
            if variable is not None and not os.environ.get(variable[1]):
                raise RefuseToStart(f"options.storage.{name}: environment variable {variable[1]} is not set")
            found[name] = value if variable is None else os.environ[variable[1]]
        return found


def options(contract: Contract) -> Options:
    """Return the contract's options; raises RefuseToStart on what the kind does not know."""
    name = contract.source.name
    try:
        found = Options.model_validate(contract.options)
    except (ValidationError, re.error) as error:
        faults = (
            "; ".join(f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            if isinstance(error, ValidationError)
            else f"options: a pattern is wrong: {error}"
        )
        raise RefuseToStart(f"source {name}: {faults}; docs/sources/file_drop.md lists the options") from error
    strangers = set(found.table) - {table.name for table in contract.table}
    if strangers:
        raise RefuseToStart(f"source {name}: options.table names {', '.join(sorted(strangers))}, which no [[table]] is")
    for table in contract.table:
        _known_columns(name, table, found.of(table))
    return found


def _known_columns(source: str, table: Table, files: Files) -> None:
    known = table.mapped | set(table.key) | set(table.ignore)
    for what, named in (("aliases", files.aliases), ("width", files.width)):
        strangers = sorted(set(named) - known)
        if strangers:
            raise RefuseToStart(f"source {source}: options.table.{table.name}.{what} names columns that the contract "
                                f"neither maps nor ignores: {', '.join(strangers)}")  # fmt: skip


def table_of(contract: Contract, found: Options, name: str) -> Table | None:
    """Return the table that a file is a delivery of; the first whose pattern fits."""
    for table in contract.table:
        if fnmatch.fnmatchcase(name.lower(), found.of(table).files.lower()):
            return table
    return None
