"""What can be wrong with a delivery: faults of the whole, and problems of single rows; never a row's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from hub.wire.errors import HubError, RefuseToStart


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a delivery is not taken; `words` says it in Indonesian by the code."""

    code: str
    detail: Mapping[str, str] = field(default_factory=dict)
    """Names of columns and sheets, numbers: what the sentence of this code is filled with."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one row, told by its number, its column and a code."""

    row: int
    column: str
    """The header as the office wrote it; empty: the row as a whole."""
    code: str


class Refused(HubError):
    """A delivery cannot be taken; nothing of it is sent and its office is told why."""

    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code)
        self.fault = Fault(code, detail)


def needed(module: str, extra: str) -> Any:
    """Return an optional library; raises RefuseToStart that names what to install."""
    try:
        return import_module(module)
    except ImportError as error:
        raise RefuseToStart(f"kind file_drop needs {module} here; run `pip install 'satudata-hub[{extra}]'`") from error
