"""No kind without the suite; and the rules of epochs."""

import ast
from pathlib import Path

import pytest

from connectors import kinds
from connectors.positions import Positions
from connectors.protocol import Position
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing
from hub.wire.clock import TestClock
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.memory import MemoryBroker
from hub.wire.topics import POSITION

TESTS = Path(__file__).resolve().parents[2]


def kinds_under_the_suite() -> set[str]:
    found = set()
    for path in TESTS.glob("*/connectors/test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(getattr(b, "id", "") == "ConnectorSuite" for b in node.bases):
                found |= {
                    statement.value.value
                    for statement in node.body
                    if isinstance(statement, ast.Assign)
                    and isinstance(statement.value, ast.Constant)
                    and getattr(statement.targets[0], "id", "") == "kind"
                }
    return found


def test_every_kind_is_run_under_the_suite() -> None:
    assert kinds_under_the_suite() == set(kinds.names())


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(RefuseToStart, match=r"postgres_wal, replay"):
        kinds.load("oracle")


def positions(broker: MemoryBroker, clock: TestClock) -> Positions:
    broker.ensure([POSITION.named(source="uji")])
    return Positions("uji", broker, broker, Codec(MemoryRegistry(), register=True), clock)


@pytest.mark.parametrize(
    ("previous", "seconds", "epoch"), [(0, 1000, 1000), (999, 1000, 1000), (1000, 1000, 1001), (5000, 1000, 5001)]
)
def test_an_epoch_is_above_the_previous_one_even_if_the_clock_was_set_back(
    previous: int, seconds: int, epoch: int
) -> None:
    assert positions(MemoryBroker(), TestClock(seconds * 1_000_000)).new_epoch(previous) == epoch


def test_the_last_position_of_the_highest_epoch_counts_not_one_of_a_process_that_woke_up() -> None:
    known = positions(MemoryBroker(), TestClock())
    assert known.last() is None
    for position in (Position(7, {"a": "b"}, {"lsn": "0/1"}), Position(8, {}, {"lsn": "0/2"}), Position(7, {}, {})):
        known.write(position)
    assert known.last() == Position(8, {}, {"lsn": "0/2"})


def test_a_position_that_cannot_be_read_ends_the_process() -> None:
    broker = MemoryBroker()
    known = positions(broker, TestClock())
    broker.submit([Outgoing("position.uji", b"uji", b"not a position")])
    with pytest.raises(Halt, match=r"position\.uji, offset 0"):
        known.last()
