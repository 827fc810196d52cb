"""The loop around a kind, with a kind that does as the test says: notices, requests, pauses, drift, health."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import SimpleNamespace

import pytest

from connectors import kinds, loop, orders, runner
from connectors.drift import Drift
from connectors.protocol import Batch, Fingerprint, Notice, Opened, Position, Request, Surroundings
from connectors.runner import Runner
from hub.wire import metrics
from hub.wire.avro import MemoryRegistry, Registry
from hub.wire.broker import Log, Outgoing, Sender
from hub.wire.clock import SystemClock, TestClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.memory import MemoryBroker
from hub.wire.topics import HEADER_VERSION, raw_topic
from tests.suites.stage import (
    MASTER,
    TABLE,
    Killed,
    Vanishing,
    Withholding,
    answers,
    ask,
    build,
    contract_of,
    notices,
    position,
    raw,
    running,
    until,
)

Step = Batch | Exception | None


class Scripted:
    """A source whose reading is what the test puts into it."""

    def __init__(self) -> None:
        self.steps: SimpleQueue[Step] = SimpleQueue()
        self.positions: list[Position] = []
        self.confirmed: list[Mapping[str, str]] = []
        self.requests: list[Request] = []
        self.watched = 0
        self.refusal = ""

    def open(self, position: Position | None) -> Opened:
        return Opened({"list": "one"}, "no position is known" if position is None else None)

    def read(self, position: Position) -> Iterator[Batch | None]:
        self.positions.append(position)
        while True:
            try:
                step = self.steps.get(timeout=0.01)
            except Empty:
                step = None
            if isinstance(step, Exception):
                raise step
            yield step

    def confirm(self, state: Mapping[str, str]) -> None:
        self.confirmed.append(state)

    def close(self) -> None: ...

    def request(self, request: Request) -> None:
        if self.refusal:
            raise RefuseToStart(self.refusal)
        self.requests.append(request)

    def watch(self) -> Sequence[Notice]:
        self.watched += 1
        if self.watched == 1:
            raise TryAgain("the source is away")
        return [Notice("wal_budget", detail={"held": "5"})] if self.watched == 2 else []

    def fingerprint(self, table: str) -> Fingerprint:
        raise RefuseToStart(f"table {table} is not compared in this test")

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        return bool(version) and bool(state)


@dataclass
class Verifier:
    asked: list[str] = field(default_factory=list)
    ticks: int = 0
    closed: int = 0

    def ask(self, table: str) -> None:
        self.asked.append(table)

    def tick(self, connector: object, state: Mapping[str, str]) -> Sequence[Notice]:
        assert isinstance(connector, Scripted)
        assert not [key for key in state if key.startswith(orders.OWN)]
        self.ticks += 1
        return [Notice("verified", TABLE)] if self.ticks == 1 else []

    def close(self) -> None:
        self.closed += 1


class Scene:
    """A stage whose source is scripted."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.broker = MemoryBroker()
        self.sender: Sender = self.broker
        self.log: Log = self.broker
        self.registry: Registry = MemoryRegistry()
        self.source = Scripted()
        self.verifier = Verifier()

    def change(self, *changes: tuple[str, int, str | int]) -> None: ...

    def truncate(self) -> None: ...

    def lose(self) -> None: ...

    def rows(self) -> dict[int, str]:
        return {}

    def wipe(self, topic: str) -> None:
        self.broker.drop(topic)

    def reads(self, *batches: Step) -> None:
        for batch in batches:
            self.source.steps.put(batch)

    def state(self) -> Mapping[str, str]:
        return (position(self) or Position(0)).state

    def gauge(self, name: str, **labels: str) -> float | None:
        wanted = {"source": self.contract.source.name, **labels}
        samples = metrics.parse(metrics.exposition().decode())
        found = [sample.value for sample in samples if sample.name == name and sample.labels == wanted]
        return found[0] if found else None


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scene:
    name = f"s{abs(hash(request.node.nodeid)) % 10**9}"
    made = Scene(contract_of(name, "replay"))
    monkeypatch.setattr(loop, "LISTEN_SECONDS", 0.02)
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(loop, "_BACKOFF", (0.01, 0.02))

    def connector(contract: Contract, around: Surroundings) -> Scripted:
        assert contract is made.contract
        assert len(around.digest_key) == 32
        return made.source

    monkeypatch.setattr(kinds, "load", lambda _kind: SimpleNamespace(connector=connector))
    monkeypatch.setattr("connectors.runner.Verifying", lambda *_args, **_named: made.verifier)
    return made


def row(scene: Scene) -> Outgoing:
    topic = raw_topic(scene.contract.source.name, TABLE).name
    return Outgoing(topic, b"k" * 16, b"value", ((HEADER_VERSION, bytes(20)),))


def told(scene: Scene) -> Callable[[str], bool]:
    return lambda code: bool(notices(scene, code))


def test_notices_go_with_their_batch_and_count_once_kafka_has_them(scene: Scene) -> None:
    withholding = Withholding(scene.sender)
    scene.reads(Batch([row(scene)], {"at": "1"}, notices=[Notice("delivery_accepted", TABLE, {"rows": "1"})]))
    with running(build(scene, sender=withholding)):
        until(lambda: told(scene)("delivery_accepted"))
        assert scene.gauge("satudata_source_notices_total", code="delivery_accepted") == 0
        withholding.release()
        until(lambda: scene.gauge("satudata_source_notices_total", code="delivery_accepted") == 1)
    (notice,) = notices(scene, "delivery_accepted")
    assert (notice.table, notice.detail) == (TABLE, {"rows": "1"})
    assert scene.state()["at"] == "1"


def test_an_empty_value_removes_its_key_from_the_state(scene: Scene) -> None:
    scene.reads(Batch(state={"at": "1", "snap:x": "5"}), Batch(state={"at": "2", "snap:x": ""}))
    with running(build(scene)):
        until(scene.source.steps.empty)
    assert {key for key in scene.state() if not key.startswith(orders.OWN)} == {"at"}


def test_a_kind_sees_its_own_state_only(scene: Scene) -> None:
    scene.reads(Batch([row(scene)], {"at": "1"}, counts={(TABLE, "c"): 1}))
    with running(build(scene)):
        until(scene.source.steps.empty)
        ask(scene, "snapshot", table=TABLE)
        until(lambda: bool(scene.source.requests))
    assert [key for key in scene.state() if key.startswith(orders.OWN)]
    with running(build(scene)):
        until(lambda: len(scene.source.positions) == 2)
    assert scene.source.positions[-1].state == {"at": "1"}
    assert {key for state in scene.source.confirmed for key in state} <= {"at"}


def test_a_request_is_repeated_after_a_lost_connection_until_it_is_finished(scene: Scene) -> None:
    with running(build(scene)) as made:
        until(lambda: made.reading)
        id_ = ask(scene, "snapshot", table=TABLE, keys=("1", "2"))
        until(lambda: len(scene.source.requests) == 1)
        scene.reads(TryAgain("the line was cut"))
        until(lambda: len(scene.source.requests) == 2)
        scene.reads(Batch(notices=[Notice("snapshot_finished", TABLE, {"request": id_})]))
        until(lambda: orders.next_signal(scene.state()) == 1 and not orders.requests(scene.state()))
        scene.reads(TryAgain("the line was cut again"))
        until(lambda: len(scene.source.positions) == 3)
    assert scene.source.requests == [Request(id_, "snapshot", TABLE, ("1", "2"), "", "penguji")] * 2
    assert not orders.requests(scene.state())


def test_a_request_outlives_the_process(scene: Scene) -> None:
    with running(build(scene)) as made:
        until(lambda: made.reading)
        id_ = ask(scene, "snapshot", table=TABLE)
        until(lambda: bool(scene.source.requests))
    scene.source.requests.clear()
    with running(build(scene)):
        until(lambda: [request.id for request in scene.source.requests] == [id_])


def test_what_a_kind_cannot_do_is_refused_in_its_words(scene: Scene) -> None:
    scene.source.refusal = "a file cannot be asked"
    with running(build(scene)) as made:
        until(lambda: made.reading)
        id_ = ask(scene, "snapshot", table=TABLE)
        until(lambda: answers(scene, id_) == ["signal_refused"])
    assert notices(scene, "signal_refused")[0].detail["reason"] == "a file cannot be asked"
    assert not orders.requests(scene.state())


def test_a_paused_source_is_watched_whatever_the_source_does(scene: Scene) -> None:
    with running(build(scene)) as made:
        until(lambda: made.reading)
        ask(scene, "pause")
        until(lambda: scene.source.watched >= 3)
        until(lambda: told(scene)("wal_budget"))
        assert scene.gauge("satudata_source_paused") == 1
        assert scene.gauge("satudata_source_connected") == 0
        ask(scene, "resume")
        until(lambda: made.reading)
        assert scene.gauge("satudata_source_paused") == 0


def test_a_pause_before_the_first_start_holds_and_nothing_was_opened(scene: Scene) -> None:
    scene.log.ensure(loop.source_topics(scene.contract))
    ask(scene, "pause")
    with running(build(scene)) as made:
        until(lambda: "paused" in made.trouble)
        until(lambda: scene.source.watched > 0)
        assert position(scene) is None
        assert not scene.source.positions
        ask(scene, "resume")
        until(lambda: made.reading)
    assert position(scene) is not None


def test_signals_in_one_breath_are_obeyed_in_their_order(scene: Scene) -> None:
    scene.log.ensure(loop.source_topics(scene.contract))
    for action in ("pause", "resume", "pause", "resume"):
        ask(scene, action)
    with running(build(scene)) as made:
        until(lambda: made.reading)
    assert orders.PAUSED not in scene.state()


def test_verification_is_asked_ticked_and_closed(scene: Scene) -> None:
    with running(build(scene)) as made:
        until(lambda: made.reading)
        ask(scene, "verify", table=TABLE)
        until(lambda: scene.verifier.asked == [TABLE])
        until(lambda: told(scene)("verified"))
    assert scene.verifier.closed == 1


def test_a_table_that_stops_is_shown_and_read_again_when_it_goes_on(scene: Scene) -> None:
    columns = (("id", "int4"), ("nama", "text"), ("baru", "text"))
    strict = scene.contract.table[0].model_copy(update={"drift": "stop"})
    scene.contract = scene.contract.model_copy(update={"table": (strict,)})
    stopped = Drift(scene.contract).seen(TABLE, columns)
    scene.reads(Batch(state=stopped.state, notices=stopped.notices))
    with running(build(scene)):
        until(lambda: scene.gauge("satudata_source_table_stopped", table=TABLE) == 1)
        assert scene.gauge("satudata_source_drifted_columns", table=TABLE) == 1
        until(lambda: scene.gauge("satudata_source_drift_total", table=TABLE) == 1)
    metrics.TABLE_STOPPED.labels(source=scene.contract.source.name, table=TABLE).set(0)
    with running(build(scene)):
        until(lambda: scene.gauge("satudata_source_table_stopped", table=TABLE) == 1)
        goes_on = Drift(scene.contract, scene.state()).seen(TABLE, columns[:2])
        scene.reads(Batch(state=goes_on.state, notices=goes_on.notices))
        until(lambda: [request.table for request in scene.source.requests] == [TABLE])
        assert scene.gauge("satudata_source_table_stopped", table=TABLE) == 0


def test_when_a_table_last_changed_outlives_the_process(scene: Scene) -> None:
    scene.reads(Batch([row(scene)], {"at": "1"}, counts={(TABLE, "u"): 1}))
    with running(build(scene)):
        until(scene.source.steps.empty)
    seen = orders.last_changes(scene.state())[TABLE]
    metrics.SOURCE_CHANGED.labels(source=scene.contract.source.name, table=TABLE).set(0)
    with running(build(scene)) as again:
        until(lambda: again.reading)
        assert scene.gauge("satudata_source_last_change_timestamp_seconds", table=TABLE) == seen


def test_a_batch_without_a_state_moves_no_position_even_if_the_process_is_paused_there(scene: Scene) -> None:
    scene.reads(Batch([row(scene)], {"at": "1"}), Batch([row(scene)]))
    with running(build(scene)) as made:
        until(lambda: len(raw(scene)) == 2)
        ask(scene, "pause")
        until(lambda: "paused" in made.trouble)
        assert scene.state()["at"] == "1"


def test_a_loop_that_stands_still_is_not_healthy() -> None:
    clock = TestClock()
    scene = Scene(contract_of("diam", "replay", file="list"))
    made = runner.build(
        MASTER, scene.contract, sender=scene.sender, log_=scene.log, registry=scene.registry, clock=clock
    )
    assert made.ailment() is None
    clock.advance(loop.STUCK_SECONDS + 1)
    assert "has not moved" in (made.ailment() or "")


def test_a_moving_loop_is_healthy_while_kafka_is_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "STUCK_SECONDS", 0.5)
    withholding = Withholding(scene.sender)
    scene.reads(Batch([row(scene)], {"at": "1"}), Batch([row(scene)], {"at": "2"}, barrier=True))
    with running(build(scene, Vanishing, withholding)) as made:
        until(lambda: len(raw(scene)) == 1)
        began = SystemClock().monotonic()
        until(lambda: SystemClock().monotonic() - began > 1)
        assert made.ailment() is None


def test_errors_are_counted_and_last_words_name_what_happened(scene: Scene) -> None:
    before = scene.gauge("satudata_source_errors_total", code="try_again") or 0
    scene.reads(TryAgain("cut"))
    with running(build(scene)) as made:
        until(lambda: (scene.gauge("satudata_source_errors_total", code="try_again") or 0) > before)
        until(lambda: made.reading)
        made.last_words(RefuseToStart("the table is gone")).wait(5)
    (notice,) = notices(scene, "source_ended")
    assert notice.detail == {"kind": "RefuseToStart", "reason": "the table is gone"}


def test_a_killed_process_repeats_the_notice_that_no_position_knows_of(scene: Scene) -> None:
    batch = Batch([row(scene)], {"at": "1"}, notices=[Notice("delivery_accepted", TABLE)])

    class Dying(Runner):
        def _finish(self) -> None:
            raise Killed

    scene.reads(batch)
    with pytest.raises(Killed), running(build(scene, Dying)):
        until(lambda: told(scene)("delivery_accepted"))
    assert "at" not in scene.state()
    scene.reads(batch)
    with running(build(scene)):
        until(lambda: len(notices(scene, "delivery_accepted")) == 2)
    assert scene.state()["at"] == "1"
