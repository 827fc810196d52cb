"""Constrained agglomeration of one component: a function of its records, edges, attestation and decisions alone."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Literal, Protocol

from hub.link.features import claim_of, identifier_of
from hub.link.judgements import Book
from hub.link.model import Model
from hub.link.record import Record, by_id

Group = list[Record]
Refusal = Literal["different", "attested", "listed", "average", "size"]


class Codes(Protocol):
    """What the codes of edges say."""

    @property
    def weight(self) -> Mapping[int, int]:
        """Milli-bits."""

    @property
    def listed(self) -> Container[int]:
        """Those that part two rows of one table."""

    @property
    def first(self) -> Container[int]:
        """Those whose pairs are joined before any other."""


class Clusterer:
    """Parts a component into clusters under one model's bounds."""

    def __init__(self, model: Model, book: Book, attested: Callable[[int], bool], codes: Codes) -> None:
        self._book = book
        self._attested = attested
        self._weights = codes.weight
        self._listed = codes.listed
        self._first = codes.first
        rule = model.rules.attested
        self._own = rule is not None and rule.own
        self._threshold = model.threshold
        self._floor = model.floor
        self._largest = model.max_cluster
        self.refused = 0
        """Unions refused for size since it was last set to 0."""

    def parts(self, component: list[Record]) -> list[tuple[Record, ...]]:
        """Return the component's clusters, members sorted by id; sorts the component."""
        if len(component) == 1:
            return [(component[0],)]
        component.sort(key=by_id)
        if len(component) == 2 and self._book.is_empty():
            return self._two(*component)
        return self._agglomerate(component)

    def _agglomerate(self, component: list[Record]) -> list[tuple[Record, ...]]:
        group_of: dict[Record, Group] = {record: [record] for record in component}
        claims = {id(group): self._claims(group) for group in group_of.values()}
        for a, b in self._decided(component):
            self._join(group_of, claims, a, b, decided=True)
        for a, b in self._edges(component):
            self._join(group_of, claims, a, b, decided=False)
        groups = {id(group): group for group in group_of.values()}
        return [tuple(sorted(group, key=by_id)) for group in groups.values()]

    def forbids(self, x: Iterable[Record], y: Iterable[Record]) -> str | None:
        """Return the rule under which two clusters may not be one, by name; None where only their average says so."""
        x, y = list(x), list(y)
        if self._kept_apart(x, y):
            return "different"
        one, other = (frozenset[int]().union(*[self._claims([each]) for each in group]) for group in (x, y))
        if _differ(one, other):
            return "attested"
        if self._of_one_list(x, y):
            return "listed"
        return "size" if len(x) + len(y) > self._largest else None

    def _two(self, a: Record, b: Record) -> list[tuple[Record, ...]]:
        """The commonest component, two records with a linking edge: only an identifier or a list can part them."""
        apart = _differ(self._claims([a]), self._claims([b])) or self._largest < 2 or self._of_one_list([a], [b])
        return [(a,), (b,)] if apart else [(a, b)]

    def _join(
        self, group_of: dict[Record, Group], claims: dict[int, frozenset[int]], a: Record, b: Record, *, decided: bool
    ) -> None:
        x, y = group_of[a], group_of[b]
        if x is y:
            return
        refusal = self._refusal(x, y, group_of, claims, decided=decided)
        if refusal is not None:
            self.refused += refusal == "size"
            return
        if len(x) < len(y):
            x, y = y, x
        claims[id(x)] |= claims[id(y)]
        x.extend(y)
        for record in y:
            group_of[record] = x

    def _refusal(
        self, x: Group, y: Group, group_of: dict[Record, Group], claims: dict[int, frozenset[int]], *, decided: bool
    ) -> Refusal | None:
        """Return the rule under which two groups may not be joined now, the first in this order; None if they may."""
        if self._kept_apart(x, y):
            return "different"
        if not decided and _differ(claims[id(x)], claims[id(y)]):
            return "attested"
        if not decided and self._of_one_list(x, y):
            return "listed"
        if not decided and not self._near(x, y, group_of):
            return "average"
        return "size" if len(x) + len(y) > self._largest else None

    def _edges(self, component: list[Record]) -> list[tuple[Record, Record]]:
        """Edges that link: those that the model puts first, the strongest of either first, ties by ids."""
        found = []
        weights, threshold, first = self._weights, self._threshold, self._first
        for record in component:
            for other, code in record.links():
                if record.id < other.id and weights[code] >= threshold:
                    found.append((code not in first, -weights[code], record.id, other.id, record, other))
        found.sort()
        return [(a, b) for *_, a, b in found]

    def _near(self, x: Group, y: Group, group_of: dict[Record, Group]) -> bool:
        """Say whether the average over all cross pairs reaches the threshold; an unscored pair counts as the floor."""
        return self._joint(x, y, group_of) >= self._threshold * len(x) * len(y)

    def _joint(self, x: Group, y: Group, group_of: dict[Record, Group]) -> int:
        """Return the sum over all cross pairs, an unscored one as the floor."""
        if len(x) > len(y):
            x, y = y, x
        pairs = len(x) * len(y)
        total = scored = 0
        for record in x:
            for other, code in record.links():
                if group_of.get(other) is y:
                    total += self._weights[code]
                    scored += 1
        return total + self._floor * (pairs - scored)

    # ------------------------------------------------------------------ must-not-link and decisions

    def _claims(self, group: Group) -> frozenset[int]:
        """Attested identifiers in a group of one: a register's own or, if the model says so, one that is borne out."""
        record = group[0]
        packed = record.features or b""
        claim = identifier_of(packed) if record.table.attests else 0 if self._own else claim_of(packed)
        return frozenset((claim,)) if claim and self._attested(claim) else frozenset()

    def _of_one_list(self, x: Group, y: Group) -> bool:
        """Say whether a list that names each once holds a row of one group beside another row of the other."""
        if len(x) > len(y):
            x, y = y, x
        listed = self._listed
        for record in x:
            for other, code in record.links():
                if code in listed and other.table is record.table and other in y:
                    return True
        return False

    def _kept_apart(self, x: Group, y: Group) -> bool:
        if self._book.is_empty():
            return False
        roots = {record.root for record in y}
        return any(not roots.isdisjoint(self._book.partners(record.root, "different")) for record in x)

    def _decided(self, component: list[Record]) -> list[tuple[Record, Record]]:
        """Pairs that a steward joined, in the order of the decisions."""
        if self._book.is_empty():
            return []
        by_root: dict[bytes, list[Record]] = {}
        for record in component:
            by_root.setdefault(record.root, []).append(record)
        found = []
        for root, records in by_root.items():
            for other in self._book.partners(root, "same"):
                row = self._book.standing(root, other)
                if row is not None and root < other:
                    found += [(row.sequence, a.id, b.id, a, b) for a in records for b in by_root.get(other, ())]
        found.sort()
        return [(a, b) for _, _, _, a, b in found]


def _differ(x: frozenset[int], y: frozenset[int]) -> bool:
    """Say whether two groups hold two different attested identifiers between them."""
    return bool(x) and bool(y) and (len(x) > 1 or x != y)
