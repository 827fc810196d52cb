"""The bench of whole tables reads what it says and no more."""

import json
import shutil
from pathlib import Path

import pytest

from hub.bench import diff


def test_a_small_table_is_read_once_compared_once_and_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRS_DSN", "")
    found = json.loads(diff.measure(3000))
    assert (found["figure"], found["rows"]) == ("sql_diff", 3000)
    assert found["first_rows_per_s"] > 0
    assert found["compared_rows_per_s"] > 0
    assert 0 < found["memory_file_mb"] < 5


def test_its_contract_is_one_that_the_kind_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRS_DSN", "")
    assert diff.connector(tmp_path) is not None
    assert diff.contract(tmp_path).dsn().endswith("simrs.db")
    shutil.rmtree(tmp_path, ignore_errors=True)
