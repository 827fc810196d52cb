"""The kind's own part of a contract: `[options]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Options(BaseModel):
    """Names of what the hub keeps at the source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slot: Name
    publication: Name


def options(contract: Contract) -> Options:
    """Return the contract's options, names made from the source's where none are given; raises RefuseToStart."""
    own = f"satudata_{contract.source.name}"
    try:
        return Options.model_validate({"slot": own, "publication": own, **contract.options})
    except ValidationError as error:
        faults = "; ".join(f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RefuseToStart(
            f"source {contract.source.name}: {faults}; kind postgres_wal knows `slot` and `publication`"
        ) from error
