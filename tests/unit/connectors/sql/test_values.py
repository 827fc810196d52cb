"""A driver's values become Debezium's forms, or say that they cannot."""

import io
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import types as sql
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from connectors.sql.types import form, key_value, known
from connectors.sql.values import Unrepresentable, text_of
from hub.wire.avro import plain

NAIVE = datetime(2026, 11, 24, 1, 2, 3, 7)  # noqa: DTZ001 - as a column without a zone has it
JAKARTA = timezone(timedelta(hours=7))


def travelled(kind: Any, value: Any, dialect: str = "postgresql") -> Any:
    """Return what a reader sees of a value of this type."""
    how = form(kind, dialect)
    schema = fastavro.parse_schema(plain(how.schema if isinstance(how.schema, str) else dict(how.schema)))
    data = io.BytesIO(how.encode(value))
    found = fastavro.schemaless_reader(data, schema, None)
    assert data.read() == b""
    return found


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (sql.Integer(), -(2**31), -(2**31)),
        (sql.SmallInteger(), Decimal(7), 7),
        (sql.BigInteger(), 2**63 - 1, 2**63 - 1),
        (mysql.INTEGER(unsigned=True), 2**32 - 1, 2**32 - 1),
        (mysql.TINYINT(display_width=1), 1, 1),
        (mysql.BIT(length=8), b"\x05", 5),
        (sql.Boolean(), 1, True),
        (sql.Boolean(), False, False),
        (sql.Double(), Decimal("0.5"), 0.5),
        (sql.Double(), float("-inf"), float("-inf")),
        (sql.Numeric(8, 2), Decimal("1234.5"), (123450).to_bytes(3, "big")),
        (sql.Numeric(8, 2), 12.5, (1250).to_bytes(2, "big")),
        (sql.Numeric(16, 0), 9412345678901234, (9412345678901234).to_bytes(7, "big")),
        (sql.Numeric(), Decimal("-0.00012"), {"scale": 5, "value": b"\xf4"}),
        (sql.Numeric(), Decimal("1E3"), {"scale": 0, "value": b"\x03\xe8"}),
        (oracle.NUMBER(10, 0), Decimal(15), 15),
        (mssql.MONEY(), Decimal("1.25"), (12500).to_bytes(2, "big")),
        (sql.String(9), "SITI", "SITI"),
        (sql.CHAR(6), "AB    ", "AB    "),
        (sql.Text(), b"teks", "teks"),
        (sql.LargeBinary(), memoryview(b"\0\xff"), b"\0\xff"),
        (sql.Date(), date(2026, 11, 24), 20781),
        (sql.DateTime(), NAIVE, 1795482123000007),
        (sql.DateTime(), datetime(1, 1, 1), -62135596800000000),  # noqa: DTZ001 - as a column without a zone has it
        (sql.DateTime(timezone=True), NAIVE.replace(tzinfo=JAKARTA), "2026-11-23T18:02:03.000007Z"),
        (sql.DateTime(timezone=True), datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (mysql.TIMESTAMP(), NAIVE.replace(microsecond=250000), "2026-11-24T01:02:03.25Z"),
        (sql.Time(), time(13, 4, 5, 6), 47045000006),
        (mysql.TIME(), timedelta(hours=-838), -838 * 3_600_000_000),
        (sql.Uuid(), UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (sql.JSON(), {"a": [1, None]}, '{"a": [1, null]}'),
        (sql.ARRAY(sql.Integer()), [1, None, -3], [1, None, -3]),
        (sql.ARRAY(sql.Text()), [], []),
        (postgresql.INET(), "10.0.0.1", "10.0.0.1"),
        (sql.Interval(), timedelta(hours=30, microseconds=1), "30:00:00.000001"),
    ],
)
def test_a_value_travels_in_debezium_s_form(kind: Any, value: Any, expected: Any) -> None:
    assert travelled(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (sql.Integer(), "tiga"),
        (sql.Integer(), 2**31),
        (sql.Integer(), 1.5),
        (sql.Boolean(), 2),
        (sql.Boolean(), "ya"),
        (sql.Double(), 2**53 + 1),
        (sql.Numeric(8, 2), Decimal("0.001")),
        (sql.Numeric(8, 2), Decimal("NaN")),
        (sql.Numeric(8, 2), True),
        (sql.Numeric(), "12"),
        (sql.LargeBinary(), "teks"),
        (sql.Date(), NAIVE),
        (sql.Date(), "infinity"),
        (sql.DateTime(), NAIVE.replace(tzinfo=UTC)),
        (sql.DateTime(timezone=True), "0044-03-15 BC"),
        (sql.Time(), "24:00"),
        (sql.ARRAY(sql.Integer()), [[1], [2]]),
    ],
)
def test_a_value_without_a_place_in_its_type_says_so(kind: Any, value: Any) -> None:
    with pytest.raises(Unrepresentable):
        form(kind, "postgresql").encode(value)


@pytest.mark.parametrize(
    ("kind", "stored"),
    [(sql.Date(), "24-11-2026"), (sql.DateTime(), 1795482123), (sql.Time(), "7 pagi"), (sql.NullType(), 5)],
)
def test_sqlite_s_dates_and_untyped_columns_travel_as_they_stand(kind: Any, stored: Any) -> None:
    assert travelled(kind, stored, "sqlite") == str(stored)


def test_sqlite_s_integers_have_64_bits() -> None:
    assert travelled(sql.Integer(), 1508010101900001, "sqlite") == 1508010101900001


class Large:
    def read(self) -> str:
        return "isi"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, "true"), (0.1, "0.1"), (Decimal("1E+2"), "100"), (b"\xff", "\\xff"),
        (NAIVE, "2026-11-24 01:02:03.000007"),
        (date(2026, 1, 2), "2026-01-02"), (timedelta(seconds=-61), "-00:01:01"),
        (["a", Decimal("1.50")], '["a", "1.50"]'),
        (Large(), "isi"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)  # fmt: skip
def test_any_value_has_a_text(value: Any, told: str) -> None:
    assert text_of(value) == told


def test_half_a_character_becomes_a_question_mark() -> None:
    assert travelled(sql.Text(), "a\ud800b") == "a?b"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_decimal_stays_exact(value: Decimal) -> None:
    unscaled = int.from_bytes(travelled(sql.Numeric(20, 4), value), "big", signed=True)
    assert Decimal(unscaled).scaleb(-4) == value


@given(st.datetimes())
def test_a_time_without_a_zone_stays_exact_to_the_microsecond(value: datetime) -> None:
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001
    assert epoch + timedelta(microseconds=travelled(sql.DateTime(), value)) == value


def test_a_real_keeps_its_double() -> None:
    assert struct.pack("<d", travelled(sql.REAL(), 0.1)) == struct.pack("<d", 0.1)


def test_a_type_that_nobody_knows_is_named_as_such() -> None:
    assert known(sql.String(), "postgresql")
    assert known(sql.Date(), "sqlite")
    assert not known(sql.NullType(), "postgresql")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (sql.Integer(), "7", 7), (sql.Numeric(10, 0), "8", Decimal(8)), (sql.CHAR(4), "AB", "AB"),
        (sql.Date(), "2026-11-24", date(2026, 11, 24)), (sql.Uuid(), str(UUID(int=3)), UUID(int=3)),
        (sql.Boolean(), "true", True), (sql.LargeBinary(), "00ff", b"\0\xff"),
    ],
)  # fmt: skip
def test_a_key_s_text_becomes_what_the_driver_takes(kind: Any, text: str, value: Any) -> None:
    assert key_value(text, form(kind, "postgresql")) == value


@pytest.mark.parametrize(
    ("kind", "text"), [(sql.Integer(), "tujuh"), (sql.Numeric(3, 0), "x"), (sql.Date(), "kemarin")]
)
def test_a_key_s_text_of_another_type_is_an_error_of_value(kind: Any, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's own
        key_value(text, form(kind, "postgresql"))
