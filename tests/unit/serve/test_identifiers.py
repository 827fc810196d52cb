"""Identifiers as people type them."""

from datetime import date

import pytest

from hub.serve.identifiers import asked, criteria, phone
from hub.serve.shapes import Lookup
from hub.wire.entities import Entity
from hub.wire.errors import RefuseToStart
from hub.wire.tables import GOLDEN_TABLE


@pytest.mark.parametrize("text", ["0812-3456-7890", "+62 812 3456 7890", "6281234567890", "81234567890"])
def test_a_phone_number_is_one_however_it_is_written(text: str) -> None:
    assert phone(text) == "+6281234567890"


def test_a_lookup_names_the_store_s_columns() -> None:
    wanted = Lookup(nik="1508 0123 4567 0001", name="sekar  melati", birth_date=date(1994, 3, 21))
    assert criteria(wanted) == {"nik": "1508012345670001", "name": "SEKAR MELATI", "birth_date": date(1994, 3, 21)}


def test_sixteen_digits_may_be_a_nik_or_a_family_card() -> None:
    assert asked("1508012345670001") == [({"nik": "1508012345670001"}, None), ({"kk": "1508012345670001"}, None)]


def test_thirty_two_hexadecimal_digits_are_a_record() -> None:
    assert asked("0F" * 16) == [({}, b"\x0f" * 16)]


def test_a_name_stands_with_its_birth_date() -> None:
    assert asked("Sekar Melati; 1994-03-21") == [({"name": "SEKAR MELATI", "birth_date": date(1994, 3, 21)}, None)]


@pytest.mark.parametrize(
    ("entity", "text", "columns"),
    [
        ("family", "1508 0123 4567 0001", {"kk": "1508012345670001", "head_nik": "1508012345670001"}),
        ("family", "0812-3456-7890", {"phone": "+6281234567890"}),
        ("business", "9120001234567", {"nib": "9120001234567", "phone": "+629120001234567"}),
        ("business", "01.234.567.8-331.000", {"npwp": "0012345678331000", "phone": "+6212345678331000"}),
        ("business", "1508021203900001", {"npwp": "1508021203900001", "owner_nik": "1508021203900001"}),
        ("business", "Maju  Jaya 88", {"name": "MAJU JAYA 88"}),
        ("facility", "10501234", {"npsn": "10501234", "health_code": "10501234", "phone": "+6210501234"}),
        ("facility", "P1508020101", {"npsn": "P1508020101", "health_code": "P1508020101", "name": "P1508020101"}),
        ("facility", "SD Negeri 12/II Contoh", {"name": "SD NEGERI 12/II CONTOH"}),
    ],
)
def test_what_an_identifier_may_mean_of_another_kind(entity: Entity, text: str, columns: dict[str, str]) -> None:
    found = asked(text, entity)
    assert {name: value for criteria, _ in found for name, value in criteria.items()} == columns
    assert all(name in GOLDEN_TABLE[entity].c for name in columns)


@pytest.mark.parametrize("entity", ["family", "business", "facility"])
def test_what_fits_no_identifier_of_a_kind_is_refused_with_what_would(entity: Entity) -> None:
    with pytest.raises(RefuseToStart, match="record id"):
        asked("12", entity)


@pytest.mark.parametrize("text", ["", "Sekar", "12", "Sekar;21-03-1994"])
def test_what_is_no_identifier_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(RefuseToStart) as refused:
        asked(text)
    assert "Sekar" not in str(refused.value)
