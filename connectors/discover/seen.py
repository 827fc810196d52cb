"""What was found at a source: tables, their columns, some values of each, and by which kind it can be captured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.wire.typed import BOOL, DATE, MOMENT, NUMBER, TEXT

OTHER = "other"
KINDS = frozenset({TEXT, NUMBER, DATE, MOMENT, BOOL, OTHER})


@dataclass(frozen=True, slots=True)
class Column:
    """A column and a sample of its values as texts, empty ones left out."""

    name: str
    kind: str
    """One of hub.wire.typed's kinds, or `other` where no cleaner can read it."""
    values: Sequence[str] = ()
    distinct: Sequence[str] | None = None
    """All values that occur, where there are few; None where there are many or nobody looked."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the contract would name it."""

    name: str
    columns: Sequence[Column]
    keys: Sequence[Sequence[str]] = ()
    """Column sets that are unique and never empty, the primary key first."""
    rows: int | None = None
    """About how many there are; None: nobody knows."""
    unread: str = ""
    """Why no values were looked at, if so."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A source, looked at."""

    name: str
    """Proposed name of the source."""
    kind: str
    why: str
    """Why this kind is proposed, and what would have to change for a better one."""
    tables: Sequence[Table]
    options: Sequence[str] = ()
    """Lines of TOML, `[options]` without its head."""
    notes: Sequence[str] = ()
    deliveries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By table, lines of TOML for `[options.table.<name>]`."""
