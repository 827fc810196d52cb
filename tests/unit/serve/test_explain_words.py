"""Sentences of explanations: complete in both languages, numbers masked, the way between two records found."""

from __future__ import annotations

from typing import get_args

import pytest

from hub.serve import explain_words
from hub.serve.explain import path
from hub.serve.explain_shapes import Reason
from hub.serve.history_timeline import changed_groups
from hub.wire.decisions import JudgementRow
from hub.wire.explained import Outcome, Step
from hub.wire.records import GoldenPerson, Member

NAMES = {letter.encode(): f"dukcapil {letter}" for letter in "abcde"}


def step(a: str, b: str, outcome: Outcome = "joined", judgement: str | None = None, size: int = 1) -> Step:
    left = tuple(f"{a}{n}".encode() for n in range(size))
    return Step(a.encode(), b.encode(), judgement, 12.0, left, (b.encode(),), 8.5, outcome)


@pytest.mark.parametrize("entity", ["person", "family", "business", "facility"])
@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_its_sentence_for_every_entity(reason: str, entity: str) -> None:
    said = explain_words.verdict(reason, entity, field="nik", largest=200)
    for text in (said.id, said.en):
        assert text.endswith(".")
        assert "{" not in text
    assert said.id != said.en


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_has_its_sentence(outcome: Outcome) -> None:
    said = explain_words.step(step("a", "b", outcome, size=2), NAMES, {}, 3.0)
    assert said.id.startswith("dukcapil a dan dukcapil b")
    assert "rata-rata antara kelompok 2 dan 1 catatan +8.5 bit, ambang +3.0" in said.id
    assert "evidence +12.0 bits" in said.en


def test_a_decision_is_told_with_its_author_and_reason() -> None:
    row = JudgementRow("j1", 1, b"a", b"b", "same", "petugas.contoh", "akta diperiksa", 1, None, "active")
    said = explain_words.step(step("a", "b", judgement="j1"), NAMES, {"j1": row}, 3.0)
    assert said.id == "dukcapil a dan dukcapil b disatukan oleh keputusan petugas.contoh: akta diperiksa."


@pytest.mark.parametrize(
    ("value", "masked"), [("1508021203900001", "1508••••••••••01"), ("10203040", "••••••••••"), ("", "••••••••••")]
)
def test_a_number_is_masked_and_its_length_too(value: str, masked: str) -> None:
    assert explain_words.mask(value) == masked


def test_the_way_between_two_records_is_the_one_there_is() -> None:
    joined = [step("a", "b"), step("c", "d"), step("b", "c"), step("d", "e")]
    assert path(joined, b"a", b"d") == [joined[0], joined[2], joined[1]]
    assert path(joined, b"d", b"a") == [joined[1], joined[2], joined[0]]
    assert path(joined, b"a", b"a") == []
    assert path(joined[:2], b"a", b"d") == []


def test_changed_groups_are_named_once_and_heads_are_none() -> None:
    before = GoldenPerson("e", 1, 1, "active", name="A", rt=1, street="X", members=(Member(b"r" * 16, "s", "t"),))
    after = GoldenPerson("e", 1, 2, "active", name="A", rt=2, street="Y", birth_date=9)
    assert changed_groups(before, after) == ["birth", "address"]
    assert changed_groups(after, after) == []
