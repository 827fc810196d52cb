"""Files looked at: what an office sends by hand."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from connectors.discover.command import drafted
from connectors.kinds.file_drop.options import options
from hub.wire.clock import TestClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart
from tests.unit.connectors.discover.drafts import NAMES, NIKS, filled

TITLES = ["No. Urut", "Nama Penerima", "NIK", "L/P", "Tgl. Lahir", "Alamat", "No HP"]


def rows() -> list[list[str]]:
    return [
        [str(number), name, nik, "LP"[number % 2], "31/12/1980", "Jl. Contoh RT 05/RW 02", "081270012345"]
        for number, (name, nik) in enumerate(zip(NAMES, NIKS, strict=True), 1)
    ]


def draft(path: Path) -> str:
    return drafted(str(path), rows=100, name=None, clock=TestClock())


def mapped(made: Contract) -> dict[str, str]:
    return {name: field.columns[0] for name, field in made.table[0].map.items()}


EXPECTED = {
    "nik": "nik", "name": "nama_penerima", "birth_date": "tgl_lahir", "sex": "l_p", "phone": "no_hp",
    "street": "alamat",
}  # fmt: skip


def test_a_workbook_with_a_title_above_its_header(tmp_path: Path) -> None:
    path = tmp_path / "Penerima Bansos 2026-10.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (["DAFTAR PENERIMA BANTUAN"], [], TITLES, *rows()):
        sheet.append(line)
    book.save(path)
    text = draft(path)
    made = filled(text)
    assert (made.source.name, made.source.kind) == ("penerima_bansos", "file_drop")
    assert mapped(made) == EXPECTED
    assert made.table[0].name == "berkas.penerima_bansos"
    assert made.table[0].key == ("no_urut",)
    found = options(made)
    assert found.of(made.table[0]).files == "Penerima Bansos*.xlsx"
    assert found.delivery == "whole"
    assert "format xlsx" in text
    assert not [value for value in (*NIKS, *NAMES) if value in text]


def test_a_csv_with_semicolons_of_an_old_windows(tmp_path: Path) -> None:
    path = tmp_path / "penerima.csv"
    lines = [TITLES, *[[*row[:1], f"{row[1]} \xe9", *row[2:]] for row in rows()]]
    path.write_bytes("\r\n".join(";".join(line) for line in lines).encode("cp1252") + b"\r\n")
    text = draft(path)
    assert mapped(filled(text)) == EXPECTED
    assert "encoding cp1252, delimiter ;" in text


def test_a_list_whose_only_number_is_the_nik(tmp_path: Path) -> None:
    path = tmp_path / "penerima.csv"
    lines = [TITLES[1:4], *[row[1:4] for row in rows()]]
    path.write_text("\n".join(",".join(line) for line in lines) + "\n")
    text = draft(path)
    assert "surrogate_key = false" in text
    assert filled(text).table[0].key == ("nik",)


def test_what_is_no_list_says_why_in_the_office_s_words(tmp_path: Path) -> None:
    empty, letter, page = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.xls"
    empty.touch()
    letter.write_text("Kepada Yth.\nKepala Dinas\n")
    page.write_text("<html><table></table></html>")
    for path, said in ((empty, "Berkas kosong"), (letter, "column titles"), (page, "halaman web")):
        with pytest.raises(RefuseToStart, match=said):
            draft(path)
