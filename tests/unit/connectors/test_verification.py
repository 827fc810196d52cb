"""When a table is compared, and that a fingerprint leaves only after the stream has passed it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest

from connectors.protocol import Fingerprint, Notice, Surroundings
from connectors.verification import PASS_S, RETRY_S, SETTLE_S, Verifying
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing, Ticket
from hub.wire.clock import TestClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.memory import MemoryBroker
from hub.wire.records import Verification
from hub.wire.topics import VERIFICATION
from hub.wire.version import stamp
from tests.suites.connector import TABLE, contract_of

DAY = 86_400
READING: Mapping[str, str] = {"at": "5"}


class Counted:
    """A source whose position is a number; its fingerprints are of position 7."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def fingerprint(self, table: str) -> Fingerprint:
        self.asked.append(table)
        self.gate.wait(10)
        if self.fault is not None:
            raise self.fault
        return Fingerprint(stamp(1, 7, 0), (2, *[0] * 255), (9, *[0] * 255), (3,))

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        return "at" in state and stamp(1, int(state["at"]), 0) >= version


class Desk:
    """A verifier with a clock that moves when told, and the twin broker."""

    def __init__(self, every: str = "24h", broker: MemoryBroker | None = None) -> None:
        self.clock = TestClock()
        self.broker = broker or MemoryBroker()
        self.registry = MemoryRegistry()
        self.source = Counted()
        given = contract_of("daftar", "replay")
        self.contract: Contract = given.model_copy(
            update={"source": given.source.model_copy(update={"verify_every": every})}
        )
        self.codec = Codec(self.registry, register=True)
        around = Surroundings(b"k", self.registry, lambda _: b"", lambda _: 1, self.clock, b"d")
        self.verifier = Verifying(
            self.contract, around, sender=self.broker, log_=self.broker, codec=self.codec, clock=self.clock
        )
        self.notices: list[Notice] = []

    def tick(self, state: Mapping[str, str] = READING) -> None:
        self.notices += self.verifier.tick(self.source, state)  # type: ignore[arg-type]  # a connector in this alone

    def until(self, done: Callable[[], object], state: Mapping[str, str] = READING) -> None:
        for _ in range(2000):
            self.tick(state)
            if done():
                return
            threading.Event().wait(0.005)
        raise AssertionError("it did not come about")

    def quiet(self, state: Mapping[str, str] = READING) -> None:
        """Tick for long enough that anything due would have begun."""
        for _ in range(20):
            self.tick(state)
            threading.Event().wait(0.005)

    def sent(self) -> list[Verification]:
        return [self.codec.decode_record(m.value or b"") for m in self.broker.read(VERIFICATION.name)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_table_is_compared_when_the_source_has_been_read_for_a_while_and_then_every_day(desk: Desk) -> None:
    desk.quiet()
    desk.clock.advance(SETTLE_S - 1)
    desk.quiet()
    assert desk.source.asked == []
    desk.clock.advance(1)
    desk.until(lambda: desk.source.asked)
    desk.until(lambda: desk.notices, {"at": "7"})
    assert desk.notices == [Notice("verified", TABLE, {"rows": "2", "at_us": desk.notices[0].detail["at_us"]})]
    (record,) = desk.sent()
    assert (record.source, record.table, record.version, record.shapes) == ("daftar", TABLE, stamp(1, 7, 0), (3,))
    assert (record.counts[0], record.digests[0]) == (2, 9)
    desk.quiet({"at": "7"})
    assert len(desk.sent()) == 1
    desk.clock.advance(DAY)
    desk.until(lambda: len(desk.sent()) == 2, {"at": "8"})
    desk.verifier.close()


def test_a_fingerprint_leaves_only_when_everything_up_to_it_is_acknowledged(desk: Desk) -> None:
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.quiet({"at": "6"})
    assert desk.sent() == []
    desk.until(desk.sent, {"at": "7"})
    assert desk.source.asked == [TABLE]
    desk.verifier.close()


def test_nothing_is_compared_before_the_first_reading_is_finished(desk: Desk) -> None:
    desk.verifier.ask(TABLE)
    desk.quiet({})
    assert desk.source.asked == []
    desk.until(lambda: desk.source.asked)
    desk.verifier.close()


def test_a_restart_does_not_count_anew(desk: Desk) -> None:
    desk.verifier.ask(TABLE)
    desk.until(desk.sent, {"at": "7"})
    again = Desk(broker=desk.broker)
    again.codec = again.verifier._codec = desk.codec
    again.clock.advance(DAY - 3600)
    again.quiet()
    again.clock.advance(3599)
    again.quiet()
    assert again.source.asked == []
    again.clock.advance(2)
    again.until(lambda: again.source.asked)
    for each in (desk, again):
        each.verifier.close()


def test_who_wants_none_gets_only_what_is_asked_for() -> None:
    desk = Desk("off")
    desk.quiet()
    desk.clock.advance(30 * DAY)
    desk.quiet()
    assert desk.source.asked == []
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.verifier.close()


def test_a_source_that_is_away_is_asked_again_after_a_pause(desk: Desk) -> None:
    desk.source.fault = TryAgain("away")
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.quiet()
    assert len(desk.source.asked) == 1
    desk.source.fault = None
    desk.clock.advance(RETRY_S[0])
    desk.until(desk.sent, {"at": "7"})
    desk.verifier.close()


def test_pauses_grow_up_to_a_minute(desk: Desk) -> None:
    desk.source.fault = TryAgain("away")
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    pauses = [1, 2, 4, 8, 16, 32, 60, 60]
    for times, pause in enumerate(pauses, 1):
        desk.quiet()
        desk.clock.advance(pause - 0.5)
        desk.quiet()
        assert len(desk.source.asked) == times
        desk.clock.advance(0.5)
        desk.until(lambda times=times: len(desk.source.asked) == times + 1)  # type: ignore[misc]
    desk.verifier.close()


def test_who_asks_while_a_comparison_is_made_gets_another(desk: Desk) -> None:
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.verifier.ask("")
    desk.until(lambda: len(desk.sent()) == 2, {"at": "7"})
    desk.quiet({"at": "7"})
    assert len(desk.source.asked) == 2
    desk.verifier.close()


def test_a_table_that_cannot_be_compared_is_told_of_once(desk: Desk) -> None:
    desk.source.fault = RefuseToStart("no right to make a slot")
    desk.verifier.ask("")
    desk.until(lambda: desk.notices)
    desk.clock.advance(RETRY_S[0])
    desk.quiet()
    assert desk.notices == [Notice("verify_refused", TABLE, {"reason": "no right to make a slot"})]
    assert len(desk.source.asked) == 1
    desk.verifier.close()


def test_a_kind_without_fingerprints_says_so() -> None:
    desk = Desk()
    desk.verifier.ask("")
    (notice,) = desk.verifier.tick(object(), READING)  # type: ignore[arg-type]
    assert (notice.code, notice.table) == ("verify_refused", TABLE)
    assert desk.verifier.tick(object(), READING) == []  # type: ignore[arg-type]


def test_a_fingerprint_that_the_stream_never_reaches_is_given_up(desk: Desk) -> None:
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.quiet({"at": "6"})
    desk.clock.advance(PASS_S + 1)
    desk.quiet({"at": "6"})
    desk.clock.advance(RETRY_S[0])
    desk.until(lambda: len(desk.source.asked) == 2, {"at": "6"})
    assert desk.sent() == []
    desk.verifier.close()


def test_what_kafka_does_not_take_is_made_again(desk: Desk) -> None:
    class Refusing:
        def submit(self, messages: list[Outgoing]) -> Ticket:
            ticket = Ticket(len(messages))
            ticket.settle(TryAgain("away"))
            return ticket

    sender, desk.verifier._sender = desk.verifier._sender, Refusing()  # type: ignore[assignment]
    desk.verifier.ask("")
    desk.until(lambda: desk.source.asked)
    desk.quiet({"at": "7"})
    desk.verifier._sender = sender
    desk.clock.advance(RETRY_S[0])
    desk.until(desk.sent, {"at": "7"})
    assert len(desk.source.asked) == 2
    desk.verifier.close()


def test_an_unknown_table_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(RefuseToStart, match=r"has no table public\.lain; there are: public\.warga"):
        desk.verifier.ask("public.lain")


def test_a_fault_of_the_hub_s_own_is_not_swallowed(desk: Desk) -> None:
    desk.source.fault = ZeroDivisionError()
    desk.verifier.ask("")
    with pytest.raises(ZeroDivisionError):
        desk.until(lambda: False)
    desk.verifier.close()
