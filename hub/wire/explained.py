"""How link tells why records are one or two: the contract between link, which knows, and serve, which tells people.

Nothing here does I/O.  Texts come in Indonesian (`id`) and English (`en`) and hold no personal value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from hub.wire.decisions import EdgeRow, JudgementRow, Level, RecordRow

Refusal = Literal["different", "attested", "listed", "average", "size"]
"""The rule that forbade a union: a decision, two attested identifiers, two rows of one list, average, or size."""
Outcome = Literal["joined", "different", "attested", "listed", "average", "size"]


class Line(Protocol):
    """One line of an account: a level, what a rare or common value adds to it, or what a cap takes back."""

    @property
    def part(self) -> str:
        """`level`, `frequency` or `cap`."""

    @property
    def comparison(self) -> str:
        """What was compared, by the model's name."""

    @property
    def level(self) -> str:
        """What was found, by the kind's name."""

    @property
    def id(self) -> str:
        """In Indonesian."""

    @property
    def en(self) -> str:
        """In English."""

    @property
    def bits(self) -> float:
        """What it weighs; positive speaks for one."""


class Change(Protocol):
    """The nearest change of one level that would bring a pair to the other side of the threshold."""

    @property
    def comparison(self) -> str:
        """What would have to be found otherwise."""

    @property
    def level(self) -> str:
        """What would have to be found."""

    @property
    def total(self) -> float:
        """Bits that the pair would have."""

    @property
    def id(self) -> str:
        """In Indonesian."""

    @property
    def en(self) -> str:
        """In English."""


class Account(Protocol):
    """The evidence on a pair of records: prior and lines add up to the total."""

    @property
    def lines(self) -> Sequence[Line]:
        """Heaviest first, whichever way they point; caps last."""

    @property
    def prior(self) -> float:
        """Bits before any evidence."""

    @property
    def total(self) -> float:
        """Bits in all."""

    @property
    def threshold(self) -> float:
        """Bits from which a pair links."""

    @property
    def links(self) -> bool:
        """Whether the total reaches the threshold."""

    @property
    def id(self) -> str:
        """The verdict in Indonesian."""

    @property
    def en(self) -> str:
        """The verdict in English."""

    @property
    def change(self) -> Change | None:
        """What would change it; None when no single level can."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the store knows of the records in question: the members of one entity, or of several."""

    records: Sequence[RecordRow]
    """Living, with their bodies."""
    edges: Sequence[EdgeRow] = ()
    """Every scored pair among them."""
    judgements: Sequence[JudgementRow] = ()
    """Every decision between their lineage roots."""
    attesting: Sequence[RecordRow] = ()
    """Living records of registers, not among these, that hold an identifier of one of these."""


@dataclass(frozen=True, slots=True)
class Step:
    """One try to join two groups, in the order in which the clusterer makes them."""

    a: bytes
    b: bytes
    """The pair of records that brought it up."""
    judgement: str | None
    """The decision `same` that asked for it; None where the pair's edge did."""
    weight: float | None
    """Bits of the pair's edge; None where it has none."""
    left: tuple[bytes, ...]
    right: tuple[bytes, ...]
    """The groups as they were, sorted; `a` is of the left one."""
    average: float
    """Bits, over all cross pairs of the two groups; a pair without an edge counts as the model's floor."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Retraced:
    """How clusters came about."""

    groups: tuple[tuple[bytes, ...], ...]
    """What the records end as."""
    steps: tuple[Step, ...]
    claims: Mapping[bytes, str] = field(default_factory=dict)
    """The attested identifier that counts for a record, by record; a personal value."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the model says of two records, whether or not they are a pair that is scored."""

    levels: tuple[Level, ...]
    weight: int
    """Milli-bits."""
    shared: tuple[str, ...]
    """Blocking keys that both have, by the model's name; a key of too many records counts for nothing all the same."""


class Explainer(Protocol):
    """link as serve sees it, for one kind of entity."""

    @property
    def entity(self) -> str:
        """Kind of entity."""

    @property
    def version(self) -> str:
        """Version of the model."""

    @property
    def attested(self) -> str | None:
        """The field that registers attest, None where the model has no such rule."""

    @property
    def attesting(self) -> frozenset[str]:
        """Sources that attest it."""

    @property
    def threshold(self) -> float:
        """Bits from which a pair links."""

    @property
    def largest(self) -> int:
        """Most records of one entity."""

    def account(self, levels: Iterable[Level], weight: int) -> Account:
        """Return the account of stored levels; `weight` is what was stored with them, in milli-bits."""

    def retrace(self, case: Case) -> Retraced:
        """Part the records anew by the rules that parted them, and note every try."""

    def compare(self, a: Any, b: Any) -> Compared:
        """Compare two clean records."""
