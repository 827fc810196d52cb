"""A fingerprint is behind the river only when clean and then reconcile have read up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.verify.passed import RECONCILED, Passage, Place

RAW = "raw.s.t"
CLEAN, *_, QUARANTINE = RECONCILED


class River:
    def __init__(self) -> None:
        self.heads: dict[Place, int] = {(RAW, 0): 5, (RAW, 1): 3}
        self.clean: dict[Place, int] = {(RAW, 0): 5, (RAW, 1): 2}
        self.link: dict[Place, int] = {}

    def ends(self, topics: Sequence[str]) -> Mapping[Place, int]:
        return {place: end for place, end in self.heads.items() if place[0] in topics}

    def cleaned(self) -> Mapping[Place, int]:
        return self.clean

    def reconciled(self) -> Mapping[Place, int]:
        return self.link


def test_it_is_behind_when_each_stage_in_turn_has_read_up_to_it() -> None:
    river, passage = River(), Passage(RAW)
    assert not passage.passed(river)
    river.heads[CLEAN, 2] = 7
    river.heads[QUARANTINE, 0] = 1
    assert not passage.passed(river)
    river.clean[RAW, 1] = 3
    assert not passage.passed(river)
    river.link[CLEAN, 2] = 7
    assert not passage.passed(river)
    river.link[QUARANTINE, 0] = 1
    assert passage.passed(river)


def test_what_came_after_it_is_not_waited_for() -> None:
    river, passage = River(), Passage(RAW)
    assert not passage.passed(river)
    river.heads[RAW, 0] = 50
    river.clean[RAW, 1] = 3
    river.heads[CLEAN, 0] = 4
    assert not passage.passed(river)
    river.heads[CLEAN, 0] = 40
    river.link[CLEAN, 0] = 4
    assert passage.passed(river)


def test_clean_topics_end_where_they_do_once_raw_is_read_not_before() -> None:
    river, passage = River(), Passage(RAW)
    assert not passage.passed(river)
    river.clean[RAW, 1] = 3
    river.heads[CLEAN, 0] = 9  # written while clean read its last batch
    assert not passage.passed(river)
    river.link[CLEAN, 0] = 9
    assert passage.passed(river)


def test_an_empty_table_is_passed_at_once() -> None:
    river = River()
    river.heads.clear()
    assert Passage(RAW).passed(river)
