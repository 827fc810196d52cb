"""`satudata check`: how each waiting file is understood, and what would keep it from being taken; nothing is moved."""

import io
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from connectors import preflight
from connectors.kinds.file_drop.faults import Refused, needed
from connectors.kinds.file_drop.session import scratch
from connectors.kinds.file_drop.words import FATAL, FAULTS, PROBLEMS, found, remedy
from connectors.protocol import Finding
from hub.wire.clock import TestClock
from hub.wire.errors import RefuseToStart
from tests.suites.connector import build, living, running, until
from tests.suites.files import FilesStage, csv_bytes, xlsx_bytes
from tests.unit.connectors.file.kit import HEADER, contract_of, people

SOURCE = Path(__file__).resolve().parents[4] / "connectors" / "kinds" / "file_drop"


def check(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Finding]:
    monkeypatch.setenv("DINSOS_FOLDER", str(folder))
    return {finding.code: finding for finding in preflight.check(contract_of(options=options), TestClock())}


def test_dialect_header_and_columns_of_a_waiting_file_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "penerima.csv").write_bytes(csv_bytes([["DAFTAR"], HEADER, *people(3)], encoding="cp1252"))
    findings = check(tmp_path, monkeypatch)
    assert findings["reach"].level == "ok"
    shown = findings["delivery"]
    assert shown.level == "ok"
    assert "penerima.csv: format csv, encoding utf-8, delimiter ;, header_row 2, rows 3" in shown.what
    assert "B (NIK) = nik" in shown.what
    assert [path.name for path in tmp_path.iterdir()] == ["penerima.csv"]


def test_what_would_be_refused_is_an_error_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "penerima.xlsx").write_bytes(xlsx_bytes([HEADER, ["1", 1508010101900010, "X", "", "L"]] * 1))
    (tmp_path / "rusak.xls").write_bytes(b"<table></table>")
    findings = check(tmp_path, monkeypatch)
    assert findings["html_table"].level == "error"
    assert "Simpan Sebagai" in findings["html_table"].remedy_id
    assert findings["delivery"].level == "ok"  # one such number proves nothing


def test_a_missing_folder_or_variable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(tmp_path / "none", monkeypatch)["reach"].level == "error"
    monkeypatch.delenv("DINSOS_FOLDER")
    found_ = preflight.check(contract_of(), TestClock())
    assert any("DINSOS_FOLDER" in finding.what for finding in found_ if finding.level == "error")


def test_a_library_that_is_not_installed_is_named_with_its_extra() -> None:
    with pytest.raises(RefuseToStart, match=r"pip install 'satudata-hub\[parquet\]'"):
        needed("no_such_library", "parquet")


def test_every_code_that_can_occur_has_words_for_the_office() -> None:
    import ast

    used = set()
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Refused", "Fault"} and node.args:
                first = node.args[0]
                used |= {first.value} if isinstance(first, ast.Constant) else set()
    damage = {code for code in PROBLEMS if code.startswith("excel_")}
    assert used | damage == set(FAULTS)
    assert set(PROBLEMS) >= FATAL


def test_words_are_filled_from_every_detail_that_a_fault_has(tmp_path: Path) -> None:
    refused = Refused("column_missing", columns="nik", hint="")
    assert found(refused.fault) == "Kolom tidak ada: nik."
    assert "templat" in remedy(refused.fault)


def test_a_place_without_renaming_serves_as_well(tmp_path: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.makedirs("/kiriman", exist_ok=True)
    stage = FilesStage(tmp_path, address="memory://kiriman")
    try:
        with running(build(stage)):
            for names in (["A", "B"], ["C"]):
                content = csv_bytes([["id", "nama"], *([str(n), name] for n, name in enumerate(names))])
                memory.pipe_file("/kiriman/warga.csv", content)
                until(lambda names=names: living(stage) == dict(enumerate(names)))
                until(lambda: memory.find("/kiriman/proses") == [])
        assert len(memory.find("/kiriman/arsip")) == 2
        assert len([name for name in memory.find("/kiriman/diterima") if name.endswith(".tanda-terima.txt")]) == 2
    finally:
        stage.close()
        memory.rm("/kiriman", recursive=True)


def test_copies_that_a_killed_process_left_are_removed_and_those_of_a_living_one_kept() -> None:
    source = f"s{os.urandom(4).hex()}"
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = Path(tempfile.mkdtemp(prefix=f"satudata-files-{source}-{ended.pid}-"))
    (left / "delivery").write_bytes(b"x")
    own, again = scratch(source), scratch(source)
    try:
        assert not left.exists()
        assert own.exists()
        assert own.stat().st_mode & 0o077 == 0
    finally:
        own.rmdir()
        again.rmdir()


def test_a_delivery_of_many_batches_is_read_in_pieces() -> None:
    from connectors.kinds.file_drop.workbook import blank_formulas

    cell = b'<c r="A1"><f>SUM(B1:B9)</f></c>'
    sheet = b"<row>" + cell * 1000 + b"</row>"
    pieces = io.BytesIO(sheet)
    assert blank_formulas(iter(lambda: pieces.read(777), b"")) == 1000
