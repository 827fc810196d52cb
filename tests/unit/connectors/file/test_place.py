"""The shared folder on a disk that is full: said in plain words, and nothing half written is left to the office."""

from pathlib import Path

import fsspec
import pytest

from connectors.kinds.file_drop.place import ACCEPTED, Place
from hub.wire.errors import TryAgain


def test_a_full_disk_is_named_and_leaves_no_half_receipt(tmp_path: Path) -> None:
    place = Place(fsspec.filesystem("file"), str(tmp_path), "file")
    place.prepare()
    receipt = tmp_path / ACCEPTED / "tanda.txt"
    receipt.symlink_to("/dev/full")
    with pytest.raises(TryAgain, match="is full; make room"):
        place.put(b"TANDA TERIMA", ACCEPTED, receipt.name)
    assert list(receipt.parent.iterdir()) == []
    place.put(b"TANDA TERIMA", ACCEPTED, receipt.name)
    assert receipt.read_bytes() == b"TANDA TERIMA"
