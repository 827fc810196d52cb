"""A column's name proposes, its values decide."""

from __future__ import annotations

import pytest

from connectors.discover import shapes, words
from connectors.discover.guess import Field, Guess, guess
from connectors.discover.seen import OTHER, Column, Table
from hub.wire.typed import BOOL, MOMENT, NUMBER, TEXT
from tests.unit.connectors.discover.drafts import BORN, CARDS, NAMES, NIKS, column, people

STAFF = [f"1980010{n}" for n in range(8)]


def of(*columns: Column, **table: object) -> Guess:
    return guess(people(*columns, **table), 2026)  # type: ignore[arg-type]


def field(found: Guess, attribute: str) -> Field | None:
    return next((each for each in found.fields if each.attribute == attribute), None)


def doubt(found: Guess, name: str) -> str:
    return next(each.why for each in found.doubts if each.field.column == name)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("nik", "nik"), ("NO_KTP", "nik"), ("noKtp", "nik"), ("nik_pasien", "nik"), ("no_kk", "kk"), ("nomor_kk", "kk"),
        ("nama", "name"), ("nama_lgkp", "name"), ("nm_pasien", "name"), ("Nama Lengkap", "name"),
        ("nama_ibu", "mother"),
        ("nm_ibu", "mother"), ("nama_ibu_kandung", "mother"), ("tgl_lhr", "birth_date"), ("tanggallahir", "birth_date"),
        ("tmpt_lhr", "birth_place"), ("jk", "sex"), ("jenis_kelamin", "sex"), ("l_p", "sex"), ("no_hp", "phone"),
        ("no_tlp", "phone"), ("alamat_jalan", "street"), ("no_rt", "rt"), ("rw", "rw"), ("kode_desa", "region"),
        ("kd_kec", "region"), ("stts_nikah", "marital"), ("status_hidup", "vital"),
        ("nama_desa", None), ("nama_ayah", None), ("nik_kepala", None), ("nik_ibu", None), ("kk_level", None),
        ("pekerjaan", None), ("tgl_daftar", None), ("alamatpj", None), ("nip", None), ("art", None),
    ],
)  # fmt: skip
def test_names_that_offices_give(name: str, attribute: str | None) -> None:
    assert words.attribute_of(name) == attribute


def test_an_employee_s_number_called_nik_is_no_nik_and_no_ktp_is() -> None:
    found = of(column("nik", STAFF), column("no_ktp", [*NIKS[:6], "-", ""]))
    assert field(found, "nik") == Field("nik", "no_ktp", "nik")
    assert "employee" in doubt(found, "nik")


def test_a_head_s_row_id_is_nothing_and_a_head_s_nik_is_somebody_else_s() -> None:
    assert field(of(column("nik_kepala", [str(n) for n in range(8)])), "nik") is None
    found = of(column("nik_kepala", NIKS))
    assert field(found, "nik") is None
    assert "somebody else" in doubt(found, "nik_kepala")


def test_niks_are_found_under_any_name_but_numbers_that_repeat_are_not_taken_for_them() -> None:
    assert field(of(column("nomor_induk", NIKS)), "nik") == Field("nik", "nomor_induk", "nik")
    found = of(column("nomor_keluarga", CARDS[:2] * 4))
    assert field(found, "nik") is None
    assert "repeat" in doubt(found, "nomor_keluarga")


def test_numbers_are_believed_only_when_seen() -> None:
    found = of(column("nik"), column("no_kk"), column("no_hp"))
    assert found.attributes == {"name", "birth_date", "phone"}
    assert "no values" in doubt(found, "nik")


def test_of_two_columns_for_one_attribute_the_second_is_a_doubt() -> None:
    found = of(column("nik", NIKS), column("no_ktp", NIKS))
    assert field(found, "nik") == Field("nik", "nik", "nik")
    assert "already" in doubt(found, "no_ktp")


def test_a_column_that_its_cleaner_cannot_read_is_a_doubt() -> None:
    assert "holds other" in doubt(of(Column("no_hp", OTHER)), "no_hp")
    assert "look like" in doubt(of(column("no_hp", ["ada", "rumah"])), "no_hp")


@pytest.mark.parametrize(
    ("values", "system"),
    [
        (["15.08.05", "15.08.12"], "kemendagri"),
        (["150805", "150812"], "kemendagri"),
        (["1509040 ", "1509031"], "bps"),
        ([f"15080{n}200{n}" for n in range(1, 9)], "kemendagri"),
        (["1509040011", "1509031004", "1509040002"], "bps"),
        (["1508052001"], None),
        (["1508"], None),
    ],
)
def test_whose_codes_of_regions_they_are(values: list[str], system: str | None) -> None:
    found = of(column("kode_wilayah", values))
    assert (field(found, "region") or Field("region", "", "")).system == system
    assert (system is None) == (not field(found, "region"))


def test_names_and_ids_of_regions_are_no_codes() -> None:
    assert "names, or rows' ids" in doubt(of(column("kecamatan", ["TANAH TUMBUH", "PELEPAT"])), "kecamatan")
    assert "names, or rows' ids" in doubt(of(column("kd_kec", ["5", "7"], NUMBER)), "kd_kec")


def test_small_vocabularies_are_drafted_and_what_they_do_not_tell_is_left_open() -> None:
    found = of(
        column("jk", ["L", "P", "L"], distinct=True),
        column("stts_nikah", ["MENIKAH", "JOMBLO", "JANDA"], distinct=True),
        column("status_hidup", ["true", "false"], BOOL, distinct=True),
    )
    assert field(found, "sex") == Field("sex", "jk", "lookup:jk", lookup={"L": "male", "P": "female"})
    marital = field(found, "marital")
    assert marital is not None
    assert marital.lookup == {"JANDA": None, "JOMBLO": None, "MENIKAH": "married"}
    assert field(found, "vital") == Field("vital", "status_hidup", "vital")


def test_a_vocabulary_typed_by_hand_is_left_to_the_cleaner() -> None:
    found = of(column("l_p", ["L", "P", "Laki-laki", "Perempuan"], distinct=True))
    assert field(found, "sex") == Field("sex", "l_p", "sex")


def test_codes_that_nobody_knows_are_a_doubt() -> None:
    assert "known to mean vital" in doubt(of(column("status_dasar", ["1", "2"], NUMBER, distinct=True)), "status_dasar")


def test_people_are_told_by_a_name_and_one_thing_more() -> None:
    assert of().people
    assert not guess(Table("kelas", [column("id"), column("nama", ["Kelas A"] * 8)]), 2026).people
    assert not guess(Table("keluarga", [column("no_kk", CARDS), column("alamat", NAMES)]), 2026).people


@pytest.mark.parametrize(
    ("keys", "key", "personal"),
    [
        ((("nik",), ("id",)), ("id",), False),
        ((("nik",),), ("nik",), True),
        ((("lainnya",), ("id",)), ("id",), False),
        ((), (), False),
    ],
)
def test_a_key_is_a_row_number_where_there_is_one(
    keys: tuple[tuple[str, ...], ...], key: tuple[str, ...], personal: bool
) -> None:
    found = of(column("nik", NIKS), column("lainnya", CARDS), keys=keys)
    assert (tuple(found.key), found.key_is_personal) == (key, personal)


def test_soft_deletes_watermarks_and_children_are_seen() -> None:
    found = guess(
        Table("siswa", [
            column("nama", NAMES), column("tanggal_lahir", [f"201{n}-05-01" for n in range(8)]),
            column("soft_delete", ["0", "1"], NUMBER), Column("last_update", MOMENT),
        ]), 2026,
    )  # fmt: skip
    assert (found.deleted_when, found.watermark, found.children) == (("soft_delete", "1"), "last_update", True)
    assert not of().children
    assert of(column("diubah_pada", ["2026-01-01 10:00:00"])).watermark == "diubah_pada"
    assert of(column("diubah_pada", ["ya"])).watermark is None
    assert of(column("updated_by", ["2026-01-01 10:00:00"], TEXT)).watermark is None


def test_what_offices_write_for_nothing_is_not_counted() -> None:
    assert shapes.told(["-", "0", "", " ", "0000000000000000", "tidak ada", "x", "7"]) == ["7"]
    assert shapes.nik("1508054107900001")
    assert shapes.nik("1508054107900001.0")
    assert not shapes.nik("1508053207900001")
    assert not shapes.nik("9908050107900001")
    assert not shapes.nik("1508050113900001")
    assert shapes.kk("1508050107150001")
    assert not shapes.kk("1508054107150001")
    assert all(map(shapes.date, [*BORN, "31-12-1980", "1/2/1980", "1980", "5 Maret 1980"]))
    assert not any(map(shapes.date, ["1508", "41-12-1980", "Muara Bungo"]))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("pas_foto", "spesifik (biometrik)"), ("diagnosa_utama", "spesifik (kesehatan)"),
        ("gol_darah", "spesifik (kesehatan)"),
        ("no_rekening", "spesifik (keuangan pribadi)"), ("agama", "umum"), ("no_npwp", "umum"), ("nik", "umum"),
        ("nama_ayah", "umum"), ("kapasitas", None), ("id", None), ("jenis_bantuan", None),
    ],
)  # fmt: skip
def test_the_class_of_personal_data_is_told_by_the_name(name: str, known: str | None) -> None:
    assert words.personal_class(name) == known
