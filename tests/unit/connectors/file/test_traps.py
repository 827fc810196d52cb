"""Traps that registers set for whoever reads their files, by their number in the project's list."""

from __future__ import annotations

from pathlib import Path

from tests.suites.files import xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, codes, contract_of, delivered, inspect, people

NIK, NAME = 1, 2


def test_t08_a_column_of_niks_that_excel_damaged_is_refused_with_its_rows(tmp_path: Path) -> None:
    rows = people(4)
    for number, row in enumerate(rows, 1):
        row[NIK] = 1508010101900000 + number * 10
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(xlsx_bytes([HEADER, *rows]))
    found = inspect(path, contract_of())
    assert codes(found) == ["excel_digit16"]
    assert sorted(problem.row for problem in found.problems if problem.code == "excel_digit16") == [2, 3, 4, 5]


def test_t12_an_apostrophe_in_a_csv_survives(tmp_path: Path) -> None:
    rows = people(1)
    rows[0][NAME] = "PEKAN JUM'AT"
    found = inspect(delivered(tmp_path, [HEADER, *rows]), contract_of())
    assert codes(found) == []
    assert found.problems == []
