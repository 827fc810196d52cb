"""The engine of link: events in, a delta out; memory changes for good only on commit.

Everything it decides is a function of the set of record states, lineage facts, decisions and floors, never of the
order in which they came.  It does no I/O and looks at no clock; only a start from a large store has a second process
form a part of it.  See docs/resolution.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from hub.link.blocks import Blocks
from hub.link.cluster import Clusterer
from hub.link.doubts import Doubter
from hub.link.entities import Shift, deltas, id_before, id_now
from hub.link.features import Layout
from hub.link.forming import formed
from hub.link.journal import Journal
from hub.link.judgements import Book
from hub.link.ledger import Ledger
from hub.link.model import Model
from hub.link.record import Record, by_id
from hub.link.records import RECORDS
from hub.link.score import Scorer
from hub.link.sweeps import Sweeps
from hub.link.work import Work
from hub.wire.decisions import Cause, Delta, Doubts, EdgeRow, Event, QuarantineClosed, State, Tick
from hub.wire.errors import Halt
from hub.wire.records import CleanPerson, Held, Judgement, Sweep
from hub.wire.version import LOWEST

_AT_ONCE = 5_000
"""Records that are scored anew before what they changed is taken."""


class Engine:
    """Who is the same, for one kind of entity (hub.wire.decisions.Engine)."""

    def __init__(self, model: Model, authorities: Mapping[str, str], attesting: frozenset[str]) -> None:
        """Make an empty engine; `authorities` maps a source to its authority, `attesting` names NIK registers."""
        self._journal = Journal()
        self.entity = model.entity
        self._model = model
        self._layout = layout = Layout(model)
        self._scorer = Scorer(model, layout)
        self._threshold = model.threshold
        self._ledger = Ledger(self._journal, layout, model.anchor, authorities, attesting)
        self._blocks = Blocks(self._journal, layout, self._scorer, model.generic_bound, model.threshold)
        self._book = Book(self._journal)
        self._sweeps = Sweeps(self._journal, self._ledger)
        self._clusterer = Clusterer(model, self._book, self._blocks.attested, self._scorer)
        self._doubter = Doubter(
            model, self._book, self._blocks, self._clusterer, weights=self._scorer.weight, rooted=self._ledger.rooted
        )
        self._looked: list[Record] = []
        """Records whose clusters the last batch looked at."""
        self._pending: tuple[Delta, tuple[Event, ...]] | None = None
        self._applied = False
        self._handlers: dict[type, Callable[[Work, object], None]] = {
            RECORDS[model.entity]: self._on_record,  # type: ignore[dict-item]
            Held: self._on_held,  # type: ignore[dict-item]
            Sweep: self._sweeps.mark,  # type: ignore[dict-item]
            Judgement: self._on_judgement,  # type: ignore[dict-item]
            QuarantineClosed: self._on_closed,  # type: ignore[dict-item]
            Tick: self._on_tick,  # type: ignore[dict-item]
        }

    # ------------------------------------------------------------------ contract

    def apply(self, events: Sequence[Event]) -> Delta:
        """Return what the events change; as seen from outside the engine stays as it was."""
        self._restore()
        self._pending = None
        try:
            delta = self._run(events)
        except BaseException:
            self._journal.rollback()
            raise
        self._pending = (delta, tuple(events))
        self._applied = True
        return delta

    def commit(self, delta: Delta) -> None:
        """Take the delta that `apply` returned last into memory; raises ValueError for any other."""
        if self._pending is None or self._pending[0] is not delta:
            raise ValueError("commit takes the delta that apply returned last, once")
        if not self._applied:
            self._run(self._pending[1])
        self._journal.commit()
        self._pending, self._applied = None, False

    def doubts(self) -> Doubts:
        """Return the doubts that `apply` made or ended; raises ValueError unless it was called just before."""
        if not self._applied:
            raise ValueError("doubts are told between apply and commit")
        return self._doubter.of(self._looked)

    def doubts_of(self, records: Iterable[bytes]) -> Doubts:
        """Return the doubts that touch these records, as committed; an unknown one only loses its own."""
        self._restore()
        ids = tuple(records)
        known = [self._ledger.records[each] for each in ids if each in self._ledger.records]
        found = self._doubter.of(known)
        return Doubts(tuple(dict.fromkeys((*ids, *found.looked))), found.found)

    def known(self) -> list[bytes]:
        """Return the ids of all living records."""
        self._restore()
        return [each.id for each in self._ledger.records.values() if each.features is not None]

    def backlog(self) -> bool:
        """Say whether a Tick has bounded work waiting: a sweep in progress."""
        self._restore()
        return self._sweeps.backlog()

    def next_expiry_us(self) -> int | None:
        """Return when the next decision expires, or None."""
        self._restore()
        return self._book.next_expiry_us()

    def digest(self) -> str:
        """Return a digest of living records, roots, edges, clusters, ids, decisions, lineage and floors."""
        self._restore()
        state = blake2b(digest_size=16)
        living = sorted([each for each in self._ledger.records.values() if each.features is not None], key=by_id)
        for record in living:
            state.update(repr((record.id, record.version, record.root, record.next, id_now(record.mates))).encode())
            for other, code in sorted(record.links(), key=lambda link: link[0].id):
                state.update(repr((other.id, self._scorer.weight[code], self._scorer.levels(code))).encode())
        for row in (*self._book.rows(), *self._book.notes(), *self._ledger.lineage.rows(), *self._sweeps.floors()):
            state.update(repr(row).encode())
        return state.hexdigest()

    def clusters(self) -> dict[str, tuple[bytes, ...]]:
        """Return the members, sorted record ids, of every entity."""
        self._restore()
        living = (record for record in self._ledger.records.values() if record.features is not None)
        return {id_now(each.mates): tuple([mate.id for mate in each.mates]) for each in living}

    def load(self, state: State) -> None:
        """Take everything that the store holds into an empty engine; raises Halt when it contradicts itself."""
        self._ledger.lineage.load(state.lineage)
        self._blocks.load(self._records(state))
        records = self._ledger.records
        self._blocks.load_edges(state.edges, records)
        self._book.load(state.judgements, state.notes)
        self._sweeps.load(state.floors, state.sweeps, state.blocks)
        clusters: dict[str, list[Record]] = {}
        placed = 0
        for record_id, entity in state.members:
            clusters.setdefault(entity, []).append(records[record_id])
            placed += 1
        living = sum(1 for record in records.values() if record.features is not None)
        if placed != living:
            raise Halt(f"the store has {living} living records but {placed} members; restore it from a backup")
        for members in clusters.values():
            if len(members) > 1:
                members.sort(key=by_id)
                cluster = tuple(members)
                for record in cluster:
                    record.cluster = cluster
        self._journal.commit()

    def rebuild(self, state: State) -> None:
        """Take records, lineage, decisions and floors of the store into an empty engine; score and cluster them anew.

        What the store has of edges and members is another model's and is not read.
        """
        self._ledger.lineage.load(state.lineage)
        living = [record for record, _ in self._records(state)]
        self._book.load(state.judgements, state.notes)
        self._sweeps.load(state.floors, state.sweeps, state.blocks)
        for at in range(0, len(living), _AT_ONCE):
            part = Work()
            part.features_before = dict.fromkeys(living[at : at + _AT_ONCE])
            self._blocks.refresh(part)
            self._journal.commit()
        whole = Work()
        whole.features_before = dict.fromkeys(living)
        whole.touched = dict.fromkeys(living)
        self._recluster(whole)
        self._journal.commit()

    def _records(self, state: State) -> Iterator[tuple[Record, Sequence[int]]]:
        """Take the store's records; yields the living ones with their keys."""
        return self._ledger.load(formed(state.records, state.schemas, self._model, self._layout))

    def edges(self) -> Iterator[EdgeRow]:
        """Return every scored pair as the store holds it."""
        self._restore()
        for record in self._ledger.records.values():
            for other, code in record.links():
                if record.id < other.id:
                    yield self._blocks.row(record, other, code)

    def record(self, record_id: bytes) -> Record:
        """Return a record; raises KeyError for one that was never seen."""
        return self._ledger.records[record_id]

    # ------------------------------------------------------------------ one batch

    def _restore(self) -> None:
        """Bring memory back to what is committed; a pending delta can still be committed."""
        if self._applied:
            self._journal.rollback()
            self._applied = False

    def _run(self, events: Iterable[Event]) -> Delta:
        work = Work()
        for event in events:
            self._handlers[type(event)](work, event)
        self._sweeps.step(work)
        self._blocks.refresh(work)
        self._clusterer.refused = 0
        shift = self._recluster(work)
        delta = work.delta
        delta.refused_unions = self._clusterer.refused
        delta.records = [self._ledger.row(each, work.bodies.get(each)) for each in sorted(work.rows, key=by_id)]
        self._edge_rows(work)
        delta.judgements = [work.judgements[key] for key in sorted(work.judgements)]
        delta.notes = [work.notes[key] for key in sorted(work.notes)]
        delta.entities = deltas(work, shift)
        return delta

    def _edge_rows(self, work: Work) -> None:
        for (a, b), before in work.edges_before.items():
            now = a.edges[a.edges.index(b) + 1] if b in a.edges else None
            if now is None and before is not None:
                work.delta.edges_gone.append((a.id, b.id))
            elif now is not None and now != before:
                work.delta.edges.append(self._blocks.row(a, b, now))
        work.delta.edges.sort(key=_pair)
        work.delta.edges_gone.sort()

    # ------------------------------------------------------------------ events

    def _on_record(self, work: Work, record: CleanPerson) -> None:
        floor = self._sweeps.floor(record.source, record.table)
        swept = LOWEST if record.next is None else self._sweeps.swept(record.source, record.table)
        self._ledger.take(work, record, floor, swept)
        if work.reroots:
            self._move_decisions(work)

    def _on_held(self, work: Work, held: Held) -> None:
        if held.id is None:
            self._sweeps.block(work, held)
        else:
            self._ledger.hold(work, held, self._sweeps.swept(held.source, held.table))
            self._move_decisions(work)

    def _on_judgement(self, work: Work, judgement: Judgement) -> None:
        root_of = self._ledger.root_of
        pairs = [(root_of(pair.a), root_of(pair.b)) for pair in judgement.pairs]
        roots = self._book.take(work, judgement, pairs)
        self._touch_roots(work, roots, Cause("judgement", judgement.id))

    def _on_closed(self, work: Work, closed: QuarantineClosed) -> None:
        self._sweeps.unblock(work, closed.item)

    def _on_tick(self, work: Work, tick: Tick) -> None:
        for row in self._book.due(tick.now_us):
            self._touch_roots(work, self._book.close(work, row, "expired"), Cause("judgement", row.id))

    def _move_decisions(self, work: Work) -> None:
        for old, new, cause in work.reroots:
            if old != new and not any(self._ledger.rooted(old)):
                self._touch_roots(work, self._book.move(work, old, new), cause)
        work.reroots.clear()

    def _touch_roots(self, work: Work, roots: Iterable[bytes], cause: Cause) -> None:
        for root in roots:
            for record in self._ledger.rooted(root):
                work.touch(record, cause)

    # ------------------------------------------------------------------ clustering

    def _recluster(self, work: Work) -> Shift:
        """Part the components of touched records anew, and note clusters before and after."""
        shift = Shift()
        queue = list(work.touched)
        done: set[Record] = set()
        looked: set[Record] = set()
        for record in queue:
            if record in looked:
                continue
            self._note_before(work, shift, record, looked)
            for mate in record.mates:
                if mate.features is not None and mate not in done:
                    component = self._component(mate)
                    done.update(component)
                    queue += component
                    for cluster in self._clusterer.parts(component):
                        self._note_after(shift, cluster)
        self._assign(shift)
        self._looked = list(looked)
        return shift

    @staticmethod
    def _note_before(work: Work, shift: Shift, record: Record, looked: set[Record]) -> None:
        mates = record.mates
        looked.update(mates)
        former = tuple([mate for mate in mates if work.lived(mate)])
        if former:
            entity = id_before(work, former)
            shift.before[entity] = former
            for mate in former:
                shift.old[mate] = entity

    @staticmethod
    def _note_after(shift: Shift, cluster: tuple[Record, ...]) -> None:
        entity = id_now(cluster)
        shift.after[entity] = cluster
        for record in cluster:
            shift.new[record] = entity

    def _assign(self, shift: Shift) -> None:
        for cluster in shift.after.values():
            held = cluster if len(cluster) > 1 else None
            for record in cluster:
                if record.cluster != held:
                    self._journal.assign(record, "cluster", held)
        for former in shift.before.values():
            for record in former:
                if record not in shift.new and record.cluster is not None:
                    self._journal.assign(record, "cluster", None)

    def _component(self, start: Record) -> list[Record]:
        """Records joined with one by edges that link or by decisions, sorted by nothing."""
        found = [start]
        known = {start}
        weights, threshold, decided = self._scorer.weight, self._threshold, not self._book.is_empty()
        for record in found:
            for other, code in record.links():
                if other not in known and weights[code] >= threshold:
                    known.add(other)
                    found.append(other)
            if decided:
                for root in self._book.partners(record.root, "same"):
                    for other in self._ledger.rooted(root):
                        if other not in known:
                            known.add(other)
                            found.append(other)
        return found


def _pair(row: EdgeRow) -> tuple[bytes, bytes]:
    return row.a, row.b


def from_scratch(
    engine: Engine, records: Iterable[CleanPerson], judgements: Iterable[Judgement] = ()
) -> dict[str, tuple[bytes, ...]]:
    """Resolve records in one go with an empty engine; return the members of each entity, sorted record ids."""
    engine.commit(engine.apply([*records, *judgements]))
    return engine.clusters()
