"""A draft refuses to start until a person has completed it, and starts then."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.discover.seen import Column, Table
from hub.clean.mapping import TableMap
from hub.wire import contract
from hub.wire.errors import RefuseToStart
from hub.wire.typed import BOOL, NUMBER
from tests.unit.connectors.discover.drafts import CARDS, NAMES, NIKS, column, filled, people, written

FULL = people(
    column("nik", NIKS), column("no_kk", CARDS), column("jk", ["L", "P"], distinct=True), column("pas_foto"),
    column("nik_ayah", NIKS), column("catatan \"lama\"", ["x"]), column("dihapus", ["false"], BOOL),
    column("no_hp", ["081270012345"]), column("kecamatan", ["15.08.05"]),
)  # fmt: skip


def test_a_draft_names_each_blank_when_it_is_asked_to_start(tmp_path: Path) -> None:
    path = tmp_path / "uji.toml"
    path.write_text(written(FULL))
    with pytest.raises(RefuseToStart) as refused:
        contract.load(path)
    for blank in ("owner", "authority", "legal_basis", "purpose", "retention_days", "expires"):
        assert f"source.{blank}" in str(refused.value)
    assert "table" not in str(refused.value)


def test_a_completed_draft_is_a_contract_that_clean_can_read() -> None:
    made = filled(written(FULL))
    (table,) = made.table
    assert TableMap(table)
    assert table.key == ("id",)
    assert {name: field.columns for name, field in table.map.items()} == {
        "nik": ("nik",), "kk": ("no_kk",), "name": ("nama",), "birth_date": ("tgl_lahir",), "sex": ("jk",),
        "phone": ("no_hp",), "region": ("kecamatan",),
    }  # fmt: skip
    assert table.map["region"].system == "kemendagri"
    assert table.map["name"].required
    assert table.lookups == {"jk": {"L": "male", "P": "female"}}
    assert table.deleted_when is not None
    assert (table.deleted_when.column, table.deleted_when.equals) == ("dihapus", "true")
    assert set(table.ignore) == {"pas_foto", "nik_ayah", 'catatan "lama"'}
    assert made.source.dsn == "env:UJI_DSN"


def test_every_column_is_mapped_ignored_or_key() -> None:
    (table,) = filled(written(FULL)).table
    assert table.mapped | set(table.ignore) | set(table.key) == {each.name for each in FULL.columns}


def test_a_doubt_stands_in_comments_and_can_be_taken_up_by_hand() -> None:
    text = written(people(column("nik_kepala", NIKS)))
    (table,) = filled(text).table
    assert "nik" not in table.map
    taken = text.replace('# nik         = { from = "nik_kepala"', 'nik = { from = "nik_kepala"')
    with pytest.raises(ValueError, match="both mapped and ignored: nik_kepala"):
        filled(taken)
    (table,) = filled(taken.replace('  "nik_kepala",', "  #")).table
    assert table.map["nik"].columns == ("nik_kepala",)


def test_no_value_of_a_row_stands_in_a_draft() -> None:
    text = written(FULL, Table("lain", [column("nama", NAMES), column("telp", ["081270012345"])]))
    for value in (*NIKS, *CARDS, *NAMES, "081270012345", "1979-01-01"):
        assert value not in text


def test_personal_data_are_marked_by_class() -> None:
    lines = written(FULL).splitlines()
    assert any(line.startswith("nik ") and line.endswith("# data pribadi umum") for line in lines)
    assert '  "pas_foto",  # data pribadi spesifik (biometrik)' in lines
    children = Table("siswa", [column("nama", NAMES), column("tgl_lahir", ["2015-01-01"] * 8)], (("id",),))
    text = written(children)
    assert "most of its people are children" in text
    assert 'name        = { from = "nama", with = "name", required = true }  # data pribadi spesifik (anak)' in text


def test_a_table_without_a_key_or_with_a_personal_one_says_so() -> None:
    text = written(people(column("nik", NIKS), keys=()))
    assert "key = []  # ISI" in text
    text = written(people(column("nik", NIKS), keys=(("nik",),)))
    assert "surrogate_key = false" in text
    assert filled(text).table[0].key == ("nik",)
    assert "# also unique: nik" in written(people(column("nik", NIKS), keys=(("id",), ("nik",))))


def test_other_tables_are_listed_as_comments() -> None:
    text = written(FULL, Table("public.kelas", [Column("id", NUMBER), column("nama", ["Kelas A"])], (("id",),), 12))
    assert "#   public.kelas: 2 columns, about 12 rows; it has nama (name)" in text
    assert len(filled(text).table) == 1


def test_a_source_without_people_still_gives_something_to_go_on() -> None:
    text = written(Table("kelas", [column("nama", ["Kelas A"])]))
    assert "no table was found" in text
    with pytest.raises(ValueError, match="table"):
        filled(text)
