"""Truth files: both forms, and every way in which one is refused."""

from pathlib import Path

import pytest

from hub.evaluate import truth
from hub.wire.errors import RefuseToStart
from hub.wire.identity import record_id, source_key

SECRET = bytes(range(32))


def written(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_record_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, f"record,truth\n{'0a' * 16},x\n\n{'0b' * 16},y\n")
    assert truth.read(path, SECRET) == {b"\x0a" * 16: "x", b"\x0b" * 16: "y"}


def test_keys_become_the_record_ids_that_the_connector_makes(tmp_path: Path) -> None:
    path = written(tmp_path, "source;table;program;no;truth\ndinsos;public.penerima;PKH;7;orang 1\n")
    wanted = record_id(source_key(SECRET, "dinsos"), "public.penerima", ["PKH", "7"])
    assert truth.read(path, SECRET) == {wanted: "orang 1"}


@pytest.mark.parametrize(("text", "says"), [
    ("", "first row"), ("record,person\n", "first row"), ("source,table,truth\na,b,c\n", "first row"),
    ("record,source,table,truth\n", "first row"), ("record,truth\n", "no row"), ("record,truth\nxyz,1\n", "line 2"),
    ("record,truth\n0a0b,1\n", "line 2"), (f"record,truth\n{'0a' * 16},\n", "line 2"),
    (f"record,truth\n{'0a' * 16}\n", "line 2"), (f"record,truth\n{'0a' * 16},x\n{'0a' * 16},y\n", "line 3"),
])  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RefuseToStart, match=says):
        truth.read(written(tmp_path, text), SECRET)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStart, match="cannot be read"):
        truth.read(tmp_path / "none.csv", SECRET)
    (tmp_path / "bin.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RefuseToStart, match="UTF-8"):
        truth.read(tmp_path / "bin.csv", SECRET)
