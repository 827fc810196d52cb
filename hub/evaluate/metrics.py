"""Precision, recall and F1 of a partition against the true one: by pairs and B-cubed; pure.

Pairwise counts pairs of records that stand together, so one large wrong cluster weighs by its square.  B-cubed (Bagga
and Baldwin 1998, "Algorithms for scoring coreference chains"; kept by Amigo et al. 2009 as the one family that meets
all their constraints on clustering measures) asks each record how much of its cluster is of its kind, and how much of
its kind is in its cluster, and averages over records.  Read both: they part where cluster sizes differ much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision and recall, both from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean; 0 where both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def line(self, prefix: str = "") -> dict[str, float]:
        """Return the three values under their names, rounded to five places."""
        values = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {f"{prefix}{name}": round(value, 5) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Counts:
    """Pairs of records behind pairwise scores."""

    right: int
    """Together in the result and in truth."""
    said: int
    """Together in the result."""
    true: int
    """Together in truth."""


def counts(found: Mapping[K, Hashable], truth: Mapping[K, Hashable]) -> Counts:
    """Count pairs among the records of `truth`; a record that `found` lacks stands alone."""
    cells, clusters, kinds = _cells(found, truth)
    return Counts(*[sum(n * (n - 1) // 2 for n in part.values()) for part in (cells, clusters, kinds)])


def pairwise(found: Mapping[K, Hashable], truth: Mapping[K, Hashable]) -> Scores:
    """Return the scores of pairs; where no pair is said, none is wrong, where none is true, none is missed."""
    pairs = counts(found, truth)
    return Scores(_share(pairs.right, pairs.said), _share(pairs.right, pairs.true))


def bcubed(found: Mapping[K, Hashable], truth: Mapping[K, Hashable]) -> Scores:
    """Return the B-cubed scores over the records of `truth`; a record that `found` lacks stands alone."""
    cells, clusters, kinds = _cells(found, truth)
    # Each of the n records in a cell sees n records of its own kind in its cluster.
    precision = sum(n * n / clusters[cluster] for (cluster, _), n in cells.items())
    recall = sum(n * n / kinds[kind] for (_, kind), n in cells.items())
    return Scores(_share(precision, len(truth)), _share(recall, len(truth)))


def _cells(
    found: Mapping[K, Hashable], truth: Mapping[K, Hashable]
) -> tuple[Counter[tuple[Hashable, Hashable]], Counter[Hashable], Counter[Hashable]]:
    """Return how many records each (cluster, kind) holds, and each cluster and kind alone."""
    cells: Counter[tuple[Hashable, Hashable]] = Counter()
    for record, kind in truth.items():
        cluster: Hashable = (True, found[record]) if record in found else (False, record)
        cells[cluster, kind] += 1
    clusters: Counter[Hashable] = Counter()
    kinds: Counter[Hashable] = Counter()
    for (cluster, kind), n in cells.items():
        clusters[cluster] += n
        kinds[kind] += n
    return cells, clusters, kinds


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
