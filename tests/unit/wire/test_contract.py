"""Contracts: what a source file may say, and how a fault in it is told."""

from pathlib import Path

import pytest

from hub.wire import contract
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

GOOD = """
[source]
name = "desa"
kind = "replay"
owner = "Pemerintah Dusun Contoh"
authority = "sector"
legal_basis = "Perpres 39/2019"
purpose = "Satu Data kabupaten"
retention_days = 365
expires = 2030-01-01
dsn = "env:DESA_DSN"

[[table]]
name = "public.warga"
entity = "person"
key = ["id"]
ignore = ["foto"]

[table.map]
nik = { from = "nik", with = "nik" }
sex = { from = "jk", with = "lookup:jk" }
region = { from = ["kec", "desa"], with = "region", system = "kemendagri" }

[table.lookups.jk]
L = "male"
P = "female"
"""


def write(folder: Path, text: str, name: str = "desa.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_good_contract_says_which_columns_it_maps(tmp_path: Path) -> None:
    table = contract.load(write(tmp_path, GOOD)).table_named("public.warga")
    assert table.mapped == {"nik", "jk", "kec", "desa"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('legal_basis = "Perpres 39/2019"\n', "", "source.legal_basis"),
        ('key = ["id"]', 'key = ["nik"]', "personal number"),
        ('ignore = ["foto"]', 'ignore = ["nik"]', "both mapped and ignored"),
        ("lookup:jk", "lookup:kelamin", "vocabulary"),
        ('kind = "replay"', 'kind = "replay"\nspeed = 3', "source.speed"),
        ('dsn = "env:DESA_DSN"', 'dsn = "postgresql://u:p@h/d"', "source.dsn"),
        ("retention_days = 365", "retention_days = 007", "cannot be read"),
        ('entity = "person"', 'entity = "vehicle"', "table.0.entity"),
    ],
)
def test_a_fault_is_refused_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(RefuseToStart, match=r"desa\.toml") as refused:
        contract.load(write(tmp_path, GOOD.replace(old, new)))
    assert told in str(refused.value)


def test_a_table_without_surrogate_key_may_be_keyed_by_a_personal_number(tmp_path: Path) -> None:
    text = GOOD.replace('key = ["id"]', 'key = ["nik"]\nsurrogate_key = false')
    assert contract.load(write(tmp_path, text)).table_named("public.warga").key == ("nik",)


def test_the_connection_string_stands_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = contract.load(write(tmp_path, GOOD))
    monkeypatch.delenv("DESA_DSN", raising=False)
    with pytest.raises(RefuseToStart, match="DESA_DSN"):
        loaded.dsn()
    monkeypatch.setenv("DESA_DSN", "postgresql:///desa")
    assert loaded.dsn() == "postgresql:///desa"


def test_two_files_may_not_name_one_source(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "lagi.toml")
    with pytest.raises(RefuseToStart, match="second source"):
        contract.load_all(Settings(sources=tmp_path))


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStart, match="SATUDATA_SOURCES"):
        contract.load_all(Settings(sources=tmp_path))


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86400), ("7d", 604800)])
def test_durations(text: str, seconds: int) -> None:
    assert contract.duration_s(text) == seconds


def test_a_wrong_duration_is_told() -> None:
    with pytest.raises(ValueError, match="15 minutes"):
        contract.duration_s("15 minutes")


@pytest.mark.parametrize(("written", "text"), [("1", "1"), ('"1"', "1"), ("true", "true")])
def test_a_soft_delete_s_column_counts_as_mapped(tmp_path: Path, written: str, text: str) -> None:
    told = f'ignore = ["foto"]\ndeleted_when = {{ column = "hapus", equals = {written} }}'
    table = contract.load(write(tmp_path, GOOD.replace('ignore = ["foto"]', told))).table_named("public.warga")
    assert table.deleted_when is not None
    assert table.deleted_when.equals == text
    assert "hapus" in table.mapped
