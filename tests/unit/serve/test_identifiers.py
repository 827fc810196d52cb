"""Identifiers as people type them."""

from datetime import date

import pytest

from hub.serve.identifiers import asked, criteria, phone
from hub.serve.shapes import Lookup
from hub.wire.errors import RefuseToStart


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


@pytest.mark.parametrize("text", ["", "Sekar", "12", "Sekar;21-03-1994"])
def test_what_is_no_identifier_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(RefuseToStart) as refused:
        asked(text)
    assert "Sekar" not in str(refused.value)
