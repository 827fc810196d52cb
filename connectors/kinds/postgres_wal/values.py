"""From PostgreSQL's text form of a value to the Avro bytes of Debezium's form.

The text is what a session with DateStyle ISO, IntervalStyle iso_8601, TimeZone UTC, bytea_output hex and
extra_float_digits 1 writes; snapshot and stream use such sessions, so both give equal bytes.  Values made of several
are in `nested` and `shapes`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import date

from connectors.envelope import long, string

Encode = Callable[[bytes], bytes]
NULL_TAG = ord("n")
UNCHANGED_TAG = ord("u")
Value = bytes | int
"""A column's text, or one of the two tags."""
Values = list[Value]

DATE_INFINITY = {b"infinity": 2_146_033_979, b"-infinity": -2_147_472_691}
"""Days that stand for an endless date: Debezium's +5877611-06-21 and -5877611-06-22."""
TIMESTAMP_INFINITY = {b"infinity": 9_223_372_036_825_200_000, b"-infinity": -9_223_372_036_832_400_000}
"""Debezium's marks of an endless timestamp, the same for milli- and microseconds."""
_DAY_US = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(rb"(\d{4,})-(\d\d)-(\d\d)")
_TIME = re.compile(rb"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_OFFSET = re.compile(rb"([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$")
_MONTH_US = _DAY_US * 487 // 16
"""A month of an interval: 365.25 / 12 days, as Debezium has it."""
_INTERVAL = re.compile(
    rb"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,6}))?S)?)?"
)
_LONG = range(-(2**63), 2**63)
_DIGITS = re.compile(r"[0-9]")


class Unrepresentable(ValueError):
    """This value has no place in the column's Avro type (NaN in a decimal, say); the row travels as text."""


def boolean(text: bytes) -> bytes:
    """Encode t or f."""
    return b"\1" if text == b"t" else b"\0"


def integer(text: bytes) -> bytes:
    """Encode a whole number."""
    return long(int(text))


def float4(text: bytes) -> bytes:
    """Encode four bytes, NaN and infinity included."""
    return struct.pack("<f", float(text))


def float8(text: bytes) -> bytes:
    """Encode eight bytes, NaN and infinity included."""
    return struct.pack("<d", float(text))


def decimal(scale: int) -> Encode:
    """Return the encoder of numeric(p, scale): Connect's Decimal, the unscaled number's two's complement."""

    def encode(text: bytes) -> bytes:
        number, digits = _unscaled(text)
        if digits < scale:
            number *= 10 ** (scale - digits)
        elif digits > scale:
            number, rest = divmod(number, 10 ** (digits - scale))
            if rest:
                raise Unrepresentable("more decimals than the column declares")
        return _big(number)

    return encode


def variable_decimal(text: bytes) -> bytes:
    """Encode numeric without a scale: VariableScaleDecimal, the scale and the unscaled number, in its shortest form."""
    number, digits = _unscaled(text.rstrip(b"0").rstrip(b".") if b"." in text else text)
    return long(digits) + _big(number)


def _unscaled(text: bytes) -> tuple[int, int]:
    whole, _, decimals = text.partition(b".")
    try:
        return int(whole + decimals), len(decimals)
    except ValueError as error:
        raise Unrepresentable("neither NaN nor infinity is a decimal") from error


def money(one: str, minus_one: str) -> tuple[int, Encode]:
    """Return the scale of money and its encoder (Connect's Decimal), given how this session writes 1 and -1.

    How money is written, decimals included, is the locale's; only its digits and the mark of a negative one count.
    """
    scale = len(_DIGITS.findall(one)) - 1
    marks = set(minus_one) - set(one)

    def encode(text: bytes) -> bytes:
        written = text.decode()
        number = int("".join(_DIGITS.findall(written)))
        return _big(-number if marks.intersection(written) else number)

    return scale, encode


def bit(text: bytes) -> bytes:
    """Encode bit(1), and varbit(1) unless it is empty: a boolean."""
    if len(text) != 1:
        raise Unrepresentable("no single bit")
    return b"\1" if text == b"1" else b"\0"


def bits(text: bytes) -> bytes:
    """Encode bit(n) and varbit: io.debezium.data.Bits, the last bit lowest, low bytes first, no zero byte last."""
    number = int(text, 2) if text else 0
    return string(number.to_bytes((number.bit_length() + 7) // 8, "little"))


def _big(number: int) -> bytes:
    size = (number + (number < 0)).bit_length() // 8 + 1
    return long(size) + number.to_bytes(size, "big", signed=True)


def days(text: bytes) -> int:
    """Return days since 1970 of `2026-11-24`, `0044-03-15 BC` or `12026-11-24`."""
    if len(text) == 10:
        return date.fromisoformat(text.decode()).toordinal() - _EPOCH
    if text in DATE_INFINITY:
        return DATE_INFINITY[text]
    found = _DATE.match(text)
    if found is None:
        raise Unrepresentable("no date")
    year = int(found[1])
    return _civil_days(1 - year if text.endswith(b"BC") else year, int(found[2]), int(found[3]))


def _civil_days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the proleptic calendar, any year (H. Hinnant, chrono-compatible low-level date algorithms)."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def day(text: bytes) -> bytes:
    """Encode a date: io.debezium.time.Date."""
    return long(days(text))


def _micros(text: bytes) -> int:
    found = _TIME.match(text)
    if found is None:
        raise Unrepresentable("no time of day")
    hour, minute, second, fraction = found.groups()
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    return seconds * 1_000_000 + (int(fraction.ljust(6, b"0")) if fraction else 0)


def time_millis(text: bytes) -> bytes:
    """Encode time(0..3): io.debezium.time.Time."""
    return long(_micros(text) // 1000)


def time_micros(text: bytes) -> bytes:
    """Encode time: io.debezium.time.MicroTime; 24:00:00 is 86400000000."""
    return long(_micros(text))


def _timestamp_us(text: bytes) -> int:
    day_text, _, rest = text.partition(b" ")
    clock = rest.removesuffix(b" BC")
    return days(day_text + b" BC" if rest.endswith(b"BC") else day_text) * _DAY_US + _micros(clock)


def timestamp_millis(text: bytes) -> bytes:
    """Encode timestamp(0..3): io.debezium.time.Timestamp."""
    if text in TIMESTAMP_INFINITY:
        return long(TIMESTAMP_INFINITY[text])
    return long(_timestamp_us(text) // 1000)


def timestamp_micros(text: bytes) -> bytes:
    """Encode timestamp: io.debezium.time.MicroTimestamp."""
    if text in TIMESTAMP_INFINITY:
        return long(TIMESTAMP_INFINITY[text])
    return long(_timestamp_us(text))


def zoned_timestamp(precision: int) -> Encode:
    """Return the encoder of timestamptz: io.debezium.time.ZonedTimestamp, ISO 8601 in UTC.

    It has as many decimals as the column declares, and years as Java writes them.
    """
    bare = len("2026-11-24 01:02:03+00")
    fills = {bare + 1 + digits: b"0" * (precision - digits) + b"Z" for digits in range(1, precision + 1)}
    fills[bare] = b"." + b"0" * precision + b"Z" if precision else b"Z"

    def encode(text: bytes) -> bytes:
        fill = fills.get(len(text))
        if fill is not None and text[-3:] == b"+00" and text[4:5] == b"-":
            return string(b"%bT%b%b" % (text[:10], text[11:-3], fill))
        return string(_any_zoned(text, precision))

    return encode


def _any_zoned(text: bytes, precision: int) -> bytes:
    if text in TIMESTAMP_INFINITY:
        return text
    found = _DATE.match(text)
    if found is None or b"+00" not in text:
        raise Unrepresentable("no timestamp in UTC")
    year = int(found[1])
    if text.endswith(b"BC"):
        year = 1 - year
    sign = b"" if 0 <= year <= 9999 else b"-" if year < 0 else b"+"
    clock, _, fraction = text[found.end() + 1 : text.index(b"+00")].partition(b".")
    if precision:
        clock += b"." + fraction.ljust(precision, b"0")
    return b"%b%04d-%b-%bT%bZ" % (sign, abs(year), found[2], found[3], clock)


def zoned_time(text: bytes) -> bytes:
    """Encode timetz: io.debezium.time.ZonedTime, in GMT."""
    offset = _OFFSET.search(text)
    if offset is None:
        raise Unrepresentable("no time with a zone")
    ahead = int(offset[2]) * 3600 + int(offset[3] or 0) * 60 + int(offset[4] or 0)
    moved = _micros(text) - (ahead if offset[1] == b"+" else -ahead) * 1_000_000
    seconds, fraction = divmod(moved if moved == _DAY_US and not ahead else moved % _DAY_US, 1_000_000)
    clock = b"%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return string(clock + (b".%06d" % fraction).rstrip(b"0") + b"Z" if fraction else clock + b"Z")


def interval(text: bytes) -> bytes:
    """Encode interval: io.debezium.time.MicroDuration, in whole microseconds."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise Unrepresentable("no finite interval")
    years, months, days_, hours, minutes = (int(part or 0) for part in found.groups()[:5])
    micros = int(found[7] or 0) * 1_000_000 + int((found[8] or b"").ljust(6, b"0"))
    clock = (hours * 60 + minutes) * 60_000_000 + (-micros if found[6] else micros)
    total = (years * 12 + months) * _MONTH_US + days_ * _DAY_US + clock
    if total not in _LONG:
        raise Unrepresentable("an interval of more than 292,000 years")
    return long(total)


def hexadecimal(text: bytes) -> bytes:
    """Encode bytea from its hex form."""
    if not text.startswith(b"\\x"):
        raise Unrepresentable("bytea is not in hex form")
    return string(bytes.fromhex(text[2:].decode()))
