"""The header is found wherever it stands, its columns by name, alias or memory; what is unclear is refused."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.header import normal
from connectors.kinds.file_drop.memory import Last
from hub.wire.errors import RefuseToStart
from tests.suites.files import xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, codes, contract_of, delivered, inspect, people, refusal

LAST = Last("0" * 64, 1, 1, 1, "a")


def sheet(folder: Path, rows: list[list[Any]], **sheets: list[list[Any]]) -> Path:
    path = folder / "penerima.xlsx"
    path.write_bytes(xlsx_bytes(rows, **sheets))
    return path


def names(path: Path, **more: Any) -> list[str]:
    found = inspect(path, contract_of(**more))
    assert codes(found) == []
    return [column.name for column in found.layout.columns]


@pytest.mark.parametrize(
    ("header", "same"),
    [("No. Urut *", "no_urut"), ("\ufeffNIK", "nik"), (" L / P ", "l_p"), ("Tgl\nLahir", "tgl_lahir"),
     ("É-KTP", "e_ktp"), (7.0, "7"), (None, "")],
)  # fmt: skip
def test_a_header_is_compared_without_capitals_blanks_and_signs(header: Any, same: str) -> None:
    assert normal(header) == same


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(header: str) -> None:
    assert normal(normal(header)) == normal(header)


def test_the_order_of_the_office_s_columns_is_no_matter(tmp_path: Path) -> None:
    rows = [HEADER, *people(3)]
    turned = [list(reversed(row)) for row in rows]
    assert names(delivered(tmp_path, rows)) == names(delivered(tmp_path, turned)) == [
        "no_urut", "nik", "nama_penerima", "tgl_lahir", "l_p"
    ]  # fmt: skip


def test_a_header_under_a_title_and_numbered_columns_is_found(tmp_path: Path) -> None:
    title: list[list[Any]] = [["DAFTAR PENERIMA BANTUAN"], ["Keadaan November 2026"], []]
    rows = [*title, HEADER, ["(1)", "(2)", "(3)", "(4)", "(5)"], *people(5)]
    found = inspect(sheet(tmp_path, rows))
    assert (found.layout.row, found.rows, found.left_out, codes(found)) == (4, 5, [5], [])


def test_a_row_that_counts_the_columns_is_no_data_but_data_that_begin_with_1_are(tmp_path: Path) -> None:
    found = inspect(sheet(tmp_path, [HEADER, [1, 2, 3, 4, 5], *people(2)]))
    assert (found.rows, found.left_out) == (2, [2])


def test_cells_merged_downwards_give_one_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["No Urut", "NIK", "Identitas", None, None])
    book.active.append([None, None, "Nama Penerima", "Tgl Lahir", "L/P"])
    for cells in ("A1:A2", "B1:B2", "C1:E1"):
        book.active.merge_cells(cells)
    for row in people(4):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(file.getvalue())
    found = inspect(path)
    assert (found.layout.row, found.rows, codes(found)) == (2, 4, [])


def test_an_alias_of_the_contract_names_a_column(tmp_path: Path) -> None:
    rows = [["Nomor", "No. KTP", "Nama", "Lahir", "L/P"], *people(3)]
    aliases = {"no_urut": ["Nomor"], "nik": ["No KTP"], "nama_penerima": ["nama"], "tgl_lahir": ["Lahir"]}
    assert "nik" in names(delivered(tmp_path, rows), options={"table": {"penerima": {"aliases": aliases}}})
    assert refusal(delivered(tmp_path, rows)) == "column_missing"


def test_a_header_of_an_accepted_delivery_is_remembered(tmp_path: Path) -> None:
    path = delivered(tmp_path, [["Nomor", *HEADER[1:]], *people(3)])
    assert refusal(path) == "column_missing"
    remembered = Last("0" * 64, 1, 1, 1, "a", headers={"nomor": "no_urut", "gone": "no_column_of_now"})
    assert codes(inspect(path, last=remembered)) == []


def test_a_missing_column_is_named_with_what_may_be_meant(tmp_path: Path) -> None:
    path = delivered(tmp_path, [["No Urut", "NIK", "Nama Penerma", "Tgl Lahir", "L/P"], *people(3)])
    with pytest.raises(Refused) as refused:
        inspect(path)
    assert refused.value.fault.detail == {"columns": "nama_penerima", "hint": " (Nama Penerma = nama_penerima?)"}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["nama", "umur"], ["x", "1"]], "no_header"),
        ([[*HEADER, "nik"], *people(2)], "header_twice"),
        ([["", ""], ["", ""]], "no_header"),
        ([[f"baris {n}"] for n in range(40)] + [HEADER], "no_header"),
    ],
)
def test_a_header_that_is_not_clear_is_refused(tmp_path: Path, rows: list[list[Any]], code: str) -> None:
    assert refusal(delivered(tmp_path, rows)) == code


def test_ignored_columns_are_left_at_the_office_and_unknown_ones_are_kept_by_name(tmp_path: Path) -> None:
    rows = [[*HEADER, "Nominal", "Catatan!", "Catatan", "2026"], *([*row, "5", "a", "b", "c"] for row in people(2))]
    assert names(delivered(tmp_path, rows))[5:] == ["catatan", "catatan_2", "kolom_2026"]


def test_of_several_sheets_the_one_with_the_header_is_read(tmp_path: Path) -> None:
    note = [["Petunjuk"], ["isi lembar Data"]]
    assert inspect(sheet(tmp_path, note, Data=[HEADER, *people(2)])).layout.sheet == "Data"
    assert refusal(sheet(tmp_path, [HEADER, *people(2)], Lagi=[HEADER, *people(2)])) == "sheets_many"


def test_a_named_sheet_is_the_only_one_looked_at(tmp_path: Path) -> None:
    path = sheet(tmp_path, [HEADER, *people(2)], Lagi=[HEADER, *people(3)])
    wanted = contract_of(options={"table": {"penerima": {"sheet": "LAGI"}}})
    assert inspect(path, wanted).rows == 3
    other = contract_of(options={"table": {"penerima": {"sheet": "Maret"}}})
    assert refusal(path, other) == "sheet_unknown"


def test_a_hidden_sheet_is_not_data(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    hidden = book.create_sheet("Lama")
    hidden.sheet_state = "hidden"
    for target in (book.active, hidden):
        for row in [HEADER, *people(2)]:
            target.append(row)
    file = io.BytesIO()
    book.save(file)
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(file.getvalue())
    assert inspect(path).layout.sheet == "Sheet"


def test_a_table_that_does_not_begin_at_a1_is_read(tmp_path: Path) -> None:
    rows = [[], [], *([None, None, *row] for row in [HEADER, *people(2)])]
    found = inspect(sheet(tmp_path, rows))
    assert (found.layout.row, found.rows) == (3, 2)
    assert found.layout.columns[0].shown == "C (No Urut)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": {"lain": {}}}, "no \\[\\[table\\]\\] is"),
        ({"table": {"penerima": {"aliases": {"kk": ["No KK"]}}}}, "neither maps nor ignores: kk"),
        ({"delivery": "all"}, "options.delivery"),
        ({"colour": "red"}, "docs/sources/file_drop.md"),
        ({"table": {"penerima": {"date": {"file": "x"}}}}, "named groups"),
        ({"table": {"penerima": {"date": {"file": "(", "cell": "A1"}}}}, "either"),
    ],
)
def test_options_that_are_not_understood_are_refused_at_the_start(options: dict[str, Any], said: str) -> None:
    from connectors.kinds.file_drop.options import options as read

    with pytest.raises(RefuseToStart, match=said):
        read(contract_of(options=options))
