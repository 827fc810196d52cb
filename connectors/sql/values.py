"""From a driver's Python value to the Avro bytes of Debezium's form; what does not fit is Unrepresentable.

A database that is lax with types (SQLite keeps a text in an INTEGER column) must neither stop a table nor lose the
value: a row with such a value travels as texts (`text_of`).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from connectors.envelope import NULL, SOME, long, string

Encode = Callable[[Any], bytes]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone, as the values it is compared with
_MICRO = timedelta(microseconds=1)
_EXACT = 2**53


class Unrepresentable(ValueError):
    """This value has no place in the column's Avro type; the row travels as text."""


def plain(value: Any) -> Any:
    """Return a value whose large objects are read."""
    return value.read() if hasattr(value, "read") else value


def utf8(text: str) -> bytes:
    """Return a text's UTF-8; half a surrogate pair becomes a question mark."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def text_of(value: Any) -> str:
    """Return any value as text: numbers plain, dates ISO, bytes as UTF-8 or in hex."""
    value = plain(value)
    for cls, told in _TOLD:
        if isinstance(value, cls):
            return told(value)
    return str(value)


def _readable(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "\\x" + value.hex()


def _clock(span: timedelta) -> str:
    seconds, micros = divmod(abs(span) // _MICRO, 1_000_000)
    fraction = f".{micros:06d}" if micros else ""
    sign = "-" if span < timedelta() else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


_TOLD: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (str, str),
    (bool, lambda value: "true" if value else "false"),
    (float, repr),
    (Decimal, lambda value: format(value, "f")),
    (datetime, lambda value: str(value.isoformat(" "))),
    ((date, time), lambda value: str(value.isoformat())),
    (timedelta, _clock),
    ((bytes, bytearray, memoryview), lambda value: _readable(bytes(value))),
    ((dict, list, tuple), lambda value: json.dumps(value, ensure_ascii=False, default=text_of)),
)


def text(value: Any) -> bytes:
    """Encode any value as a string."""
    return string(utf8(value if value.__class__ is str else text_of(value)))


def boolean(value: Any) -> bytes:
    """Encode true and false, also as 1 and 0."""
    if value in (0, 1) and isinstance(value, int):
        return b"\1" if value else b"\0"
    raise Unrepresentable("neither true nor false")


def integer(bits: int) -> Encode:
    """Return the encoder of whole numbers of so many bits."""
    lowest, highest = -(1 << bits - 1), (1 << bits - 1) - 1

    def encode(value: Any) -> bytes:
        if value.__class__ is not int:
            value = _whole(value)
        if lowest <= value <= highest:
            return long(value)
        raise Unrepresentable(f"a number of more than {bits} bits")

    return encode


def _whole(value: Any) -> int:
    if isinstance(value, int) or (isinstance(value, Decimal | float) and value == value // 1):
        return int(value)
    raise Unrepresentable("no whole number")


def bit(value: Any) -> bytes:
    """Encode MySQL's BIT(n) as a whole number; its driver gives bytes."""
    return _LONG(int.from_bytes(value, "big") if isinstance(value, bytes) else value)


def double(value: Any) -> bytes:
    """Encode eight bytes, NaN and infinity included; a whole number only if it stays exact."""
    if isinstance(value, float | Decimal) or (isinstance(value, int) and abs(value) <= _EXACT):
        return struct.pack("<d", value)
    raise Unrepresentable("no number that a double holds")


_LONG = integer(64)


def _decimal(value: Any) -> tuple[int, int]:
    """Return the unscaled number and its scale, never negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unrepresentable("no number")
    sign, digits, exponent = Decimal(repr(value) if isinstance(value, float) else value).as_tuple()
    if not isinstance(exponent, int):
        raise Unrepresentable("neither NaN nor infinity is a decimal")
    number = int("".join(map(str, digits))) * 10 ** max(exponent, 0)
    return (-number if sign else number), max(-exponent, 0)


def _big(number: int) -> bytes:
    size = (number + (number < 0)).bit_length() // 8 + 1
    return string(number.to_bytes(size, "big", signed=True))


def decimal(scale: int) -> Encode:
    """Return the encoder of a decimal with a fixed scale: Connect's Decimal, the unscaled number's two's complement."""

    def encode(value: Any) -> bytes:
        number, digits = _decimal(value)
        if digits <= scale:
            return _big(number * 10 ** (scale - digits))
        number, rest = divmod(number, 10 ** (digits - scale))
        if rest:
            raise Unrepresentable("more decimals than the column declares")
        return _big(number)

    return encode


def variable_decimal(value: Any) -> bytes:
    """Encode a decimal without a fixed scale: Debezium's VariableScaleDecimal."""
    number, digits = _decimal(value)
    return long(digits) + _big(number)


def raw(value: Any) -> bytes:
    """Encode bytes."""
    value = plain(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return string(bytes(value))
    raise Unrepresentable("no bytes")


def day(value: Any) -> bytes:
    """Encode a date: io.debezium.time.Date."""
    if isinstance(value, datetime):
        if value.time() != time():
            raise Unrepresentable("a date with a time of day")
        value = value.date()
    if not isinstance(value, date):
        raise Unrepresentable("no date")
    return long(value.toordinal() - _EPOCH_DAY)


def timestamp(value: Any) -> bytes:
    """Encode a date and time without a zone: io.debezium.time.MicroTimestamp."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return long((value - _EPOCH) // _MICRO)
    raise Unrepresentable("no date and time without a zone")


def zoned_timestamp(value: Any) -> bytes:
    """Encode a moment: io.debezium.time.ZonedTimestamp, ISO 8601 in UTC; without a zone it is UTC by the session."""
    if not isinstance(value, datetime):
        raise Unrepresentable("no moment")
    moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    said = moment.isoformat()
    return string(f"{said.rstrip('0') if moment.microsecond else said}Z".encode())


def time_of_day(value: Any) -> bytes:
    """Encode a time of day: io.debezium.time.MicroTime; MySQL's go from -838 to 838 hours."""
    if isinstance(value, time) and value.tzinfo is None:
        value = datetime.combine(_EPOCH, value) - _EPOCH
    if isinstance(value, timedelta):
        return long(value // _MICRO)
    raise Unrepresentable("no time of day without a zone")


def array(element: Encode) -> Encode:
    """Return the encoder of a one-dimensional array whose elements may be null."""

    def encode(value: Any) -> bytes:
        if not isinstance(value, list) or any(isinstance(item, list) for item in value):
            raise Unrepresentable("no array of one dimension")
        if not value:
            return b"\0"
        return long(len(value)) + b"".join([NULL if v is None else SOME + element(v) for v in value]) + b"\0"

    return encode
