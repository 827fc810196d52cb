"""What every kind of source must do; run on every kind, on the twin broker and on Kafka.

Nothing here knows a kind: a `Stage` gives a source that can be changed, and the broker.  What reached raw is judged as
link would judge it: by version alone, never by arrival.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import psycopg
import pytest

from connectors import kinds, runner
from connectors.positions import Positions
from connectors.protocol import Batch, Position
from hub.wire.avro import Codec, Registry
from hub.wire.broker import Incoming, Log, Outgoing, Sender, Ticket
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import HubError, RefuseToStart, TryAgain
from hub.wire.identity import record_id, source_key
from hub.wire.topics import HEADER_KIND, HEADER_NEXT, HEADER_PREVIOUS, HEADER_VERSION, raw_topic
from hub.wire.version import unpack

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
    """A source under test, and the broker that its changes go to."""

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
    """Wait for something to become true; a topic just made may not answer yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(TryAgain):
            if what():
                return
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def raw(stage: Stage) -> list[Incoming]:
    return list(stage.log.read(raw_topic(stage.contract.source.name, TABLE).name))


def header(message: Incoming, name: str) -> bytes | None:
    return dict(message.headers).get(name)


def changes(stage: Stage) -> list[Incoming]:
    return [message for message in raw(stage) if header(message, HEADER_KIND) != b"sweep"]


def version(message: Incoming) -> bytes:
    return (header(message, HEADER_VERSION) or b"") + bytes(4)


def floor(stage: Stage) -> bytes:
    """Return the highest floor whose markers stand in every raw partition."""
    codec = Codec(stage.registry)
    partitions = stage.log.partitions(raw_topic(stage.contract.source.name, TABLE).name)
    seen: dict[bytes, set[int]] = {}
    for message in raw(stage):
        if header(message, HEADER_KIND) == b"sweep":
            marker = codec.decode_record(message.value or b"")
            assert (marker.table, marker.raw_partition) == (TABLE, message.partition)
            assert marker.raw_partitions == partitions
            seen.setdefault(marker.floor, set()).add(message.partition)
    return max((f for f, where in seen.items() if len(where) == partitions), default=b"")


def living(stage: Stage) -> dict[int, str]:
    """Return the table as raw tells it to someone who knows versions and floors only."""
    codec, lowest = Codec(stage.registry), floor(stage)
    last: dict[bytes, Incoming] = {}
    for message in changes(stage):
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
    codec = Codec(stage.registry, register=True)
    return Positions(stage.contract.source.name, stage.log, stage.sender, codec, SystemClock()).last()


def state(stage: Stage) -> Mapping[str, str]:
    return (position(stage) or Position(0)).state


def run_to_rest(stage: Stage) -> None:
    """Run until the first reading is finished and raw tells the table as it is, then stop."""
    with running(build(stage)) as made:
        until(lambda: made.reading and bool(state(stage)) and at_rest(stage))


def named(stage: Stage, number: int) -> bytes:
    return record_id(source_key(MASTER, stage.contract.source.name), TABLE, [str(number)])


class ConnectorSuite:
    """Subclass with a fixture `stage` and the kind's name."""

    kind: str

    def test_the_kind_is_one_of_the_tree(self) -> None:
        assert self.kind in kinds.names()

    def test_what_was_there_and_what_changes_reaches_raw(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(50)])
        with running(build(stage)):
            until(lambda: at_rest(stage))
            stage.change(("insert", 100, "BARU"), ("update", 3, "GANTI"), ("delete", 4, ""))
            stage.change(("update", 3, "GANTI LAGI"), ("insert", 4, "KEMBALI"))
            until(lambda: at_rest(stage))
        assert living(stage)[3] == "GANTI LAGI"
        assert living(stage)[4] == "KEMBALI"

    def test_versions_of_a_record_rise_in_the_order_of_its_partition(self, stage: Stage) -> None:
        stage.change(("insert", 1, "A"), ("insert", 2, "B"))
        with running(build(stage)):
            until(lambda: at_rest(stage))
            for n in range(10):
                stage.change(("update", 1, f"A{n}"), ("update", 2, f"B{n}"), ("update", 1, f"A{n}'"))
            until(lambda: at_rest(stage))
        for key in (named(stage, 1), named(stage, 2)):
            versions = [version(m) for m in changes(stage) if m.key == key]
            assert versions == sorted(set(versions))
            assert len(versions) >= 11

    def test_a_record_s_key_is_the_keyed_hash_of_its_key_and_nothing_else(self, stage: Stage) -> None:
        stage.change(("insert", 7, "TUJUH"))
        run_to_rest(stage)
        assert {m.key for m in changes(stage)} == {named(stage, 7)}

    def test_a_changed_key_ends_one_record_and_begins_another_that_knows_it(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        with running(build(stage)):
            until(lambda: at_rest(stage))
            stage.change(("rekey", 1, 2))
            until(lambda: at_rest(stage))
        (ended,) = [m for m in changes(stage) if header(m, HEADER_NEXT)]
        (began,) = [m for m in changes(stage) if header(m, HEADER_PREVIOUS)]
        assert (ended.key, header(ended, HEADER_NEXT)) == (named(stage, 1), named(stage, 2))
        assert (began.key, header(began, HEADER_PREVIOUS)) == (named(stage, 2), named(stage, 1))
        assert version(ended) < version(began)
        assert unpack(version(ended)).epoch == unpack(version(began)).epoch

    def test_an_emptied_table_is_swept_within_its_epoch(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"LAMA {n}") for n in range(20)])
        with running(build(stage)):
            until(lambda: at_rest(stage))
            before = floor(stage)
            stage.truncate()
            stage.change(("insert", 5, "SESUDAH"))
            until(lambda: floor(stage) > before and at_rest(stage))
        assert living(stage) == {5: "SESUDAH"}
        assert {unpack(version(m)).epoch for m in changes(stage)} == {unpack(floor(stage)).epoch}

    def test_a_clean_stop_leaves_the_position_behind_everything_sent(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        sent = len(raw(stage))
        with running(build(stage)) as again:
            until(lambda: again.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
        assert len(raw(stage)) == sent + 1

    @pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it is sent"])
    def test_a_kill_at_any_batch_loses_nothing(self, stage: Stage, after: bool) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(30)])
        for number in range(6):
            doomed = build(stage, Doomed)
            assert isinstance(doomed, Doomed)
            doomed.at, doomed.after = number // 2, after
            with writing(stage, number), pytest.raises(Killed):
                doomed.run()
        run_to_rest(stage)
        assert living(stage) == stage.rows()

    def test_the_position_waits_for_kafka_s_acknowledgement(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        before = state(stage)
        withholding = Withholding(stage.sender)
        with running(build(stage, sender=withholding)) as made:
            until(lambda: made.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
            time.sleep(1.5)  # longer than the pause between two positions
            held = {k: v for k, v in state(stage).items() if k != "reserved"}
            assert held == {k: v for k, v in before.items() if k != "reserved"}
            withholding.release()
            until(lambda: state(stage) != before)

    def test_a_kill_while_acknowledgements_are_out_repeats_and_never_skips(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        with running(build(stage, Vanishing, Withholding(stage.sender))) as made:
            until(lambda: made.reading)
            stage.change(("insert", 2, "DUA"))
            until(lambda: at_rest(stage))
        sent = [m for m in changes(stage) if m.key == named(stage, 2)]
        run_to_rest(stage)
        until(lambda: len([m for m in changes(stage) if m.key == named(stage, 2)]) >= len(sent))
        assert living(stage) == {1: "SATU", 2: "DUA"}

    def test_a_lost_place_begins_a_higher_epoch_and_sweeps_what_went_meanwhile(self, stage: Stage) -> None:
        stage.change(*[("insert", n, f"AWAL {n}") for n in range(10)])
        run_to_rest(stage)
        first = position(stage)
        stage.lose()
        stage.change(("delete", 3, ""), ("update", 4, "GANTI"))
        run_to_rest(stage)
        second = position(stage)
        assert first is not None
        assert second is not None
        assert second.epoch > first.epoch
        assert 3 not in living(stage)
        assert unpack(floor(stage)).epoch == second.epoch

    def test_a_lost_position_is_refused_while_raw_holds_changes(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"))
        run_to_rest(stage)
        topic = f"position.{stage.contract.source.name}"
        stage.wipe(topic)
        with pytest.raises(RefuseToStart, match="--anew"):
            build(stage).run()

    def test_a_wiped_kafka_is_filled_again_in_a_higher_epoch(self, stage: Stage) -> None:
        stage.change(("insert", 1, "SATU"), ("insert", 2, "DUA"))
        run_to_rest(stage)
        old = max(unpack(version(m)).epoch for m in changes(stage))
        stage.wipe(raw_topic(stage.contract.source.name, TABLE).name)
        stage.wipe(f"position.{stage.contract.source.name}")
        stage.change(("delete", 1, ""))
        until(lambda: SystemClock().now_us() // 1_000_000 > old)
        run_to_rest(stage)
        assert min(unpack(version(m)).epoch for m in changes(stage)) > old
        assert living(stage) == {2: "DUA"}
