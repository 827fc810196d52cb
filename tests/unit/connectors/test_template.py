"""The workbook that is handed out: what its checks say, and that its filled copy is a delivery that is taken."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.template import ROWS, fields, workbook
from hub import __main__ as cli
from hub.wire.contract import Contract
from tests.unit.connectors.file.kit import codes, contract_of, inspect

ALIASES = {"nik": ["No. KTP"]}
OPTIONS = {"table": {"penerima": {"aliases": ALIASES, "width": {"no_urut": 3}, "date": {"cell": "B1"}}}}
SOURCES = Path(__file__).resolve().parents[3] / "connectors" / "sources"


def made(contract: Contract) -> Any:
    return openpyxl.load_workbook(io.BytesIO(workbook(contract, contract.table[0])))


def checks(sheet: Any) -> dict[str, Any]:
    return {str(check.sqref).partition(":")[0][0]: check for check in sheet.data_validations.dataValidation}


def test_numbers_of_persons_are_texts_and_every_column_is_checked() -> None:
    sheet = made(contract_of())["Data"]
    assert [cell.value for cell in sheet[1]] == ["no_urut *", "nik", "nama_penerima *", "tgl_lahir", "l_p"]
    assert [sheet.column_dimensions[name].number_format for name in "ABCDE"] == ["@", "@", "@", "DD-MM-YYYY", "@"]
    found = checks(sheet)
    assert {name: check.type for name, check in found.items()} == {
        "A": "custom", "B": "custom", "C": None, "D": "date", "E": "list"
    }  # fmt: skip
    assert found["B"].formula1 == "AND(LEN(B2)=16,ISTEXT(B2),ISNUMBER(VALUE(B2)))"
    assert str(found["B"].sqref) == f"B2:B{ROWS + 1}"
    assert all(check.prompt and check.error for check in found.values())
    assert all("Contoh" in cell.comment.text for cell in sheet[1])


def test_lists_come_from_the_contract_s_vocabularies() -> None:
    book = made(contract_of())
    assert checks(book["Data"])["E"].formula1 == "=Daftar!$A$1:$A$2"
    assert [row[0] for row in book["Daftar"].values] == ["L", "P"]
    assert book["Daftar"].sheet_state == "hidden"


def test_a_filled_template_is_a_delivery_without_a_fault(tmp_path: Path) -> None:
    contract = contract_of(options=OPTIONS)
    book = made(contract)
    sheet = book["Data"]
    assert sheet["A1"].value == "Tanggal data"
    assert [cell.value for cell in sheet[3]][:2] == ["no_urut *", "No. KTP"]
    sheet["B1"] = date(2026, 11, 30)
    for number in range(1, 4):
        sheet.append([f"{number:03d}", f"150801010190{number:04d}", f"ORANG {number}", date(1990, 3, number), "L"])
    path = tmp_path / "penerima.xlsx"
    book.save(path)
    found = inspect(path, contract)
    assert (codes(found), found.problems, found.rows, found.declared) == ([], [], 3, date(2026, 11, 30))
    assert found.layout.sheet == "Data"


def test_an_empty_template_is_no_delivery(tmp_path: Path) -> None:
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(workbook(contract_of(), contract_of().table[0]))
    assert codes(inspect(path)) == ["no_rows"]


def test_a_formula_in_a_contract_s_words_stays_a_text() -> None:
    contract = contract_of(table={"lookups": {"jk": {"=1+1": "male", "P": "female"}}})
    cells = [cell for sheet in made(contract) for row in sheet.iter_rows() for cell in row]
    assert "=1+1" in [cell.value for cell in cells]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_contract_has_a_template(path: Path) -> None:
    from hub.wire.contract import load

    contract = load(path)
    for table in contract.table:
        names = [field.name for field in fields(contract, table)]
        assert set(names) == table.mapped | set(table.key)
        assert workbook(contract, table)[:2] == b"PK"


def test_the_command_writes_a_file_and_never_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "templat.xlsx"
    assert cli.run(["template", "dinsos", "--out", str(out)]) == 0
    assert openpyxl.load_workbook(out).sheetnames[0] == "Data"
    assert cli.run(["template", "dinsos", "--out", str(out)]) == 1
    assert "exists" in capsys.readouterr().err
    assert cli.run(["template", "nobody"]) == 1
    assert "there are: " in capsys.readouterr().err
