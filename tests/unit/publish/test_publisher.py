"""The publisher's order of steps, on an outbox and a sender in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import psycopg
import pytest

from hub.publish.outbox import Outbox, Row, headers_of
from hub.publish.publisher import Publisher
from hub.wire import metrics
from hub.wire.broker import Outgoing
from hub.wire.clock import TestClock
from hub.wire.errors import Halt, TryAgain

DONE = 6


@dataclass
class World:
    """An outbox, its cursor and Kafka: every step is written down; `faults` are raised once, by step."""

    rows: int = DONE
    cursor: int = 0
    steps: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    notified: bool = True

    def step(self, name: str) -> None:
        self.steps.append(name)
        if waiting := self.faults.get(name):
            raise waiting.pop(0)

    def fence(self) -> None:
        self.step("fence")

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.step("send")
        self.sent += [message.value or b"" for message in messages]

    def open(self) -> int:
        self.step("open")
        return self.cursor

    def pending(self, limit: int) -> list[Row]:
        self.step("pending")
        ids = range(self.cursor + 1, min(self.cursor + 2, self.rows) + 1)
        return [Row(id_, Outgoing("golden.person", b"k", b"%d" % id_), 0) for id_ in ids]

    def advance(self, cursor: int) -> None:
        self.step("advance")
        self.cursor = max(self.cursor, cursor)

    def waiting(self) -> int:
        return self.rows - self.cursor

    def prune(self, keep_seconds: int, limit: int) -> int:
        self.step("prune")
        return 0

    def wait(self, seconds: float) -> None:
        self.stop.set()

    def close(self) -> None:
        self.step("close")


def run(world: World, clock: TestClock | None = None) -> Publisher:
    connect = cast("Callable[[], Outbox]", lambda: world)
    publisher = Publisher(connect, world, clock or TestClock(), world.stop)
    publisher.run()
    return publisher


def test_it_fences_before_it_reads_anything() -> None:
    world = World()
    run(world)
    assert world.steps[:3] == ["fence", "open", "pending"]


def test_rows_go_out_in_order_and_the_cursor_follows_their_acknowledgement() -> None:
    world = World()
    run(world)
    assert world.sent == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert [step for step in world.steps if step in ("send", "advance")] == ["send", "advance"] * 3
    assert world.cursor == DONE


def test_a_refused_transaction_is_sent_again_whole() -> None:
    world = World(faults={"send": [TryAgain("away")]})
    assert run(world).fault is None
    assert world.sent == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert world.steps.count("send") == 4


def test_a_cursor_that_could_not_be_moved_repeats_the_same_bytes() -> None:
    world = World(faults={"advance": [psycopg.OperationalError("gone")]})
    run(world)
    assert world.sent == [b"1", b"2", b"1", b"2", b"3", b"4", b"5", b"6"]
    assert world.steps.count("open") == 2, "a lost connection is made anew and the cursor read again"


def test_kafka_away_at_the_start_is_waited_for() -> None:
    world = World(faults={"fence": [TryAgain("away"), TryAgain("away")]})
    run(world)
    assert world.steps[:4] == ["fence", "fence", "fence", "open"]


def test_a_fenced_publisher_ends() -> None:
    world = World(faults={"send": [Halt("another process took over")]})
    with pytest.raises(Halt, match="took over"):
        run(world)
    assert world.cursor == 0


def test_a_store_without_its_tables_ends_with_the_remedy() -> None:
    world = World(faults={"pending": [psycopg.errors.UndefinedTable("no store.outbox")]})
    with pytest.raises(Halt, match="satudata prepare"):
        run(world)


def test_published_rows_are_deleted_now_and_then_not_at_every_batch() -> None:
    world = World()
    run(world)
    assert world.steps.count("prune") == 1


def test_headers_travel_in_their_order_as_utf_8() -> None:
    assert headers_of({"ce_id": "a/1.2", "ce_type": "é"}) == (("ce_id", b"a/1.2"), ("ce_type", "é".encode()))


@pytest.mark.parametrize(("batch", "shown"), [(3, [2, 2, 2]), (2, [6, 6, 6])])
def test_what_waits_is_told_at_every_look(monkeypatch: pytest.MonkeyPatch, batch: int, shown: list[int]) -> None:
    """Less than a batch is known by looking at it; more is counted, once a second of this clock that stands still."""
    monkeypatch.setattr("hub.publish.publisher.BATCH", batch)
    told: list[float] = []

    class Looking(World):
        def send(self, messages: Sequence[Outgoing]) -> None:
            told.append(metrics.OUTBOX_WAITING._value.get())
            super().send(messages)

    run(Looking())
    assert told == shown
    assert metrics.OUTBOX_WAITING._value.get() == 0


@pytest.mark.parametrize(("batch", "waited"), [(3, [0.03, 0.03, 0.03]), (2, [])])
def test_rows_gather_for_the_next_transaction_unless_it_is_full_already(
    monkeypatch: pytest.MonkeyPatch, batch: int, waited: list[float]
) -> None:
    monkeypatch.setattr("hub.publish.publisher.BATCH", batch)
    clock, waits = TestClock(), []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return self.is_set()

    class Slow(World):
        def send(self, messages: Sequence[Outgoing]) -> None:
            clock.advance(0.02)
            super().send(messages)

    run(Slow(stop=Stop()), clock)
    assert waits == pytest.approx(waited)
