"""Faust's nine faults on a real broker: the stock driver has each of them, ours has none.

L1 to L9 as in docs/decisions/0002-own-faust-transport.md.  Each case runs 30 records with one fault, then a healthy
restart, once with stock Faust (the negative control: it must go wrong) and once with ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub.platform.embedded import Platform
from tests.integration.transport.lab import COUNT, POISON, Lab, Outcome

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def lab(platform: Platform, tmp_path_factory: Any, request: Any) -> Iterator[Lab]:
    wanted = {
        (item.callspec.params["case"], side)
        for item in request.session.items
        if item.path == request.node.path
        for side in ("stock", "ours")
    }
    lab = Lab(platform.services["kafka"].endpoint, tmp_path_factory.mktemp("faults"), wanted)
    yield lab
    lab.close()


@pytest.fixture
def stock(lab: Lab, case: str) -> Outcome:
    return lab.outcome(case, "stock")


@pytest.fixture
def ours(lab: Lab, case: str) -> Outcome:
    return lab.outcome(case, "ours")


def case(name: str) -> Any:
    return pytest.mark.parametrize("case", [name])


def whole(ours: Outcome) -> None:
    assert ours.lost == set()
    assert ours.invented == set()
    assert ours.committed >= COUNT


@case("L1")
def test_an_error_in_the_loop_acknowledges_nothing(stock: Outcome, ours: Outcome) -> None:
    assert stock.lost == {"15"}
    whole(ours)
    assert ours.first_exit == 0  # the batch came again in the same process
    assert ours.repeated == 0  # it had no effect yet


@case("L2")
def test_an_error_of_a_batch_acknowledges_nothing_and_ends_the_process(stock: Outcome, ours: Outcome) -> None:
    assert "15" in stock.lost
    assert len(stock.lost) >= 10
    whole(ours)
    assert ours.first_exit == 1
    assert ours.committed_after_fault <= 10


@case("L3")
def test_an_unfinished_head_is_not_committed_over(stock: Outcome, ours: Outcome) -> None:
    assert stock.committed_after_fault == COUNT
    assert stock.lost == {"10"}
    assert ours.committed_after_fault == 10
    whole(ours)


@case("L3b")
def test_an_unfinished_head_of_a_new_group_is_not_committed_over(stock: Outcome, ours: Outcome) -> None:
    assert stock.committed_after_fault == COUNT
    assert stock.lost == {"0"}
    assert ours.committed_after_fault < 0  # nothing at all
    whole(ours)


@case("L4")
def test_poison_reaches_the_agent(stock: Outcome, ours: Outcome) -> None:
    assert stock.lost == {POISON.decode()}
    whole(ours)


@case("L5")
def test_a_rejected_message_keeps_its_source_unacknowledged(stock: Outcome, ours: Outcome) -> None:
    assert stock.lost == {"15"}
    assert ours.first_exit == 1
    whole(ours)


@case("L6")
def test_a_refused_commit_is_repeated(stock: Outcome, ours: Outcome) -> None:
    assert stock.repeated > 0
    assert ours.repeated == 0
    whole(ours)


@case("L7")
def test_records_arrive_through_the_driver_offered(stock: Outcome, ours: Outcome) -> None:
    assert not stock.handled  # confluent:// delivers nothing at all
    whole(ours)


@case("L8")
def test_records_of_an_aborted_transaction_are_not_seen(stock: Outcome, ours: Outcome) -> None:
    assert stock.invented == {f"aborted-{n}" for n in range(5)}
    whole(ours)


@case("L9")
def test_a_busy_agent_keeps_its_membership(stock: Outcome, ours: Outcome) -> None:
    assert stock.lost  # out of the group for ever, though the process stands
    whole(ours)
    assert ours.repeated == 0
    assert ours.generation == 1
