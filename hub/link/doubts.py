"""What a steward should look at: pairs whose decision would change or confirm who is the same.

A pure function of the engine's memory, told cluster by cluster: where two clusters nearly touch, the strongest pair
between them; inside a cluster, the weak pairs that hold it together; and decisions that somebody contests.  A pair on
which a decision stands is no doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from hub.link.blocks import Blocks
from hub.link.cluster import Clusterer
from hub.link.entities import id_now
from hub.link.features import identifier_of
from hub.link.judgements import Book
from hub.link.model import Model
from hub.link.record import Record, by_id
from hub.wire.decisions import GREY, Doubt, Doubts, EdgeRow, JudgementRow, Level

_NEIGHBOURS = frozenset({"serial_next", "serial_other"})
"""Levels of an identifier that twins show."""
_BORN = frozenset({"exact", "exact_default", "exact_month"})
_UNLIKE = frozenset({"close", "similar", "partial", "mixed", "different"})
Cluster = tuple[Record, ...]
Cross = tuple[int, Record, Record]
"""A scored pair between or within clusters: its weight, and its ends sorted by id."""


class Doubter:
    """Tells the doubts of an engine's memory; changes nothing."""

    def __init__(
        self,
        model: Model,
        book: Book,
        blocks: Blocks,
        clusterer: Clusterer,
        *,
        weights: Mapping[int, int],
        rooted: Callable[[bytes], Iterable[Record]],
    ) -> None:
        """Look into an engine's parts; `weights` are those of its edges' codes, `rooted` finds records by root."""
        self._threshold = model.threshold
        self._lowest = model.threshold - GREY
        self._book = book
        self._blocks = blocks
        self._clusterer = clusterer
        self._weights = weights
        self._rooted = rooted

    def of(self, looked: Iterable[Record]) -> Doubts:
        """Return all doubts that touch the clusters of these records, as they are now."""
        seen: dict[bytes, None] = {}
        found: dict[tuple[bytes, bytes, str | None], Doubt] = {}
        for record in looked:
            if record.id in seen:
                continue
            cluster = record.mates
            seen[record.id] = None
            seen.update(dict.fromkeys([mate.id for mate in cluster]))
            if record.features is not None:
                for doubt in self._of_cluster(cluster):
                    found[doubt.a, doubt.b, doubt.judgement] = doubt
        return Doubts(tuple(seen), tuple([found[key] for key in sorted(found, key=repr)]))

    def _of_cluster(self, cluster: Cluster) -> Iterator[Doubt]:
        inner, outer = self._pairs(cluster)
        for pair, others in outer:
            yield from self._between(pair, cluster, others)
        for pair in _weakest(inner, self._threshold + GREY):
            yield from self._within(pair)
        if not self._book.is_empty():
            yield from self._contested(cluster)

    def _pairs(self, cluster: Cluster) -> tuple[list[Cross], list[tuple[Cross, Cluster]]]:
        """Linking pairs inside a cluster, and to each other cluster the strongest pair that comes near to linking."""
        inner: list[Cross] = []
        best: dict[int, tuple[tuple[int, bytes, bytes], Cross, Cluster]] = {}
        weights, lowest, threshold, alone = self._weights, self._lowest, self._threshold, len(cluster) == 1
        for record in cluster:
            for other, code in record.links():
                weight = weights[code]
                if weight < lowest:
                    continue
                a, b = (record, other) if record.id < other.id else (other, record)
                if not alone and other.cluster is record.cluster:
                    if a is record and weight >= threshold:
                        inner.append((weight, a, b))
                    continue
                mates = other.mates
                key, order = id(mates[0]), (-weight, a.id, b.id)
                if key not in best or order < best[key][0]:
                    best[key] = order, (weight, a, b), mates
        return inner, [(pair, mates) for _, pair, mates in best.values()]

    # ------------------------------------------------------------------ kinds of doubt

    def _between(self, pair: Cross, cluster: Cluster, others: Cluster) -> Iterator[Doubt]:
        """Two clusters that nearly are one, or that a rule keeps from being one."""
        weight, a, b = pair
        standing = list(self._decisions(cluster, others))
        forbidden = self._clusterer.forbids(cluster, others)
        if any(row.verdict == "different" or (row.verdict == "same" and forbidden != "size") for row in standing):
            return
        kind = "near" if weight < self._threshold else forbidden or "average"
        standing = [row for row in standing if row.verdict == "unsure"]
        yield self._doubt(kind, a, b, standing)

    def _within(self, pair: Cross) -> Iterator[Doubt]:
        """A cluster that would fall apart, were this pair not enough."""
        _, a, b = pair
        row = None if self._book.is_empty() else self._book.standing(a.root, b.root)
        if row is None or row.verdict == "unsure":
            yield self._doubt("weak", a, b, [row] if row else [])

    def _contested(self, cluster: Cluster) -> Iterator[Doubt]:
        told: set[str] = set()
        for record in cluster:
            for row in self._book.about(record.root):
                if row.id not in told and self._book.contested(row):
                    told.add(row.id)
                    yield from self._of_judgement(row.id)

    def _of_judgement(self, judgement: str) -> Iterator[Doubt]:
        """A contested decision, shown by its first pair of living records."""
        for row in self._book.active(judgement):
            for a in sorted(self._rooted(row.a), key=by_id):
                for b in sorted(self._rooted(row.b), key=by_id):
                    low, high = (a, b) if a.id < b.id else (b, a)
                    yield self._doubt("contested", low, high, [], judgement)
                    return

    def _decisions(self, cluster: Cluster, others: Cluster) -> Iterator[JudgementRow]:
        """Decisions that stand between two clusters."""
        if self._book.is_empty():
            return
        roots = {record.root for record in others}
        for record in cluster:
            for row in self._book.about(record.root):
                if (row.b if row.a == record.root else row.a) in roots:
                    yield row

    # ------------------------------------------------------------------ facts of a pair

    def _doubt(
        self, kind: str, a: Record, b: Record, unsure: list[JudgementRow], judgement: str | None = None
    ) -> Doubt:
        row = self._blocks.row(a, b, a.edges[a.edges.index(b) + 1]) if b in a.edges else None
        sources = {record.table.source for record in (*a.mates, *b.mates)}
        return Doubt(
            a.id, b.id, kind, row.weight if row else None, row.weight - self._threshold if row else None,
            id_now(a.mates), id_now(b.mates), len(a.mates), len(b.mates),
            a.table.source, b.table.source, tuple(sorted(sources)),
            twins=row is not None and _twins(row.levels), conflict=self._conflict(a, b),
            evidence=_mark(kind, a, b, row),
            judgement=judgement, unsure=max(unsure, key=_sequence).id if unsure else None,
        )  # fmt: skip

    def _conflict(self, a: Record, b: Record) -> bool:
        """Say whether the two hold different identifiers, one of which a register attests."""
        one, other = identifier_of(a.features or b""), identifier_of(b.features or b"")
        return bool(one and other) and one != other and (self._blocks.attested(one) or self._blocks.attested(other))


def _weakest(inner: list[Cross], below: int) -> Iterator[Cross]:
    """The pairs under a weight without which a cluster would fall apart: of its strongest spanning tree."""
    if not inner or min([weight for weight, _, _ in inner]) >= below:
        return
    inner.sort(key=_strongest)
    group: dict[Record, Record] = {}

    def find(record: Record) -> Record:
        while (up := group.get(record, record)) is not record:
            record = up
        return record

    for weight, a, b in inner:
        one, other = find(a), find(b)
        if one is not other:
            group[one] = other
            if weight < below:
                yield weight, a, b


def _twins(levels: Iterable[Level]) -> bool:
    """Say whether evidence looks like that of twins: neighbouring serials, or one birth and mother, names apart."""
    said = {level.comparison: level.level for level in levels}
    if said.get("nik") in _NEIGHBOURS:
        return True
    return said.get("birth") in _BORN and said.get("name") in _UNLIKE and bool({"exact", "same"} & {
        said.get("mother", ""), said.get("kk", "")
    })  # fmt: skip


def _mark(kind: str, a: Record, b: Record, row: EdgeRow | None) -> bytes:
    """A mark of what speaks for and against a pair: it differs when the evidence does."""
    sides = sorted([[mate.root for mate in a.mates], [mate.root for mate in b.mates]])
    return blake2b(repr((kind, row and row.levels, sides)).encode(), digest_size=8).digest()


def _strongest(pair: Cross) -> tuple[int, bytes, bytes]:
    return -pair[0], pair[1].id, pair[2].id


def _sequence(row: JudgementRow) -> int:
    return row.sequence
