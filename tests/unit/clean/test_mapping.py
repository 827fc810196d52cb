"""Every column accounted for: what is missing, of another type, unknown or unreadable."""

from __future__ import annotations

from typing import Any

import pytest

from hub.clean.mapping import LONGEST, UNAVAILABLE, TableMap
from hub.clean.rules import Origin, clean_row
from hub.clean.shape import SHAPES
from hub.wire import metrics
from hub.wire.contract import Contract
from hub.wire.entities import CLEAN, ENTITIES, Entity
from hub.wire.errors import Quarantine, RefuseToStart
from hub.wire.records import CleanPerson, Flag, QuarantineItem
from tests.unit.clean.conftest import Bench, make, with_table
from tests.unit.clean.raw import COLUMNS, DAPODIK, DUKCAPIL, JSON, KEY

MAPPED = [c for c in COLUMNS["dukcapil"] if c not in {"id", "pas_foto", "diubah_pada"}]


def drift(source: str, column: str = "agama") -> dict[str, Any]:
    return {**COLUMNS[source], column: "string"}


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_slots_are_a_record_s_attributes_in_their_order(entity: Entity) -> None:
    slots = SHAPES[entity].slots
    record = CLEAN[entity](KEY, b"v" * 24, False, "s", "t", 0, 0, None, None, ("7",), *slots)  # type: ignore[arg-type]
    assert all(getattr(record, name) == name for name in slots)
    assert (record.key, record.flags) == (("7",), ())


@pytest.mark.parametrize("column", MAPPED)
def test_a_missing_mapped_column_quarantines_and_names_it(bench: Bench, column: str) -> None:
    columns = {name: kind for name, kind in COLUMNS["dukcapil"].items() if name != column}
    row = {name: value for name, value in DUKCAPIL.items() if name != column}
    item = bench.records(bench.sender("dukcapil", columns).change("u", row))[0]
    assert isinstance(item, QuarantineItem)
    assert (item.code, item.field) == ("missing_column", column)
    assert column in item.remedy


def test_a_missing_soft_delete_column_quarantines(bench: Bench) -> None:
    columns = {name: kind for name, kind in COLUMNS["dapodik"].items() if name != "soft_delete"}
    row = {name: value for name, value in DAPODIK.items() if name != "soft_delete"}
    assert bench.records(bench.sender("dapodik", columns).change("u", row))[0].code == "missing_column"


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("nama_lgkp", "bytes", b"SITI"),
        ("nama_lgkp", {"type": "array", "items": "string"}, ["SITI"]),
        ("nama_lgkp", JSON, '"SITI"'),
        ("tgl_lhr", "boolean", True),
        ("no_rt", "bytes", b"\x07"),
        ("status_hidup", "long", 1),
    ],
)
def test_a_column_of_another_type_quarantines(bench: Bench, column: str, kind: Any, value: Any) -> None:
    sender = bench.sender("dukcapil", {**COLUMNS["dukcapil"], column: kind})
    item = bench.records(sender.change("u", {**DUKCAPIL, column: value}))[0]
    assert isinstance(item, QuarantineItem)
    assert item.code == "wrong_type"
    assert column in item.reason


def test_a_number_too_long_to_read_quarantines_its_row_alone(bench: Bench) -> None:
    huge, good = bench.sender("dapodik"), bench.sender("dapodik")
    item, _, person = bench.records(huge.change("u", {**DAPODIK, "rt": b"\x7f" * 20_000}), good.change("u", DAPODIK))
    assert (item.code, item.field) == ("wrong_type", "rt")
    assert isinstance(person, CleanPerson)


@pytest.mark.parametrize(
    ("text", "code"),
    [("SI\0TI", "nul_in_text"), ("S" * (LONGEST + 1), "too_long"), ("S" * 5_000_000, "too_long"),
     (UNAVAILABLE, "unavailable_value"), ("", "required_empty"), ("-", "required_empty")],
)  # fmt: skip
def test_a_text_that_cannot_be_taken_quarantines(bench: Bench, text: str, code: str) -> None:
    item = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "nama_lgkp": text}))[0]
    assert isinstance(item, QuarantineItem)
    assert (item.code, item.field) == (code, "name")


def test_a_missing_required_value_quarantines(bench: Bench) -> None:
    item = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "nama_lgkp": None}))[0]
    assert (item.code, item.field) == ("required_empty", "name")


@pytest.mark.parametrize(("written", "becomes"), [("L", "male"), ("l ", "male"), ("P", "female")])
def test_a_vocabulary_is_read_without_padding_and_case(bench: Bench, written: str, becomes: str) -> None:
    assert bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "jk": written}))[0].sex == becomes


def test_an_unknown_value_of_a_vocabulary_quarantines_without_naming_it(bench: Bench) -> None:
    item = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "status_kawin": 77}))[0]
    assert (item.code, item.field) == ("unknown_value", "marital")
    assert "77" not in item.reason


def test_nulls_are_marked_and_nothing_else_is_lost(bench: Bench) -> None:
    kept = {"id": 7, "nama_lgkp": "SITI CONTOH"}
    person = bench.records(bench.sender("dukcapil").change("u", dict.fromkeys(COLUMNS["dukcapil"]) | kept))[0]
    assert person.name == "SITI CONTOH"
    assert {flag.code for flag in person.flags} == {"missing"}
    assert {flag.field for flag in person.flags} == {
        "nik", "kk", "sex", "birth_date", "birth_place", "mother", "street", "rt", "rw", "region", "marital", "vital"
    }  # fmt: skip


def test_an_unknown_column_is_kept_in_raw_and_told_once(bench: Bench) -> None:
    counter = metrics.SOURCE_DRIFT.labels("dukcapil", "public.penduduk")
    before = counter._value.get()
    sender = bench.sender("dukcapil", drift("dukcapil"))
    for _ in range(3):
        person = bench.records(sender.change("u", {**DUKCAPIL, "agama": "1"}))[0]
        assert person.name == "SITI CONTOH"
    assert counter._value.get() - before == 1


@pytest.mark.parametrize("wish", ["quarantine", "stop"])
def test_a_contract_may_quarantine_on_drift_and_what_should_have_stopped_is_quarantined_too(
    contracts: dict[str, Contract], wish: str
) -> None:
    bench = make({"dukcapil": with_table(contracts["dukcapil"], drift=wish)})
    item = bench.records(bench.sender("dukcapil", drift("dukcapil")).change("u", {**DUKCAPIL, "agama": "1"}))[0]
    assert (item.code, item.field) == ("drift", "agama")
    assert bench.records(bench.sender("dukcapil").change("u", DUKCAPIL))[0].name == "SITI CONTOH"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"nik": {"from": "nik", "with": "nick"}}, "no cleaner 'nick'"),
        ({"shoe": {"from": "nik", "with": "text"}}, "no such attribute"),
        ({"rt": {"from": "no_rt", "with": "text"}}, "gives str"),
        ({"region": {"from": "kode_desa", "with": "region"}}, "needs its code system"),
        ({"sex": {"from": "jk", "with": "lookup:status_kawin"}}, "known are female, male"),
    ],
)
def test_a_contract_that_names_what_does_not_exist_is_refused(
    contracts: dict[str, Contract], change: dict[str, Any], told: str
) -> None:
    table = contracts["dukcapil"].table[0].model_dump(by_alias=True)
    table["map"].update(change)
    wrong = with_table(contracts["dukcapil"], map=table["map"])
    with pytest.raises(RefuseToStart, match=told):
        TableMap(wrong.table[0])


def test_a_field_of_several_columns_reads_them_together(contracts: dict[str, Contract]) -> None:
    """A region whose parts stand in columns of their own, one of them empty."""
    table = contracts["dukcapil"].table[0].model_dump(by_alias=True)
    table["map"]["region"] = {"from": ["kec", "desa"], "with": "region", "system": "kemendagri"}
    mapping = TableMap(with_table(contracts["dukcapil"], map=table["map"]).table[0])
    row = {name: value for name, value in DUKCAPIL.items() if name not in {"kode_desa", "tgl_lhr"}} | {"tgl_lhr": None}
    origin = Origin("dukcapil", "public.penduduk", KEY)
    assert clean_row(mapping, {**row, "kec": "15.08.05", "desa": "2001"}, origin).region == "1508052001"
    assert clean_row(mapping, {**row, "kec": "15.08.05", "desa": None}, origin).region == "150805"
    nothing = clean_row(mapping, {**row, "kec": None, "desa": None}, origin)
    assert (nothing.region, Flag("region", "missing") in nothing.flags) == (None, True)


def test_a_mapped_rt_wins_over_the_address_s(bench: Bench) -> None:
    row = {**DUKCAPIL, "alamat": "JL. CONTOH RT 99/RW 98"}
    person = bench.records(bench.sender("dukcapil").change("u", row))[0]
    assert (person.street, person.rt, person.rw) == ("JALAN CONTOH", 7, 2)


def test_a_python_value_without_a_text_is_quarantined(contracts: dict[str, Contract]) -> None:
    mapping = TableMap(contracts["dukcapil"].table[0])
    with pytest.raises(Quarantine, match="nama_lgkp holds list"):
        clean_row(mapping, {**DUKCAPIL, "tgl_lhr": None, "nama_lgkp": ["SITI"]}, Origin("dukcapil", "t", KEY))


def test_rows_of_one_table_share_their_steps_whatever_is_null(contracts: dict[str, Contract]) -> None:
    mapping = TableMap(contracts["dukcapil"].table[0])
    row = {**DUKCAPIL, "tgl_lhr": None}
    plan = mapping.plan_of(row)
    assert mapping.plan_of({**row, "nik": None, "alamat": None}) is plan
    assert mapping.plan_of({**row, "nik": 1508054107900001}) is not plan
