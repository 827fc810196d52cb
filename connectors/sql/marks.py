"""Watermarks: values that rise with every change, as the source keeps them; they find rows and never order them.

A watermark is kept in the position as text, with the name of what it is: `datetime:2026-11-24T10:00:00`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.wire.errors import RefuseToStart

_BYTES = "bytes"
_PARSE: Mapping[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "int": int,
    "float": float,
    "decimal": Decimal,
    "str": str,
    _BYTES: bytes.fromhex,
}


def dumps(value: Any) -> str:
    """Return a watermark as text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{_BYTES}:{bytes(value).hex()}"
    if isinstance(value, datetime | date):
        return f"{type(value).__name__}:{value.isoformat()}"
    return f"{type(value).__name__.lower()}:{value}"


def loads(text: str) -> Any:
    """Return the watermark that `dumps` wrote."""
    kind, _, value = text.partition(":")
    return _PARSE[kind](value)


def behind(value: Any, overlap: float) -> Any:
    """Return a watermark's place `overlap` before it: seconds for times, the watermark's own unit for numbers.

    Raises RefuseToStart for a text that is no time, for such texts have no order that means anything, and for a number
    where the overlap is a duration.
    """
    if isinstance(value, int | Decimal | bytes) and isinstance(overlap, float):
        raise RefuseToStart("a watermark is a number, so options.overlap must be one too, in its unit: 0 for a counter "
                            "whose changes never commit late")  # fmt: skip
    if isinstance(value, str):
        return _text(moment(value) - timedelta(seconds=overlap), like=value)
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    if isinstance(value, date):
        return value - timedelta(days=math.ceil(overlap / 86_400))
    if isinstance(value, bytes):
        return max(int.from_bytes(value, "big") - int(overlap), 0).to_bytes(len(value), "big")
    return value - type(value)(overlap)


def above(value: Any, other: Any) -> bool:
    """Say whether a watermark is higher than another; one of another type counts as higher."""
    try:
        return bool(value > other)
    except TypeError:
        return True


def moment(text: str) -> datetime:
    """Return the time that a text watermark tells; raises RefuseToStart."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RefuseToStart(
            "a watermark column holds a text that is no time such as 2026-11-24 10:00:00, so its order means nothing; "
            "name another column in options.watermark, or use kind sql_diff"
        ) from error


def _text(at: datetime, like: str) -> str:
    if len(like) <= 10:
        return at.date().isoformat()
    return at.isoformat("T" if like[10] == "T" else " ", "auto" if "." in like else "seconds")


def not_after(value: Any, now_us: int, zone: str) -> Any:
    """Return a watermark, or the present where it lies in the future: one wrong year must not hide what comes after."""
    here = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(ZoneInfo(zone))
    if isinstance(value, datetime):
        return min(value, here if value.tzinfo else here.replace(tzinfo=None))
    if isinstance(value, date):
        return min(value, here.date())
    if isinstance(value, str):
        told = moment(value)
        return min(value, _text(here if told.tzinfo else here.replace(tzinfo=None), like=value))
    return value


def when_us(value: Any, zone: str) -> int:
    """Return the moment that a watermark tells in microseconds since 1970 UTC; 0 where it tells none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return 0
    if not isinstance(value, datetime):
        return 0
    aware = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
