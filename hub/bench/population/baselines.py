"""What resolution is measured beside: equal NIK, components alone, and golden records that take what comes.

Each returns the cluster of every record.  `Greedy` imitates JeMPI's rule (best golden record above the threshold, the
majority's value of each field, nothing revisited) with the hub's own comparisons and keys; it is not JeMPI itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from hub.link.features import Layout, Slots
from hub.link.model import Model
from hub.link.score import Scorer
from hub.wire.decisions import EdgeRow
from hub.wire.records import CleanPerson

Clusters = Mapping[bytes, object]
_HELD = tuple(
    field.name
    for field in fields(CleanPerson)
    if field.name
    not in {"id", "version", "deleted", "source", "table", "changed_at", "digest", "previous", "next", "key"}
)
"""The fields of which a golden record keeps the majority's value."""


def exact_nik(records: Iterable[CleanPerson]) -> Clusters:
    """Bring together what has an equal NIK; a record without one stands alone."""
    return {each.id: each.nik or each.id for each in records}


def components(records: Iterable[bytes], edges: Iterable[EdgeRow], threshold: int) -> Clusters:
    """Bring together whatever a chain of pairs at or above the threshold joins."""
    parent = {record: record for record in records}

    def top(record: bytes) -> bytes:
        while parent[record] != record:
            parent[record] = record = parent[parent[record]]
        return record

    for edge in edges:
        if edge.weight >= threshold:
            parent[top(edge.a)] = top(edge.b)
    return {record: top(record) for record in parent}


class Greedy:
    """Golden records that take one record after another; what they come to depends on the order."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._layout = Layout(model)
        self._scorer = Scorer(model, self._layout)
        self._members: list[list[CleanPerson]] = []
        self._golden: list[Slots] = []
        self._keys: list[set[int]] = []
        self._index: dict[int, set[int]] = {}
        self._cluster: dict[bytes, int] = {}

    def take(self, record: CleanPerson) -> None:
        """Add a record to the best golden record, or make one of it."""
        slots = self._layout.read(record)
        best, most = None, self._model.threshold
        for number in self._candidates(self._layout.keys(slots)):
            weight = self._scorer.weight[self._scorer.score(slots, self._golden[number])]
            if weight >= most:
                best, most = number, weight
        if best is None:
            best = len(self._members)
            self._members.append([])
            self._golden.append(slots)
            self._keys.append(set())
        self._members[best].append(record)
        self._cluster[record.id] = best
        self._turn(best)

    def clusters(self) -> Clusters:
        """Return the golden record of every record."""
        return self._cluster

    def _candidates(self, keys: list[int]) -> list[int]:
        found: set[int] = set()
        for key in keys:
            holders = self._index.get(key, set())
            if len(holders) <= self._model.generic_bound:
                found |= holders
        return sorted(found)

    def _turn(self, number: int) -> None:
        """Give a golden record the majority's values, and the keys that follow from them."""
        self._golden[number] = self._layout.read(_majority(self._members[number]))
        keys = set(self._layout.keys(self._golden[number]))
        for key in self._keys[number] - keys:
            self._index[key].discard(number)
        for key in keys - self._keys[number]:
            self._index.setdefault(key, set()).add(number)
        self._keys[number] = keys


def _majority(members: list[CleanPerson]) -> CleanPerson:
    """The first member with the value that most members have, of those that know one, in each field."""
    if len(members) == 1:
        return members[0]
    values: dict[str, Any] = {}
    for name in _HELD:
        known = Counter([value for each in members if (value := getattr(each, name))])
        values[name] = known.most_common(1)[0][0] if known else getattr(members[0], name)
    return replace(members[0], **values)
