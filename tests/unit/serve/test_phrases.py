"""Every level and rule that the stages can store has words in both languages."""

import tomllib
from importlib import import_module, resources
from typing import Any, get_args

import pytest

from hub.link.frequency import COMMON, RARE
from hub.link.score import CAPPED
from hub.merge import golden
from hub.serve import phrases, read, review_shapes

MODEL = tomllib.loads((resources.files("hub.link") / "models" / "person-2.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("comparison", MODEL["compare"], ids=lambda each: str(each["name"]))
def test_every_level_of_a_comparison_has_words(comparison: dict[str, Any]) -> None:
    assert comparison["name"] in phrases.COMPARISONS
    levels = import_module(f"hub.link.compare.{comparison['kind']}").LEVELS
    assert {*levels, COMMON, RARE, CAPPED} <= set(phrases.LEVELS)


@pytest.mark.parametrize("group", sorted(MODEL["survivorship"]))
def test_every_attribute_group_has_words_and_columns(group: str) -> None:
    assert group in phrases.COMPARISONS
    assert set(read.GROUPS.get(group, (group,))) <= {*read.PLAIN, "birth_date"}


def test_every_rule_of_survivorship_has_words() -> None:
    assert {"only", *golden.RULES} == set(phrases.RULES)


@pytest.mark.parametrize("group", sorted(golden.GROUPS))
def test_groups_have_the_columns_that_merge_gives_them(group: str) -> None:
    assert read.GROUPS.get(group, (group,)) == golden.GROUPS[group]


def test_every_kind_of_doubt_has_words() -> None:
    assert set(phrases.DOUBTS) == set(get_args(review_shapes.Kind))
    assert all(phrases.doubt(kind, "en") != phrases.doubt(kind) for kind in phrases.DOUBTS)


def test_an_unknown_word_is_shown_as_it_is_stored() -> None:
    assert phrases.level("blood", "b_positive") == "blood b_positive"


def test_both_languages_are_told() -> None:
    assert phrases.rule("recency") != phrases.rule("recency", "en")
