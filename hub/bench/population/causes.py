"""Why records were brought together wrongly, or missed: counts of pairs by what the truth says of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from hub.bench.population.people import Person

_SPOILT = frozenset({"missing", "placeholder", "mistyped", "borrowed", "old_nik"})
"""Faults of a NIK."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one record: whose it is, and what is wrong with it."""

    person: Person
    faults: frozenset[str]


def wrong(found: Mapping[bytes, Hashable], truth: Mapping[bytes, Truth]) -> Counter[str]:
    """Count pairs that are together and should not be, by who the two are and whether a NIK was borrowed."""
    counts: Counter[str] = Counter()
    for group in _groups(found, truth):
        for a, b in combinations(group, 2):
            if a.person.number != b.person.number:
                counts[_relation(a, b)] += 1
    return counts


def missed(found: Mapping[bytes, Hashable], truth: Mapping[bytes, Truth]) -> Counter[str]:
    """Count pairs that are apart and should not be, by the faults that the two carry."""
    counts: Counter[str] = Counter()
    people: dict[int, list[bytes]] = defaultdict(list)
    for record, each in truth.items():
        people[each.person.number].append(record)
    for records in people.values():
        for a, b in combinations(records, 2):
            if found[a] != found[b]:
                counts[_faults(truth[a], truth[b])] += 1
    return counts


def twins_merged(found: Mapping[bytes, Hashable], truth: Mapping[bytes, Truth]) -> tuple[int, int]:
    """Return how many pairs of twins share a cluster, and how many there are among the records."""
    clusters: dict[int, dict[int, set[Hashable]]] = defaultdict(lambda: defaultdict(set))
    for record, each in truth.items():
        if each.person.twins is not None:
            clusters[each.person.twins][each.person.number].add(found[record])
    pairs = [tuple(each.values()) for each in clusters.values() if len(each) == 2]
    return sum(not one.isdisjoint(other) for one, other in pairs), len(pairs)


def largest(found: Mapping[bytes, Hashable]) -> int:
    """Return how many records the largest cluster holds."""
    return max(Counter(found.values()).values(), default=0)


def _groups(found: Mapping[bytes, Hashable], truth: Mapping[bytes, Truth]) -> Iterable[list[Truth]]:
    groups: dict[Hashable, list[Truth]] = defaultdict(list)
    for record, cluster in found.items():
        groups[cluster].append(truth[record])
    return groups.values()


def _relation(a: Truth, b: Truth) -> str:
    one, other = a.person, b.person
    if one.twins is not None and one.twins == other.twins:
        who = "twins"
    elif one.family == other.family:
        who = "namesakes of a family" if one.name == other.name else "of a family"
    else:
        who = "strangers of one name" if one.name == other.name else "strangers"
    faults = a.faults | b.faults
    if "borrowed" in faults:
        return f"{who}, NIK borrowed"
    return f"{who}, NIK faulty" if faults & _SPOILT else who


def _faults(a: Truth, b: Truth) -> str:
    faults = a.faults | b.faults
    told = ["NIK " + "/".join(sorted(faults & _SPOILT))] if faults & _SPOILT else []
    told += [each for each in ("name", "name_cut", "birth_swapped", "birth_default") if each in faults]
    if " " not in a.person.name:
        told.append("single word")
    return ", ".join(told) or "no fault"
