"""When whole tables may be read, and how fast."""

from datetime import UTC, datetime, time

import pytest

from connectors.sql.options import DiffOptions, PollOptions
from connectors.sql.schedule import Pace, Window, every_of
from hub.wire.clock import TestClock

NIGHT = (time(22, 0), time(5, 0))
NOON = (time(12, 0), time(13, 30))


@pytest.mark.parametrize(
    ("hours", "utc", "open_"),
    [
        (NIGHT, (14, 59), False), (NIGHT, (15, 0), True), (NIGHT, (17, 0), True), (NIGHT, (21, 59), True),
        (NIGHT, (22, 0), False), (NIGHT, (3, 0), False),
        (NOON, (4, 59), False), (NOON, (5, 0), True), (NOON, (6, 29), True), (NOON, (6, 30), False),
        (None, (3, 0), True),
    ],
)  # fmt: skip
def test_the_window_is_in_the_office_s_own_hours_also_over_midnight(
    hours: tuple[time, time] | None, utc: tuple[int, int], open_: bool
) -> None:
    at = datetime(2026, 11, 24, *utc, tzinfo=UTC)
    assert Window(hours, "Asia/Jakarta").open(int(at.timestamp() * 1e6)) is open_


def test_no_more_rows_are_read_in_a_second_than_allowed() -> None:
    clock = TestClock()
    pace = Pace(100, clock)
    assert pace.free
    pace.spend(50)
    assert not pace.free
    clock.advance(0.4)
    assert not pace.free
    clock.advance(0.1)
    assert pace.free


def test_a_rest_is_no_credit_for_a_burst() -> None:
    clock = TestClock()
    pace = Pace(100, clock)
    clock.advance(3600)
    pace.spend(100)
    clock.advance(0.9)
    assert not pace.free


def test_times_between_comparisons_are_written_as_durations() -> None:
    assert every_of(DiffOptions.model_validate({"every": "6h"})) == (21_600.0, None)
    assert every_of(PollOptions.model_validate({"watermark": "diubah", "full_every": "7d"})) == (604_800.0, 86_400.0)
    assert every_of(PollOptions.model_validate({"watermark": "diubah"}))[0] is None


def test_a_watermark_is_one_column_several_or_a_table_of_them() -> None:
    told = {"main.a": "diubah", "main.b": ["diubah", "dihapus"]}
    assert PollOptions.model_validate({"watermark": "diubah"}).watermarks("main.a") == ("diubah",)
    assert PollOptions.model_validate({"watermark": ["x", "y"]}).watermarks("main.a") == ("x", "y")
    by_table = PollOptions.model_validate({"watermark": told})
    assert [by_table.watermarks(name) for name in ("main.a", "main.b", "main.c")] == [
        ("diubah",), ("diubah", "dihapus"), (),
    ]  # fmt: skip
