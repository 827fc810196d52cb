"""What is in hand: nothing unfinished is ever committed over, and a stay that is past changes nothing."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.transport.batch import Place
from hub.wire.transport.ledger import Ledger, Slip

A, B = Place("t", 0), Place("t", 1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ledger(each: int = 4, together: int | None = None, clock: Clock | None = None) -> Ledger:
    return Ledger(clock or Clock(), each=each, together=together, backoff=1.0, backoff_max=5.0)


def test_batches_count_in_the_order_of_delivery_whatever_holes_offsets_have() -> None:
    book = ledger()
    book.place(A, 10)
    first, second, third = (book.deliver(A, end, 1) for end in (14, 90, 91))
    assert book.finish(second)
    assert book.committable([A]) == {}
    assert book.finish(first)
    assert book.committable([A]) == {A: 90}
    assert book.finish(third)
    assert book.committable([A]) == {A: 91}


def test_bookkeeping_of_a_commit_moves_only_when_it_is_confirmed() -> None:
    book = ledger()
    book.place(A, 0)
    book.finish(book.deliver(A, 5, 5))
    assert book.committable([A]) == {A: 5} == book.committable([A])
    book.committed({A: 5})
    assert book.committable([A]) == {}
    book.finish(book.deliver(A, 9, 4))
    assert book.committable([A]) == {A: 9}
    assert book.committable([B]) == {}


def test_a_revoked_batch_that_ends_late_counts_for_nothing() -> None:
    book = ledger()
    book.place(A, 0)
    late = book.deliver(A, 5, 5)
    book.revoke([A])
    book.place(A, 0)
    again = book.deliver(A, 5, 5)
    assert not book.finish(late)
    assert book.fail(late) is None
    assert book.committable([A]) == {}
    assert book.in_hand(A) == 5
    assert book.finish(again)
    assert book.committable([A]) == {A: 5}


def test_a_failure_rewinds_its_partition_only_and_its_pause_grows() -> None:
    clock = Clock()
    book = ledger(clock=clock)
    pauses = []
    book.place(B, 7)
    for _ in range(5):
        book.place(A, 0)
        pauses.append(book.fail(book.deliver(A, 5, 5)))
    assert pauses == [1, 2, 4, 5, 5]
    assert book.position(A) is None
    assert book.position(B) == 7
    assert book.open([A, B]) == {B}
    clock.now += 5
    assert book.open([A, B]) == {A, B}
    book.place(A, 0)
    book.finish(book.deliver(A, 5, 5))
    assert book.fail(book.deliver(A, 9, 4)) == 1


def test_what_was_finished_before_a_failure_stays_to_be_committed() -> None:
    book = ledger()
    book.place(A, 0)
    done, failed = book.deliver(A, 5, 5), book.deliver(A, 9, 4)
    book.finish(done)
    book.fail(failed)
    assert book.acknowledged(A) == 5
    assert book.committable([A]) == {A: 5}


def test_a_log_made_anew_forgets_what_was_finished_of_the_old_one() -> None:
    book = ledger()
    book.place(A, 0)
    book.finish(book.deliver(A, 500, 5))
    book.drop(A)
    book.place(A, 0)
    assert book.committable([A]) == {}


@pytest.mark.parametrize(("together", "room"), [(None, True), (1, False)])
def test_room_is_bounded_by_partition_and_by_all(together: int | None, room: bool) -> None:
    book = ledger(each=2, together=together)
    book.place(A, 0)
    book.place(B, 0)
    first = book.deliver(A, 1, 1)
    assert book.has_room(A) is room
    assert book.has_room(B) is room
    book.finish(first)
    assert book.has_room(B)
    if together is None:
        book.deliver(A, 2, 1)
        book.deliver(A, 3, 1)
        assert not book.has_room(A)
        assert book.has_room(B)


def test_the_oldest_batch_tells_how_long_it_has_been_in_hand() -> None:
    clock = Clock()
    book = ledger(clock=clock)
    assert book.oldest() == 0
    book.place(A, 0)
    slip = book.deliver(A, 5, 5)
    clock.now += 42
    assert book.oldest() == 42
    book.finish(slip)
    assert book.oldest() == 0


STEPS = st.lists(st.sampled_from(["deliver", "finish", "finish_old", "fail", "revoke", "commit"]), max_size=60)


@given(STEPS, st.randoms(use_true_random=False))
def test_no_history_commits_past_an_unfinished_batch(steps: list[str], random: object) -> None:
    """The reference model: a batch counts if it was finished in its own stay and so was all before it in that stay."""
    book = ledger(each=100)
    book.place(A, 0)
    log: dict[int, list[tuple[Slip, int]]] = defaultdict(list)
    slips: list[Slip] = []
    finished: set[int] = set()
    at = stay = best = 0
    for step in steps:
        if step == "deliver":
            at += random.randint(1, 9)  # type: ignore[attr-defined]
            slip = book.deliver(A, at, 1)
            slips.append(slip)
            log[stay].append((slip, at))
        elif step == "commit":
            book.committed(book.committable([A]))
        elif step == "revoke":
            stay, best = stay + 1, 0
            book.revoke([A])
            at = 0
            book.place(A, at)
        elif slips:
            slip = slips[-1] if step in {"fail", "finish"} else random.choice(slips)  # type: ignore[attr-defined]
            if step == "fail" and book.fail(slip) is not None:
                log[stay] = [pair for pair in log[stay] if id(pair[0]) in finished]
                at = book.acknowledged(A) or 0
                book.place(A, at)
                log[stay] = [pair for pair in log[stay] if pair[1] <= at]
            elif step != "fail" and not slip.finished and book.finish(slip):
                finished.add(id(slip))
        for slip, end in log[stay]:
            if id(slip) not in finished:
                break
            best = max(best, end)
        assert (book.acknowledged(A) or 0) == best
        assert all(offset <= best for offset in book.committable([A]).values())
