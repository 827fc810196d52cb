"""PostgreSQL's texts become the values that Debezium's semantic types prescribe."""

import io
import struct
from collections.abc import Callable
from decimal import Decimal

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.envelope import long, string
from connectors.kinds.postgres_wal import values
from connectors.kinds.postgres_wal.values import Unrepresentable

Encode = Callable[[bytes], bytes]
VARIABLE = {
    "type": "record",
    "name": "V",
    "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
}


def read(schema: object, data: bytes) -> object:
    body = io.BytesIO(data)
    datum = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    assert not body.read(), "bytes were left over"
    return datum


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_avro_s(number: int) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema("long"), number)
    assert long(number) == out.getvalue()


@given(st.binary(max_size=20_000))
def test_texts_are_avro_s(text: bytes) -> None:
    assert read("bytes", string(text)) == text


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2026-11-24", 20781), ("0001-01-01", -719162),
        ("0001-12-31 BC", -719163), ("0044-03-15 BC", -735160), ("12026-11-24", 3673206),
        ("infinity", 2146033979), ("-infinity", -2147472691),
    ],
)  # fmt: skip
def test_dates_are_days_since_1970_before_christ_too(text: str, days: int) -> None:
    assert read("int", values.day(text.encode())) == days


@pytest.mark.parametrize(
    ("encode", "text", "number"),
    [
        (values.time_millis, "13:04:05.678", 47045678), (values.time_micros, "13:04:05.678901", 47045678901),
        (values.time_micros, "24:00:00", 86400000000), (values.time_micros, "00:00:00.1", 100000),
        (values.timestamp_millis, "2026-11-24 01:02:03.5", 1795482123500),
        (values.timestamp_micros, "2026-11-24 01:02:03.000007", 1795482123000007),
        (values.timestamp_micros, "1969-12-31 23:59:59.999999", -1),
        (values.timestamp_micros, "0001-12-31 23:59:59 BC", -62135596801000000),
        (values.timestamp_micros, "infinity", 9223372036825200000),
        (values.timestamp_millis, "-infinity", -9223372036832400000),
    ],
)  # fmt: skip
def test_times_are_counts(encode: Encode, text: str, number: int) -> None:
    assert read("long", encode(text.encode())) == number


@pytest.mark.parametrize(
    ("encode", "text", "iso"),
    [
        (values.zoned_timestamp(6), "2026-11-24 01:02:03+00", "2026-11-24T01:02:03.000000Z"),
        (values.zoned_timestamp(6), "2026-11-24 01:02:03.123456+00", "2026-11-24T01:02:03.123456Z"),
        (values.zoned_timestamp(6), "12026-11-24 01:02:03.5+00", "+12026-11-24T01:02:03.500000Z"),
        (values.zoned_timestamp(6), "294276-12-31 23:59:59.999999+00", "+294276-12-31T23:59:59.999999Z"),
        (values.zoned_timestamp(6), "0044-03-15 00:00:00+00 BC", "-0043-03-15T00:00:00.000000Z"),
        (values.zoned_timestamp(6), "0044-03-15 01:02:03.5+00 BC", "-0043-03-15T01:02:03.500000Z"),
        (values.zoned_timestamp(3), "2026-11-24 01:02:03.1+00", "2026-11-24T01:02:03.100Z"),
        (values.zoned_timestamp(3), "2026-11-24 01:02:03.125+00", "2026-11-24T01:02:03.125Z"),
        (values.zoned_timestamp(0), "2026-11-24 01:02:03+00", "2026-11-24T01:02:03Z"),
        (values.zoned_timestamp(6), "infinity", "infinity"), (values.zoned_timestamp(0), "-infinity", "-infinity"),
        (values.zoned_time, "13:04:05+07", "06:04:05Z"), (values.zoned_time, "01:00:00.25+07", "18:00:00.25Z"),
        (values.zoned_time, "23:00:00-05:30", "04:30:00Z"), (values.zoned_time, "24:00:00+00", "24:00:00Z"),
        (values.zoned_time, "24:00:00+07", "17:00:00Z"), (values.zoned_time, "00:00:00+15:59:59", "08:00:01Z"),
    ],
)  # fmt: skip
def test_times_with_a_zone_are_iso_texts_in_utc(encode: Encode, text: str, iso: str) -> None:
    assert read("string", encode(text.encode())) == iso


@pytest.mark.parametrize(
    ("scale", "text", "unscaled"),
    [(2, "12.34", 1234), (2, "-0.01", -1), (0, "7", 7), (2, "1.5", 150), (-2, "12300", 123), (0, "-128", -128),
     (0, "127", 127), (0, "128", 128), (0, "-129", -129), (0, "0", 0), (3, "0.000", 0)],
)  # fmt: skip
def test_decimals_are_the_unscaled_number(scale: int, text: str, unscaled: int) -> None:
    data = read("bytes", values.decimal(scale)(text.encode()))
    assert isinstance(data, bytes)
    assert int.from_bytes(data, "big", signed=True) == unscaled
    assert len(data) == 1 or data[0] not in {0, 255} or (data[0] == 0) == (data[1] > 127), "not the shortest form"


@pytest.mark.parametrize(
    ("text", "scale", "unscaled"),
    [("2.50", 1, 25), ("2.00", 0, 2), ("100", 0, 100), ("0.000", 0, 0), ("-0.0120", 3, -12), ("1200.10", 1, 12001)],
)
def test_decimals_without_a_scale_have_their_shortest_form(text: str, scale: int, unscaled: int) -> None:
    datum = read(VARIABLE, values.variable_decimal(text.encode()))
    assert isinstance(datum, dict)
    assert (datum["scale"], int.from_bytes(datum["value"], "big", signed=True)) == (scale, unscaled)


@given(st.decimals(-(10**15), 10**15, allow_nan=False, places=6))
def test_decimals_without_a_scale_carry_it(number: Decimal) -> None:
    datum = read(VARIABLE, values.variable_decimal(format(number, "f").encode()))
    assert isinstance(datum, dict)
    assert Decimal(int.from_bytes(datum["value"], "big", signed=True)).scaleb(-datum["scale"]) == number


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_decimal_is_refused_and_not_nulled(text: bytes) -> None:
    with pytest.raises(Unrepresentable):
        values.variable_decimal(text)
    with pytest.raises(Unrepresentable):
        values.decimal(2)(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "0.1", "-0", "1e-45", "3.4028235e+38"])
def test_floats_keep_every_bit(text: str) -> None:
    assert struct.pack("<d", float(text)) == values.float8(text.encode())
    assert struct.pack("<f", float(text)) == values.float4(text.encode())


def test_bytes_come_from_their_hex_form() -> None:
    assert read("bytes", values.hexadecimal(b"\\x00ff10")) == b"\x00\xff\x10"
    with pytest.raises(Unrepresentable):
        values.hexadecimal(b"\\000\\377")


@pytest.mark.parametrize(
    ("text", "data"),
    [("11", b"\3"), ("1000000", b"\x40"), ("00", b""), ("000000110000001000000001", b"\1\2\3"),
     ("1" + "0" * 63, bytes(7) + b"\x80"), ("101", b"\5"), ("", b""),
     ("111011010001000110000001000000001", b"\x01\x02\x23\xda\x01")],
)  # fmt: skip
def test_bits_are_bytes_from_the_last_bit_on(text: str, data: bytes) -> None:
    assert read("bytes", values.bits(text.encode())) == data


def test_a_single_bit_is_a_boolean() -> None:
    assert [read("boolean", values.bit(text)) for text in (b"0", b"1")] == [False, True]
    with pytest.raises(Unrepresentable):
        values.bit(b"")


@pytest.mark.parametrize(
    ("one", "minus_one", "text", "scale", "unscaled"),
    [
        ("$1.00", "-$1.00", "-$92,233,720,368,547,758.08", 2, -(2**63)), ("$1.00", "-$1.00", "$0.05", 2, 5),
        ("Rp1,00", "-Rp1,00", "Rp1.234,50", 2, 123450), ("¥1", "-¥1", "-¥1,234", 0, -1234),
        ("1.000 د.ك", "(1.000 د.ك)", "(12.345 د.ك)", 3, -12345),
    ],
)  # fmt: skip
def test_money_is_read_in_any_locale(one: str, minus_one: str, text: str, scale: int, unscaled: int) -> None:
    found, encode = values.money(one, minus_one)
    data = read("bytes", encode(text.encode()))
    assert isinstance(data, bytes)
    assert (found, int.from_bytes(data, "big", signed=True)) == (scale, unscaled)


MONTH = 2_629_800_000_000


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("PT0S", 0), ("P1M", MONTH), ("P1Y2M3DT4H5M6.78S", 14 * MONTH + 3 * 86_400_000_000 + 14_706_780_000),
        ("P-1Y-2M3DT-4H", -14 * MONTH + 3 * 86_400_000_000 - 14_400_000_000), ("PT-0.000001S", -1),
        ("PT0.5S", 500_000), ("P-1D", -86_400_000_000), ("PT-5M-6.25S", -306_250_000),
    ],
)  # fmt: skip
def test_intervals_are_whole_microseconds(text: str, micros: int) -> None:
    assert read("long", values.interval(text.encode())) == micros


@pytest.mark.parametrize("text", ["infinity", "-infinity", "P178000000Y", "1 day", ""])
def test_an_interval_that_no_number_holds_is_refused(text: str) -> None:
    with pytest.raises(Unrepresentable):
        values.interval(text.encode())
