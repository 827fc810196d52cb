"""Which fingerprints are judged, when, and what becomes of one that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.verify.compare import BUCKETS, Bucket, Row, Surroundings
from hub.verify.passed import RECONCILED, Place
from hub.verify.refused import Refused
from hub.verify.store import Known
from hub.verify.watch import PATIENCE_S, Watch
from hub.wire import contract, metrics
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing
from hub.wire.clock import TestClock
from hub.wire.identity import row_digest
from hub.wire.memory import MemoryBroker
from hub.wire.records import Verification
from hub.wire.topics import VERIFICATION
from hub.wire.version import pack, stamp

TABLE = "public.penduduk"
SHAPE = b"\x00\x07"


class Shelf:
    """The store, without PostgreSQL: one table's records and what is written of it."""

    def __init__(self) -> None:
        self.records: list[Row] = []
        self.refused: list[tuple[bytes, str | None, bytes | None]] = []
        self.around = Surroundings()
        self.busy = False
        self.before: list[Known] = []
        self.written: list[tuple[Verification, Sequence[Bucket]]] = []

    def known(self) -> list[Known]:
        return self.before

    @contextmanager
    def view(self, told: Verification) -> Iterator[Shelf]:
        yield self

    def sweeping(self) -> bool:
        return self.busy

    def surroundings(self) -> Surroundings:
        return self.around

    def rows(self) -> list[Row]:
        return self.records

    def held(self) -> list[tuple[bytes, str | None, bytes | None]]:
        return self.refused

    def write(self, told: Verification, buckets: Sequence[Bucket]) -> None:
        self.written.append((told, buckets))


class Offsets:
    behind = True

    def ends(self, topics: Sequence[str]) -> Mapping[Place, int]:
        return {(topic, 0): 5 for topic in topics}

    def cleaned(self) -> Mapping[Place, int]:
        return {(f"raw.dukcapil.{TABLE}", 0): 5}

    def reconciled(self) -> Mapping[Place, int]:
        return {} if self.behind else {(topic, 0): 5 for topic in RECONCILED}


class Desk:
    def __init__(self) -> None:
        self.clock, self.broker, self.shelf, self.offsets = TestClock(), MemoryBroker(), Shelf(), Offsets()
        self.broker.ensure([VERIFICATION])
        self.codec = Codec(MemoryRegistry(), register=True)
        made = {"dukcapil": contract.load(contract.SHIPPED / "dukcapil.toml")}
        self.watch = Watch(
            made, store=self.shelf, offsets=self.offsets,  # type: ignore[arg-type]
            read=lambda start: self.broker.read(VERIFICATION.name, start), codec=self.codec,
            refused=Refused(self.codec, made, {"dukcapil": b"d" * 32}), clock=self.clock,
        )  # fmt: skip

    def send(self, told: Verification) -> None:
        self.broker.submit([Outgoing(VERIFICATION.name, b"k", self.codec.encode(told))])

    @property
    def states(self) -> list[tuple[str, str]]:
        """State and reason of the first bucket in each comparison that was written."""
        return [(buckets[0].state, buckets[0].reason) for _, buckets in self.shelf.written]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def digest(text: str) -> int:
    return row_digest(b"d" * 32, text.encode(), SHAPE)


def told(text: str = "a", at: int = 1, **changes: Any) -> Verification:
    zeros = (0,) * (BUCKETS - 1)
    plain = Verification("dukcapil", TABLE, stamp(1, 100, 0), (1, *zeros), (digest(text), *zeros), (7,), at)
    return replace(plain, **changes)


def living(text: str = "a", position: int = 50) -> Row:
    version = pack(1, position, 0, 1)
    return Row(bytes(16), version, version, False, False, digest(text))


def test_a_fingerprint_is_judged_once_link_has_passed_it(desk: Desk) -> None:
    desk.shelf.records = [living()]
    desk.send(told())
    assert desk.watch.step() == 0
    assert desk.watch.waiting == [("dukcapil", TABLE)]
    desk.offsets.behind = False
    assert desk.watch.step() == 1
    assert desk.states == [("equal", "")]
    assert desk.watch.step() == 0
    gauge = metrics.VERIFIED_EQUAL.labels(source="dukcapil", table=TABLE)
    assert gauge._value.get() == BUCKETS


def test_only_the_newest_of_a_table_is_judged(desk: Desk) -> None:
    desk.shelf.records = [living("b")]
    desk.send(told("a", 1))
    desk.watch.step()
    desk.send(told("b", 2))
    desk.offsets.behind = False
    desk.watch.step()
    assert [each.at for each, _ in desk.shelf.written] == [2]
    assert desk.states == [("equal", "")]


def test_one_that_was_judged_before_a_restart_is_not_judged_again(desk: Desk) -> None:
    desk.offsets.behind = False
    numbers = {"equal": 255, "differing": 1, "undecided": 0}
    desk.shelf.before = [Known("dukcapil", TABLE, told().version, 1, numbers)]
    desk.send(told())
    assert desk.watch.step() == 0
    assert metrics.VERIFIED_DIFFERING.labels(source="dukcapil", table=TABLE)._value.get() == 1
    desk.send(told(at=2))
    assert desk.watch.step() == 1


def test_while_a_sweep_goes_on_it_is_waited_for_but_a_blocked_one_is_not(desk: Desk) -> None:
    desk.offsets.behind, desk.shelf.busy = False, True
    desk.send(told())
    assert desk.watch.step() == 0
    desk.shelf.around = Surroundings(blocked=True)
    assert desk.watch.step() == 1
    assert desk.states == [("undecided", "blocked")]


def test_one_that_link_does_not_pass_in_time_is_undecided(desk: Desk) -> None:
    desk.send(told())
    desk.watch.step()
    desk.clock.advance(PATIENCE_S + 1)
    assert desk.watch.step() == 1
    assert desk.states == [("undecided", "late")]
    assert metrics.VERIFIED_UNDECIDED.labels(source="dukcapil", table=TABLE)._value.get() == BUCKETS


def test_a_refused_row_without_a_message_is_not_guessed(desk: Desk) -> None:
    desk.offsets.behind = False
    desk.shelf.records = [living()._replace(seen=pack(1, 60, 0, 1))]
    desk.shelf.refused = [(bytes(16), None, None), (b"\x01" * 16, None, None)]
    desk.send(told("b"))
    desk.watch.step()
    assert desk.states == [("undecided", "held")]


def test_what_is_no_fingerprint_of_a_known_table_is_passed_over(desk: Desk) -> None:
    desk.offsets.behind = False
    desk.broker.submit([Outgoing(VERIFICATION.name, b"k", b"poison"), Outgoing(VERIFICATION.name, b"k", None)])
    desk.send(told(counts=(1, 2)))
    desk.send(told(table="public.lain"))
    desk.send(told(source="lain"))
    assert desk.watch.step() == 0
    assert desk.watch.waiting == []
    desk.send(told())
    assert desk.watch.step() == 1
