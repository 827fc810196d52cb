"""What stands between one record of an office and the civil register; pure.

A record is padan when its entity holds a record of the register.  What is compared is what both sides fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from hub.serve.padan import compare
from hub.serve.padan.compare import Difference, Levels
from hub.serve.padan.nik import fault_of, issued_in

Category = Literal[
    "matched", "matched_with_differences", "matched_without_nik", "dead_or_left", "under_review", "nik_of_another",
    "nik_unusable", "no_candidate",
]  # fmt: skip
CATEGORIES: tuple[Category, ...] = get_args(Category)
PADAN = frozenset({"matched", "matched_with_differences", "matched_without_nik"})
"""Categories whose records are a living person of the register."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record is in its category: a stable code, and what its sentence names."""

    code: str
    of: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows of one record."""

    record: Any
    """The office's record, cleaned."""
    entity_id: str
    register: Sequence[Any] = ()
    """Records of the register in the same entity."""
    levels: Mapping[bytes, Levels] = field(default_factory=dict)
    """What each comparison said of this record and that one of the register, where the two were scored."""
    holders: Sequence[Any] = ()
    """Register records of other entities that hold this record's NIK."""
    waiting: int = 0
    """Entities with a register record that may be the same person, by the stewards' queue."""
    refused: bool = False
    """A steward's decision stands that a register record is of another person."""
    left: bool = False
    """It stood together with a register record that is no longer there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One record's place in the list."""

    record: Any
    entity_id: str
    category: Category
    reasons: tuple[Reason, ...]
    differences: tuple[Difference, ...] = ()
    proposed_nik: str | None = None
    register: Any = None
    """The register's record that it was compared with."""

    @property
    def rank(self) -> int:
        """What matters most comes first within a category: lower is more urgent."""
        first = min((one.rank for one in self.differences), default=99)
        return _URGENT.get(self.reasons[0].code, 50) * 10_000 + first * 100 + max(0, 99 - len(self.differences))


_URGENT: Mapping[str, int] = {
    "dead": 1, "left_register": 2, "nik_differs": 3, "nik_missing": 4, "nik_held_by_other": 1, "refused_by_steward": 5,
    "review": 3, "nik_placeholder": 4, "nik_temporary": 5, "nik_malformed": 3, "nik_unknown_region": 3,
    "nik_not_registered": 6, "nik_empty": 8,
}  # fmt: skip


def assess(facts: Facts) -> Finding:
    """Return the finding of one record."""
    return _with_register(facts) if facts.register else _without_register(facts)


def _with_register(facts: Facts) -> Finding:
    record = facts.record
    best = chosen(record, facts.register)
    differences = compare.differences(record, best, facts.levels.get(best.id, {}))
    proposed = best.nik if best.nik is not None and best.nik != record.nik else None
    reasons = []
    if best.vital == "dead" and record.vital != "dead":
        reasons.append(Reason("dead"))
    if proposed is not None:
        fault = fault_of(record)
        known = "nik_differs" if record.nik is not None else "nik_missing"
        reasons.append(Reason(known, {} if fault is None else {"fault": fault}))
    if differences:
        reasons.append(Reason("differs", {"groups": tuple([one.group for one in differences])}))
    category: Category = "matched"
    if reasons:
        names: Mapping[str, Category] = {"dead": "dead_or_left", "differs": "matched_with_differences"}
        category = names.get(reasons[0].code, "matched_without_nik")
    return Finding(record, facts.entity_id, category, tuple(reasons) or (Reason("equal"),), differences, proposed, best)


def chosen(record: Any, register: Iterable[Any]) -> Any:
    """Return the register's record to compare with: of the same NIK, else with any, else the latest."""
    return min(register, key=lambda one: (one.nik != record.nik, one.nik is None, -one.changed_at, one.id))


def _without_register(facts: Facts) -> Finding:
    record = facts.record

    def found(category: Category, *reasons: Reason) -> Finding:
        return Finding(record, facts.entity_id, category, reasons)

    if facts.left:
        return found("dead_or_left", Reason("left_register"))
    if facts.waiting:
        return found("under_review", Reason("review", {"count": facts.waiting}))
    refused = [Reason("refused_by_steward")] if facts.refused else []
    if facts.holders:
        told = {name for holder in facts.holders for name in compare.against(record, holder)}
        order = tuple([name for name in compare.GROUPS if name in told])
        return found("nik_of_another", Reason("nik_held_by_other", {"groups": order}), *refused)
    fault = fault_of(record)
    if fault is not None:
        return found("nik_unusable", Reason(f"nik_{fault}"), *refused)
    if record.nik is None:
        return found("no_candidate", Reason("nik_empty"), *refused)
    return found("no_candidate", Reason("nik_not_registered", {"region": issued_in(record.nik)}), *refused)
