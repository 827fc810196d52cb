"""How often values occur among the seeds: names and birth dates that many people share weigh less.

A value stands in the table only when so many records hold it that it points at nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.link import kinds
from hub.link.evidence import Comparison
from hub.link.features import Layout
from hub.link.model import Model
from hub.train.sample import Sample

LEAST_HOLDERS = 10
"""Records of the sample that must hold a value before the table names it."""
MOST_VALUES = 2000
_WORDED = ("exact", "exact_word")
_USUAL = {"name": _WORDED, "person_name": _WORDED, "mother": _WORDED, "birth": ("exact",)}
"""Levels that are adjusted where the present model adjusts none, by kind."""


@dataclass(frozen=True, slots=True)
class Table:
    """The frequencies of one comparison."""

    name: str
    levels: tuple[str, ...]
    shares: Mapping[str, float]
    least: float | None
    """Share that stands for a value which the table does not name, where it is known to be less than usual."""

    def json(self) -> dict[str, Any]:
        """The table as it stands in the file."""
        return {**({} if self.least is None else {"least": self.least}), "shares": dict(self.shares)}


def count(
    model: Model, layout: Layout, sample: Sample, usual: Mapping[tuple[str, str], float | None]
) -> dict[str, Table]:  # fmt: skip
    """Return a table for each comparison whose levels can be adjusted; `usual` is the u of (comparison, level)."""
    found = {}
    for one, place in zip(model.comparisons, layout.places, strict=True):
        wanted = one.frequency.levels if one.frequency else _USUAL.get(one.kind, ())
        levels = tuple([level for level in wanted if usual.get((one.name, level)) is not None])
        if levels:
            least = min(usual[one.name, level] or 1.0 for level in levels)
            name = one.frequency.table if one.frequency else one.name
            found[one.name] = Table(name, levels, *_shares(one, place, sample, least))
    return {name: table for name, table in found.items() if table.shares}


def _shares(one: Comparison, place: int, sample: Sample, usual: float) -> tuple[dict[str, float], float | None]:
    spell = kinds.find(one.kind).spell
    values = [sample.slots[id_][place] for id_ in sample.seeds]
    counts = Counter([spell(value) for value in values if value])
    known = counts.total()
    common = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_VALUES]
    shares = {value: round(count / known, 7) for value, count in common if count >= LEAST_HOLDERS}
    bound = LEAST_HOLDERS / max(1, known)
    return shares, round(bound, 7) if bound < usual else None
