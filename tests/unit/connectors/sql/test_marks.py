"""Watermarks: kept as text, read again from behind, never in the future."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connectors.sql import marks
from hub.wire.errors import RefuseToStart

ZONE = "Asia/Jakarta"
NOW_US = 1_795_500_000_000_000  # 2026-11-24 13:00 in Jakarta
HERE = datetime(2026, 11, 24, 13, 0)  # noqa: DTZ001 - as a column without a zone has it


@pytest.mark.parametrize(
    "value",
    [
        HERE, HERE.replace(tzinfo=timezone(timedelta(hours=7))), date(2026, 11, 24), 17, 1.5, Decimal("17.25"),
        "2026-11-24 08:00:00", b"\0\0\0\0\0\0\7\xd1",
    ],
)  # fmt: skip
def test_a_watermark_survives_its_way_through_the_position(value: Any) -> None:
    assert marks.loads(marks.dumps(value)) == value


def test_a_driver_s_view_of_bytes_is_kept_as_bytes() -> None:
    assert marks.loads(marks.dumps(memoryview(b"\1\2"))) == b"\1\2"


@pytest.mark.parametrize(
    ("value", "overlap", "lowest"),
    [
        (HERE, 300.0, datetime(2026, 11, 24, 12, 55)),  # noqa: DTZ001
        (date(2026, 11, 24), 300.0, date(2026, 11, 23)),
        ("2026-11-24 08:00:00", 300.0, "2026-11-24 07:55:00"),
        ("2026-11-24T08:00:00", 300.0, "2026-11-24T07:55:00"),
        ("2026-11-24 08:00:00.500", 300.0, "2026-11-24 07:55:00.500000"),
        ("2026-11-24", 300.0, "2026-11-23"),
        (1000, 10, 990),
        (Decimal("1000"), 10, Decimal("990")),
        (b"\0\0\0\5", 7, b"\0\0\0\0"),
        (b"\0\0\1\0", 1, b"\0\0\0\xff"),
    ],
)
def test_it_is_read_again_from_behind(value: Any, overlap: float, lowest: Any) -> None:
    assert marks.behind(value, overlap) == lowest


@pytest.mark.parametrize("value", ["24-11-2026", "kemarin", ""])
def test_a_text_that_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(RefuseToStart, match="sql_diff"):
        marks.behind(value, 300.0)


@pytest.mark.parametrize("value", [7, Decimal(7), b"\0\7"])
def test_a_duration_behind_a_counter_is_refused(value: Any) -> None:
    with pytest.raises(RefuseToStart, match=r"options\.overlap"):
        marks.behind(value, 300.0)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2099, 1, 1), HERE),  # noqa: DTZ001
        (datetime(2099, 1, 1, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (date(2099, 1, 1), date(2026, 11, 24)),
        ("2099-01-01 00:00:00", "2026-11-24 13:00:00"),
        (datetime(2026, 11, 24, 12, 59), datetime(2026, 11, 24, 12, 59)),  # noqa: DTZ001
        (99_999, 99_999),
    ],
)
def test_a_wrong_year_does_not_hide_what_comes_after(value: Any, kept: Any) -> None:
    assert marks.not_after(value, NOW_US, ZONE) == kept


def test_a_watermark_of_another_type_counts_as_higher() -> None:
    assert marks.above("2026-11-24", 17)
    assert marks.above(18, 17)
    assert not marks.above(17, 17)


@pytest.mark.parametrize(
    ("value", "at_us"),
    [(HERE, NOW_US), ("2026-11-24 13:00:00", NOW_US), (HERE.replace(tzinfo=UTC), NOW_US + 7 * 3_600_000_000),
     (17, 0), ("kemarin", 0), (date(2026, 11, 24), 0)],
)  # fmt: skip
def test_the_moment_that_it_tells_is_the_office_s_time(value: Any, at_us: int) -> None:
    assert marks.when_us(value, ZONE) == at_us
