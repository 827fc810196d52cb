"""Values: the servers' packings against their arithmetic, and texts against Debezium's forms."""

import io
import json
import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv6Address

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.envelope import string
from connectors.kinds.mysql_binlog import shapes, values
from connectors.kinds.mysql_binlog.columns import Column
from connectors.kinds.mysql_binlog.decimals import decimal_size, decimal_text, decimal_unscaled
from connectors.kinds.mysql_binlog.events import WireColumn
from connectors.kinds.mysql_binlog.images import moment_text, reader
from connectors.kinds.mysql_binlog.types import form
from connectors.kinds.mysql_binlog.values import Unrepresentable
from hub.wire.errors import Halt


def read(schema: object, data: bytes) -> object:
    body = io.BytesIO(data)
    datum = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    assert not body.read(), "bytes were left over"
    return datum


def text_of(kind: int, meta: int, data: bytes, column: Column | None = None) -> bytes:
    text, end = reader(column or Column("x", "x"), WireColumn(kind, meta, nullable=True))(b"?" + data, 1)
    assert end == 1 + len(data)
    return text


def packed_decimal(unscaled: int, precision: int, scale: int) -> bytes:
    """Pack as `decimal2bin` of MySQL's strings/decimal.c documents it."""
    digits = str(abs(unscaled)).zfill(precision)
    whole, rest = digits[: precision - scale], digits[precision - scale :]
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
    first = len(whole) % 9
    parts = [whole[:first], *(whole[n : n + 9] for n in range(first, len(whole), 9))]
    parts += [rest[n : n + 9] for n in range(0, len(rest), 9)]
    out = bytearray(b"".join(int(part).to_bytes(sizes[len(part)], "big") for part in parts if part))
    out[0] ^= 0x80
    return bytes(byte ^ 0xFF for byte in out) if unscaled < 0 else bytes(out)


@given(st.data(), st.integers(1, 65))
def test_decimals_of_every_precision(data: st.DataObject, precision: int) -> None:
    scale = data.draw(st.integers(0, min(precision, 30)))
    unscaled = data.draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    packed = packed_decimal(unscaled, precision, scale)
    assert len(packed) == decimal_size(precision, scale)
    assert decimal_unscaled(precision, scale)(b"?" + packed, 1) == unscaled
    text = decimal_text(unscaled, scale)
    assert text == format(Decimal(f"{unscaled}E-{scale}"), "f").encode()
    encoded = read("bytes", values.decimal(text))
    assert isinstance(encoded, bytes)
    assert int.from_bytes(encoded, "big", signed=True) == unscaled
    assert len(encoded) == 1 or encoded[0] not in {0, 255} or (encoded[0] == 0) == (encoded[1] > 127), "not shortest"


@given(st.integers(0, 6), st.integers(-3_020_399_000_000, 3_020_399_000_000))
def test_times_negative_and_fractional(digits: int, micro: int) -> None:
    """Pack as `TIME_to_longlong_time_packed` and `my_time_packed_to_binary` document it."""
    unit = 10 ** (6 - digits)
    micro = (abs(micro) // unit) * unit * (-1 if micro < 0 else 1)
    seconds, fraction = divmod(abs(micro), 1_000_000)
    size = (digits + 1) // 2
    packed = (seconds // 3600) << 12 | (seconds // 60 % 60) << 6 | seconds % 60
    packed = (packed << 8 * size) + fraction // 10 ** (6 - 2 * size)
    data = ((0x800000 << 8 * size) + (packed if micro >= 0 else -packed)).to_bytes(3 + size, "big")
    text = text_of(shapes.TIME2, digits, data)
    assert values.micros(text) == micro
    assert len(text.partition(b".")[2]) == digits
    assert read("long", values.micro_time(text)) == micro


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), st.integers(0, 6))  # noqa: DTZ001 - has no zone
def test_datetimes_before_and_after_1970(moment: datetime, digits: int) -> None:
    unit = 10 ** (6 - digits)
    moment = moment.replace(microsecond=moment.microsecond // unit * unit)
    packed = (moment.year * 13 + moment.month) << 22 | moment.day << 17
    packed |= moment.hour << 12 | moment.minute << 6 | moment.second
    size = (digits + 1) // 2
    data = (packed + (1 << 39)).to_bytes(5, "big") + (moment.microsecond // 10 ** (6 - 2 * size)).to_bytes(size, "big")
    text = text_of(shapes.DATETIME2, digits, data)
    expected = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    assert read("long", values.timestamp_micros(text)) == expected
    assert read("long", values.timestamp_millis(text)) == expected // 1000


@given(st.integers(1, 2**32 - 1))
def test_moments_up_to_2106(seconds: int) -> None:
    text = moment_text(seconds)
    assert datetime.fromisoformat(text.decode()).replace(tzinfo=UTC).timestamp() == seconds
    assert read("string", values.zoned_timestamp(text)) == text.decode().replace(" ", "T") + "Z"


@given(st.dates())
def test_dates(day: date) -> None:
    text = text_of(shapes.DATE, 0, (day.year << 9 | day.month << 5 | day.day).to_bytes(3, "little"))
    assert text == day.isoformat().encode()
    assert read("int", values.day(text)) == (day - date(1970, 1, 1)).days


@pytest.mark.parametrize("text", ["2024-05-00", "2024-00-00", "0000-05-12", "2023-02-29"])
def test_a_date_that_the_calendar_lacks_has_no_place_in_a_date(text: str) -> None:
    with pytest.raises(Unrepresentable):
        values.day(text.encode())
    with pytest.raises(Unrepresentable):
        values.timestamp_millis(text.encode() + b" 00:00:00")
    assert not values.is_zero(text.encode())


@pytest.mark.parametrize(
    ("text", "zero"),
    [("0000-00-00", True), ("0000-00-00 00:00:00", True), ("0000-00-00 00:00:00.000", True),
     ("0000-00-00 12:00:00", False), ("0000-00-01", False), ("0000-00-00 00:00:00.001", False)],
)  # fmt: skip
def test_only_a_date_all_of_zeros_is_none(text: str, zero: bool) -> None:
    assert values.is_zero(text.encode()) is zero


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 63, 64])
def test_bits_are_all_bytes_of_the_width_low_ones_first(bits: int) -> None:
    made = form(Column("x", "bit", size=bits))
    raw = text_of(shapes.BIT, bits, (1).to_bytes((bits + 7) // 8, "big"))
    if bits == 1:
        assert (made.schema, made.encode(raw), made.encode(b"\0")) == ("boolean", b"\1", b"\0")
    else:
        assert read("bytes", made.encode(raw)) == (1).to_bytes((bits + 7) // 8, "little")
    assert made.spell(raw) == b"1"


@given(st.integers(0, 2**64 - 1))
def test_an_unsigned_bigint_is_never_negative(number: int) -> None:
    column = Column("x", "bigint", unsigned=True)
    text = text_of(shapes.LONGLONG, 0, number.to_bytes(8, "little"), column)
    encoded = read("bytes", form(column).encode(text))
    assert isinstance(encoded, bytes)
    assert int.from_bytes(encoded, "big", signed=True) == number


@pytest.mark.parametrize(("text", "spelled"), [("00042", "42"), ("0", "0"), ("000", "0"), ("-7", "-7"),
                                               ("0.50", "0.50"), ("012.30", "12.30"), ("-0.01", "-0.01")])  # fmt: skip
def test_zerofill_is_no_part_of_a_number(text: str, spelled: str) -> None:
    kind = "decimal" if "." in text else "int"
    assert form(Column("x", kind, size=9, scale=2)).spell(text.encode()) == spelled.encode()


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_floats_keep_every_bit(number: float) -> None:
    text = text_of(shapes.FLOAT, 4, struct.pack("<f", number))
    assert values.float4(text) == struct.pack("<f", number)
    assert values.float8(text_of(shapes.DOUBLE, 8, struct.pack("<d", number))) == struct.pack("<d", number)


@given(st.binary(min_size=16, max_size=16) | st.integers(0, 2**48).map(lambda n: n.to_bytes(16, "big")))
def test_inet6_is_the_same_address(raw: bytes) -> None:
    text = text_of(shapes.STRING, 16, bytes((len(raw.rstrip(b"\0")),)) + raw.rstrip(b"\0"), Column("x", "inet6"))
    assert IPv6Address(text.decode()).packed == raw


def test_shapes_keep_their_reference_system_and_0_is_none() -> None:
    wkb = struct.pack("<BIdd", 1, 1, 1.5, -2.5)
    for srid in (0, 4326):
        raw = srid.to_bytes(4, "little") + wkb
        for kind in ("geometry", "point"):
            made = read(form(Column("x", kind)).schema, form(Column("x", kind)).encode(raw))
            assert isinstance(made, dict)
            assert (made["wkb"], made["srid"]) == (wkb, srid or None)
            assert kind == "geometry" or (made["x"], made["y"]) == (1.5, -2.5)
    with pytest.raises(Unrepresentable):
        form(Column("x", "point")).encode(bytes(4) + wkb[:-1])


def test_vectors_are_arrays_of_floats() -> None:
    made = form(Column("x", "vector"))
    assert read(made.schema, made.encode(struct.pack("<3f", 1, -0.5, 2))) == [1, -0.5, 2]
    assert read(made.schema, made.encode(b"")) == []


def test_sets_keep_the_declared_order_and_empty_is_no_null() -> None:
    column = Column("x", "set", charset="utf8mb4", labels=("x", "y", "z"))
    assert text_of(shapes.SET, 1, b"\5", column) == b"x,z"
    assert text_of(shapes.SET, 1, b"\0", column) == b""
    assert form(column).encode(b"") == string(b"")
    assert form(column).schema["connect.parameters"] == {"allowed": "x,y,z"}  # type: ignore[index,call-overload]
    with pytest.raises(Halt, match="set that is not known"):
        text_of(shapes.SET, 1, b"\x08", column)


def test_an_enum_value_that_nobody_declared_stops_the_source() -> None:
    column = Column("x", "enum", charset="utf8mb4", labels=("L", "P"))
    assert text_of(shapes.ENUM, 1, b"\2", column) == b"P"
    assert text_of(shapes.ENUM, 2, b"\0\0", column) == b""
    with pytest.raises(Halt, match="value 3 of its enum, of which only 2"):
        text_of(shapes.ENUM, 1, b"\3", column)


def test_a_type_that_is_not_known_stops_the_source() -> None:
    with pytest.raises(Halt, match="type 99"):
        reader(Column("x", "x"), WireColumn(99, 0, nullable=True))


@pytest.mark.parametrize(
    ("text", "same"),
    [("1.0", "1.0"), ("1e0", "1.0"), ("1.50", "1.5"), ("-0.0", "-0.0"), ("0e5", "0.0"),
     ("1e20", "100000000000000000000.0"),
     ("1e21", "1e21"), ("1E+300", "1e300"), ("1.5e-9", "1.5e-9"), ("0.000001", "0.000001"), ("1e-7", "1e-7"),
     ("123456.789e3", "123456789.0"), ("12345678901234567890.123456789", "12345678901234567890.123456789")],
)  # fmt: skip
def test_a_fraction_has_one_form(text: str, same: str) -> None:
    assert values.fraction(text.encode()) == same.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_the_same_number(number: float) -> None:
    forms = {values.fraction(text.encode()) for text in (repr(number), f"{number:.17e}", f"{number:+.17g}".lstrip("+"))
             if float(text) == number and Decimal(text) == Decimal(repr(number))}  # fmt: skip
    assert len(forms) == 1
    assert struct.pack("<d", float(forms.pop())) == struct.pack("<d", number)


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(Json)
def test_a_json_text_keeps_its_meaning_and_loses_its_blanks(document: object) -> None:
    spaced = json.dumps(document, indent=3, ensure_ascii=False).encode("utf-8", "surrogatepass")
    compact = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    made = values.json_text(spaced)
    assert json.loads(made.decode("utf-8", "surrogatepass")) == document
    assert made == values.json_text(compact) == values.json_text(made)
