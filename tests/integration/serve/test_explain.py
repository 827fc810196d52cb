"""`satudata explain`: the account for a person, the identifier from standard input."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from hub.__main__ import run
from tests.integration.serve.stores import TestStore, entity_id, judged, record_id

NIK = "1508012345670001"
TRIO = [(1, "dukcapil"), (2, "dapodik"), (3, "dinsos")]


@pytest.fixture
def explain(kept: TestStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.setenv("SATUDATA_DATABASE", kept.url)

    def call(*words: str, said: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        assert run(["explain", *words]) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return call


def test_the_account_is_told_in_indonesian(kept: TestStore, explain: Callable[..., str]) -> None:
    kept.person(1, TRIO, nik=NIK)
    kept.judge(judged("j1", 1, 3, "same"))
    text = explain(entity_id(1))
    assert f"Entitas {entity_id(1)} (versi 1.1)" in text
    assert f"nama: SEKAR MELATI (dari dukcapil {record_id(1).hex()[:8]}, karena sumbernya paling berwenang" in text
    assert f"bukan S. SEKAR MELATI (dari dapodik {record_id(2).hex()[:8]})" in text
    assert "tanggal lahir hari dan bulan tertukar" in text
    assert "orang yang sama [active] petugas.contoh" in text


def test_and_in_english(kept: TestStore, explain: Callable[..., str]) -> None:
    kept.person(1, [(1, "dukcapil")])
    text = explain(entity_id(1), "--en")
    assert "no record says otherwise" in text
    assert "One record only" in text


@pytest.mark.parametrize("said", [NIK, "1508010102030004", "0812-3456-7890", record_id(2).hex(),
                                  "sekar melati;1994-03-21"])  # fmt: skip
def test_an_identifier_is_read_from_standard_input(kept: TestStore, explain: Callable[..., str], said: str) -> None:
    kept.person(1, TRIO, nik=NIK)
    found = json.loads(explain("--json", said=f"{said}\n").splitlines()[0])
    assert found["entity_id"] == entity_id(1)


def test_a_vanished_id_leads_to_the_living_one(kept: TestStore, explain: Callable[..., str]) -> None:
    kept.person(1, [(1, "dukcapil")])
    kept.person(2, [(2, "dapodik")])
    kept.merge(2, 1, TRIO[:2])
    assert f"Entitas {entity_id(1)}" in explain(entity_id(2))


def test_an_unknown_identifier_is_said_so_without_repeating_it(kept: TestStore, explain: Callable[..., str]) -> None:
    told = explain(said=f"{NIK}\n", code=1)
    assert "no living entity" in told
    assert NIK not in told
