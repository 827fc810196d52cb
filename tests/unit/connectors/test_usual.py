"""A table's written functions give what it gives column by column, whatever the values are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kinds.postgres_wal.catalog import Column
from connectors.kinds.postgres_wal.table import TablePlan
from connectors.kinds.postgres_wal.usual import UNUSUAL
from connectors.kinds.postgres_wal.values import NULL_TAG, UNCHANGED_TAG, Value, Values
from hub.wire.avro import MemoryRegistry
from hub.wire.identity import record_id
from tests.unit.connectors.test_table import plan_of

END = b"<end>"
COLUMNS = [
    Column("id", 20, -1, True), Column("kode", 1042, 8, True), Column("nama", 25, -1, True),
    Column("alamat", 25, -1, False), Column("rt", 21, -1, False), Column("aktif", 16, -1, True),
    Column("lahir", 1082, -1, False), Column("luas", 1700, (8 << 16) + 2 + 4, False), Column("berkas", 17, -1, False),
    Column("suasana", 50000, -1, False), Column("diubah", 1184, -1, True), Column("rahasia", 25, -1, True),
]  # fmt: skip
USUAL: Values = [b"7", b"AB/1    ", b"Siti", NULL_TAG, b"-4", b"t", b"1987-05-06", b"12.50", NULL_TAG, b"a",
                 b"2026-11-28 07:08:09.5+00", b"PIN"]  # fmt: skip
TEXTS = [b"", b" ", b"\xc3\xa9", b'"', b"\\", b"a\tb\n", b"0", b"-1", b"9" * 19, b"NaN", b"infinity", b"t", b"x" * 8191,
         b"x" * 8192, b"2026-02-30", b"1.005", b"\\xff", b"2026-11-28 07:08:09+00"]  # fmt: skip
ANY = st.one_of(st.sampled_from(TEXTS), st.just(NULL_TAG), st.just(UNCHANGED_TAG), st.text().map(str.encode))
ROW = st.lists(st.tuples(st.booleans(), ANY), min_size=len(USUAL), max_size=len(USUAL)).map(
    lambda picks: [strange if swap else usual for (swap, strange), usual in zip(picks, USUAL, strict=True)]
)
KEYS = [("id",), ("kode",), ("nama", "kode"), ("alamat", "id", "lahir")]
MAP = {"name": {"from": "nama", "with": "name"}, "street": {"from": "alamat", "with": "address"}}


def plan(key: tuple[str, ...]) -> TablePlan:
    return plan_of(COLUMNS, registry=MemoryRegistry(), key=key, map=MAP, ignore=("rahasia",))


PLANS = {key: plan(key) for key in KEYS}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KEYS), ROW)
def test_a_row_as_it_is_now(key: tuple[str, ...], row: Values) -> None:
    plan = PLANS[key]
    assert plan.present(list(row), END) == (plan.record_id(row), plan.images(None, row) + END)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KEYS), ROW, ROW)
def test_a_row_as_it_was_and_is(key: tuple[str, ...], before: Values, after: Values) -> None:
    plan = PLANS[key]
    assert plan.changed(before, after, END) == (plan.record_id(after), plan.images(before, after) + END)


@pytest.mark.parametrize("key", KEYS)
def test_the_usual_row_goes_the_written_way(key: tuple[str, ...]) -> None:
    row: Values = [b"Jl. Kenanga" if value == NULL_TAG and at == 3 else value for at, value in enumerate(USUAL)]
    written = PLANS[key].usual
    names = [column.name for column in COLUMNS]
    parts = [bytes(row[names.index(part)]).rstrip(b" ").decode() for part in key]
    expected = record_id(b"k" * 32, "public.t", parts)
    assert written.after(row, END) == (expected, PLANS[key].images(None, row) + END)
    assert written.both(USUAL[:1] + row[1:], row, END) == (expected, PLANS[key].images(row, row) + END)


@pytest.mark.parametrize(("at", "value"), [(0, NULL_TAG), (2, UNCHANGED_TAG), (3, b"x" * 8192), (7, b"NaN"),
                                           (5, NULL_TAG), (8, UNCHANGED_TAG)])  # fmt: skip
def test_anything_else_is_left_to_the_table(at: int, value: Value) -> None:
    row = [*USUAL[:at], value, *USUAL[at + 1 :]]
    with pytest.raises(UNUSUAL):
        PLANS["id",].usual.after(row, END)
    with pytest.raises(UNUSUAL):
        PLANS["id",].usual.both(USUAL, row, END)


def test_a_table_of_its_key_alone() -> None:
    plan = plan_of([Column("id", 23, -1, True)], registry=MemoryRegistry())
    assert plan.present([b"7"], END) == (plan.record_id([b"7"]), plan.images(None, [b"7"]) + END)
