"""What a model says of evidence: weights, frequencies, comparisons, caps, blocking keys and rules, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.link import kinds


@dataclass(frozen=True, slots=True)
class Weight:
    """What a level weighs, and where that came from."""

    milli: int
    """Bits of evidence (log2 of m/u) in thousandths."""
    m: float | None = None
    """Share of the true pairs that show this level."""
    u: float | None = None
    """Share of the random pairs that show this level."""
    fixed: bool = False
    """Training leaves it alone: pairs without labels cannot teach it (twins)."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often values occur, so that agreement on a rare one counts for more."""

    table: str
    levels: tuple[str, ...]
    """Levels that the table adjusts; each gives its `u`, the share that its weight stands for."""
    least: float | None
    """Share of a value that the table does not name; None: such a value is not adjusted."""
    shares: Mapping[str, float]
    """Share of the records that hold a value, by the value as the kind spells it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One piece of evidence: a kind of comparison on some fields."""

    name: str
    kind: str
    fields: tuple[str, ...]
    weights: tuple[Weight, ...]
    """In the order of the kind's LEVELS."""
    frequency: Frequency | None
    said: tuple[str, str]
    """What is compared, in Indonesian and English."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels."""
        return kinds.find(self.kind).LEVELS

    def weight(self, level: str) -> int:
        """Weight of a level in milli-bits."""
        return self.weights[self.levels.index(level)].milli


@dataclass(frozen=True, slots=True)
class Together:
    """Evidence that is not independent: its joint weight never passes the cap (milli-bits)."""

    names: tuple[str, ...]
    cap: int

    @property
    def name(self) -> str:
        """How the cap is named in an edge's levels."""
        return "+".join(self.names)

    def covers(self, name: str) -> bool:
        """Say whether a comparison, or what an earlier cap took back of several, counts towards this one."""
        return set(name.split("+")) <= set(self.names)


@dataclass(frozen=True, slots=True)
class Block:
    """A blocking key: records that agree on every part are compared."""

    name: str
    parts: tuple[tuple[str, str], ...]
    """(field, transform)."""


@dataclass(frozen=True, slots=True)
class Attested:
    """A must-not-link: two different identifiers, each attested by its register, are never one entity's."""

    field: str
    borne_out_by: tuple[str, ...]
    """Fields of a record that must agree with its identifier before that forbids anything; empty: always."""
    own: bool
    """Only rows of an attesting source forbid, and what is joined with them."""
    block: int
    """Place of the block that holds the identifier alone."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Levels that pairs may show together."""

    when: Mapping[str, frozenset[str]]
    """The levels that count, by comparison; of any other comparison all do."""

    def shown_by(self, levels: Mapping[str, str]) -> bool:
        """Say whether a pair of these levels (by comparison, `missing` left out) shows it."""
        return all(levels.get(name, kinds.MISSING) in wanted for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides beside weights which clusters are joined, and in which order."""

    attested: Attested | None
    listed: tuple[Pattern, ...]
    """Must-not-links: two rows of one table that show one are two entities, for a list names each once."""
    first: tuple[Pattern, ...]
    """Pairs that show one are joined before any other."""
