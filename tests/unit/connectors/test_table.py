"""A table's plan: its schema is Debezium's own, its rows are Avro by that schema."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from connectors.kinds.postgres_wal.catalog import Column
from connectors.kinds.postgres_wal.snapshot import fields
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.types import PLACEHOLDER, TypeRow
from connectors.kinds.postgres_wal.values import NULL_TAG, UNCHANGED_TAG, Value
from hub.wire.avro import MemoryRegistry, plain
from hub.wire.contract import Table

DEBEZIUM = json.loads(
    (Path(__file__).resolve().parents[2] / "data" / "debezium_envelope_postgres.avsc").read_text(encoding="utf-8")
)
NAMES = {16: "bool", 17: "bytea", 20: "int8", 21: "int2", 23: "int4", 25: "text", 114: "json", 700: "float4",
         1042: "bpchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz", 1700: "numeric",
         1186: "interval", 1560: "bit", 1562: "varbit", 600: "point", 718: "circle", 603: "box", 604: "polygon",
         2950: "uuid", 60000: "hstore", 60001: "vector", 60002: "halfvec", 60003: "sparsevec",
         60004: "cube"}  # fmt: skip
ARRAYS = {1007: 23, 1001: 17, 1009: 25, 1231: 1700}
COLUMNS = [
    Column("id", 23, -1, True), Column("si", 21, -1, False), Column("r", 700, -1, False),
    Column("num_6_2", 1700, (6 << 16) + 2 + 4, False), Column("num", 1700, -1, False),
    Column("ts_us", 1114, -1, False), Column("ts_ms", 1114, 3, False), Column("tstz", 1184, -1, False),
    Column("d", 1082, -1, False), Column("t_us", 1083, -1, False), Column("u", 2950, -1, False),
    Column("j", 114, -1, False), Column("e", 50000, -1, False), Column("ba", 17, -1, False),
    Column("ia", 1007, -1, False), Column("iv", 1186, -1, False), Column("bits7", 1560, 7, False),
]  # fmt: skip


def lookup(oid: int) -> TypeRow | None:
    if oid == 50000:
        return TypeRow(oid, "mood", "e", 0, -1, 0, labels=("a", "b", "c"))
    if oid == 50001:
        return TypeRow(oid, "alamat", "c", 0, -1, 0)
    if oid == 790:
        return TypeRow(oid, "money", "b", 0, -1, 0, labels=("$1.00", "-$1.00"))
    if oid in ARRAYS:
        return TypeRow(oid, f"_{NAMES[ARRAYS[oid]]}", "b", 0, -1, ARRAYS[oid])
    return TypeRow(oid, NAMES[oid], "b", 0, -1, 0) if oid in NAMES else None


def plan_of(
    columns: list[Column], *, registry: MemoryRegistry, key: tuple[str, ...] = ("id",), **more: Any
) -> TablePlan:
    table = Table.model_validate({"name": "public.t", "entity": "person", "key": key, "map": {}, **more})
    return TablePlan(table, "srv.public.t", columns, types=lookup, key=b"k" * 32, registry=registry)


def schema_of(registry: MemoryRegistry, message: bytes) -> dict[str, Any]:
    schema = json.loads(registry.schema(int.from_bytes(message[1:5], "big")))
    assert isinstance(schema, dict)
    return schema


def images(registry: MemoryRegistry, message: bytes) -> tuple[Any, Any]:
    schema = schema_of(registry, message)
    row = plain(schema["fields"][0]["type"][1])
    both = {"type": "record", "name": "Both", "fields": [
        {"name": "before", "type": ["null", row]}, {"name": "after", "type": ["null", "Value"]}]}  # fmt: skip
    body = io.BytesIO(message[5:])
    datum = fastavro.schemaless_reader(body, fastavro.parse_schema(both), None)
    assert not body.read()
    return datum["before"], datum["after"]


def test_the_schema_is_the_one_that_debezium_registers() -> None:
    registry = MemoryRegistry()
    ours = schema_of(registry, plan_of(COLUMNS, registry=registry).images(None, None))
    names = {column.name for column in COLUMNS}
    theirs = json.loads(json.dumps(DEBEZIUM))
    value = theirs["fields"][0]["type"][1]
    value["fields"] = [field for field in value["fields"] if field["name"] in names]
    ours["fields"][0]["type"][1]["fields"].sort(key=lambda field: field["name"])
    value["fields"].sort(key=lambda field: field["name"])
    assert ours == theirs


def test_every_record_of_a_schema_is_defined_once_wherever_it_lies() -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("pusat", 718, -1, False), Column("titik", 600, -1, False),
               Column("kotak", 603, -1, False), Column("bidang", 604, -1, False), Column("jarang", 60003, -1, False),
               Column("n", 1231, -1, False), Column("m", 1700, -1, True)]  # fmt: skip
    row: list[Value] = [
        b"1",
        b"<(1,2),3>",
        b"(4,5)",
        b"(3,4),(1,2)",
        b"((0,0),(1,1),(0,1))",
        b"{1:2}/3",
        b"{1.5}",
        b"2",
    ]
    after = images(registry, plan_of(columns, registry=registry).images(None, row))[1]
    assert (after["pusat"]["center"]["x"], after["titik"]["y"], after["jarang"]["dimensions"]) == (1.0, 5.0, 3)
    assert (after["n"], after["m"]) == ([{"scale": 1, "value": b"\x0f"}], {"scale": 0, "value": b"\x02"})


def test_what_has_no_form_of_its_own_is_its_text() -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("rumah", 50001, -1, False), Column("kubus", 60004, -1, False),
               Column("hilang", 99999, -1, False)]  # fmt: skip
    plan = plan_of(columns, registry=registry)
    assert images(registry, plan.images(None, [b"1", b'(Jl. Melati,"05")', b"(1, 2),(3, 4)", b"?"]))[1] == {
        "id": 1, "rumah": '(Jl. Melati,"05")', "kubus": "(1, 2),(3, 4)", "hilang": "?",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("oid", "text"), [(1700, b"NaN"), (1186, b"infinity"), (1007, b"{{1},{2}}"), (1082, b"2026-13-45"), (600, b"x")]
)
def test_a_value_that_its_type_cannot_hold_makes_the_whole_row_text(oid: int, text: bytes) -> None:
    registry = MemoryRegistry()
    plan = plan_of([Column("id", 23, -1, True), Column("x", oid, -1, False)], registry=registry)
    assert images(registry, plan.images(None, [b"1", text]))[1] == {"id": "1", "x": text.decode()}


def test_a_named_type_is_defined_once_however_many_columns_have_it() -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("x", 1700, -1, False), Column("y", 1700, -1, False)]
    message = plan_of(columns, registry=registry).images(None, [b"1", b"2.56", NULL_TAG])
    assert images(registry, message)[1] == {"id": 1, "x": {"scale": 2, "value": b"\x01\x00"}, "y": None}


def test_ignored_columns_are_in_no_message() -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("rahasia", 25, -1, True), Column("nama", 25, -1, False)]
    plan = plan_of(columns, registry=registry, ignore=("rahasia",))
    message = plan.images([b"1", b"PIN", b"A"], [b"1", NULL_TAG, "é".encode()])
    assert images(registry, message) == ({"id": 1, "nama": "A"}, {"id": 1, "nama": "é"})
    assert b"PIN" not in plan.images_as_text([b"1", b"PIN", b"A"], None)


@pytest.mark.parametrize("absent", [UNCHANGED_TAG, b"x" * 300])
def test_a_mapped_value_that_cannot_travel_is_left_out_and_never_null(absent: Value) -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("berkas", 25, -1, False), Column("nama", 25, -1, False)]
    plan = plan_of(columns, registry=registry, map={"name": {"from": "berkas", "with": "name"}})
    message = plan.images_as_text(None, [b"1", absent, NULL_TAG], 200)
    assert images(registry, message)[1] == {"id": "1", "nama": None}
    if absent == UNCHANGED_TAG:
        assert plan.images(None, [b"1", absent, NULL_TAG]) == message


@pytest.mark.parametrize(
    ("oid", "expected"),
    [
        (25, PLACEHOLDER.decode()), (114, PLACEHOLDER.decode()), (17, PLACEHOLDER), (1009, [PLACEHOLDER.decode()]),
        (1001, [PLACEHOLDER]), (1007, list(PLACEHOLDER)),
        (60000, '{"__debezium_unavailable_value":"__debezium_unavailable_value"}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("not_null", [False, True])
def test_debezium_s_placeholder_stands_for_a_large_value_that_nobody_reads(
    oid: int, expected: object, not_null: bool
) -> None:
    registry = MemoryRegistry()
    plan = plan_of([Column("id", 23, -1, True), Column("berkas", oid, -1, not_null)], registry=registry)
    assert images(registry, plan.images(None, [b"1", UNCHANGED_TAG]))[1] == {"id": 1, "berkas": expected}


def test_an_unread_large_value_without_a_placeholder_of_its_type_makes_the_row_text() -> None:
    registry = MemoryRegistry()
    plan = plan_of([Column("id", 23, -1, True), Column("x", 1700, -1, False)], registry=registry)
    assert images(registry, plan.images(None, [b"1", UNCHANGED_TAG]))[1] == {"id": "1", "x": PLACEHOLDER.decode()}


def test_a_null_where_the_catalogue_says_not_null_still_travels() -> None:
    registry = MemoryRegistry()
    columns = [Column("id", 23, -1, True), Column("nama", 25, -1, True)]
    message = plan_of(columns, registry=registry).images(None, [b"1", NULL_TAG])
    assert images(registry, message)[1] == {"id": "1", "nama": None}


def test_a_key_part_s_blanks_count_only_where_they_are_no_padding() -> None:
    registry = MemoryRegistry()
    padded = plan_of([Column("id", 1042, 12, True)], registry=registry)
    plain_ = plan_of([Column("id", 25, -1, True)], registry=registry)
    assert padded.record_id([b"A   "]) == padded.record_id([b"A"]) == plain_.record_id([b"A"])
    assert plain_.record_id([b"A   "]) != plain_.record_id([b"A"])
    assert padded.record_id([NULL_TAG]) is None


def test_a_copy_line_is_taken_apart() -> None:
    assert fields(rb"1	\N	a\tb\\N\n	" + "é".encode() + b"\t") == [
        b"1",
        NULL_TAG,
        b"a\tb\\N\n",
        "é".encode(),
        b"",
    ]
    assert fields(rb"\\N	\\x00") == [rb"\N", rb"\x00"]
