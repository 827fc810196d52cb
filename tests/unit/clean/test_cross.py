"""Checks between fields: they mark; the NIK is never refused for them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.wire.records import CleanPerson, Flag
from tests.unit.clean.conftest import Bench
from tests.unit.clean.raw import COMMIT_US, DUKCAPIL

DAY_US = 86_400_000_000


def person(bench: Bench, **columns: Any) -> CleanPerson:
    found: CleanPerson = bench.records(bench.sender("dukcapil").change("u", {**DUKCAPIL, **columns}))[0]
    return found


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"tgl_lhr": 7487}, "birth_date"),
        ({"jk": "L"}, "sex"),
        ({"kode_desa": "1571021001"}, "region"),
    ],
)
def test_what_the_nik_tells_otherwise_is_marked_and_both_stay(bench: Bench, columns: Any, field: str) -> None:
    """T4, T17."""
    found = person(bench, **columns)
    assert [flag for flag in found.flags if flag.code == "disagrees"] == [Flag(field, "disagrees")]
    assert found.nik == DUKCAPIL["nik"]
    assert getattr(found, field) is not None


def test_another_kecamatan_of_the_regency_is_no_disagreement(bench: Bench) -> None:
    assert not [flag for flag in person(bench, kode_desa="1508031006").flags if flag.code == "disagrees"]


def test_both_centuries_of_a_nik_agree(bench: Bench) -> None:
    """1890 and 1990 are written alike in it."""
    assert not [flag for flag in person(bench, tgl_lhr=7486 - 36524).flags if flag.code == "disagrees"]


def test_without_a_nik_nothing_disagrees(bench: Bench) -> None:
    assert not [flag for flag in person(bench, nik="-", jk="L").flags if flag.code == "disagrees"]


def test_a_birth_after_the_change_itself_is_set_aside(bench: Bench) -> None:
    found = person(bench, tgl_lhr=COMMIT_US // DAY_US + 2)
    assert found.birth_date is None
    assert Flag("birth_date", "implausible", "2026-05-30") in found.flags
    assert Flag("birth_date", "disagrees") not in found.flags


def test_a_birth_on_the_day_of_its_registration_stands(bench: Bench) -> None:
    assert person(bench, tgl_lhr=COMMIT_US // DAY_US).birth_date == COMMIT_US // DAY_US
