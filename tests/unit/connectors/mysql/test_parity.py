"""Every type: what the log holds becomes the bytes that the same server's SELECT becomes.

A real MariaDB 11.4 recorded both; the two ways have no code in common but the envelope's.
"""

from decimal import Decimal

import pytest

from connectors.kinds.mysql_binlog.changes import Absent
from connectors.kinds.mysql_binlog.columns import from_log, trouble
from connectors.kinds.mysql_binlog.images import reader
from hub.wire.avro import MemoryRegistry
from tests.unit.connectors.mysql.recorded import catalogue, changes, images, plan_of, rows, schema_of, texts, told

RECORDINGS = ["semua", "polos", "sedikit"]
"""binlog_row_metadata FULL, NO_LOG, and MINIMAL without checksums."""


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_log_and_the_catalogue_describe_the_same_columns(name: str) -> None:
    known = catalogue("semua")
    for event in rows(name):
        assert from_log(event.shape, known) == known
        assert event.shape.described == (name == "semua")
    assert [trouble(column) for column in known if trouble(column)] == []


@pytest.mark.parametrize("name", RECORDINGS)
def test_stream_and_snapshot_give_equal_bytes_and_ids(name: str) -> None:
    registry = MemoryRegistry()
    streamed = list(changes(rows(name), catalogue("semua"), registry))
    plan = plan_of(catalogue("semua"), registry=registry)
    assert list(plan.select) == told("semua")["select"]
    read = [plan.read(row) for row in texts("semua")]
    assert len(read) == len(streamed) == 7
    for change, row in zip(streamed, read, strict=True):
        assert images(registry, change.beginning) == images(registry, row.beginning)
        assert (change.beginning, change.record) == (row.beginning, row.record)
        assert (change.op, row.op) == ("c", "r")


@pytest.mark.parametrize("name", RECORDINGS)
def test_both_give_equal_rows_as_text_too(name: str) -> None:
    plan = plan_of(catalogue("semua"))
    for event in rows(name):
        columns = from_log(event.shape, catalogue("semua"))
        streamed = plan_of(columns, event.shape)
        readers = [reader(column, wire) for column, wire in zip(columns, event.shape.columns, strict=True)]
        at = event.at
        while at < event.end:
            nulls = int.from_bytes(event.data[at : at + 8], "little")
            at += 8
            row: list[bytes | Absent | None] = []
            for n, read in enumerate(readers):
                value = None
                if not nulls >> n & 1:
                    value, at = read(event.data, at)
                row.append(value)
            wanted = next(r for r in texts("semua") if r[0] == row[0])
            assert streamed.as_text(None, row) == plan.as_text(None, wanted)


def test_the_fast_way_is_the_way_by_texts() -> None:
    registry = MemoryRegistry()
    for event in rows("semua"):
        plan = plan_of(from_log(event.shape), event.shape, registry)
        assert plan._log is not None
        assert list(plan.changes(event)) == list(plan._log._slowly(event))


@pytest.mark.parametrize("key", [["t"], ["v"], ["dt"], ["n"], ["bn"], ["e"], ["u"], ["d"], ["dtm6"], ["ts"], ["cl"],
                                 ["id", "n3", "y", "b9"]])  # fmt: skip
def test_a_key_of_any_type_gives_one_id_on_both_ways(key: list[str]) -> None:
    plan = plan_of(catalogue("semua"), key=key)
    streamed = [change.record for change in changes(rows("semua"), catalogue("semua"), key=key)]
    assert streamed == [plan.read(row).record for row in texts("semua")]
    assert streamed[-1] is None, "the last row has nothing but its number"
    assert len({record for record in streamed if record}) > 1 or key in (["cl"], ["b"])


OTHERS = [column.name for column in catalogue("semua") if column.name != "id"]


@pytest.mark.parametrize("out", [["f", "g", "p", "tx", "dt", "n2", "txc"], OTHERS[::2], OTHERS[1::2], OTHERS[:-1]])
def test_ignored_columns_are_neither_asked_for_nor_sent(out: list[str]) -> None:
    registry = MemoryRegistry()
    plan = plan_of(catalogue("semua"), registry=registry, ignore=out)
    assert len(plan.select) == len(catalogue("semua")) - len(out)
    asked = [n for n, column in enumerate(catalogue("semua")) if column.name not in out]
    read = [plan.read([row[n] for n in asked]).beginning for row in texts("semua")]
    assert [change.beginning for change in changes(rows("semua"), catalogue("semua"), registry, ignore=out)] == read
    assert not set(out) & {f["name"] for f in schema_of(registry, read[0])["fields"][0]["type"][1]["fields"]}


def test_the_values_are_what_was_written() -> None:
    registry = MemoryRegistry()
    made = list(changes(rows("semua"), catalogue("semua"), registry))
    _, first = images(registry, made[0].beginning)
    _, last = images(registry, made[-1].beginning)
    for name, value in {
        "t": -128, "b": 1, "y": 2155, "mu": 16777215, "i": -2147483648, "iu": 4294967295, "bi": -(2**63), "d": 0.1,
        "n": Decimal("9999999999999.99"), "b1": True, "b9": b"\x55\x01", "dt": None, "tm": -3020399000000,
        "tm3": -3661001000, "tm6": -3661000001, "dtm": None, "dtm1": -100, "dtm6": -1,
        "ts": "1970-01-01T00:00:01Z", "ts6": "2038-01-19T03:14:07.999999Z", "cl": "é€", "bn": b"\x01\0\0\0\0",
        "e": "L", "e2": "a'b", "s": "x,z", "u": "00112233-4455-1677-8899-aabbccddee00", "i6": "::ffff:1.2.3.4",
        "p": {"x": -0.5, "y": 1e300, "srid": 4326}, "txc": "é" * 300, "tx2": "é日?", "ko` lom": 9,
    }.items():  # fmt: skip
        found = first[name]
        if isinstance(value, dict):
            assert {part: found[part] for part in value} == value
        else:
            assert found == value, name
    assert last["id"] == 2**64 - 1, "BIGINT UNSIGNED is never -1"
    assert {name for name, value in last.items() if value is not None} == {"id", "inv", "ko` lom"}
