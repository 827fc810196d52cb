"""A source under test with its broker, and what is asked of it: runners that die, and raw as link would read it.

What reached raw is judged by version alone, never by arrival.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import psycopg

from connectors import runner, signals
from connectors.drift import PREFIX
from connectors.orders import without_own
from connectors.positions import Positions
from connectors.protocol import Batch, Position
from hub.wire.avro import Codec, Registry
from hub.wire.broker import Incoming, Log, Outgoing, Sender, Ticket
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import HubError, TryAgain
from hub.wire.identity import record_id, source_key
from hub.wire.records import SourceNotice, SourceSignal
from hub.wire.topics import HEADER_KIND, HEADER_VERSION, NOTICE, raw_topic

MASTER = b"a secret of the tests, 32 bytes..."
TABLE = "public.warga"
PATIENCE = 40.0


def contract_of(name: str, kind: str, **options: Any) -> Contract:
    """Return a contract of one table `public.warga (id, nama)`."""
    return Contract.model_validate(
        {
            "source": {
                "name": name, "kind": kind, "owner": "Dinas Uji", "authority": "register", "legal_basis": "Uji 1/2026",
                "purpose": "uji coba", "retention_days": 30, "expires": "2099-12-31", "dsn": f"env:{name.upper()}_DSN",
            },
            "table": [
                {"name": TABLE, "entity": "person", "key": ["id"], "map": {"name": {"from": "nama", "with": "name"}}}
            ],
            "options": options,
        }
    )  # fmt: skip


class Stage(Protocol):
    """A source under test, and the broker that its changes go to.

    A stage whose kind keeps its progress in the state before its first reading is finished also has a method
    `read_once(state: Mapping[str, str]) -> bool`, which says whether it is.
    """

    contract: Contract
    sender: Sender
    log: Log
    registry: Registry

    def change(self, *changes: tuple[str, int, str | int]) -> None:
        """Make changes in one transaction: (insert|update, id, name), (delete, id, ""), (rekey, old, new)."""
        ...

    def truncate(self) -> None: ...

    def lose(self) -> None:
        """Lose what the source remembers of the connector, so that the position cannot be continued."""
        ...

    def rows(self) -> dict[int, str]:
        """Return the table as it is now."""
        ...

    def wipe(self, topic: str) -> None:
        """Delete a topic."""
        ...


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Doomed(runner.Runner):
    """A runner that is killed at a given batch, before or after it is submitted."""

    at = 0
    after = False

    def _take(self, batch: Batch) -> None:
        if self.at == 0 and not self.after:
            raise Killed
        super()._take(batch)
        if self.at == 0:
            raise Killed
        self.at -= 1


class Vanishing(runner.Runner):
    """A runner that does not tidy up at its end."""

    def _finish(self) -> None:
        return


class Withholding:
    """A sender whose acknowledgements of raw changes come only when the test lets them."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner
        self._held: list[tuple[Ticket, int]] = []
        self.holding = True

    def submit(self, messages: Sequence[Outgoing]) -> Ticket:
        ticket = self._inner.submit(messages)
        if not self.holding or not messages or not messages[0].topic.startswith("raw."):
            return ticket
        promised = Ticket(len(messages))
        self._held.append((promised, len(messages)))
        return promised

    def release(self) -> None:
        self.holding = False
        for ticket, size in self._held:
            for _ in range(size):
                ticket.settle()

    async def send_batch(self, messages: Sequence[Outgoing]) -> None:
        await self.submit(messages).wait_async()

    def close(self) -> None: ...


def build(stage: Stage, cls: type[runner.Runner] = runner.Runner, sender: Sender | None = None) -> runner.Runner:
    """Return a runner as a fresh process would make it."""
    made = runner.build(
        MASTER, stage.contract, sender=sender or stage.sender, log_=stage.log, registry=stage.registry,
        clock=SystemClock(),
    )  # fmt: skip
    made.__class__ = cls
    return made


@contextlib.contextmanager
def running(made: runner.Runner) -> Iterator[runner.Runner]:
    """Run in a thread, stop cleanly at the end, and raise what the runner raised."""
    faults: list[BaseException] = []

    def work() -> None:
        try:
            made.run()
        except (HubError, psycopg.Error, Killed) as error:
            faults.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if faults:
        raise faults[0]


@contextlib.contextmanager
def writing(stage: Stage, round_: int) -> Iterator[None]:
    """Change the source all the while."""
    done = threading.Event()

    def work() -> None:
        stage.change(("delete", 20 + round_, ""), ("insert", 40 + round_, "BARU"))
        for number in range(10_000):
            if done.wait(0.03):
                return
            stage.change(("update", round_, f"GANTI {number}"))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(PATIENCE)


def until(what: Callable[[], bool]) -> None:
    """Wait for something to become true; a topic just made may not answer yet.

    Who looks leaves most of the time to what is looked at, however much there is to read.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        began = time.thread_time()
        with contextlib.suppress(TryAgain):
            if what():
                return
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(min(0.5, max(0.02, 3 * (time.thread_time() - began))))


@lru_cache(maxsize=4)
def _asking(registry: Registry) -> Codec:
    return Codec(registry, register=True)


def codec_of(stage: Stage) -> Codec:
    """Return the codec of all who ask about a stage, so that waiting asks the registry for a schema once only."""
    return _asking(stage.registry)


def raw(stage: Stage) -> list[Incoming]:
    return list(stage.log.read(raw_topic(stage.contract.source.name, TABLE).name))


def header(message: Incoming, name: str) -> bytes | None:
    return dict(message.headers).get(name)


def changes(stage: Stage) -> list[Incoming]:
    return _changes(raw(stage))


def _changes(messages: Sequence[Incoming]) -> list[Incoming]:
    return [message for message in messages if header(message, HEADER_KIND) != b"sweep"]


def version(message: Incoming) -> bytes:
    return (header(message, HEADER_VERSION) or b"") + bytes(4)


def floor(stage: Stage) -> bytes:
    """Return the highest floor whose markers stand in every raw partition."""
    return _floor(stage, raw(stage))


def _floor(stage: Stage, messages: Sequence[Incoming]) -> bytes:
    codec = codec_of(stage)
    # asked after reading: the topic may have been made meanwhile
    partitions = stage.log.partitions(raw_topic(stage.contract.source.name, TABLE).name)
    seen: dict[bytes, set[int]] = {}
    for message in messages:
        if header(message, HEADER_KIND) == b"sweep":
            marker = codec.decode_record(message.value or b"")
            assert (marker.table, marker.raw_partition) == (TABLE, message.partition)
            assert marker.raw_partitions == partitions
            seen.setdefault(marker.floor, set()).add(message.partition)
    return max((f for f, where in seen.items() if len(where) == partitions), default=b"")


def living(stage: Stage) -> dict[int, str]:
    """Return the table as raw tells it to someone who knows versions and floors only."""
    codec, messages = codec_of(stage), raw(stage)
    lowest = _floor(stage, messages)
    last: dict[bytes, Incoming] = {}
    for message in _changes(messages):
        key = message.key or b""
        if key not in last or version(message) >= version(last[key]):
            last[key] = message
    found = {}
    for message in last.values():
        row = codec.decode(message.value or b"")[1]["after"]
        if row is not None and version(message) >= lowest:
            found[int(row["id"])] = row["nama"]
    return found


def at_rest(stage: Stage) -> bool:
    return living(stage) == stage.rows()


def position(stage: Stage) -> Position | None:
    codec = codec_of(stage)
    return Positions(stage.contract.source.name, stage.log, stage.sender, codec, SystemClock()).last()


def state(stage: Stage) -> Mapping[str, str]:
    """Return the kind's own part of the position's state."""
    kept = without_own((position(stage) or Position(0)).state)
    return {key: value for key, value in kept.items() if not key.startswith(PREFIX)}


def read_once(stage: Stage) -> bool:
    """Say whether the first reading is finished."""
    told = getattr(stage, "read_once", bool)
    return bool(told(state(stage)))


def run_to_rest(stage: Stage) -> None:
    """Run until the first reading is finished and raw tells the table as it is, then stop."""
    with running(build(stage)) as made:
        until(lambda: made.reading and read_once(stage) and at_rest(stage))


def named(stage: Stage, number: int) -> bytes:
    return record_id(source_key(MASTER, stage.contract.source.name), TABLE, [str(number)])


def ask(stage: Stage, action: str, **more: Any) -> str:
    """Send a signal as `satudata source` does; return its id."""
    name = f"{action}-{os.urandom(4).hex()}"
    given = {"table": "", "keys": (), "where": "", **more}
    signal = SourceSignal(name, stage.contract.source.name, action, author="penguji", at_us=0, **given)
    codec = codec_of(stage)
    signals.send(signal, sender=stage.sender, log_=stage.log, codec=codec)
    return name


def notices(stage: Stage, code: str = "") -> list[SourceNotice]:
    """Return what was told of the stage's source, all or of one code."""
    codec = codec_of(stage)
    found = [codec.decode_record(message.value or b"") for message in stage.log.read(NOTICE.name)]
    return [n for n in found if n.source == stage.contract.source.name and code in {"", n.code}]


def answers(stage: Stage, request: str) -> list[str]:
    """Return the codes of the notices that name a request."""
    return [notice.code for notice in notices(stage) if notice.detail.get("request") == request]
