"""A backup's checksum and the offsets read from its script."""

from pathlib import Path

import pytest

from hub.serve import backup
from hub.serve.restore import Offset, rows_of
from hub.wire.errors import RefuseToStart


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "store.dump"
    made.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    backup.sidecar(made).write_text(f"{digest}  store.dump\n")
    return made


def test_a_whole_file_passes_and_progress_is_told(file: Path) -> None:
    told: list[int] = []
    backup.verify(file, told.append)
    assert told == [3]


def test_a_damaged_file_is_refused(file: Path) -> None:
    file.write_bytes(b"abd")
    with pytest.raises(RefuseToStart, match="damaged"):
        backup.verify(file)


def test_a_file_without_its_checksum_is_refused(file: Path) -> None:
    backup.sidecar(file).unlink()
    with pytest.raises(RefuseToStart, match="sha256"):
        backup.verify(file)


def test_a_backup_is_never_overwritten(file: Path) -> None:
    with pytest.raises(RefuseToStart, match="never overwritten"):
        backup.write("postgresql://127.0.0.1:1/none", file)


def test_offsets_are_read_from_the_script_whatever_the_order_of_columns() -> None:
    script = (
        "SET x = 1;\n"
        'COPY link."offset" (cluster_id, topic_id, "partition", topic, next_offset) FROM stdin;\n'
        "c1\tt1\t2\tclean.person\t77\n\\.\nselect 1;\n"
    )
    assert list(rows_of(script)) == [Offset("c1", "t1", 2, "clean.person", 77)]
