"""What the demo says of the hub at the end: one JSON line, and whether it passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PASS_F1 = 0.98


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairwise agreement of a partition of records with the truth."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def quality(found: Mapping[bytes, Hashable], truth: Mapping[bytes, Hashable]) -> Quality:
    """Return the pairwise quality of `found` over the records of `truth`; a record not found stands alone."""
    cells = Counter((found.get(record, record), person) for record, person in truth.items())
    both = _pairs(cells.values())
    said = _pairs(Counter(found.get(record, record) for record in truth).values())
    true = _pairs(Counter(truth.values()).values())
    return Quality(both / said if said else 1.0, both / true if true else 1.0)


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which `share` of the values lie (nearest rank), or None without values."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@dataclass(slots=True)
class Verdict:
    """The demo's figures."""

    changes: int
    lost: int
    store_equals_oracle: bool
    precision: float
    recall: float
    f1: float
    exact_nik_f1: float
    p50_ms: float | None
    p99_ms: float | None
    changes_per_s: float
    at_rest: bool
    """Whether every stage had read its input to the end before the check; if not, the check says so."""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Return whether nothing is lost, the store is right and people are told apart well enough."""
        return self.lost == 0 and self.store_equals_oracle and self.f1 >= PASS_F1

    def line(self) -> dict[str, Any]:
        """Return the figures in the order in which they are read."""
        return {
            "changes": self.changes, "lost": self.lost, "store_equals_oracle": self.store_equals_oracle,
            "precision": round(self.precision, 5), "recall": round(self.recall, 5), "f1": round(self.f1, 5),
            "exact_nik_f1": round(self.exact_nik_f1, 5), "p50_ms": _one(self.p50_ms), "p99_ms": _one(self.p99_ms),
            "changes_per_s": round(self.changes_per_s, 1), "at_rest": self.at_rest, "passed": self.passed, **self.more,
        }  # fmt: skip


def _one(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
