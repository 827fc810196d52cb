"""The cycle of the writer without Faust: decode a batch, ask link, ask merge, commit, let link take it.

A step is computed once and offered to PostgreSQL until it is taken: link stays as it was meanwhile, so the same step
can be offered again, and what memory holds is never ahead of the store.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from hub.persist import offsets, quarantine, review_sql
from hub.persist.bodies import Bodies, in_order
from hub.persist.commit import Writer
from hub.persist.decode import Decoded, Decoder, Message
from hub.persist.kinds import Kind, Stages
from hub.persist.messages import Coding
from hub.persist.turning import Models, Turning
from hub.persist.work import Committed, Log, Move, Work
from hub.wire import metrics
from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.clock import Clock
from hub.wire.decisions import Delta, Engine, Event, Tick
from hub.wire.entities import ENTITIES, Clean, Entity, Golden
from hub.wire.errors import Halt, TryAgain


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction to be, with what is counted once it is committed."""

    work: Work
    events: Sequence[Event]
    again: Sequence[bytes] | None = None
    """Records that were only looked at again: link has nothing to take."""
    turned: Stages | None = None
    """What takes over from the present stages."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a batch that waits for those before it to be committed."""

    decoded: Decoded
    moves: Sequence[Move]


class Reconciler:
    """Owns engines, store and caches of the one writer; used by one thread at a time.

    Each kind of entity has an engine of its own, and each transaction is of one kind.
    """

    def __init__(self, url: str, epoch: int, stages: Mapping[Entity, Stages], codec: Codec, clock: Clock, *,
                 models: Mapping[Entity, Models] | None = None) -> None:  # fmt: skip
        self._url = url
        self._epoch = epoch
        self._waiting: deque[_Part] = deque()
        self._clock = clock
        self._at: dict[Log, int] = {}
        """How far each partition is taken, as the store has it."""
        self._archive = Archive(self._schema)
        self.writer = Writer(url, epoch, Coding(codec, self._archive))
        self._bodies = Bodies(self._archive)
        self._kinds = {
            entity: Kind(entity, stages[entity], Turning(url, epoch, (models or {}).get(entity), self.writer))
            for entity in ENTITIES if entity in stages
        }  # fmt: skip
        self._decoder = Decoder(codec, self._archive, now_us=clock.now_us, place=self._place, identified=self._known,
                                entities=self.entities)  # fmt: skip

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The kinds of entity that have an engine."""
        return tuple(self._kinds)

    def load(self) -> None:
        """Bring link's memory to the state of the store, once.

        Raises TryAgain when PostgreSQL is away before link has seen anything, Halt when it goes away later: a memory
        that was filled in part cannot be filled again.
        """
        try:
            for kind in self._kinds.values():
                kind.open()
            for kind in self._kinds.values():
                with self.writer.guarded() as database:
                    golden, members, edges = kind.load(self._url, database)
                metrics.GOLDEN.labels(kind.entity).set(golden)
                metrics.MEMBERS.labels(kind.entity).set(members)
                metrics.EDGES.labels(kind.entity).set(edges)
        except TryAgain as error:
            if any(kind.begun for kind in self._kinds.values()):
                raise Halt(f"loading the store was interrupted, start again: {error}") from error
            raise
        for kind in self._kinds.values():
            kind.loaded()

    def offsets(self, begins: Mapping[Log, tuple[str, int]]) -> dict[Log, int | None]:
        """Return where to read on; see `offsets.load`."""
        with self.writer.guarded() as database:
            found = offsets.load(database, self._epoch, begins)
        self._at |= {log: at for log, at in found.items() if at is not None}
        return found

    def batch(self, log: Log, base: int, next_: int, messages: Sequence[Message]) -> Step | None:
        """Return the first step of what a batch of one partition changes, None when the store has it already.

        Commit it, then ask `more` for the next.  A batch that was fetched before an earlier one was committed may
        overlap it: what was taken is left out.
        Raises TryAgain when registry or store is away, Halt when messages between the batches are missing.
        """
        at = self._at.get(log, base)
        if at < base:
            raise Halt(f"partition {log.partition} must be read on at {at}, but a batch from {base} came; "
                       "the process must end and read from the stored offset")  # fmt: skip
        if next_ <= at:
            return None
        parts = self._decoder.decode([message for message in messages if message.offset >= at], log.topic_id)
        self._waiting.clear()
        for part in parts:
            end = next_ if part.next is None else part.next
            self._waiting.append(_Part(part, (Move(log, at, end),) if end > at else ()))
            at = end
        return self.more()

    def more(self) -> Step | None:
        """Return the next step of the batch in hand, None when it is done; the step before must be committed."""
        if not self._waiting:
            return None
        part = self._waiting[0]
        step = self._step(part.decoded.events, part.decoded, part.moves)
        self._waiting.popleft()
        return step

    def tick(self) -> Step | None:
        """Return what a bounded piece of background work changes, None when there is none to do."""
        now = self._clock.now_us()
        kinds = self._kinds.values()
        for kind in kinds:
            if kind.due(now):
                return self._step([Tick(now)], Decoded(kind.entity), ())
        for kind in kinds:
            switch = kind.offered(now)
            if switch is not None:
                golden = self._golden(switch.delta, switch.stages)
                work = Work(switch.delta, golden, turn=switch.turn, entity=kind.entity)
                return Step(work, (), turned=switch.stages)
        for kind in kinds:
            found = kind.look_again()
            if found is not None:
                return Step(found[0], (), found[1])
        return None

    def _step(self, events: Sequence[Event], decoded: Decoded, moves: Sequence[Move]) -> Step:
        kind = self._kinds[decoded.entity]
        delta = kind.stages.engine.apply(events)
        change = kind.difference(delta)
        golden = self._golden(delta, kind.stages)
        own = _own(delta, decoded)
        work = Work(delta, golden, moves, decoded.refused, decoded.settled, own, change, entity=kind.entity)
        return Step(work, events)

    def _golden(self, delta: Delta, stages: Stages) -> dict[str, Golden]:
        """Return the golden state of a delta's entities."""
        golden: dict[str, Golden] = {}
        if delta.entities:
            with self.writer.guarded() as database:
                bodies = self._bodies.of(database, delta)
            for entity in delta.entities:
                if entity.members:
                    members = in_order(bodies, entity.members)
                    golden[entity.entity_id] = stages.merge(entity.entity_id, members, stages.authorities)
        return golden

    def commit(self, step: Step) -> Committed:
        """Commit a step and let memory take it; raises TryAgain (offer the same step again) or Halt."""
        with metrics.COMMIT_SECONDS.time():
            done = self.writer.commit(step.work)
        kind = self._kinds[step.work.entity]
        if step.turned is not None:
            kind.take(step.turned)
        elif step.again is None:
            kind.stages.engine.commit(step.work.delta)
            self._bodies.taken(step.work.delta)
        if step.work.reviews is not None:
            kind.reviews.taken(step.work.reviews, step.again or ())
        self._at |= {move.log: move.next for move in step.work.moves}
        _count(step, done)
        return done

    def measure(self) -> None:
        """Bring the gauges of what waits for people up to date: quarantine, the stewards' queue, holds."""
        with self.writer.guarded() as database:
            waiting = quarantine.waiting(database)
            doubtful = review_sql.waiting(database)
        metrics.REVIEWS_OPEN.clear()
        metrics.REVIEW_OLDEST.clear()
        for entity, kind, count, since in doubtful:
            metrics.REVIEWS_OPEN.labels(entity, kind).set(count)
            metrics.REVIEW_OLDEST.labels(entity, kind).set(since)
        metrics.HOLDS_OPEN.clear()
        for held in self._kinds.values():
            for reason, count in Counter(held.reviews.held().values()).items():
                metrics.HOLDS_OPEN.labels(held.entity, reason).set(count)
        metrics.QUARANTINE_OPEN.clear()
        for stage, source, count in waiting:
            metrics.QUARANTINE_OPEN.labels(stage, source).set(count)

    def digest(self) -> str:
        """Return link's digest of what it holds in memory; equal to that of engines loaded from the store."""
        return digest_of({kind.entity: kind.stages.engine for kind in self._kinds.values()})

    def close(self) -> None:
        """Give the connection back."""
        self.writer.close()

    def _place(self, record: bytes) -> tuple[str, str] | None:
        with self.writer.guarded() as database:
            row = database.execute("select source, tbl from link.record where id = %s", (record,)).fetchone()
        return None if row is None else (row[0], row[1])

    def _known(self, items: Sequence[str]) -> set[str]:
        with self.writer.guarded() as database:
            return quarantine.identified(database, items)

    def _schema(self, mark: bytes) -> str | None:
        with self.writer.guarded() as database:
            row = database.execute("select text from store.schema where fingerprint = %s", (mark,)).fetchone()
        return None if row is None else str(row[0])


def digest_of(engines: Mapping[Entity, Engine]) -> str:
    """Return one digest of all engines; with a single engine it is that one's own."""
    digests = [f"{entity} {engines[entity].digest()}" for entity in ENTITIES if entity in engines]
    if len(digests) == 1:
        return digests[0].partition(" ")[2]
    return blake2b("\n".join(digests).encode(), digest_size=16).hexdigest()


def _own(delta: Delta, decoded: Decoded) -> dict[bytes, bytes]:
    """Return the stored bodies of rows whose values are a message's own, so they need no second encoding."""
    found = {}
    for row in delta.records:
        message = decoded.bodies.get((row.id, row.version))
        if message is not None and message[0] is row.body:
            found[row.id] = message[1]
    return found


def _count(step: Step, done: Committed) -> None:
    entity = step.work.entity
    metrics.GOLDEN.labels(entity).inc(done.living)
    metrics.MEMBERS.labels(entity).inc(done.members)
    metrics.EDGES.labels(entity).inc(done.edges)
    metrics.STALE.inc(step.work.delta.stale)
    metrics.REFUSED_UNIONS.labels(entity).inc(step.work.delta.refused_unions)
    for kind, count in Counter(type(event).__name__ for event in step.events).items():
        metrics.RECONCILED.labels(kind.lower()).inc(count)
    for kind, count in done.published.items():
        metrics.ENTITY_CHANGES.labels(entity, kind).inc(count)
    for verdict, state in {(row.id, row.verdict): row.state for row in step.work.delta.judgements}.items():
        metrics.DECISIONS.labels(entity, verdict[1], state).inc()
    for note in step.work.delta.notes:
        metrics.DECISIONS.labels(entity, note.kind, note.state).inc()
    for item in step.work.refused:
        if item.stage == "reconcile":
            metrics.QUARANTINED.labels(item.stage, item.source, item.code).inc()
    for event in step.events:
        if isinstance(event, Clean):
            metrics.SOURCE_TO_GOLDEN.labels(event.source).observe(max(0.0, (done.at_us - event.changed_at) / 1e6))
