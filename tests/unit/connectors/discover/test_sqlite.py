"""A SQLite file looked at: shaped like a staff register and a hospital's patient table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.discover.command import discover, drafted
from hub.wire.clock import TestClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain
from tests.unit.connectors.discover.drafts import BORN, NAMES, NIKS, filled

STAFF = """
CREATE TABLE pegawai (
    id integer PRIMARY KEY, nik varchar(20) NOT NULL UNIQUE, nama varchar(50), jk varchar(10), tgl_lahir date,
    no_ktp varchar(20), gapok real, photo blob, updated_at datetime
)"""
PATIENTS = """
CREATE TABLE pasien (
    no_rkm_medis varchar(15) PRIMARY KEY, nm_pasien varchar(40), no_ktp varchar(20), jk char(1), tgl_lahir date,
    nm_ibu varchar(40), stts_nikah varchar(20)
)"""


@pytest.fixture
def staff(tmp_path: Path) -> Path:
    path = tmp_path / "simpeg 2026.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(STAFF)
        for number, (nik, name, born) in enumerate(zip(NIKS, NAMES, BORN, strict=True)):
            row = (number, f"1980{number:04d}", name, "Pria" if number % 2 else "Wanita", born, nik, 1.5, b"\0",
                   "2026-11-01 10:00:00")  # fmt: skip
            base.execute("INSERT INTO pegawai VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return path


def add_patients(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(PATIENTS)
        for number, (nik, name, born) in enumerate(zip(NIKS, NAMES, BORN, strict=True)):
            row = (
                f"{number:06d}",
                name,
                "-" if number > 5 else nik,
                "P",
                born,
                "RATNA",
                ("MENIKAH", "JOMBLO")[number % 2],
            )
            base.execute("INSERT INTO pasien VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def draft(path: Path, **options: str) -> str:
    return drafted(f"sqlite:///{path}", rows=50, name=options.get("name"), clock=TestClock())


def contract(path: Path) -> Contract:
    return filled(draft(path))


def test_a_register_with_a_time_of_change_is_proposed_for_polling(staff: Path) -> None:
    made = contract(staff)
    (table,) = made.table
    assert (made.source.name, made.source.kind) == ("simpeg_2026", "sql_poll")
    assert made.options == {"watermark": {"main.pegawai": "updated_at"}}
    assert table.key == ("id",)
    assert {name: field.columns[0] for name, field in table.map.items()} == {
        "nik": "no_ktp", "name": "nama", "birth_date": "tgl_lahir", "sex": "jk",
    }  # fmt: skip
    assert table.lookups["jk"] == {"Pria": "male", "Wanita": "female"}
    assert set(table.ignore) == {"nik", "gapok", "photo", "updated_at"}


def test_a_table_without_one_is_proposed_for_comparison(staff: Path) -> None:
    add_patients(staff)
    text = draft(staff, name="rsud")
    made = filled(text)
    assert (made.source.name, made.source.kind, made.options) == ("rsud", "sql_diff", {})
    assert "main.pegawai could be polled" in text
    assert made.table_named("main.pasien").key == ("no_rkm_medis",)
    assert made.table_named("main.pasien").lookups["stts_nikah"] == {"MENIKAH": "married"}
    assert '# "JOMBLO" = ""  # ISI' in text


def test_nothing_is_changed_and_no_value_is_told(staff: Path) -> None:
    before = staff.read_bytes()
    text = draft(staff)
    assert staff.read_bytes() == before
    assert not [value for value in (*NIKS, *NAMES, *BORN) if value in text]


def test_a_place_that_is_none_is_refused_without_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {
        "mysql://role:geheim@127.0.0.1:1/simrs": TryAgain, "postgresql://role:geheim@127.0.0.1:1/db": TryAgain,
        "nosuch://role:geheim@host/db": RefuseToStart, "://role:geheim@host": RefuseToStart,
        f"sqlite:///{tmp_path}/none.db": RefuseToStart, str(tmp_path / "none.csv"): RefuseToStart,
        "env:NO_SUCH_DSN": RefuseToStart,
    }  # fmt: skip
    for place, kind in places.items():
        with pytest.raises(kind) as refused:
            drafted(place, rows=5, name=None, clock=TestClock())
        assert "geheim" not in str(refused.value)
        assert not refused.value.__cause__ or "geheim" not in str(refused.value.__cause__)


def test_the_command_writes_a_file_once(
    staff: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = staff.with_name("simpeg.toml")
    monkeypatch.setenv("SIMPEG_DSN", f"sqlite:///{staff}")
    discover("env:SIMPEG_DSN", out=out, name="simpeg", rows=50)
    assert "6 blanks" in capsys.readouterr().out
    assert filled(out.read_text()).source.name == "simpeg"
    with pytest.raises(RefuseToStart, match="exists"):
        discover("env:SIMPEG_DSN", out=out, name=None, rows=50)
    discover(f"sqlite:///{staff}", out=None, name="simpeg", rows=50)
    assert capsys.readouterr().out == out.read_text()
