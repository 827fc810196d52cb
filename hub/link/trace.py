"""How clusters came about: the clusterer runs again over stored edges and decisions, and every try is noted.

What is asked for are the members of one cluster, or of several; records outside are left away.  That changes nothing:
a union is tried edge by edge, one that would bring in an outsider was refused (else he would be a member), and what
is refused changes no group.  So the tries among the members are the very ones of the whole component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.link import explain, keys, kinds
from hub.link.cluster import Clusterer, Codes, Group
from hub.link.features import Layout, identifier_of
from hub.link.journal import Journal
from hub.link.judgements import Book
from hub.link.model import Model
from hub.link.record import Record, Table
from hub.link.score import CAPPED, Scorer
from hub.wire.decisions import EdgeRow, Level, RecordRow
from hub.wire.explained import Case, Compared, Retraced, Step


class Explainer:
    """What link knows of one kind of entity under one model (hub.wire.explained.Explainer)."""

    def __init__(self, model: Model, attesting: frozenset[str]) -> None:
        """`attesting` names the sources that attest the model's identifier."""
        self._model = model
        self._layout = Layout(model)
        self._scorer = Scorer(model, self._layout)
        self.entity = model.entity
        self.version = model.version
        self.attested = model.attested
        self.attesting = attesting
        self.threshold = model.threshold / 1000
        self.largest = model.max_cluster

    def account(self, levels: Iterable[Level], weight: int) -> explain.Account:
        """Return the account of stored levels; those of another model are told as they stand."""
        kept = tuple(levels)
        if self._is_own(kept, weight):
            return explain.explain(kept, self._model)
        return self._foreign(kept, weight)

    def compare(self, a: Any, b: Any) -> Compared:
        """Compare two clean records, whether or not they are a pair that is scored."""
        x, y = self._layout.read(a), self._layout.read(b)
        code = self._scorer.score(x, y)
        both = set(self._layout.keys(x)) & set(self._layout.keys(y))
        shared = [block.name for at, block in enumerate(self._model.blocks) if any(keys.is_of(at, key) for key in both)]
        return Compared(self._scorer.levels(code), self._scorer.weight[code], tuple(shared))

    def retrace(self, case: Case) -> Retraced:
        """Part the records anew, and note every try in its order."""
        tables: dict[tuple[str, str], Table] = {}
        records = {row.id: self._record(row, tables) for row in case.records}
        codes = _link(records, case.edges, self._model)
        held = {
            identifier_of(record.features or b"")
            for record in (*records.values(), *[self._record(row, tables) for row in case.attesting])
            if record.table.attests
        }
        book = Book(Journal())
        book.load(case.judgements)
        tracer = Tracer(self._model, book, held.__contains__, codes)
        groups = tracer.parts(list(records.values()))
        claims = {
            row.id: str(getattr(row.body, self.attested))
            for row in case.records
            if self.attested is not None and tracer.claims(records[row.id])
        }
        return Retraced(
            tuple(sorted([tuple([record.id for record in group]) for group in groups])), tuple(tracer.steps), claims
        )

    # ------------------------------------------------------------------ parts

    def _record(self, row: RecordRow, tables: dict[tuple[str, str], Table]) -> Record:
        place = (row.source, row.table)
        if place not in tables:
            tables[place] = Table(row.source, row.table, 0, row.source in self.attesting)
        record = Record(row.id, tables[place], row.root)
        record.features = self._layout.pack(self._layout.read(row.body))
        return record

    def _is_own(self, levels: tuple[Level, ...], weight: int) -> bool:
        """Say whether this model scored the levels."""
        if self._model.prior + sum([level.weight for level in levels]) != weight:
            return False
        known = {each.name: {*each.levels, *explain.ADJUSTED} for each in self._model.comparisons}
        return all(
            known.keys() >= set(level.comparison.split("+")) if level.level == CAPPED
            else level.level in known.get(level.comparison, ())
            for level in levels
        )  # fmt: skip

    def _foreign(self, levels: tuple[Level, ...], weight: int) -> explain.Account:
        """Tell levels of another model by their names: what is left of the weight is its prior."""
        lines = [
            explain.Line("level", each.comparison, each.level, f"{each.comparison}: {each.level}",
                         f"{each.comparison}: {each.level}", each.weight / 1000)
            for each in sorted(levels, key=lambda each: (-abs(each.weight), each.comparison))
            if each.level != kinds.MISSING
        ]  # fmt: skip
        links = weight >= self._model.threshold
        total, limit = weight / 1000, self._model.threshold / 1000
        return explain.Account(
            tuple(lines), (weight - sum([each.weight for each in levels])) / 1000, total, limit, links, None,
            f"Dinilai dengan model lain: {total:+.1f} bit, ambang {limit:+.1f}",
            f"Scored under another model: {total:+.1f} bits, threshold {limit:+.1f}", None,
        )  # fmt: skip


@dataclass(slots=True)
class _Codes:
    """What the codes of a case's edges say: the code of one is its place."""

    weight: dict[int, int] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    first: set[int] = field(default_factory=set)


class Tracer(Clusterer):
    """The clusterer that notes what it tries."""

    def __init__(self, model: Model, book: Book, attested: Callable[[int], bool], codes: Codes) -> None:
        super().__init__(model, book, attested, codes)
        self.steps: list[Step] = []

    def claims(self, record: Record) -> frozenset[int]:
        """Attested identifiers that count for a record."""
        return self._claims([record])

    def _two(self, a: Record, b: Record) -> list[tuple[Record, ...]]:
        """Go the long way: the short one tells no reason, and the two need not have a linking edge here."""
        return self._agglomerate([a, b])

    def _join(
        self, group_of: dict[Record, Group], claims: dict[int, frozenset[int]], a: Record, b: Record, *, decided: bool
    ) -> None:
        x, y = group_of[a], group_of[b]
        if x is not y:
            refusal = self._refusal(x, y, group_of, claims, decided=decided)
            row = self._book.standing(a.root, b.root) if decided else None
            code = next((code for other, code in a.links() if other is b), None)
            self.steps.append(Step(
                a.id, b.id, row.id if row else None, None if code is None else self._weights[code] / 1000,
                _ids(x), _ids(y), self._joint(x, y, group_of) / len(x) / len(y) / 1000, refusal or "joined",
            ))  # fmt: skip
        super()._join(group_of, claims, a, b, decided=decided)


def _ids(group: Group) -> tuple[bytes, ...]:
    return tuple(sorted([record.id for record in group]))


def _link(records: Mapping[bytes, Record], edges: Iterable[EdgeRow], model: Model) -> _Codes:
    """Give the records their edges, and say what their codes are."""
    codes, rules = _Codes(), model.rules
    for code, edge in enumerate(edges):
        codes.weight[code] = edge.weight
        shown = explain.shown(edge.levels)
        for found, patterns in ((codes.listed, rules.listed), (codes.first, rules.first)):
            if any(pattern.shown_by(shown) for pattern in patterns):
                found.add(code)
        a, b = records[edge.a], records[edge.b]
        a.edges = (*a.edges, b, code)
        b.edges = (*b.edges, a, code)
    return codes
