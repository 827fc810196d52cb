"""Evaluations are kept, and each is compared with the one before of its kind."""

from pathlib import Path

import pytest

from hub.evaluate import history
from hub.wire.errors import RefuseToStart

AT = 1_700_000_000_000_000


def test_every_evaluation_is_kept_in_order(tmp_path: Path) -> None:
    assert history.read(tmp_path) == []
    first = history.keep(tmp_path, "truth", {"entity": "person", "f1": 0.9}, AT)
    second = history.keep(tmp_path, "sample", {"entity": "person", "precision": 1.0}, AT + 1_000_000)
    assert first["at"] == "2023-11-14T22:13:20+00:00"
    assert history.read(tmp_path) == [first, second]


def test_a_change_is_told_against_the_last_of_the_same_kind_entity_and_set(tmp_path: Path) -> None:
    for kind, entity, name, f1 in (("truth", "person", "a", 0.9), ("truth", "person", "b", 0.5),
                                   ("truth", "family", "a", 0.7), ("truth", "person", "a", 0.95)):  # fmt: skip
        history.keep(tmp_path, kind, {"entity": entity, "set": name, "f1": f1}, AT)
    changes = [line["change"] for line in history.drift(history.read(tmp_path))]
    assert changes == [{}, {}, {}, {"f1": 0.05}]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    history.keep(tmp_path, "truth", {"f1": 1.0}, AT)
    path = tmp_path / history.PLACE
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(RefuseToStart, match="line 2"):
        history.read(tmp_path)
