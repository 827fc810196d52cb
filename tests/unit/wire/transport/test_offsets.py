"""Where reading starts, and that nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hub.wire.errors import Halt
from hub.wire.transport.batch import Place
from hub.wire.transport.offsets import KafkaOffsets, Outside, start_of

TP = Place("raw.opd.t", 3)


@pytest.mark.parametrize("outside", Outside)
@pytest.mark.parametrize("stored", [10, 15, 20])
def test_an_offset_within_the_log_is_taken(outside: Outside, stored: int) -> None:
    assert start_of(TP, stored, 10, 20, outside) == stored


@pytest.mark.parametrize("stored", [9, 21])
def test_an_offset_outside_the_log(stored: int) -> None:
    assert start_of(TP, stored, 10, 20, Outside.HOLD) is None
    assert start_of(TP, stored, 10, 20, Outside.BEGINNING) == 10
    with pytest.raises(Halt, match=rf"{stored} of raw.opd.t\[3\].*10\.\.20.*snapshot"):
        start_of(TP, stored, 10, 20, Outside.HALT)


def test_nothing_stored_starts_at_the_beginning_unless_it_is_gone() -> None:
    assert start_of(TP, None, 7, 20, Outside.HOLD) == 7
    assert start_of(TP, None, 0, 20, Outside.HALT) == 0
    with pytest.raises(Halt, match="starts at 7, not at 0"):
        start_of(TP, None, 7, 20, Outside.HALT)


class View:
    """A consumer as the source of offsets sees it."""

    def __init__(self, stored: dict[Place, int], here: dict[Place, int]) -> None:
        self.stored, self.here = stored, here

    async def committed(self, tps: Iterable[Place]) -> dict[Place, int]:
        return {tp: self.stored[tp] for tp in tps if tp in self.stored}

    async def bounds(self, tps: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        return dict.fromkeys(tps, (0, 100))

    def acknowledged(self, tp: Place) -> int | None:
        return self.here.get(tp)


async def test_kafka_s_offsets_never_fall_behind_what_this_stay_acknowledged() -> None:
    tps = [Place("t", n) for n in range(4)]
    view = View({tps[0]: 5, tps[1]: 5}, {tps[1]: 9, tps[2]: 3})
    assert await KafkaOffsets().load(view, tps) == {tps[0]: 5, tps[1]: 9, tps[2]: 3, tps[3]: None}
