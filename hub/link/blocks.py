"""Blocking index and scored pairs: a pair is scored while it shares a key that is not generic.

A key with more records than the bound is generic: it stops counting, and the pairs that rested on it alone are
retracted; when it falls back to the bound they come back.  Both are bounded by the bound's square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from hub.link.features import Layout, Slots, identifier_of, unpack
from hub.link.journal import Journal
from hub.link.record import Record, by_id
from hub.link.score import Scorer
from hub.link.work import Work
from hub.wire.decisions import Cause, EdgeRow, Level

Few = Record | tuple[Record, ...]
Members = Few | set[Record]
"""One record; two up to the bound; or, for a generic key, a set.

A person's records meet under most of their keys, so one tuple stands under all keys of the same records.
"""
Turned = dict[Few, Few]
"""What members of keys became as one record left or came: those that it left hold it, those that it came to do not."""

_MET = 1 << 16
"""Sets of levels remembered while a store is read: as many as its reader keeps one object for."""


class Blocks:
    """The index from blocking key to records, and the edges, which live in the records."""

    def __init__(self, journal: Journal, layout: Layout, scorer: Scorer, bound: int, threshold: int) -> None:
        self._journal = journal
        self._layout = layout
        self._keys = layout.keys
        self._scorer = scorer
        self._bound = bound
        self._threshold = threshold
        self._index: dict[int, Members] = {}
        self._cause = Cause("generic_key", "")

    # ------------------------------------------------------------------ reading

    def holders(self, identifier: int) -> Iterable[Record]:
        """Living records that hold an identifier (by its key), or none when so many do that it identifies nobody."""
        members = self._index.get(identifier)
        if members is None or isinstance(members, set):
            return ()
        return members if isinstance(members, tuple) else (members,)

    def attested(self, identifier: int) -> bool:
        """Say whether a living record of an attesting source holds the identifier."""
        for record in self.holders(identifier):  # noqa: SIM110 -- asked twice for every record: a generator costs more
            if record.table.attests:
                return True
        return False

    # ------------------------------------------------------------------ batch

    def refresh(self, work: Work) -> None:
        """Bring index and edges up to the features that the batch assigned."""
        changed = [each for each, packed in work.features_before.items() if packed != each.features]
        attested = {each: self.attested(each) for each in _attestable(work, changed)}
        for record in changed:
            self._cause = Cause("generic_key", record.id.hex())
            self._turn(work, record, work.features_before[record])
        for identifier, before in attested.items():
            if self.attested(identifier) != before:
                self._touch_holders(work, identifier)

    def _touch_holders(self, work: Work, identifier: int) -> None:
        holders = tuple(self.holders(identifier))
        attesting = [each for each in holders if each.table.attests]
        for record in holders:
            cause = Cause("attestation", (attesting or [record])[0].id.hex())
            work.touch(record, cause)

    def _turn(self, work: Work, record: Record, packed_before: bytes | None) -> None:
        """Move one record from its old keys to its new ones, and score it anew."""
        now = None
        if record.features is not None:
            now = work.features.get(record) or unpack(record.features)
        old = self._keys(unpack(packed_before)) if packed_before is not None else []
        new = self._keys(now) if now is not None else []
        turned: Turned = {}
        if old:
            kept = set(new)
            for key in old:
                if key not in kept:
                    self._leave(work, key, record, turned)
            kept = set(old)
            for key in new:
                if key not in kept:
                    self._enter(work, key, record, turned)
        else:
            index = self._index
            self._journal.put_new(index, [key for key in new if key not in index], record)
            for key in new:
                if index[key] is not record:
                    self._enter(work, key, record, turned)
        self._rescore(work, record, now, self._candidates(record, new))

    def _candidates(self, record: Record, keys: list[int]) -> set[Record]:
        found: set[Record] = set()
        index = self._index
        for key in keys:
            members = index[key]
            if isinstance(members, tuple):
                found.update(members)
        found.discard(record)
        return found

    def _rescore(self, work: Work, record: Record, now: Slots | None, candidates: set[Record]) -> None:
        if not candidates and not record.edges:
            return
        known = dict(record.links())
        for other in known:
            if other not in candidates or other.features is None:
                self._unlink(work, record, other)
        if now is None:
            return
        score = self._scorer.score
        fresh: list[tuple[Record, int]] = []
        for other in candidates:
            if other.features is None:
                continue
            code = score(now, unpack(other.features))
            before = known.get(other)
            if before is None:
                fresh.append((other, code))
            elif before != code:
                self._unlink(work, record, other)
                fresh.append((other, code))
        for other, code in fresh:
            self._link(work, record, other, code)

    # ------------------------------------------------------------------ edges

    def _link(self, work: Work, a: Record, b: Record, code: int) -> None:
        self._note(work, a, b, None)
        self._journal.assign(a, "edges", (*a.edges, b, code))
        self._journal.assign(b, "edges", (*b.edges, a, code))
        if self._scorer.weight[code] >= self._threshold:
            self._touch(work, a, b)

    def _unlink(self, work: Work, a: Record, b: Record) -> None:
        code = self._cut(a, b)
        self._cut(b, a)
        self._note(work, a, b, code)
        if self._scorer.weight[code] >= self._threshold:
            self._touch(work, a, b)

    def _cut(self, a: Record, b: Record) -> int:
        at = a.edges.index(b)
        code: int = a.edges[at + 1]
        self._journal.assign(a, "edges", a.edges[:at] + a.edges[at + 2 :])
        return code

    @staticmethod
    def _note(work: Work, a: Record, b: Record, before: int | None) -> None:
        pair = (a, b) if a.id < b.id else (b, a)
        if pair not in work.edges_before:
            work.edges_before[pair] = before

    @staticmethod
    def _touch(work: Work, a: Record, b: Record) -> None:
        """Have both looked at; the causes are those of the record that changed."""
        work.touched.setdefault(a)
        work.touched.setdefault(b)

    # ------------------------------------------------------------------ keys

    def _enter(self, work: Work, key: int, record: Record, turned: Turned) -> None:
        members = self._index.get(key)
        if members is None:
            self._journal.put(self._index, key, record)
        elif isinstance(members, set):
            self._journal.add(members, record)
        elif isinstance(members, tuple) and len(members) >= self._bound:
            self._journal.put(self._index, key, {*members, record})
            self._became_generic(work, key, members)
        else:
            grown = turned.get(members)
            if grown is None:
                grown = (*members, record) if isinstance(members, tuple) else (members, record)
                turned[members] = grown
            self._journal.put(self._index, key, grown)

    def _leave(self, work: Work, key: int, record: Record, turned: Turned) -> None:
        members = self._index[key]
        if isinstance(members, set):
            self._journal.discard(members, record)
            if len(members) <= self._bound:
                left = tuple(sorted(members, key=by_id))
                self._journal.put(self._index, key, left)
                self._became_specific(work, key, left)
        elif isinstance(members, tuple):
            rest = turned.get(members)
            if rest is None:
                left = tuple([each for each in members if each is not record])
                rest = turned[members] = left if len(left) > 1 else left[0]
            self._journal.put(self._index, key, rest)
        else:
            self._journal.drop(self._index, key)

    def _became_generic(self, work: Work, key: int, members: tuple[Record, ...]) -> None:
        """Retract the pairs that shared nothing but this key."""
        specific = {each: self._specific_keys(each) for each in members if each.features is not None}
        for a, keys in specific.items():
            for b, _ in tuple(a.links()):
                if b in specific and a.id < b.id and keys.isdisjoint(specific[b]):
                    self._unlink(work, a, b)
                    self._touch_both(work, a, b)
        self._touch_if_identifier(work, key, members)

    def _became_specific(self, work: Work, key: int, members: tuple[Record, ...]) -> None:
        """Score the pairs that now share this key."""
        living = {each: unpack(each.features) for each in members if each.features is not None}
        for a, b in combinations(living, 2):
            if b not in a.edges:
                self._link(work, a, b, self._scorer.score(living[a], living[b]))
                self._touch_both(work, a, b)
        self._touch_if_identifier(work, key, members)

    def _specific_keys(self, record: Record) -> set[int]:
        if record.features is None:
            return set()
        return {key for key in self._keys(unpack(record.features)) if not isinstance(self._index.get(key), set)}

    def _touch_both(self, work: Work, a: Record, b: Record) -> None:
        work.touch(a, self._cause)
        work.touch(b, self._cause)

    def _touch_if_identifier(self, work: Work, key: int, members: tuple[Record, ...]) -> None:
        if self._layout.identifies(key):
            for record in members:
                work.touch(record, self._cause)

    # ------------------------------------------------------------------ rows and load

    def row(self, a: Record, b: Record, code: int) -> EdgeRow:
        """The stored form of an edge."""
        return EdgeRow(a.id, b.id, self._scorer.weight[code], self._scorer.levels(code))

    def load(self, records: Iterable[tuple[Record, Sequence[int]]]) -> None:
        """Index living records by their keys; their edges are loaded by `load_edges`."""
        index = self._index
        several: dict[int, list[Record]] = {}
        for record, keys in records:
            for key in keys:
                first = index.setdefault(key, record)
                if first is not record:
                    members = several.get(key)
                    if members is None:
                        several[key] = [first, record]  # type: ignore[list-item]  # only records stand there yet
                    else:
                        members.append(record)
        shared: dict[tuple[Record, ...], tuple[Record, ...]] = {}
        for key, members in several.items():
            if len(members) > self._bound:
                index[key] = set(members)
            else:
                few = tuple(members)
                index[key] = shared.setdefault(few, few)

    def load_edges(self, rows: Iterable[EdgeRow], records: dict[bytes, Record]) -> None:
        """Take stored edges; raises Halt when another model scored them."""
        code_of = self._codes()
        for row in rows:
            a, b, code = records[row.a], records[row.b], code_of(row.levels, row.weight)
            a.edges = (*a.edges, b, code)
            b.edges = (*b.edges, a, code)

    def _codes(self) -> Callable[[tuple[Level, ...], int], int]:
        """Make the function from stored levels to their code that knows again the objects it was given before."""
        met: dict[int, tuple[tuple[Level, ...], int, int]] = {}

        def code_of(levels: tuple[Level, ...], weight: int) -> int:
            known = met.get(id(levels))  # an entry holds its levels, so nothing else can have their identity
            if known is None or known[1] != weight:
                if len(met) >= _MET:
                    met.clear()
                known = met[id(levels)] = levels, weight, self._scorer.code_of(levels, weight)
            return known[2]

        return code_of


def _attestable(work: Work, changed: Iterable[Record]) -> set[int]:
    found = set()
    for record in changed:
        if record.table.attests:
            for packed in (work.features_before[record], record.features):
                if packed is not None and (identifier := identifier_of(packed)):
                    found.add(identifier)
    return found
