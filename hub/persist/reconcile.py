"""The cycle of the writer without Faust: decode a batch, ask link, ask merge, commit, let link take it.

A step is computed once and offered to PostgreSQL until it is taken: link stays as it was meanwhile, so the same step
can be offered again, and what memory holds is never ahead of the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.persist import load, offsets, quarantine, review_sql
from hub.persist.bodies import Bodies, in_order
from hub.persist.commit import Writer
from hub.persist.decode import Decoded, Decoder, Message
from hub.persist.messages import Coding
from hub.persist.reviews import Reviews
from hub.persist.turning import Models, Turning
from hub.persist.work import Committed, Log, Move, Turn, Work
from hub.wire import metrics
from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.clock import Clock
from hub.wire.decisions import Delta, Engine, Event, Merge, State, Tick
from hub.wire.errors import Halt, TryAgain
from hub.wire.records import CleanPerson, GoldenPerson

ENTITY = "person"
_AGAIN = 1_000
"""Records looked at again at once when the model or the sensitive sources are other ones than before."""
_PORTIONS = 5
"""How often at most in one step, where it changes nothing."""


class LoadableEngine(Engine, Protocol):
    """link's engine, which takes the store's state before anything else."""

    def load(self, state: State) -> None:
        """Take the state of the store; called once, before the first `apply`."""
        ...

    def rebuild(self, state: State) -> None:
        """Take records and decisions of the store; score and cluster them anew."""
        ...


@dataclass(frozen=True, slots=True)
class Stages:
    """What the composition root hands in: link under a model, merge, and what contracts say of each source."""

    engine: LoadableEngine
    merge: Merge
    authorities: Mapping[str, str]
    model: str = ""
    """Version of the model."""
    sensitive: frozenset[str] = frozenset()
    """Sources whose data decide on something that a wrong union would harm."""
    survivorship: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Order of authorities by attribute group, as the model has it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction to be, with what is counted once it is committed."""

    work: Work
    events: Sequence[Event]
    again: Sequence[bytes] | None = None
    """Records that were only looked at again: link has nothing to take."""
    turned: Stages | None = None
    """What takes over from the present stages."""


class Reconciler:
    """Owns engine, store and caches of the one writer; used by one thread at a time."""

    def __init__(self, url: str, epoch: int, stages: Stages, codec: Codec, clock: Clock, *,
                 models: Models | None = None) -> None:  # fmt: skip
        self._url = url
        self._epoch = epoch
        self._stages = stages
        self._engine = stages.engine
        self._clock = clock
        self._at: dict[Log, int] = {}
        """How far each partition is taken, as the store has it."""
        self._archive = Archive(self._schema)
        self.writer = Writer(url, epoch, Coding(codec, self._archive))
        self._bodies = Bodies(self._archive)
        self._turning = Turning(url, epoch, models, self.writer)
        self._reviews = Reviews(ENTITY, stages.model, stages.sensitive)
        self._decoder = Decoder(codec, self._archive, now_us=clock.now_us, place=self._place, identified=self._known)

    def load(self) -> None:
        """Bring link's memory to the state of the store, once.

        Raises TryAgain when PostgreSQL is away before link has seen anything, Halt when it goes away later: a memory
        that was filled in part cannot be filled again.
        """
        begun = False
        self._take(self._turning.stages(ENTITY, self._stages))
        try:
            with self.writer.guarded() as database:
                golden, members, edges = load.counts(database)
                with load.state(self._url) as state:
                    begun = True
                    self._engine.load(state)
                self._reviews.load(*review_sql.load(database, ENTITY), self._engine.known())
        except TryAgain as error:
            if begun:
                raise Halt(f"loading the store was interrupted, start again: {error}") from error
            raise
        self._turning.adopt(ENTITY)
        metrics.GOLDEN.labels(ENTITY).set(golden)
        metrics.MEMBERS.labels(ENTITY).set(members)
        metrics.EDGES.labels(ENTITY).set(edges)

    def offsets(self, begins: Mapping[Log, tuple[str, int]]) -> dict[Log, int | None]:
        """Return where to read on; see `offsets.load`."""
        with self.writer.guarded() as database:
            found = offsets.load(database, self._epoch, begins)
        self._at |= {log: at for log, at in found.items() if at is not None}
        return found

    def batch(self, log: Log, base: int, next_: int, messages: Sequence[Message]) -> Step | None:
        """Return what a batch of one partition changes, None when the store has it already.

        A batch that was fetched before an earlier one was committed may overlap it: what was taken is left out.
        Raises TryAgain when registry or store is away, Halt when messages between the batches are missing.
        """
        at = self._at.get(log, base)
        if at < base:
            raise Halt(f"partition {log.partition} must be read on at {at}, but a batch from {base} came; "
                       "the process must end and read from the stored offset")  # fmt: skip
        if next_ <= at:
            return None
        decoded = self._decoder.decode([message for message in messages if message.offset >= at], log.topic_id)
        return self._step(decoded.events, decoded, (Move(log, at, next_),))

    def tick(self) -> Step | None:
        """Return what a bounded piece of background work changes, None when there is none to do."""
        now = self._clock.now_us()
        expiry = self._engine.next_expiry_us()
        if self._engine.backlog() or (expiry is not None and expiry <= now):
            return self._step([Tick(now)], Decoded(), ())
        return self._offered(now) or self._look_again()

    def _offered(self, now: int) -> Step | None:
        """Return the switch to an offered model."""
        found = self._turning.offered(ENTITY, self._stages, now)
        if found is None:
            return None
        made, delta, said = found
        turn = Turn(ENTITY, made.model, said)
        return Step(Work(delta, self._golden(delta, made), turn=turn), (), turned=made)

    def _take(self, stages: Stages) -> None:
        """Go on with these stages; doubts are told anew under another model."""
        if stages is not self._stages:
            self._stages, self._engine = stages, stages.engine
            rows = self._reviews.rows()
            self._reviews = Reviews(ENTITY, stages.model, stages.sensitive)
            self._reviews.load(rows, None, stages.engine.known())

    def _look_again(self) -> Step | None:
        """Return what the next doubts change that must be told anew; None when nothing does, for now at least."""
        for _ in range(_PORTIONS):
            found = self._reviews.again(self._engine.doubts_of, _AGAIN)
            if found is None:
                break
            if found[0]:
                return Step(Work(Delta(), {}, reviews=found[0]), (), found[1])
            self._reviews.taken(*found)
        return None

    def _step(self, events: Sequence[Event], decoded: Decoded, moves: Sequence[Move]) -> Step:
        delta = self._engine.apply(events)
        change = self._reviews.difference(self._engine.doubts(), delta)
        golden = self._golden(delta, self._stages)
        own = _own(delta, decoded)
        return Step(Work(delta, golden, moves, decoded.refused, decoded.settled, own, change), events)

    def _golden(self, delta: Delta, stages: Stages) -> dict[str, GoldenPerson]:
        """Return the golden state of a delta's entities."""
        golden: dict[str, GoldenPerson] = {}
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
        if step.turned is not None:
            self._take(step.turned)
        elif step.again is None:
            self._engine.commit(step.work.delta)
            self._bodies.taken(step.work.delta)
        if step.work.reviews is not None:
            self._reviews.taken(step.work.reviews, step.again or ())
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
        for reason, count in Counter(self._reviews.held().values()).items():
            metrics.HOLDS_OPEN.labels(ENTITY, reason).set(count)
        metrics.QUARANTINE_OPEN.clear()
        for stage, source, count in waiting:
            metrics.QUARANTINE_OPEN.labels(stage, source).set(count)

    def digest(self) -> str:
        """Return link's digest of what it holds in memory; equal to that of an engine loaded from the store."""
        return self._engine.digest()

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


def _own(delta: Delta, decoded: Decoded) -> dict[bytes, bytes]:
    """Return the stored bodies of rows whose values are a message's own, so they need no second encoding."""
    found = {}
    for row in delta.records:
        message = decoded.bodies.get((row.id, row.version))
        if message is not None and message[0] is row.body:
            found[row.id] = message[1]
    return found


def _count(step: Step, done: Committed) -> None:
    metrics.GOLDEN.labels(ENTITY).inc(done.living)
    metrics.MEMBERS.labels(ENTITY).inc(done.members)
    metrics.EDGES.labels(ENTITY).inc(done.edges)
    metrics.STALE.inc(step.work.delta.stale)
    metrics.REFUSED_UNIONS.labels(ENTITY).inc(step.work.delta.refused_unions)
    for kind, count in Counter(type(event).__name__ for event in step.events).items():
        metrics.RECONCILED.labels(kind.lower()).inc(count)
    for kind, count in done.published.items():
        metrics.ENTITY_CHANGES.labels(ENTITY, kind).inc(count)
    for verdict, state in {(row.id, row.verdict): row.state for row in step.work.delta.judgements}.items():
        metrics.DECISIONS.labels(ENTITY, verdict[1], state).inc()
    for note in step.work.delta.notes:
        metrics.DECISIONS.labels(ENTITY, note.kind, note.state).inc()
    for item in step.work.refused:
        if item.stage == "reconcile":
            metrics.QUARANTINED.labels(item.stage, item.source, item.code).inc()
    for event in step.events:
        if isinstance(event, CleanPerson):
            metrics.SOURCE_TO_GOLDEN.labels(event.source).observe(max(0.0, (done.at_us - event.changed_at) / 1e6))
