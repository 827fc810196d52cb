"""What Excel does to numbers and dates is found, told row by row, and never taken for data."""

from pathlib import Path
from typing import Any

import pytest

from connectors.kinds.file_drop.inspection import Inspection
from connectors.kinds.file_drop.memory import Last
from tests.suites.files import xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, codes, contract_of, delivered, inspect, people

NIK, DATE = 1, 3


def with_values(column: int, values: list[Any]) -> list[list[Any]]:
    rows = people(len(values))
    for row, value in zip(rows, values, strict=True):
        row[column] = value
    return [HEADER, *rows]


def in_sheet(folder: Path, column: int, values: list[Any], **more: Any) -> Inspection:
    path = folder / "penerima.xlsx"
    path.write_bytes(xlsx_bytes(with_values(column, values)))
    return inspect(path, contract_of(**more))


def in_csv(folder: Path, column: int, values: list[Any], **more: Any) -> Inspection:
    return inspect(delivered(folder, with_values(column, values)), contract_of(**more))


def told(found: Inspection, code: str) -> list[int]:
    return sorted(problem.row for problem in found.problems if problem.code == code)


def test_numbers_whose_sixteenth_digit_became_0_refuse_the_delivery(tmp_path: Path) -> None:
    found = in_sheet(tmp_path, NIK, [1508010101900000 + n * 10 for n in range(1, 6)])
    assert codes(found) == ["excel_digit16"]
    assert told(found, "excel_digit16") == [2, 3, 4, 5, 6]
    assert found.faults[0].detail == {"column": "B (NIK)", "count": "5"}


def test_the_same_in_a_csv_that_excel_wrote(tmp_path: Path) -> None:
    found = in_csv(tmp_path, NIK, [str(1508010101900000 + n * 10) for n in range(1, 6)])
    assert codes(found) == ["excel_digit16"]


def test_numbers_that_another_program_stored_whole_are_taken(tmp_path: Path) -> None:
    found = in_sheet(tmp_path, NIK, [1508010101900001 + n for n in range(10)])
    assert (codes(found), found.problems) == ([], [])


def test_one_number_in_ten_that_ends_in_0_is_nature(tmp_path: Path) -> None:
    assert codes(in_csv(tmp_path, NIK, [str(1508010101900000 + n) for n in range(40)])) == []


def test_only_the_cells_typed_as_numbers_are_told_where_others_are_texts(tmp_path: Path) -> None:
    texts = [f"15080101019{n:05d}" for n in range(11, 18)]
    found = in_sheet(tmp_path, NIK, [*texts, 1508010101900020, 1508010101900030])
    assert codes(found) == ["excel_digit16"]
    assert told(found, "excel_digit16") == [9, 10]


@pytest.mark.parametrize("value", ["1.50801E+15", "1,50801E+15", "1.5E15", "2E+15"])
def test_one_number_shown_with_an_exponent_is_enough(tmp_path: Path, value: str) -> None:
    found = in_csv(tmp_path, NIK, [*[row[1] for row in people(30)], value])
    assert codes(found) == ["excel_exponent"]
    assert told(found, "excel_exponent") == [32]


def test_a_number_too_large_to_be_exact_is_refused(tmp_path: Path) -> None:
    assert codes(in_sheet(tmp_path, NIK, [9604011203900003])) == ["excel_rounded"]


def test_json_keeps_large_numbers_whole(tmp_path: Path) -> None:
    path = tmp_path / "penerima.jsonl"
    line = '{"no_urut": "1", "nik": 9604011203900003, "nama_penerima": "ORANG", "tgl_lahir": null, "l_p": "L"}\n'
    path.write_text(line)
    assert codes(inspect(path)) == []


@pytest.mark.parametrize("value", ["35.2318.00000000000", "1508.0101", "1508010101900001.0", "1508010101900001,00"])
def test_dots_that_cost_digits_or_added_some_are_found(tmp_path: Path, value: str) -> None:
    found = in_csv(tmp_path, NIK, [value] * 3 + [row[1] for row in people(7)])
    assert codes(found) == ["excel_dotted"]
    assert told(found, "excel_dotted") == [2, 3, 4]


def test_one_dotted_number_of_many_is_a_problem_of_its_row(tmp_path: Path) -> None:
    found = in_csv(tmp_path, NIK, ["1508.0101", *[row[1] for row in people(40)]])
    assert (codes(found), told(found, "excel_dotted")) == ([], [2])


def test_a_number_written_in_groups_is_no_damage(tmp_path: Path) -> None:
    found = in_csv(tmp_path, NIK, ["1508.0101.0190.0001", "150801 010190 0002", "-", ""] * 3)
    assert codes(found) == []
    assert found.counted == {"nik_length": 3}


def test_dates_that_became_counts_of_days_refuse_the_delivery(tmp_path: Path) -> None:
    for found in (in_sheet(tmp_path, DATE, [33000, 33001.5]), in_csv(tmp_path, DATE, ["33000", "33001"])):
        assert codes(found) == ["excel_serial_date"]
        assert told(found, "excel_serial_date") == [2, 3]


def test_one_such_date_of_many_is_a_problem_of_its_row_and_years_are_none(tmp_path: Path) -> None:
    found = in_csv(tmp_path, DATE, ["33000", "1990", "19900305", "5 Maret 1990", *["01-02-1990"] * 20, "entah"])
    assert codes(found) == []
    assert (told(found, "excel_serial_date"), told(found, "date_unread")) == ([2], [26])


def test_lost_leading_zeros_are_found_by_a_declared_width(tmp_path: Path) -> None:
    width = {"options": {"table": {"penerima": {"width": {"no_urut": 3}}}}}
    rows = [HEADER, *([f"{int(row[0]):03d}", *row[1:]] for row in people(5))]
    assert codes(inspect(delivered(tmp_path, rows), contract_of(**width))) == []
    found = inspect(delivered(tmp_path, [HEADER, *people(5)]), contract_of(**width))
    assert codes(found) == ["excel_zeros"]
    assert told(found, "excel_zeros") == [2, 3, 4, 5, 6]


def test_lost_leading_zeros_of_a_key_are_found_by_the_last_delivery(tmp_path: Path) -> None:
    padded = inspect(delivered(tmp_path, [HEADER, *([f"{int(row[0]):03d}", *row[1:]] for row in people(5))]))
    assert padded.zeros == {"no_urut": 1.0}
    last = Last("0" * 64, 1, 5, 1, "a", zeros=padded.zeros)
    assert codes(inspect(delivered(tmp_path, [HEADER, *people(5)]), last=last)) == ["excel_zeros"]


def test_words_outside_a_list_and_empty_required_fields_are_told_but_taken(tmp_path: Path) -> None:
    rows = [HEADER, *people(4)]
    rows[1][4], rows[2][4], rows[3][2] = "l", "LK", ""
    found = inspect(delivered(tmp_path, [*rows, *people(1, 9)]))
    assert codes(found) == []
    assert (told(found, "word_unknown"), told(found, "required_empty")) == ([3], [4])
