"""Stewards' decisions on pairs of lineage roots: order of arrival decides, contradictions are kept as refused.

A decision can be contested: it stands until it is settled, by its withdrawal or by a later decision on its pairs.
Contests and withdrawals are kept as notes, with who and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.link.journal import Journal
from hub.link.work import Work
from hub.wire.decisions import JudgementRow, NoteRow
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
        self._notes: dict[str, NoteRow] = {}
        self._contests: dict[str, tuple[str, ...]] = {}
        """Contests that were not taken back, by judgement; one that no longer stands may be among them."""
        self.sequence = 0
        """Of the last decision or note taken."""

    # ------------------------------------------------------------------ reading

    def partners(self, root: bytes, verdict: str) -> list[bytes]:
        """Roots that stand in a decision of this verdict with the root."""
        found = []
        for other in self._judged.get(root, ()):
            if self._standing[_pair(root, other)].verdict == verdict:
                found.append(other)
        return found

    def about(self, root: bytes) -> list[JudgementRow]:
        """The active decisions on pairs of a root."""
        return [self._standing[_pair(root, other)] for other in self._judged.get(root, ())]

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

    def contested(self, row: JudgementRow) -> bool:
        """Say whether somebody contests a standing decision."""
        return row.id in self._contests

    def active(self, judgement_id: str) -> list[JudgementRow]:
        """The standing decisions of one message, in the order of their pairs."""
        rows = [self._rows[key] for key in sorted(self._keys.get(judgement_id, ()))]
        return [row for row in rows if row.state == "active"]

    def notes(self) -> Iterator[NoteRow]:
        """Every contest and withdrawal, in a fixed order."""
        for key in sorted(self._notes):
            yield self._notes[key]

    def rows(self) -> Iterator[JudgementRow]:
        """Every decision, in a fixed order."""
        for key in sorted(self._rows):
            yield self._rows[key]

    # ------------------------------------------------------------------ events

    def take(self, work: Work, judgement: Judgement, pairs: Iterable[Pair]) -> set[bytes]:
        """Take a decision on pairs of roots; return the roots whose clusters it may change."""
        if judgement.id in self._keys or judgement.id in self._notes:
            work.delta.stale += 1
            return set()
        self._journal.assign(self, "sequence", self.sequence + 1)
        if judgement.verdict == "withdrawn":
            return self._withdraw(work, judgement)
        if judgement.verdict == "contested":
            return self._contest(work, judgement)
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

    # ------------------------------------------------------------------ notes

    def _withdraw(self, work: Work, judgement: Judgement) -> set[bytes]:
        """End the decision, or take back the contest, that a message names."""
        named = judgement.withdraws or ""
        contest = self._notes.get(named)
        if contest is not None and contest.kind == "contested" and contest.state == "taken":
            self._note(work, judgement, named, "withdrawn", "taken")
            return self._take_back(work, contest)
        touched = self._end(work, named, "withdrawn")
        self._note(work, judgement, named, "withdrawn", "taken" if touched else "void")
        return touched

    def _contest(self, work: Work, judgement: Judgement) -> set[bytes]:
        """Note that a standing decision is contested; it goes on standing."""
        named = judgement.contests or ""
        touched = {root for row in self.active(named) for root in (row.a, row.b)}
        self._note(work, judgement, named, "contested", "taken" if touched else "void")
        if touched:
            self._journal.put(self._contests, named, (*self._contests.get(named, ()), judgement.id))
        return touched

    def _take_back(self, work: Work, contest: NoteRow) -> set[bytes]:
        self._write_note(work, replace(contest, state="withdrawn"))
        left = tuple([each for each in self._contests[contest.judgement] if each != contest.id])
        if left:
            self._journal.put(self._contests, contest.judgement, left)
        else:
            self._journal.drop(self._contests, contest.judgement)
        return {root for row in self.active(contest.judgement) for root in (row.a, row.b)}

    def _note(self, work: Work, judgement: Judgement, named: str, kind: str, state: str) -> None:
        if state == "void":
            work.delta.stale += 1
        self._write_note(work, NoteRow(
            judgement.id, self.sequence, named, kind, judgement.author, judgement.reason, judgement.made_at, state
        ))  # fmt: skip

    def _write_note(self, work: Work, note: NoteRow) -> None:
        self._journal.put(self._notes, note.id, note)
        work.notes[note.id] = note

    def _end(self, work: Work, judgement_id: str, state: str) -> set[bytes]:
        touched: set[bytes] = set()
        for row in self.active(judgement_id):
            self._close(work, row, state)
            touched |= {row.a, row.b}
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

    def load(self, rows: Iterable[JudgementRow], notes: Iterable[NoteRow] = ()) -> None:
        """Take stored decisions and notes."""
        work = Work()
        for row in sorted(rows, key=lambda row: (row.sequence, row.id, row.a, row.b)):
            self._add(work, row)
            self.sequence = max(self.sequence, row.sequence)
        for note in sorted(notes, key=lambda note: (note.sequence, note.id)):
            self._notes[note.id] = note
            self.sequence = max(self.sequence, note.sequence)
            if note.kind == "contested" and note.state == "taken":
                self._contests[note.judgement] = (*self._contests.get(note.judgement, ()), note.id)


def _pair(a: bytes, b: bytes) -> Pair:
    return (a, b) if a <= b else (b, a)
