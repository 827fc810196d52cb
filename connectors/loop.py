"""The loop around every kind: read, submit, wait for Kafka, write the position, and only then let the source forget.

    source --read--> Batch --submit--> raw.<source>.<table>, notice
                                 acknowledged, in order
                     position.<source> <--write--
                                 acknowledged
    source <--confirm--
    signal.<source> --listen--> pause, resume, snapshot, verify

A source or Kafka that is away is waited for; anything that would lose data ends the process.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from connectors import drift, orders
from connectors.delivery import Delivery, Stopped
from connectors.positions import Positions
from connectors.protocol import (
    Batch,
    Connector,
    Fingerprinting,
    Notice,
    Position,
    Request,
    Requested,
    Verifier,
    Watching,
)
from connectors.signals import Heard, Signals
from hub.wire import log, metrics
from hub.wire.broker import Log, Ticket
from hub.wire.clock import Clock
from hub.wire.contract import Contract, duration_s
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.topics import NOTICE, POSITION, SIGNAL, Topic, raw_topic

_LOG = log.get(__name__)
LISTEN_SECONDS = 1.0
"""Time between two looks for signals."""
WATCH_SECONDS = 30.0
"""Time between two looks at a paused source."""
STUCK_SECONDS = 300.0
"""Time without any step after which the process is not healthy."""
_BACKOFF = (0.2, 10.0)
_UNLOGGED = (orders.OWN, drift.PREFIX)
_LOGGED = 100
"""Characters of a value of the position's state that are logged."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """What a runner works with."""

    positions: Positions
    delivery: Delivery
    log: Log
    clock: Clock
    signals: Signals
    verifier: Verifier | None = None


class Runner:
    """One source on its way into Kafka."""

    def __init__(self, contract: Contract, connector: Connector, parts: Parts) -> None:
        self.contract = contract
        self.reading = False
        self.trouble = "starting"
        self._connector = connector
        self._parts = parts
        self._delivery = parts.delivery
        self._delivery.due = self._check_lawful
        self._delivery.changed = self._notice_drift
        self._delivery.away = self._watch_when_due
        self._clock = parts.clock
        self._asked: set[str] = set()
        self._heard_at = 0.0
        self._watched_at = parts.clock.monotonic()

    @property
    def source(self) -> str:
        """The source's name."""
        return self.contract.source.name

    def stop(self) -> None:
        """Ask for a clean stop; safe from a signal handler or another thread."""
        self._delivery.stopping.set()

    def ailment(self) -> str | None:
        """Say if the loop has stood still for minutes, which no kind may do to it."""
        still = self._clock.monotonic() - self._delivery.now
        return f"the source's reader has not moved for {still:.0f} s" if still > STUCK_SECONDS else None

    def run(self) -> None:
        """Read until told to stop; raises RefuseToStart or Halt."""
        try:
            self._run()
        finally:
            if self._parts.verifier is not None:
                self._parts.verifier.close()

    def _run(self) -> None:
        pause = _BACKOFF[0]
        while not self._delivery.stopping.is_set():
            self._delivery.now = started = self._clock.monotonic()
            try:
                self._session()
            except Stopped:
                pass
            except TryAgain as error:
                self._note_trouble(error, pause)
            finally:
                self._leave()
            self._watch_when_due()
            if self._clock.monotonic() - started > 30:
                pause = _BACKOFF[0]
            self._delivery.stopping.wait(pause)
            pause = min(pause * 2, _BACKOFF[1])

    def _note_trouble(self, error: TryAgain, pause: float) -> None:
        self.trouble = str(error)
        metrics.SOURCE_RECONNECTS.labels(source=self.source).inc()
        metrics.SOURCE_ERRORS.labels(source=self.source, code="try_again").inc()
        _LOG.warning("source_retry", source=self.source, reason=str(error), wait_s=pause)

    def _leave(self) -> None:
        self.reading, self._delivery.confirm = False, None
        metrics.SOURCE_CONNECTED.labels(source=self.source).set(0)
        self._connector.close()
        self._parts.signals.close()

    def _session(self) -> None:
        """Open the source and read it until it fails, is paused, or the process is told to stop."""
        self._delivery.drop()
        last = self._look()
        if self._paused:
            self._rest()
            return
        self._start(last)
        self.reading, self._delivery.confirm = True, self._confirm
        metrics.SOURCE_CONNECTED.labels(source=self.source).set(1)
        for batch in self._connector.read(orders.shown(self._delivery.durable)):
            if self._delivery.stopping.is_set() or self._paused:
                break
            if batch is not None:
                self._take(batch)
            self._delivery.settle()
            self._delivery.make_room()
            if self._delivery.now - self._heard_at >= LISTEN_SECONDS:
                self._listen()
        self._finish()

    def _confirm(self, state: Mapping[str, str]) -> None:
        self._connector.confirm(orders.without_own(state))

    def _take(self, batch: Batch) -> None:
        self._delivery.take(batch)

    def _finish(self) -> None:
        self._delivery.finish()

    @property
    def _paused(self) -> bool:
        return orders.PAUSED in self._delivery.acknowledged

    def _check_lawful(self) -> None:
        if self.contract.source.expires < datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC).date():
            raise RefuseToStart(
                f"source {self.source}: its legal basis ended on {self.contract.source.expires}; renew it, then change "
                "source.expires in the contract"
            )

    def _look(self) -> Position | None:
        """Return the last position; what signals came since is obeyed."""
        self._check_lawful()
        topics = source_topics(self.contract)
        self._parts.log.ensure([*topics, SIGNAL.named(source=self.source), NOTICE])
        last = self._parts.positions.last()
        if last is None:
            self._parts.positions.refuse_lost([topic.name for topic in topics[1:]])
        self._delivery.begin(last or Position(0))
        self._asked.clear()
        self._heard_at = self._clock.monotonic() - LISTEN_SECONDS
        missed = self._parts.signals.catch_up(orders.next_signal(self._delivery.acknowledged))
        self._obey(missed, anew=last is None)
        return last

    def _start(self, last: Position | None) -> None:
        """Open the source and find the position to read from, in a new epoch if the old one cannot be continued."""
        opened = self._connector.open(None if last is None else orders.shown(last))
        raw = [topic.name for topic in source_topics(self.contract)[1:]]
        found = {**opened.identity, **{f"topic {name}": id_ for name, id_ in self._parts.log.topic_ids(raw).items()}}
        anew = opened.anew or _difference(last, found, same_tables=not opened.reads_new_tables)
        state = self._delivery.acknowledged
        if last is None or anew is not None:
            self._begin_anew(self._parts.positions.new_epoch(last.epoch if last else 0), found, str(anew))
        else:
            self._delivery.begin(Position(last.epoch, found, dict(state)), moved=state != dict(last.state))
            told = {key: value[:_LOGGED] for key, value in state.items() if not key.startswith(_UNLOGGED)}
            _LOG.info("source_continues", source=self.source, epoch=last.epoch, position=told)
        self._show()

    def _begin_anew(self, epoch: int, identity: Mapping[str, str], reason: str) -> None:
        state = orders.kept(self._delivery.acknowledged)
        self._delivery.begin(Position(epoch, identity))
        self._delivery.write_now(state)
        self._delivery.begin(self._delivery.durable)
        _LOG.info("source_begins_anew", source=self.source, epoch=epoch, reason=reason)
        self._tell([Notice("source_began_anew", detail={"epoch": str(epoch), "reason": reason})])

    def _show(self) -> None:
        """Set the gauges that stand for what is known of each table."""
        state = self._delivery.acknowledged
        changes, now = orders.last_changes(state), self._clock.now_us() // 1_000_000
        metrics.SOURCE_PAUSED.labels(source=self.source).set(self._paused)
        for table in self.contract.table:
            where = {"source": self.source, "table": table.name}
            metrics.SOURCE_CHANGED.labels(**where).set(changes.get(table.name, now))
            if table.expect.freshness:
                metrics.SOURCE_FRESHNESS.labels(**where).set(duration_s(table.expect.freshness))
            self._show_drift(table.name)

    def _notice_drift(self, changes: Mapping[str, str]) -> None:
        for key in changes:
            if key.startswith(drift.PREFIX):
                self._show_drift(key.removeprefix(drift.PREFIX))

    def _show_drift(self, table: str) -> None:
        standing = drift.standing(self._delivery.acknowledged, table)
        stopped, deviating = (standing.action == "stop", len(standing.deviating)) if standing else (False, 0)
        metrics.SOURCE_DRIFT.labels(source=self.source, table=table)
        metrics.TABLE_STOPPED.labels(source=self.source, table=table).set(stopped)
        metrics.DRIFTED_COLUMNS.labels(source=self.source, table=table).set(deviating)

    def _rest(self) -> None:
        """Leave the source alone until an operator resumes it; all that happens is a look at what that costs."""
        self.trouble = "paused by an operator: `satudata source resume` ends it"
        _LOG.warning("source_paused", source=self.source)
        self._show()
        self._watched_at = self._clock.monotonic() - WATCH_SECONDS
        while self._paused and not self._delivery.stopping.wait(LISTEN_SECONDS):
            self._listen()
            self._delivery.settle()
            self._watch_when_due()
        self._delivery.finish()
        metrics.SOURCE_PAUSED.labels(source=self.source).set(self._paused)

    def _watch_when_due(self) -> None:
        """Look after a source that is not being read: paused, or because Kafka is away."""
        now = self._clock.monotonic()
        if now - self._watched_at >= WATCH_SECONDS and not self._delivery.stopping.is_set():
            self._watched_at = now
            self._watch()

    def _watch(self) -> None:
        if isinstance(self._connector, Watching):
            try:
                self._tell(self._connector.watch())
            except TryAgain as error:
                metrics.SOURCE_ERRORS.labels(source=self.source, code="try_again").inc()
                _LOG.warning("source_not_watched", source=self.source, reason=str(error))

    def _listen(self) -> None:
        """Obey new signals, hand open requests to the kind, and let the verifier do its part."""
        self._heard_at = self._delivery.now
        self._obey(self._parts.signals.poll(), anew=False)
        if not self.reading:
            return
        for request in orders.requests(self._delivery.acknowledged):
            if request.id not in self._asked:
                self._asked.add(request.id)
                self._request(request)
        if self._parts.verifier is not None:
            state = orders.without_own(self._delivery.acknowledged)
            self._tell(self._parts.verifier.tick(self._connector, state))

    def _obey(self, heard: Sequence[Heard], *, anew: bool) -> None:
        for one in heard:
            _LOG.info("signal", source=self.source, action=one.signal.action, table=one.signal.table, id=one.signal.id)
            state = self._delivery.acknowledged
            outcome = orders.obey(one.signal, [table.name for table in self.contract.table], state, anew=anew)
            if outcome.verify is not None:
                outcome = self._verify(one.signal.id, outcome.verify)
            changes = {**outcome.state, orders.SIGNAL: str(one.next_offset)}
            self._delivery.take(Batch(state=changes, notices=outcome.notices))
            self._delivery.drain()

    def _verify(self, signal: str, table: str) -> orders.Outcome:
        if self._parts.verifier is None or not isinstance(self._connector, Fingerprinting):
            return orders.refused(signal, table, f"sources of kind {self.contract.source.kind} cannot be verified")
        self._parts.verifier.ask(table)
        return orders.Outcome()

    def _request(self, request: Request) -> None:
        try:
            if not isinstance(self._connector, Requested):
                raise RefuseToStart(f"sources of kind {self.contract.source.kind} cannot be read again on request")
            self._connector.request(request)
        except RefuseToStart as error:
            self._tell(orders.refused(request.id, request.table, str(error)).notices)

    def _tell(self, notices: Sequence[Notice]) -> None:
        if notices:
            self._delivery.take(Batch(notices=notices))

    def last_words(self, error: Exception) -> Ticket:
        """Send the notice that the source ended; no more than an attempt."""
        detail = {"kind": type(error).__name__, "reason": str(error)}
        return self._delivery.tell(Notice("source_ended", detail=detail))


def _difference(last: Position | None, found: Mapping[str, str], *, same_tables: bool) -> str | None:
    """Say in what the source, or the place its changes lie, is another one than the position speaks of."""
    if last is None:
        return "no position is known"
    changed = sorted(
        name
        for name in {*last.identity, *found}
        if last.identity.get(name) != found.get(name)
        and (same_tables or not name.startswith("topic ") or (name in last.identity and name in found))
    )
    if changed:
        return "another " + ", ".join(changed)
    return None


def source_topics(contract: Contract) -> list[Topic]:
    """Return the topics of one source: the position, then raw of each table."""
    name = contract.source.name
    return [
        POSITION.named(source=name),
        *(dataclasses.replace(raw_topic(name, t.name), partitions=contract.source.partitions) for t in contract.table),
    ]
