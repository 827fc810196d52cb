"""The kind's own part of a contract: `[options]`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.kinds.mysql_binlog.client import replica_number
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart


class Options(BaseModel):
    """How a MySQL or MariaDB is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server_id: int = Field(gt=0, lt=1 << 32, description="number as a replica; no other replica may have it")
    on_lost: Literal["snapshot", "stop"] = Field(
        "snapshot", description="the log was purged beyond the position: read every table again, or stop"
    )
    chunk_rows: int = Field(50_000, ge=100, le=1_000_000, description="rows of a snapshot under one transaction")


def options(contract: Contract) -> Options:
    """Return the contract's options; raises RefuseToStart."""
    try:
        return Options.model_validate({"server_id": replica_number(contract.source.name), **contract.options})
    except ValidationError as error:
        faults = "; ".join(f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(Options.model_fields)
        raise RefuseToStart(f"source {contract.source.name}: {faults}; kind mysql_binlog knows {known}") from error
