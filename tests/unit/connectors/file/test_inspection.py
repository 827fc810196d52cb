"""A delivery is weighed before a row of it is sent: its rows, its volume, its keys, its day."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kinds.file_drop.dating import read
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.memory import SAMPLE, Last, Sample, lost
from hub.wire.contract import Contract
from tests.suites.files import xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, codes, contract_of, delivered, inspect, people, refusal


def problems(path: Path, code: str) -> list[int]:
    return [problem.row for problem in inspect(path).problems if problem.code == code]


def test_a_row_without_its_key_refuses_the_delivery_and_is_named(tmp_path: Path) -> None:
    rows = [HEADER, *people(6)]
    rows[3][0] = ""
    path = delivered(tmp_path, rows)
    assert codes(inspect(path)) == ["rows_refused"]
    assert problems(path, "key_empty") == [4]


def test_a_key_that_two_rows_have_refuses_the_delivery(tmp_path: Path) -> None:
    path = delivered(tmp_path, [HEADER, *people(4), ["2 ", *people(1)[0][1:]]])
    assert codes(inspect(path)) == ["rows_refused"]
    assert problems(path, "key_twice") == [6]


def test_a_delimiter_inside_an_unquoted_value_is_seen_as_a_row_that_is_too_long(tmp_path: Path) -> None:
    rows = [HEADER, *people(3)]
    rows[2] = [*rows[2], "L"]
    path = delivered(tmp_path, rows)
    assert codes(inspect(path)) == ["rows_refused"]
    assert problems(path, "cells_many") == [3]


def test_trailing_cells_that_excel_leaves_away_are_empty(tmp_path: Path) -> None:
    rows = [HEADER, *people(3)]
    rows[2] = rows[2][:3]
    assert codes(inspect(delivered(tmp_path, rows))) == []


def test_totals_and_signatures_under_the_table_are_no_data_and_are_told(tmp_path: Path) -> None:
    foot: list[list[Any]] = [["Jumlah", "", "", "", ""], [], ["", "", "", "Muara Bungo, 30 November 2026", ""],
                             ["", "", "", "Kepala Dinas", ""]]  # fmt: skip
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(xlsx_bytes([HEADER, *people(5), *foot]))
    found = inspect(path)
    assert (found.rows, found.left_out, codes(found), found.problems) == (5, [7, 9, 10], [], [])


def test_a_last_row_that_lacks_nothing_but_its_key_is_data(tmp_path: Path) -> None:
    path = delivered(tmp_path, [HEADER, *people(5), ["", *people(1, 9)[0][1:]]])
    assert codes(inspect(path)) == ["rows_refused"]
    assert problems(path, "key_empty") == [7]


def test_a_long_tail_of_rows_without_a_record_is_no_tail(tmp_path: Path) -> None:
    found = inspect(delivered(tmp_path, [HEADER, *people(5), *([f"x{n}", "", "", "", ""] for n in range(60))]))
    assert found.rows == 65
    assert found.counted["required_empty"] == 60


def test_a_volume_outside_what_the_contract_expects_is_doubted(tmp_path: Path) -> None:
    expecting = {"table": {"expect": {"rows": [10, 20]}}}
    few, right = delivered(tmp_path, [HEADER, *people(3)]), delivered(tmp_path, [HEADER, *people(15)], "b.csv")
    assert codes(inspect(few, contract_of(**expecting))) == ["volume"]
    assert codes(inspect(right, contract_of(**expecting))) == []
    partial = contract_of(**expecting, options={"delivery": "partial"})
    assert codes(inspect(few, partial)) == []


def test_keys_of_the_last_delivery_that_are_gone_are_counted(tmp_path: Path) -> None:
    first = inspect(delivered(tmp_path, [HEADER, *people(100)]))
    last = Last("0" * 64, 1, 100, 1, "a", sample=first.sample)
    fewer, most = delivered(tmp_path, [HEADER, *people(80)]), delivered(tmp_path, [HEADER, *people(95)], "b.csv")
    doubted = inspect(fewer, last=last)
    assert codes(doubted) == ["loss"]
    assert doubted.doubts[0].detail == {"percent": "20"}
    assert codes(inspect(most, last=last)) == []
    assert codes(inspect(fewer, contract_of(options={"delivery": "partial"}), last)) == []


def test_a_column_that_is_suddenly_empty_is_doubted(tmp_path: Path) -> None:
    expecting = contract_of(table={"expect": {"fill": {"nik": 0.9}}})
    rows = [[row[0], "", *row[2:]] if n % 3 else row for n, row in enumerate(people(60))]
    assert codes(inspect(delivered(tmp_path, [HEADER, *rows]), expecting)) == ["fill"]
    assert codes(inspect(delivered(tmp_path, [HEADER, *people(60)]), expecting)) == []


def test_an_empty_whole_delivery_is_taken_only_where_all_may_be_lost(tmp_path: Path) -> None:
    path = delivered(tmp_path, [HEADER])
    assert codes(inspect(path)) == ["no_rows"]
    assert codes(inspect(path, contract_of(options={"max_loss": 1.0}))) == []
    assert codes(inspect(path, contract_of(options={"max_loss": 1.0, "delivery": "partial"}))) == ["no_rows"]


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=50), st.data())
@settings(max_examples=50)
def test_the_loss_of_a_small_table_is_exact(ids: set[bytes], data: st.DataObject) -> None:
    sample = Sample()
    for one in ids:
        sample.add(one)
    gone = data.draw(st.sets(st.sampled_from(sorted(ids)))) if ids else set()
    assert lost(sample.texts(), ids - gone) == (len(gone) / len(ids) if ids else 0)


def test_the_sample_is_bounded_and_does_not_depend_on_the_order() -> None:
    ids = [n.to_bytes(16, "big") for n in range(5000)]
    there, back = Sample(), Sample()
    for one in ids:
        there.add(one)
    for one in reversed(ids):
        back.add(one)
    assert there.texts() == back.texts()
    assert len(there.texts()) == SAMPLE


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Keadaan per 30 November 2026", date(2026, 11, 30)), ("31-12-2025", date(2025, 12, 31)),
        ("2026-02-03", date(2026, 2, 3)), ("Bulan: Pebruari 2026", date(2026, 2, 1)),
        ("AGUSTUS 2026", date(2026, 8, 1)), ("5 Mei 2026", date(2026, 5, 5)), ("30 Februari 2026", None),
        ("kemarin", None),
    ],
)  # fmt: skip
def test_a_day_is_read_as_offices_write_it(text: str, day: date | None) -> None:
    assert read(text) == day


def dated(**dating: str) -> Contract:
    return contract_of(options={"table": {"penerima": {"date": dating}}})


def test_the_declared_day_comes_from_the_file_s_name(tmp_path: Path) -> None:
    contract = dated(file=r"(?P<year>\d{4})-?(?P<month>\d{2})(-?(?P<day>\d{2}))?")
    rows = [HEADER, *people(2)]
    for name, day in (("penerima 2026-11.csv", date(2026, 11, 1)), ("p_20261130.csv", date(2026, 11, 30))):
        assert inspect(delivered(tmp_path, rows, name), contract).declared == day
    for name in ("penerima.csv", "penerima 2026-13.csv"):
        assert refusal(delivered(tmp_path, rows, name), contract) == "date_missing"


def test_the_declared_day_comes_from_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "penerima.xlsx"
    path.write_bytes(xlsx_bytes([["Per tanggal", "30 November 2026"], HEADER, *people(2)]))
    assert inspect(path, dated(cell="B1")).declared == date(2026, 11, 30)
    path.write_bytes(xlsx_bytes([["Per tanggal", date(2026, 11, 30)], HEADER, *people(2)]))
    assert inspect(path, dated(cell="B1")).declared == date(2026, 11, 30)
    with pytest.raises(Refused) as refused:
        inspect(path, dated(cell="C9"))
    assert refused.value.fault.detail == {"where": "sel C9"}
