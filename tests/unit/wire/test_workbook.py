"""Workbooks: what an office typed stays text, heads stay in sight, long texts get room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from hub.wire import workbook
from hub.wire.errors import RefuseToStart


def written(path: Path) -> Path:
    book = workbook.Book()
    sheet = book.sheet("Satu lembar dengan nama yang terlalu panjang", [10, 12], head_row=2, fixed_columns=1)
    sheet.row(["Petunjuk " * 12, ""], wrap=True)
    sheet.head(["Kunci", "Nilai"], {"Kunci": "Kunci di sistem Anda."})
    for value in ("=1+1", "1508016107940001", 7, date(1994, 7, 21), None, True):
        sheet.row(["k", value])
    sheet.choices("B", ["ya", "tidak"], 3, 8)
    sheet.end()
    book.save(path)
    return path


def test_texts_stay_texts_and_numbers_and_dates_what_they_are(tmp_path: Path) -> None:
    [sheet] = openpyxl.load_workbook(written(tmp_path / "a.xlsx")).worksheets
    found = [(sheet.cell(row, 2).data_type, sheet.cell(row, 2).value) for row in range(3, 9)]
    assert found[:3] == [("s", "=1+1"), ("s", "1508016107940001"), ("n", 7)]
    assert found[3][0] == "d"
    assert found[4:] == [("n", None), ("s", "True")]


def test_head_filter_note_list_and_room_are_set(tmp_path: Path) -> None:
    [sheet] = openpyxl.load_workbook(written(tmp_path / "a.xlsx")).worksheets
    assert len(sheet.title) == workbook.LONGEST_TITLE
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B3", "A2:B8")
    assert sheet["A2"].comment.text == "Kunci di sistem Anda."
    assert sheet.data_validations.dataValidation[0].formula1 == '"ya,tidak"'
    assert sheet.row_dimensions[1].height > 5 * 14
    assert sheet.column_dimensions["B"].width == 12


def test_rows_are_read_back_as_text(tmp_path: Path) -> None:
    title = openpyxl.load_workbook(written(tmp_path / "a.xlsx")).sheetnames[0]
    rows = workbook.read_rows(tmp_path / "a.xlsx", title)
    assert rows[1] == ["Kunci", "Nilai"]
    assert rows[4] == ["k", "7"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    book = workbook.Book()
    book.sheet("a", [1])
    with pytest.raises(RefuseToStart, match="cannot be written"):
        book.save(tmp_path / "none" / "a.xlsx")
