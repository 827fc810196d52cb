"""One process a source: `python -m connectors.runner <source>`, which is `satudata run <source>`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import signal
import sys
from types import FrameType

from connectors import kinds
from connectors.delivery import Delivery
from connectors.loop import Parts, Runner, source_topics
from connectors.notices import Notices
from connectors.positions import Positions
from connectors.protocol import Surroundings
from connectors.signals import Signals
from connectors.verification import Verifying
from hub.wire import contract as contracts
from hub.wire import identity, log, metrics
from hub.wire.avro import Codec, ConfluentRegistry, Registry
from hub.wire.broker import Log, Sender
from hub.wire.clock import Clock, SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import Halt, HubError, RefuseToStart, TryAgain
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.probe import Probe
from hub.wire.settings import Settings

__all__ = ["Runner", "build", "run", "source_topics"]

_LOG = log.get(__name__)
_COLLECT = (100_000, 50, 50)
"""Thresholds of Python's cycle collector: the objects of a batch make no cycles, so looking often finds nothing."""
_LINGER_MS = 5
"""How long the first message of a request waits for others: in the last millisecond of it librdkafka looks at its
socket without a pause, so below five that is most of what the process does."""
_ARENA_MAX = -8
"""glibc's M_ARENA_MAX."""
_LAST_WORDS_SECONDS = 5


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
    notices = Notices(source, codec, clock)
    delivery = Delivery(source, positions, sender, notices, clock)
    verifier = Verifying(contract, around, sender=sender, log_=log_, codec=codec, clock=clock)
    return Runner(contract, connector, Parts(positions, delivery, log_, clock, Signals(source, log_, codec), verifier))


def run(settings: Settings, contract: Contract) -> int:
    """Capture one source until SIGTERM or SIGINT; return the exit code."""
    _keep_one_heap()
    bootstrap = settings.endpoint("kafka")
    sender = KafkaSender(bootstrap, f"connector-{contract.source.name}", linger_ms=_LINGER_MS)
    registry = ConfluentRegistry(settings.endpoint("registry"))
    runner = build(
        settings.master_secret(), contract,
        sender=sender, log_=KafkaLog(bootstrap), registry=registry, clock=SystemClock(),
    )  # fmt: skip
    probe = Probe(contract.source.name, settings.home, settings.probe_port)
    probe.ready = lambda: None if runner.reading else runner.trouble
    probe.healthy = runner.ailment

    def stop(_number: int, _frame: FrameType | None) -> None:
        runner.stop()

    gc.set_threshold(*_COLLECT)
    gc.freeze()  # what is loaded stays, and need not be looked through again
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        runner.run()
        sender.close()
    except (RefuseToStart, Halt) as error:
        _end(runner, error)
        return 1
    except TryAgain as error:
        _LOG.warning("source_stopped_early", source=runner.source, reason=str(error))
    finally:
        probe.close()
        registry.close()
    _LOG.info("source_stopped", source=runner.source)
    return 0


def _keep_one_heap() -> None:
    """Have all threads share one heap: glibc gives each its own, and a message's memory goes from thread to thread."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such thing
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _end(runner: Runner, error: HubError) -> None:
    """Leave word of an end that a person must answer: in the log and, while Kafka takes it, as a notice."""
    kind = type(error).__name__
    metrics.SOURCE_ERRORS.labels(source=runner.source, code=kind.lower()).inc()
    _LOG.error("source_ended", source=runner.source, kind=kind, reason=str(error))
    try:
        runner.last_words(error).wait(_LAST_WORDS_SECONDS)
    except HubError as silent:
        _LOG.warning("notice_not_sent", source=runner.source, reason=str(silent))


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
