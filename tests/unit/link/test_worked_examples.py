"""The figures of docs/id/penyandingan.md are those of the model that ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.link.explain import explain
from hub.wire.records import CleanPerson, Flag
from tests.unit.link.builders import MODEL, Hub, day, person

PAGE = Path(__file__).resolve().parents[3] / "docs" / "id" / "penyandingan.md"
RIZKI: dict[str, object] = {
    "nik": "1508021203900003",
    "kk": "1508020101100007",
    "name": "MUHAMMAD RIZKI SAPUTRA",
    "sex": "male",
    "birth_date": day("1990-03-12"),
    "birth_place": "MUARA BUNGO",
    "mother": "NURHAYATI",
    "region": "1508022001",
    "region_system": "kemendagri",
}
BAYU: dict[str, object] = RIZKI | {
    "nik": "1508020507120003",
    "name": "BAYU PRATAMA",
    "birth_date": day("2012-07-05"),
    "mother": "SRI WAHYUNI",
}
UNKNOWN: dict[str, object] = {"nik": None, "kk": None}
BY_DEFAULT: dict[str, object] = {"birth_date": day("1990-07-01"), "flags": (Flag("birth_date", "default"),)}
REGISTERED = person("d1", 1, RIZKI)

PAIRS: dict[int, tuple[CleanPerson, CleanPerson]] = {
    1: (REGISTERED, person("a1", 1, RIZKI | UNKNOWN, name="MOHD RIZKI S", birth_date=day("1990-12-03"))),
    2: (REGISTERED, person("s1", 1, RIZKI, nik="1508021203900030", kk=None)),
    3: (person("s2", 1, BAYU), person("s3", 1, BAYU, name="BAGAS PRATAMA", nik="1508020507120004")),
    4: (REGISTERED, person("a2", 1, BAYU, nik=RIZKI["nik"])),
    5: (REGISTERED, person("a3", 1, RIZKI | UNKNOWN | BY_DEFAULT)),
}


def told(number: int) -> str:
    """The page's text of one example."""
    parts = re.split(r"^##+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(f"Contoh {number}:"))


@pytest.mark.parametrize("number", PAIRS)
def test_a_worked_example_is_what_the_engine_says(number: int) -> None:
    hub = Hub()
    hub.take(*PAIRS[number])
    (edge,) = hub.edges.values()
    account = explain(edge.levels, MODEL)
    text = told(number)
    rows = re.findall(r"^\| (.+) \| ([+-]\d+\.\d) \|$", text, flags=re.MULTILINE)
    assert rows == [(line.id, f"{line.bits:+.1f}") for line in account.lines]
    assert f"**{account.total:+.1f} bit**" in text
    assert ("**satu orang**" in text) == account.links == (len(hub.engine.clusters()) == 1)


def test_without_the_mother_the_last_example_falls_below_the_threshold() -> None:
    hub = Hub()
    hub.take(REGISTERED, person("a3", 1, RIZKI | UNKNOWN | BY_DEFAULT, mother=None))
    (edge,) = hub.edges.values()
    assert f"jumlahnya {explain(edge.levels, MODEL).total:+.1f} dan" in told(5)
    assert len(hub.engine.clusters()) == 2
