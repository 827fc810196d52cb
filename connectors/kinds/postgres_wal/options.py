"""The kind's own part of a contract: `[options]`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart

_UNITS = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE = re.compile(r"^(\d+)\s*(kB|MB|GB|TB)$")


def _bytes(value: Any) -> int:
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a size as PostgreSQL does, such as 500MB or 2GB")
    return int(match[1]) * _UNITS[match[2]]


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Size = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]


class Options(BaseModel):
    """What the hub keeps at the source, and how much of the source's disk that may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slot: Name
    publication: Name
    failover: bool = Field(False, description="the slot is kept on standbys too (PostgreSQL 17 or newer)")
    wal_budget: Size | None = Field(None, description="log that the server may keep for the hub, such as 2GB")
    wal_action: Literal["alarm", "drop_slot"] = Field("alarm", description="what is done when the budget is used up")


def options(contract: Contract) -> Options:
    """Return the contract's options, names made from the source's where none are given; raises RefuseToStart."""
    own = f"satudata_{contract.source.name}"
    try:
        chosen = Options.model_validate({"slot": own, "publication": own, **contract.options})
    except ValidationError as error:
        faults = "; ".join(f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(Options.model_fields)
        raise RefuseToStart(f"source {contract.source.name}: {faults}; kind postgres_wal knows {known}") from error
    if chosen.wal_action == "drop_slot" and chosen.wal_budget is None:
        raise RefuseToStart(f"source {contract.source.name}: options.wal_action is drop_slot but there is no "
                            "options.wal_budget; say how much log the server may keep, such as \"2GB\"")  # fmt: skip
    return chosen
