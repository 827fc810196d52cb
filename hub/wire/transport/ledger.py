"""What is in hand of each partition: delivered, finished, to be committed, to be read again.  Pure; time is injected.

Three rules keep it safe.  A slip belongs to one stay of its partition: after a revoke or a rewind its epoch is past,
and finishing it changes nothing.  Finished batches count in the order of their delivery, not by arithmetic on offsets,
because compaction and transaction markers leave holes.  Bookkeeping of commits moves only when Kafka said yes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hub.wire.transport.batch import Place


@dataclass(slots=True, eq=False)
class Slip:
    """One delivered batch, until it is finished or its partition's epoch has passed."""

    tp: Place
    epoch: int
    next: int
    records: int
    since: float
    finished: bool = False


@dataclass(slots=True)
class _Partition:
    epoch: int = 0
    position: int | None = None
    in_hand: deque[Slip] = field(default_factory=deque)
    done: int | None = None
    committed: int | None = None
    failures: int = 0
    held_until: float = 0.0


class Ledger:
    """The bookkeeping of one consumer; used by the main event loop only."""

    def __init__(
        self, clock: Callable[[], float], *, each: int, together: int | None, backoff: float, backoff_max: float
    ) -> None:
        self._clock = clock
        self._each = each
        self._together = together
        self._backoff = backoff
        self._backoff_max = backoff_max
        self._partitions: dict[Place, _Partition] = {}
        self._total = 0

    def _of(self, tp: Place) -> _Partition:
        return self._partitions.setdefault(tp, _Partition())

    # -- positions
    def epoch(self, tp: Place) -> int:
        """Return the number of the partition's present stay."""
        return self._of(tp).epoch

    def position(self, tp: Place) -> int | None:
        """Return the offset that is read next, or None while it must be looked up."""
        return self._of(tp).position

    def place(self, tp: Place, offset: int) -> None:
        """Note that reading starts at `offset`; what was committed before is not known any more."""
        state = self._of(tp)
        state.position, state.committed = offset, None
        if state.done is not None and offset < state.done:
            state.done = None  # the log was made anew: what was finished is of another log

    def advance(self, tp: Place, offset: int) -> None:
        """Note that records up to `offset` were fetched."""
        self._of(tp).position = offset

    def drop(self, tp: Place) -> None:
        """Forget what is in hand of a partition and look its position up again."""
        state = self._of(tp)
        state.epoch += 1
        self._total -= len(state.in_hand)
        state.in_hand.clear()
        state.position = None

    def revoke(self, tps: Iterable[Place]) -> None:
        """End the present stay of partitions that are no longer ours."""
        for tp in tps:
            self.drop(tp)
            state = self._of(tp)
            state.done = state.committed = None
            state.failures, state.held_until = 0, 0.0

    # -- batches
    def deliver(self, tp: Place, next_offset: int, records: int) -> Slip:
        """Put a batch in hand and return its slip."""
        state = self._of(tp)
        slip = Slip(tp, state.epoch, next_offset, records, self._clock())
        state.in_hand.append(slip)
        self._total += 1
        return slip

    def live(self, slip: Slip) -> bool:
        """Tell whether the slip's stay is still the present one."""
        return slip.epoch == self._of(slip.tp).epoch

    def finish(self, slip: Slip) -> bool:
        """Acknowledge a batch; False if its stay is past, so that it changes nothing."""
        if not self.live(slip):
            return False
        slip.finished = True
        state = self._of(slip.tp)
        while state.in_hand and state.in_hand[0].finished:
            state.done = state.in_hand.popleft().next
            self._total -= 1
        state.failures = 0
        return True

    def fail(self, slip: Slip) -> float | None:
        """Rewind a failed batch's partition; return the pause in seconds, or None if its stay is past."""
        if slip.finished or not self.live(slip):
            return None
        state = self._of(slip.tp)
        pause = min(self._backoff_max, self._backoff * 2.0 ** min(state.failures, 16))
        state.failures += 1
        self.drop(slip.tp)
        state.held_until = self._clock() + pause
        return pause

    def hold(self, tp: Place, seconds: float) -> None:
        """Leave a partition alone for a while."""
        self._of(tp).held_until = self._clock() + seconds

    # -- questions
    def open(self, tps: Iterable[Place]) -> set[Place]:
        """Return those partitions that are not held."""
        now = self._clock()
        return {tp for tp in tps if self._of(tp).held_until <= now}

    def has_room(self, tp: Place) -> bool:
        """Tell whether another batch of the partition may be put in hand."""
        if self._together is not None and self._total >= self._together:
            return False
        return len(self._of(tp).in_hand) < self._each

    def in_hand(self, tp: Place) -> int:
        """Return the number of records in hand of a partition."""
        return sum(slip.records for slip in self._of(tp).in_hand)

    def oldest(self) -> float:
        """Return for how many seconds the oldest batch has been in hand; 0 if none is."""
        since = [state.in_hand[0].since for state in self._partitions.values() if state.in_hand]
        return self._clock() - min(since) if since else 0.0

    def acknowledged(self, tp: Place) -> int | None:
        """Return the end of what is finished without a gap in this stay, or None."""
        return self._of(tp).done

    # -- commits
    def committable(self, owned: Iterable[Place]) -> dict[Place, int]:
        """Return what Kafka does not know yet of the owned partitions."""
        found = {}
        for tp in owned:
            state = self._of(tp)
            if state.done is not None and (state.committed is None or state.done > state.committed):
                found[tp] = state.done
        return found

    def committed(self, offsets: Mapping[Place, int]) -> None:
        """Note what Kafka confirmed."""
        for tp, offset in offsets.items():
            state = self._of(tp)
            if state.done is not None and offset <= state.done:
                state.committed = offset
