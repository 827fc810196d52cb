"""The hard cases of `tests/data/clean/cases.toml`, one test each."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.clean.catalogue import CLEANERS, REGIONS
from hub.clean.cleaned import Cleaner

FILE = Path(__file__).resolve().parents[3] / "data" / "clean" / "cases.toml"
CASES = tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]
ALL: dict[str, Cleaner] = {name: entry.clean for name, entry in {**CLEANERS, **REGIONS}.items()}
BESIDE = {"titles": "titles", "name_variants": "variants", "rt": "rt", "rw": "rw", "region_system": "system",
          "form": "form", "kind": "kind", "longitude": "longitude"}  # fmt: skip


def told(case: dict[str, Any]) -> str:
    return f"{case['cleaner']} {case['text']}"


@pytest.mark.parametrize("case", CASES, ids=told)
def test_a_text_becomes(case: dict[str, Any]) -> None:
    cleaned = ALL[case["cleaner"]](case["text"])
    assert cleaned.value == case.get("value")
    marks = [code if was is None else f"{code}={was}" for code, was in cleaned.marks]
    assert marks == case.get("marks", [])
    beside = {BESIDE[name]: list(value) if isinstance(value, tuple) else value for name, value in cleaned.more}
    assert beside == {name: case[name] for name in BESIDE.values() if name in case}


def test_every_cleaner_has_its_cases() -> None:
    assert {case["cleaner"] for case in CASES} == set(ALL)
