"""The kinds' own part of a contract: `[options]`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.wire.contract import Contract, duration_s
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings


def _seconds(value: Any) -> Any:
    return float(duration_s(value)) if isinstance(value, str) else value


def _overlap(value: Any) -> Any:
    return duration_s(value) * 1.0 if isinstance(value, str) else value


def _window(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    begin, _, end = value.partition("-")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{value!r} is no time zone such as Asia/Jakarta") from error
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
"""A duration such as 10s, 5m, 24h or 7d."""


class Options(BaseModel):
    """What every kind that reads tables by SELECT knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Path | None = Field(None, description="folder of what the connector remembers; default: in SATUDATA_HOME")
    page: int = Field(1000, ge=1, le=20_000, description="rows of one SELECT")
    rows_per_s: int = Field(5000, ge=1, description="rows that may be read in a second")
    window: Annotated[tuple[time, time] | None, BeforeValidator(_window)] = Field(
        None, description="hours in which whole tables may be read, such as 22:00-05:00"
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Jakarta", description="time zone of `window` and of times that the source keeps without one"
    )
    answer: Seconds = Field(600.0, gt=0, description="how long an answer may take before the line counts as dead")
    max_loss: float = Field(0.5, gt=0, le=1, description="part of a table's rows that may vanish between two passes")


class DiffOptions(Options):
    """Kind sql_diff: the whole table is compared again and again."""

    every: Seconds = Field(86_400.0, description="time between two passes over a table")


class PollOptions(Options):
    """Kind sql_poll: what a watermark column shows as new is asked for; now and then the keys, or all, are compared."""

    watermark: str | tuple[str, ...] | dict[str, str | tuple[str, ...]] = Field(
        description="column or columns that rise with every change, for all tables or by table"
    )
    overlap: Annotated[float | int, BeforeValidator(_overlap)] = Field(
        300.0, ge=0, description="how far behind the watermark is read again: a duration, or a number for counters"
    )
    every: Seconds = Field(10.0, description="time between two polls of a table")
    keys_every: Seconds = Field(86_400.0, description="time between two comparisons of all keys, which find deletes")
    full_every: Seconds | None = Field(None, description="time between two comparisons of whole tables; default: never")

    def watermarks(self, table: str) -> Sequence[str]:
        """Return a table's watermark columns; none is an error of the contract."""
        found = self.watermark.get(table, ()) if isinstance(self.watermark, dict) else self.watermark
        return (found,) if isinstance(found, str) else tuple(found)


O = TypeVar("O", bound=Options)  # noqa: E741 - the usual name of a type variable's first letter


def options(contract: Contract, model: type[O]) -> O:
    """Return the contract's options; raises RefuseToStart naming what is wrong and what there is."""
    try:
        return model.model_validate(contract.options)
    except ValidationError as error:
        faults = "; ".join(f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(sorted(model.model_fields))
        raise RefuseToStart(
            f"source {contract.source.name}: {faults}; kind {contract.source.kind} knows: {known}"
        ) from error


def folder(contract: Contract, chosen: Options) -> Path:
    """Return the folder in which this source's connector remembers what it sent."""
    return chosen.state or Settings().home / "sources" / contract.source.name
