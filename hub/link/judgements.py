"""Stewards' decisions on pairs of lineage roots: order of arrival decides, contradictions are kept as refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.link.journal import Journal
from hub.link.work import Work
from hub.wire.decisions import JudgementRow
from hub.wire.records import Judgement

Key = tuple[str, bytes, bytes]
Pair = tuple[bytes, bytes]


class Book:
    """All decisions, and the standing ones by pair."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rows: dict[Key, JudgementRow] = {}
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._standing: dict[Pair, JudgementRow] = {}
        """The active decision on a pair, `unsure` included."""
        self._judged: dict[bytes, tuple[bytes, ...]] = {}
        """Roots with a standing decision, and their partners."""
        self.sequence = 0
        """Of the last decision taken."""

    # ------------------------------------------------------------------ reading

    def partners(self, root: bytes, verdict: str) -> list[bytes]:
        """Roots that stand in a decision of this verdict with the root."""
        found = []
        for other in self._judged.get(root, ()):
            if self._standing[_pair(root, other)].verdict == verdict:
                found.append(other)
        return found

    def standing(self, a: bytes, b: bytes) -> JudgementRow | None:
        """The active decision on a pair of roots."""
        return self._standing.get(_pair(a, b))

    def is_empty(self) -> bool:
        """Say whether no decision stands."""
        return not self._standing

    def next_expiry_us(self) -> int | None:
        """When the next standing decision expires."""
        times = [row.expires_at for row in self._standing.values() if row.expires_at is not None]
        return min(times, default=None)

    def rows(self) -> Iterator[JudgementRow]:
        """Every decision, in a fixed order."""
        for key in sorted(self._rows):
            yield self._rows[key]

    # ------------------------------------------------------------------ events

    def take(self, work: Work, judgement: Judgement, pairs: Iterable[Pair]) -> set[bytes]:
        """Take a decision on pairs of roots; return the roots whose clusters it may change."""
        if judgement.verdict == "withdrawn":
            return self._end(work, judgement.withdraws or "", "withdrawn")
        if judgement.id in self._keys:
            work.delta.stale += 1
            return set()
        self._journal.assign(self, "sequence", self.sequence + 1)
        wanted = sorted({_pair(a, b) for a, b in pairs})
        self._journal.put(self._keys, judgement.id, ())
        refused = self._contradicts(wanted, judgement.verdict)
        for a, b in wanted:
            if a != b:
                row = self._row(judgement, a, b, "refused" if refused else "active")
                self._add(work, row)
        return set() if refused else {root for pair in wanted for root in pair}

    def due(self, now_us: int) -> list[JudgementRow]:
        """Standing decisions that expired by a time, oldest first."""
        due = [row for row in self._standing.values() if row.expires_at is not None and row.expires_at <= now_us]
        return sorted(due, key=lambda row: (row.sequence, row.a, row.b))

    def close(self, work: Work, row: JudgementRow, state: str) -> set[bytes]:
        """End a standing decision; return its roots."""
        self._close(work, row, state)
        return {row.a, row.b}

    def move(self, work: Work, old: bytes, new: bytes) -> set[bytes]:
        """Carry the standing decisions on one root over to another (a lineage fact arrived late)."""
        touched: set[bytes] = set()
        for other in self._judged.get(old, ()):
            row = self._standing[_pair(old, other)]
            self._close(work, row, "superseded")
            if other != new:
                a, b = _pair(new, other)
                self._add(work, replace(row, a=a, b=b))
            touched |= {old, new, other}
        return touched

    # ------------------------------------------------------------------ steps

    def _row(self, judgement: Judgement, a: bytes, b: bytes, state: str) -> JudgementRow:
        return JudgementRow(
            judgement.id,
            self.sequence,
            a,
            b,
            judgement.verdict,
            judgement.author,
            judgement.reason,
            judgement.made_at,
            judgement.expires_at,
            state,
        )

    def _add(self, work: Work, row: JudgementRow) -> None:
        self._write(work, row)
        if row.state != "active":
            return
        pair = (row.a, row.b)
        earlier = self._standing.get(pair)
        if earlier is not None and earlier.sequence > row.sequence:
            self._write(work, replace(row, state="superseded"))
            return
        if earlier is not None:
            self._write(work, replace(earlier, state="superseded"))
        else:
            self._journal.put(self._judged, row.a, (*self._judged.get(row.a, ()), row.b))
            self._journal.put(self._judged, row.b, (*self._judged.get(row.b, ()), row.a))
        self._journal.put(self._standing, pair, row)

    def _end(self, work: Work, judgement_id: str, state: str) -> set[bytes]:
        touched: set[bytes] = set()
        for key in self._keys.get(judgement_id, ()):
            row = self._rows[key]
            if row.state == "active":
                self._close(work, row, state)
                touched |= {row.a, row.b}
        if not touched:
            work.delta.stale += 1
        return touched

    def _close(self, work: Work, row: JudgementRow, state: str) -> None:
        self._write(work, replace(row, state=state))
        self._journal.drop(self._standing, (row.a, row.b))
        for one, other in ((row.a, row.b), (row.b, row.a)):
            left = tuple([each for each in self._judged[one] if each != other])
            if left:
                self._journal.put(self._judged, one, left)
            else:
                self._journal.drop(self._judged, one)

    def _write(self, work: Work, row: JudgementRow) -> None:
        key = (row.id, row.a, row.b)
        if key not in self._rows:
            self._journal.put(self._keys, row.id, (*self._keys.get(row.id, ()), key))
        self._journal.put(self._rows, key, row)
        work.judgements[key] = row

    def _contradicts(self, pairs: list[Pair], verdict: str) -> bool:
        """Say whether decisions that stand on other pairs rule this one out: same/same/different in any length."""
        replaced = set(pairs)
        if verdict == "different":
            return any(b in self._closure(a, replaced, ()) for a, b in pairs)
        return verdict == "same" and any(self._parts(self._closure(a, replaced, pairs), replaced) for a, _ in pairs)

    def _closure(self, root: bytes, replaced: set[Pair], extra: Iterable[Pair]) -> set[bytes]:
        """Return what standing "same" decisions join with a root, those on `replaced` pairs aside, `extra` added."""
        added: dict[bytes, list[bytes]] = {}
        for a, b in extra:
            added.setdefault(a, []).append(b)
            added.setdefault(b, []).append(a)
        found, queue = {root}, [root]
        for each in queue:
            same = [other for other in self.partners(each, "same") if _pair(each, other) not in replaced]
            for other in (*same, *added.get(each, ())):
                if other not in found:
                    found.add(other)
                    queue.append(other)
        return found

    def _parts(self, closure: set[bytes], replaced: set[Pair]) -> bool:
        """Say whether a standing "different" decision lies inside a closure."""
        for root in closure:
            for other in self.partners(root, "different"):
                if other in closure and _pair(root, other) not in replaced:
                    return True
        return False

    def load(self, rows: Iterable[JudgementRow]) -> None:
        """Take stored decisions."""
        work = Work()
        for row in sorted(rows, key=lambda row: (row.sequence, row.id, row.a, row.b)):
            self._add(work, row)
            self.sequence = max(self.sequence, row.sequence)


def _pair(a: bytes, b: bytes) -> Pair:
    return (a, b) if a <= b else (b, a)
