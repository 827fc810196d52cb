"""What another model would decide of the store's records, beside what the present one did; nothing is written.

The report names entities by their ids and tells no value of a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.link.engine import Engine
from hub.persist.kinds import Stages
from hub.wire.decisions import Delta, EdgeRow

EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Example:
    """An entity that would change."""

    kind: str
    entity_id: str
    others: tuple[str, ...]
    records: int
    weakest: tuple[str, ...]
    """The levels of the lightest pair that holds it together under the new model; empty for an entity of one."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a switch would change."""

    before: str
    after: str
    records: int
    entities_before: int
    entities_after: int
    kinds: Mapping[str, int]
    """Entities that would change, by what became of them."""
    reassigned: int
    """Records that would belong to another id."""
    together: int
    """Pairs of records that would become one entity's."""
    apart: int
    """Pairs of records that would no longer be."""
    evidence: Mapping[str, tuple[int, int]]
    """Pairs that link, before and after, by comparison and level."""
    edges: int
    """Scored pairs that are new or weigh otherwise."""
    edges_gone: int
    examples: tuple[Example, ...]

    def line(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return {
            "model": self.after, "present": self.before, "records": self.records,
            "entities": self.entities_after, "present_entities": self.entities_before,
            **{kind: self.kinds.get(kind, 0) for kind in ("created", "merged", "split", "reassigned", "deleted",
                                                         "changed")},
            "records_reassigned": self.reassigned, "pairs_joined": self.together, "pairs_parted": self.apart,
            "scored_pairs_other": self.edges, "scored_pairs_gone": self.edges_gone,
            "evidence": {name: list(counts) for name, counts in self.evidence.items()},
            "examples": [{"kind": each.kind, "entity": each.entity_id, "others": list(each.others),
                          "records": each.records, "weakest": list(each.weakest)} for each in self.examples],
        }  # fmt: skip


def compare(under: Stages, other: Stages, delta: Delta, thresholds: tuple[int, int]) -> Comparison:
    """Return what a switch would change, which is `delta`; both stages hold link's engine with the same records."""
    before, after = under.engine, other.engine
    assert isinstance(before, Engine)
    assert isinstance(after, Engine)
    old, new = before.clusters(), after.clusters()
    place_old = {record: entity for entity, members in old.items() for record in members}
    place_new = {record: entity for entity, members in new.items() for record in members}
    common = Counter((place_old[record], place_new[record]) for record in place_new)
    kept = sum(map(_pairs, common.values()))
    linking = [Counter[str](), Counter[str]()]
    for counts, engine, threshold in zip(linking, (before, after), thresholds, strict=True):
        for edge in engine.edges():
            if edge.weight >= threshold:
                counts.update(_levels(edge))
    evidence = {name: (linking[0][name], linking[1][name]) for name in sorted({*linking[0], *linking[1]})}
    return Comparison(
        under.model, other.model, len(place_new), len(old), len(new), Counter(each.kind for each in delta.entities),
        sum(count for (was, now), count in common.items() if was != now),
        sum(_pairs(len(members)) for members in new.values()) - kept,
        sum(_pairs(len(members)) for members in old.values()) - kept,
        evidence, len(delta.edges), len(delta.edges_gone), _examples(after, delta),
    )  # fmt: skip


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _levels(edge: EdgeRow) -> list[str]:
    return [f"{level.comparison}: {level.level}" for level in edge.levels]


def _examples(after: Engine, delta: Delta) -> tuple[Example, ...]:
    """A few entities of each kind, in the order of their ids."""
    chosen = []
    seen: Counter[str] = Counter()
    for each in delta.entities:
        if seen[each.kind] < EXAMPLES // 4:
            seen[each.kind] += 1
            chosen.append(each)
    wanted = {record for each in chosen for record in each.members}
    lightest: dict[str, EdgeRow] = {}
    place = {record: each.entity_id for each in chosen for record in each.members}
    for edge in after.edges() if wanted else ():
        entity = place.get(edge.a)
        if entity is not None and entity == place.get(edge.b):
            known = lightest.get(entity)
            if known is None or (edge.weight, edge.a, edge.b) < (known.weight, known.a, known.b):
                lightest[entity] = edge
    return tuple([
        Example(each.kind, each.entity_id, each.other_ids, len(each.members),
                tuple(_levels(lightest[each.entity_id])) if each.entity_id in lightest else ())
        for each in chosen
    ])  # fmt: skip
