"""From a value's bytes in the text protocol to the Avro bytes of Debezium's form.

The text is what a session with time_zone +00:00, names utf8mb4 and an empty sql_mode is sent for `types.select`; the
log's values are brought to the same bytes first (`images`), so snapshot and stream give equal Avro.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import date

from connectors.envelope import NULL, SOME, long, string

Encode = Callable[[bytes], bytes]

ZERO_DATE = b"0000-00-00"
_ZEROES = frozenset({b"", b" 00:00:00"} | {b" 00:00:00." + b"0" * n for n in range(1, 7)})
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_WKB_POINT = struct.Struct("<BIdd")


class Unrepresentable(ValueError):
    """This value has no place in the column's Avro type (2024-00-00 in a date, say); the row travels as text."""


def integer(text: bytes) -> bytes:
    """Encode a whole number, filled with zeros or not."""
    return long(int(text))


def big(number: int) -> bytes:
    """Encode a number as Connect's Decimal does: its two's complement in as few bytes as can be."""
    size = (number + (number < 0)).bit_length() // 8 + 1
    return long(size) + number.to_bytes(size, "big", signed=True)


def unsigned_bigint(text: bytes) -> bytes:
    """Encode BIGINT UNSIGNED: a Decimal without decimals, for a long ends at half of its range."""
    return big(int(text))


def decimal(text: bytes) -> bytes:
    """Encode DECIMAL(p, s), whose text always has s decimals."""
    return big(int(text.replace(b".", b"")))


def float4(text: bytes) -> bytes:
    """Encode FLOAT from its digits as a double."""
    return struct.pack("<f", float(text))


def float8(text: bytes) -> bytes:
    """Encode DOUBLE."""
    return struct.pack("<d", float(text))


def bit(raw: bytes) -> bytes:
    """Encode BIT(1)."""
    return b"\1" if raw != b"\0" else b"\0"


def bits(raw: bytes) -> bytes:
    """Encode BIT(n): io.debezium.data.Bits, low byte first, all bytes of the width."""
    return string(raw[::-1])


def is_zero(text: bytes) -> bool:
    """Say whether a date or a moment is the server's mark of none, 0000-00-00."""
    return text.startswith(ZERO_DATE) and text[10:] in _ZEROES


def days(text: bytes) -> int:
    """Return days since 1970; raises Unrepresentable for a date that the calendar lacks, such as 2024-05-00."""
    try:
        return date.fromisoformat(text.decode()).toordinal() - _EPOCH
    except ValueError as error:
        raise Unrepresentable("a date that the calendar lacks") from error


def day(text: bytes) -> bytes:
    """Encode DATE: io.debezium.time.Date."""
    return long(days(text))


def micros(text: bytes) -> int:
    """Return microseconds of `-838:59:59.5`, or of a time of day."""
    negative = text.startswith(b"-")
    hour, minute, rest = text[negative:].split(b":")
    second, _, fraction = rest.partition(b".")
    whole = (int(hour) * 3600 + int(minute) * 60 + int(second)) * 1_000_000 + int(fraction.ljust(6, b"0"))
    return -whole if negative else whole


def micro_time(text: bytes) -> bytes:
    """Encode TIME: io.debezium.time.MicroTime, negative and over a day as they come."""
    return long(micros(text))


def _moment_us(text: bytes) -> int:
    return days(text[:10]) * _DAY_US + micros(text[11:])


def timestamp_millis(text: bytes) -> bytes:
    """Encode DATETIME(0..3), as if in UTC: io.debezium.time.Timestamp."""
    return long(_moment_us(text) // 1000)


def timestamp_micros(text: bytes) -> bytes:
    """Encode DATETIME(4..6), as if in UTC: io.debezium.time.MicroTimestamp."""
    return long(_moment_us(text))


def zoned_timestamp(text: bytes) -> bytes:
    """Encode TIMESTAMP: io.debezium.time.ZonedTimestamp in UTC, with as many decimals as the column declares."""
    return string(b"%bT%bZ" % (text[:10], text[11:]))


_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)', re.DOTALL)


def json_text(text: bytes) -> bytes:
    """Return a JSON text without blanks and with its fractions in one form: the log keeps neither."""
    return _SPACE.sub(_token, text)


def _token(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return found[1]
    number: bytes | None = found[2]
    if number is None:
        return b""
    return number if number.lstrip(b"-").isdigit() else fraction(number)


def fraction(text: bytes) -> bytes:
    """Return the one form of a number with decimals or an exponent: plain where it is short, else 1.5e-9."""
    sign = b"-" if text.startswith(b"-") else b""
    digits, _, power = text.lstrip(b"-").lower().partition(b"e")
    whole, _, decimals = digits.partition(b".")
    point = len(whole) + int(power or 0)
    plain = whole + decimals
    significant = plain.lstrip(b"0")
    point -= len(plain) - len(significant)
    significant = significant.rstrip(b"0")
    if not significant:
        return sign + b"0.0"
    if not -6 < point <= 21:
        rest = significant[1:]
        return b"%b%b%be%d" % (sign, significant[:1], b"." + rest if rest else b"", point - 1)
    if point <= 0:
        return sign + b"0." + b"0" * -point + significant
    significant = significant.ljust(point, b"0")
    return b"%b%b.%b" % (sign, significant[:point], significant[point:] or b"0")


def json(text: bytes) -> bytes:
    """Encode JSON: io.debezium.data.Json."""
    return string(json_text(text))


def geometry(raw: bytes) -> bytes:
    """Encode any shape: io.debezium.data.geometry.Geometry; the reference system 0 is none."""
    srid = int.from_bytes(raw[:4], "little")
    return string(raw[4:]) + (SOME + long(srid) if srid else NULL)


def point(raw: bytes) -> bytes:
    """Encode POINT: io.debezium.data.geometry.Point."""
    if len(raw) != 4 + _WKB_POINT.size:
        raise Unrepresentable("no point")
    _, _, x, y = _WKB_POINT.unpack_from(raw, 4)
    srid = int.from_bytes(raw[:4], "little")
    return struct.pack("<dd", x, y) + SOME + string(raw[4:]) + (SOME + long(srid) if srid else NULL)


def vector(raw: bytes) -> bytes:
    """Encode VECTOR: io.debezium.data.FloatVector, an array of floats."""
    return long(len(raw) // 4) + raw + b"\0" if raw else b"\0"
