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
