"""Blocking keys of words: who shares one, in whatever order and spelling the words come."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hub.link import forms
from hub.link.evidence import Block
from hub.link.keys import maker


def keys(transform: str, name: str) -> set[int]:
    make = maker([Block("words", (("name", transform),))], lambda *_: (0, forms.names))
    return set(make((forms.names(SimpleNamespace(name=name), ("name",)),)))


@pytest.mark.parametrize(
    ("name", "count"),
    [("BUDI", 0), ("BUDI S", 0), ("BUDI SANTOSO", 1), ("BUDI EKO SANTOSO", 3), ("BUDI EKO SANTOSO PUTRA", 3)],
)
def test_each_two_of_the_first_three_words_make_a_key(name: str, count: int) -> None:
    assert len(keys("two_words", name)) == count


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BUDI SANTOSO", "SANTOSO BUDI"),
        ("BUDI SANTOSO", "BUDI EKO SANTOSO"),
        ("MUHAMMAD RIZKI PRATAMA", "M. RIZKI PRATAMA"),
        ("SUPARDI PUTRA", "SOEPARDI PUTERA"),
        ("SITI NUR AISYAH", "SITI AISYAH"),
    ],
)
def test_two_words_in_common_are_a_key_in_common(one: str, other: str) -> None:
    assert not keys("two_words", one).isdisjoint(keys("two_words", other))


@pytest.mark.parametrize("other", ["BUDI HARTONO", "EKO SANTOSO", "BUDI"])
def test_one_word_in_common_is_none(other: str) -> None:
    assert keys("two_words", "BUDI SANTOSO").isdisjoint(keys("two_words", other))
    assert not keys("each_word", "BUDI SANTOSO").isdisjoint(keys("each_word", other))


def district(code: str, system: str) -> set[int]:
    make = maker([Block("where", (("region", "district"),))], lambda *_: (0, forms.place))
    return set(make((forms.place(SimpleNamespace(code=code, system=system), ("code", "system")),)))


def test_villages_of_a_sub_district_share_its_key_in_either_code_system() -> None:
    assert (
        district("1508022001", "kemendagri") == district("1508022009", "kemendagri") == district("150802", "kemendagri")
    )
    assert district("1509020003", "bps") == district("1509020011", "bps") == district("1509020", "bps")
    assert district("1508022001", "kemendagri").isdisjoint(district("1508032001", "kemendagri"))
    assert district("1508022001", "kemendagri").isdisjoint(district("1508022001", "bps"))
    assert district("1508", "kemendagri") == district("15", "bps") == set()
