"""Model files are written as they are read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.link import model as models
from hub.train import write


@pytest.mark.parametrize("path", sorted(models.SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_model_written_again_says_the_same(path: Path) -> None:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    assert tomllib.loads(write.dump(raw)) == raw


def test_the_next_number_is_free_among_one_s_own_and_the_shipped(tmp_path: Path) -> None:
    shipped = max(int(path.stem.partition("-")[2]) for path in models.SHIPPED.glob("person-*.toml"))
    assert write.next_path(tmp_path, "person").name == f"person-{shipped + 1}.toml"
    (tmp_path / f"person-{shipped + 4}.toml").touch()
    assert write.next_path(tmp_path, "person").name == f"person-{shipped + 5}.toml"
