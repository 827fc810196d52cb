"""From an office's own key to the record id: only where the secret is, and never by making one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.serve.history_keys import Keys
from hub.serve.problems import Away, NotFound, Refused
from hub.wire import identity
from hub.wire.contract import load_all
from hub.wire.settings import Settings

KEY = ["10423"]


def keys(home: Path) -> Keys:
    settings = Settings(home=home)
    return Keys(settings, load_all(settings))


def test_the_id_is_the_one_that_connectors_make(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"0123456789abcdef0123456789abcdef")
    made = keys(tmp_path)("dukcapil", "public.penduduk", KEY)
    own = identity.source_key(b"0123456789abcdef0123456789abcdef", "dukcapil")
    assert made == identity.record_id(own, "public.penduduk", KEY)
    assert made != keys(tmp_path)("dukcapil", "public.penduduk", ["10424"])


def test_without_the_secret_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(Away, match="SATUDATA_SECRET_FILE"):
        keys(tmp_path)("dukcapil", "public.penduduk", KEY)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Away):
        Keys(None, load_all(Settings(home=tmp_path)))("dukcapil", "public.penduduk", KEY)


@pytest.mark.parametrize(
    ("source", "table", "key", "problem", "said"),
    [
        ("nowhere", "public.penduduk", KEY, NotFound, "there is no source nowhere"),
        ("dukcapil", "public.none", KEY, NotFound, "it has .*public.penduduk"),
        ("dukcapil", "public.penduduk", ["1", "2"], Refused, "1 parts"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    tmp_path: Path, source: str, table: str, key: list[str], problem: type[Exception], said: str
) -> None:
    with pytest.raises(problem, match=said):
        keys(tmp_path)(source, table, key)
