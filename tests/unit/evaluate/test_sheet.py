"""The file to judge: written as workbook or CSV, filled in as a person does, read back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from hub.evaluate.sample import DIFFERENT, SAME, UNSURE, Drawn
from hub.evaluate.sheet import GUIDE, SHEET, Plan, plan_of, read, write
from hub.wire.errors import RefuseToStart
from tests.unit.serve.padan.people import record

A, B, C = record("dukcapil", 1), record("dinsos", 1, name="=SEKAR MELATI", nik=None), record("dapodik", 1)
BODIES = {one.id: one for one in (A, B, C)}
PLAN = Plan("20261128-0a0b0c0d", "person", "person-1", "2026-11-28T00:00:00+00:00", [
    Drawn("together", True, 40, {"aa11": (A.id, B.id)}), Drawn("apart", False, 9, {"bb22": (A.id, C.id)}),
])  # fmt: skip


def test_a_workbook_is_judged_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sampel.xlsx"
    assert write(path, PLAN, BODIES) == 2
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    assert [cell.value for cell in sheet[1]][:6] == [
        "kode 20261128-0a0b0c0d", "putusan", "catatan", "sisi", "sumber", "NIK"
    ]  # fmt: skip
    assert [sheet.cell(row, 1).value for row in (2, 3, 4, 5)] == ["aa11", None, "bb22", None]
    names = [cell.value for cell in sheet[1]].index("nama") + 1
    assert (sheet.cell(3, names).value, sheet.cell(3, names).data_type) == ("=SEKAR MELATI", "s")
    assert sheet.data_validations.dataValidation[0].formula1 == '"sama,beda,ragu"'
    assert "data pribadi" in str([row[0].value for row in book[GUIDE].iter_rows()])
    sheet["B2"], sheet["B4"] = "sama", "Ragu "
    book.save(path)
    assert read(path) == (PLAN.id, {"aa11": SAME, "bb22": UNSURE})


def test_neither_weight_nor_the_hub_s_decision_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sampel.csv"
    write(path, PLAN, BODIES)
    text = path.read_text(encoding="utf-8-sig")
    assert "together" not in text
    assert "apart" not in text


def test_csv_is_judged_and_read_back_also_with_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "sampel.csv"
    write(path, PLAN, BODIES)
    text = path.read_text(encoding="utf-8-sig")
    assert "'=SEKAR MELATI" in text
    path.write_text(text.replace("aa11,,", "aa11,beda,"), encoding="utf-8")
    assert read(path) == (PLAN.id, {"aa11": DIFFERENT})
    path.write_text(text.replace("aa11,,", "aa11,beda,").replace(",", ";"), encoding="utf-8")
    assert read(path) == (PLAN.id, {"aa11": DIFFERENT})


def test_a_plan_is_kept_without_a_value_and_found_again(tmp_path: Path) -> None:
    text = PLAN.write(tmp_path).read_text()
    assert "SEKAR" not in text
    assert plan_of(tmp_path, PLAN.id) == PLAN
    for other in ("20261128-ffffffff", "../../etc"):
        with pytest.raises(RefuseToStart, match="not drawn under this home"):
            plan_of(tmp_path, other)


@pytest.mark.parametrize(("rows", "says"), [
    ("x,y\n", "first row"), ("", "first row"), ("kode 1,putusan\naa,mungkin\n", "row 2"),
    ("kode 1,putusan\n,sama\n", "row 2"),
    ("kode 1,putusan\naa,sama\naa,beda\n", "row 3"),
])  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_its_row(tmp_path: Path, rows: str, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(rows)
    with pytest.raises(RefuseToStart, match=says):
        read(path)


def test_another_workbook_or_none_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(RefuseToStart, match="no sheet"):
        read(tmp_path / "other.xlsx")
    (tmp_path / "broken.xlsx").write_bytes(b"no zip")
    with pytest.raises(RefuseToStart, match="no workbook"):
        read(tmp_path / "broken.xlsx")


def test_no_file_is_written_over(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.csv"):
        (tmp_path / name).touch()
        with pytest.raises(RefuseToStart, match="name another file"):
            write(tmp_path / name, PLAN, BODIES)
