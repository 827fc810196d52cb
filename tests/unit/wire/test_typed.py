"""Debezium's encodings to text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.wire.typed import kind_of, python_kind, tells
from tests.unit.clean.raw import DATE, ENUM, JSON, MICROS, SHORT, UUID, ZONED, decimal, semantic

VARIABLE = semantic("record", "io.debezium.data.VariableScaleDecimal", fields=[])


def text(schema: Any, value: Any) -> tuple[str, str]:
    kind = kind_of(["null", schema])
    return kind.name, value if kind.convert is None else kind.convert(value)


@pytest.mark.parametrize(
    ("schema", "value", "kind", "written"),
    [
        ("string", "x", "text", "x"),
        (ENUM, "L", "text", "L"),
        (UUID, "7f1d", "text", "7f1d"),
        (SHORT, 7, "number", "7"),
        ("long", -3, "number", "-3"),
        ("double", 1508054107900001.0, "number", "1508054107900001.0"),
        ("boolean", True, "bool", "true"),
        (DATE, 0, "date", "1970-01-01"),
        (DATE, -1, "date", "1969-12-31"),
        (DATE, 2**31 - 1, "date", "infinity"),
        (MICROS, 86_400_000_000, "moment", "1970-01-02 00:00:00"),
        (MICROS, -9223372036832400000, "moment", "-infinity"),
        (semantic("long", "io.debezium.time.Timestamp"), 1000, "moment", "1970-01-01 00:00:01"),
        (semantic("long", "io.debezium.time.NanoTimestamp"), 10**9, "moment", "1970-01-01 00:00:01"),
        (ZONED, "2026-05-28T00:00:00Z", "moment", "2026-05-28T00:00:00Z"),
        (decimal(0, 2), b"\x05", "number", "5"),
        (decimal(2, 15), b"\xff\x85", "number", "-1.23"),
        (decimal(2, 15), b"\x07", "number", "0.07"),
        (decimal(0, 40), (10**39 + 1).to_bytes(17, "big"), "number", str(10**39 + 1)),
        (VARIABLE, {"scale": 1, "value": b"\x0f"}, "number", "1.5"),
    ],
)
def test_a_value_as_text(schema: Any, value: Any, kind: str, written: str) -> None:
    assert text(schema, value) == (kind, written)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("bytes", "bytes"),
        (JSON, "json"),
        ({"type": "array", "items": "string"}, "array"),
        ({"type": "map", "values": "string"}, "map"),
        ({"type": "record", "name": "R", "fields": []}, "record"),
        (["null", "string", "int"], "union"),
        (semantic("long", "io.debezium.time.MicroTime"), "time"),
    ],
)
def test_a_kind_without_a_text(schema: Any, kind: str) -> None:
    assert kind_of(schema) == (kind, None)


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "bool"), (3, "number"), (Decimal("1.50"), "number"), ([], "list"), (b"", "bytes")]
)
def test_a_driver_s_value_has_the_kind_of_its_column(value: Any, kind: str) -> None:
    assert python_kind(value).name == kind


@pytest.mark.parametrize(
    ("schema", "equals", "value"),
    [("boolean", "true", True), (decimal(0, 1), "1", b"\x01"), (SHORT, "2", 2), ("string", "Y", "Y   ")],
)
def test_what_a_contract_names_is_told_from_a_raw_value(schema: Any, equals: str, value: Any) -> None:
    says = tells(equals, kind_of(["null", schema]))
    assert says(value)
    assert not says(None)
    assert not tells("other", kind_of(schema))(value)
