"""The loop around every kind: read, submit, wait for Kafka, write the position, and only then let the source forget.

    source --read--> Batch --submit--> raw.<source>.<table>
                                 acknowledged, in order
                     position.<source> <--write--
                                 acknowledged
    source <--confirm--

A source or Kafka that is away is waited for; anything that would lose data ends the process.
"""

from __future__ import annotations

import dataclasses
import gc
import signal
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from connectors import kinds
from connectors.positions import Positions
from connectors.protocol import Batch, Connector, Position, Surroundings
from hub.wire import contract as contracts
from hub.wire import identity, log, metrics
from hub.wire.avro import Codec, ConfluentRegistry, Registry
from hub.wire.broker import Log, Sender, Ticket
from hub.wire.clock import Clock, SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import Halt, HubError, Quarantine, RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.probe import Probe
from hub.wire.settings import Settings
from hub.wire.topics import POSITION, Topic, raw_topic

_LOG = log.get(__name__)
MAX_WAITING = 10_000
"""Messages that may wait for Kafka's acknowledgement before the source is no longer read."""
MAX_WAITING_BYTES = 8 * 1024 * 1024
BUSY_SECONDS = 1.0
"""Time between two positions while changes flow."""
IDLE_SECONDS = 2.0
"""Time between two positions while only the source's log moves on."""
KEEP_ALIVE_SECONDS = 2.0
_TICK = 0.05
_COLLECT = (100_000, 50, 50)
"""Thresholds of Python's cycle collector: the objects of a batch make no cycles, so looking often finds nothing."""
_BACKOFF = (0.2, 10.0)


@dataclass(slots=True)
class _Waiting:
    """A submitted batch whose acknowledgement is awaited."""

    batch: Batch
    ticket: Ticket
    count: int
    size: int


class Stopped(HubError):
    """The process was told to stop; not a fault."""


class Runner:
    """One source on its way into Kafka."""

    def __init__(
        self, contract: Contract, connector: Connector, positions: Positions, *, sender: Sender, log_: Log, clock: Clock
    ) -> None:
        self.contract = contract
        self.reading = False
        self.trouble = "starting"
        self._connector = connector
        self._positions = positions
        self._sender = sender
        self._log = log_
        self._clock = clock
        self._stop = threading.Event()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_count = self._waiting_size = 0
        self._reset(Position(0))

    @property
    def source(self) -> str:
        """The source's name."""
        return self.contract.source.name

    def stop(self) -> None:
        """Ask for a clean stop; safe from a signal handler or another thread."""
        self._stop.set()

    def _reset(self, position: Position) -> None:
        self._durable = position
        self._acknowledged = dict(position.state)
        self._moved = self._flowed = False
        self._writing: tuple[Ticket, Position] | None = None
        self._written_at = self._kept_at = self._clock.monotonic()

    def run(self) -> None:
        """Read until told to stop; raises RefuseToStart or Halt."""
        pause = _BACKOFF[0]
        while not self._stop.is_set():
            started = self._clock.monotonic()
            try:
                self._session()
            except Stopped:
                pass
            except TryAgain as error:
                self.trouble = str(error)
                metrics.SOURCE_RECONNECTS.labels(source=self.source).inc()
                _LOG.warning("source_retry", source=self.source, reason=str(error), wait_s=pause)
            finally:
                self.reading = False
                metrics.SOURCE_CONNECTED.labels(source=self.source).set(0)
                self._connector.close()
            if self._clock.monotonic() - started > 30:
                pause = _BACKOFF[0]
            self._stop.wait(pause)
            pause = min(pause * 2, _BACKOFF[1])

    def _session(self) -> None:
        """Open the source and read it until it fails or the process is told to stop."""
        self._drop_waiting()
        self._start()
        self.reading = True
        metrics.SOURCE_CONNECTED.labels(source=self.source).set(1)
        for batch in self._connector.read(self._durable):
            if self._stop.is_set():
                break
            if batch is not None:
                self._take(batch)
            self._settle()
            while self._waiting_count > MAX_WAITING or self._waiting_size > MAX_WAITING_BYTES:
                self._wait_first()
        self._finish()

    def _start(self) -> None:
        """Find the position to read from, in a new epoch if the old one cannot be continued."""
        self._check_lawful()
        topics = source_topics(self.contract)
        self._log.ensure(topics)
        raw = [topic.name for topic in topics[1:]]
        last = self._positions.last()
        if last is None:
            self._positions.refuse_lost(raw)
        opened = self._connector.open(last)
        found = {**opened.identity, **{f"topic {name}": id_ for name, id_ in self._log.topic_ids(raw).items()}}
        anew = opened.anew or _difference(last, found)
        if last is not None and anew is None:
            self._reset(Position(last.epoch, found, last.state))
            _LOG.info("source_continues", source=self.source, epoch=last.epoch, position=dict(last.state))
            return
        epoch = self._positions.new_epoch(last.epoch if last else 0)
        position = Position(epoch, found)
        self._await(self._positions.write(position))
        self._reset(position)
        _LOG.info("source_begins_anew", source=self.source, epoch=epoch, reason=anew)

    def _check_lawful(self) -> None:
        if self.contract.source.expires < datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC).date():
            raise RefuseToStart(
                f"source {self.source}: its legal basis ended on {self.contract.source.expires}; renew it, then change "
                "source.expires in the contract"
            )

    def _take(self, batch: Batch) -> None:
        """Submit a batch, after what it asks to be done before."""
        if batch.barrier:
            while self._waiting:
                self._wait_first()
        if batch.reserve is not None:
            self._finish_writing()
            reserved = dataclasses.replace(self._durable, state={**self._durable.state, **batch.reserve})
            self._await(self._positions.write(reserved))
            self._durable = reserved
            self._acknowledged |= batch.reserve
        ticket = self._sender.submit(batch.messages)
        count, size = len(batch.messages), sum(len(m.value or b"") for m in batch.messages)
        self._waiting.append(_Waiting(batch, ticket, count, size))
        self._waiting_count += count
        self._waiting_size += size

    def _settle(self) -> None:
        """Count what is acknowledged, contiguously from the oldest, and move the position behind it."""
        while self._waiting and self._waiting[0].ticket.done:
            first = self._waiting.popleft()
            self._waiting_count -= first.count
            self._waiting_size -= first.size
            self._raise_refused(first.ticket.error)
            self._count(first.batch)
            if first.batch.state is not None:
                self._acknowledged |= first.batch.state
                self._moved = True
                self._flowed = self._flowed or first.count > 0
        self._advance()

    def _raise_refused(self, error: Exception | None) -> None:
        if isinstance(error, Quarantine):
            raise Halt(f"source {self.source}: Kafka refused a change: {error}; raise max.message.bytes of the raw "
                       "topic to what the hub declares") from error  # fmt: skip
        if error is not None:
            raise error

    def _count(self, batch: Batch) -> None:
        for (table, op), count in batch.counts.items():
            metrics.CAPTURED.labels(source=self.source, table=table, op=op).inc(count)
            if op == "r":
                metrics.SNAPSHOT_ROWS.labels(source=self.source, table=table).inc(count)
        if batch.newest_us:
            age = (self._clock.now_us() - batch.newest_us) / 1e6
            metrics.SOURCE_LAG_SECONDS.labels(source=self.source).set(max(age, 0))

    def _advance(self) -> None:
        """Write the position when it is time, and confirm to the source what is durable."""
        now = self._clock.monotonic()
        if self._writing is not None and self._writing[0].done:
            self._finish_writing()
            self._keep_alive(now)
        elif self._writing is None and self._moved and now - self._written_at >= self._pause():
            self._check_lawful()
            self._write()
        if now - self._kept_at >= KEEP_ALIVE_SECONDS:
            self._keep_alive(now)

    def _pause(self) -> float:
        return BUSY_SECONDS if self._flowed else IDLE_SECONDS

    def _write(self) -> None:
        position = dataclasses.replace(self._durable, state=dict(self._acknowledged))
        self._writing = self._positions.write(position), position
        self._written_at = self._clock.monotonic()
        self._moved = self._flowed = False

    def _finish_writing(self) -> None:
        if self._writing is not None:
            ticket, position = self._writing
            self._await(ticket)
            self._durable, self._writing = position, None

    def _keep_alive(self, now: float) -> None:
        self._connector.confirm(self._durable.state)
        self._kept_at = now

    def _wait_first(self) -> None:
        """Wait for the oldest batch, keeping the source's connection alive meanwhile."""
        self._await(self._waiting[0].ticket)
        self._settle()

    def _await(self, ticket: Ticket) -> None:
        while not ticket.done:
            if self._stop.is_set():
                raise Stopped("told to stop")
            if not _done(ticket, _TICK) and self.reading:
                now = self._clock.monotonic()
                if now - self._kept_at >= KEEP_ALIVE_SECONDS:
                    self._keep_alive(now)
        self._raise_refused(ticket.error)

    def _drop_waiting(self) -> None:
        """Let what an earlier session submitted settle: it goes out before anything of the new one."""
        for waiting in self._waiting:
            while not _done(waiting.ticket, _TICK):
                if self._stop.is_set():
                    raise Stopped("told to stop")
        self._waiting.clear()
        self._waiting_count = self._waiting_size = 0

    def _finish(self) -> None:
        """On a clean stop: take the acknowledgements that come within seconds, then write and confirm."""
        deadline = self._clock.monotonic() + 10
        while self._waiting and self._clock.monotonic() < deadline:
            _done(self._waiting[0].ticket, _TICK)
            self._settle()
        if self._writing is not None and _done(self._writing[0], 5):
            self._durable, self._writing = self._writing[1], None
        if self._moved:
            self._write()
            if self._writing is not None and _done(self._writing[0], 5):
                self._durable = self._writing[1]
        self._connector.confirm(self._durable.state)


def _done(ticket: Ticket, timeout: float) -> bool:
    """Wait for a ticket without raising its error."""
    try:
        return ticket.wait(timeout)
    except (TryAgain, Quarantine, Halt):
        return True


def _difference(last: Position | None, found: Mapping[str, str]) -> str | None:
    """Say in what the source, or the place its changes lie, is another one than the position speaks of."""
    if last is None:
        return "no position is known"
    changed = sorted(name for name in {*last.identity, *found} if last.identity.get(name) != found.get(name))
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


def build(master: bytes, contract: Contract, *, sender: Sender, log_: Log, registry: Registry, clock: Clock) -> Runner:
    """Return a runner of the contract's kind."""
    codec = Codec(registry, register=True)
    source = contract.source.name
    around = Surroundings(
        identity.source_key(master, source), registry, codec.encode, log_.partitions, clock,
        identity.digest_key(master, source),
    )  # fmt: skip
    connector = kinds.load(contract.source.kind).connector(contract, around)
    positions = Positions(source, log_, sender, codec, clock)
    return Runner(contract, connector, positions, sender=sender, log_=log_, clock=clock)


def run(settings: Settings, contract: Contract) -> int:
    """Capture one source until SIGTERM or SIGINT; return the exit code."""
    bootstrap = settings.endpoint("kafka")
    sender = KafkaSender(bootstrap, f"connector-{contract.source.name}")
    registry = ConfluentRegistry(settings.endpoint("registry"))
    runner = build(
        settings.master_secret(), contract,
        sender=sender, log_=KafkaLog(bootstrap), registry=registry, clock=SystemClock(),
    )  # fmt: skip
    probe = Probe(contract.source.name, settings.home, settings.probe_port)
    probe.ready = lambda: None if runner.reading else runner.trouble

    def stop(_number: int, _frame: FrameType | None) -> None:
        runner.stop()

    gc.set_threshold(*_COLLECT)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        runner.run()
        sender.close()
    except (RefuseToStart, Halt) as error:
        _LOG.error("source_ended", source=runner.source, kind=type(error).__name__, reason=str(error))
        return 1
    except TryAgain as error:
        _LOG.warning("source_stopped_early", source=runner.source, reason=str(error))
    finally:
        probe.close()
        registry.close()
    _LOG.info("source_stopped", source=runner.source)
    return 0


def main() -> int:
    """Run the source that the command line names."""
    settings = Settings()
    name = sys.argv[1]
    log.configure(name, settings.log_level)
    known = contracts.load_all(settings)
    if name not in known:
        raise RefuseToStart(f"no contract for source {name!r}; there are: {', '.join(known)}")
    return run(settings, known[name])


if __name__ == "__main__":
    sys.exit(main())
