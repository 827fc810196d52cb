"""Every level and rule that the stages can store has words in both languages."""

from typing import get_args

import pytest

from hub.link import model
from hub.link.evidence import Comparison
from hub.link.frequency import COMMON, RARE
from hub.link.score import CAPPED
from hub.merge import golden
from hub.serve import phrases, review_shapes
from hub.wire.entities import ENTITIES, Entity, golden_attributes
from hub.wire.groups import GROUPS

COMPARED = [(entity, each) for entity in ENTITIES for each in model.of(entity).comparisons]


@pytest.mark.parametrize(("entity", "comparison"), COMPARED, ids=[f"{entity}-{one.name}" for entity, one in COMPARED])
def test_every_level_of_a_comparison_has_words(entity: Entity, comparison: Comparison) -> None:
    assert comparison.name in phrases.COMPARISONS, entity
    assert {*comparison.levels, COMMON, RARE, CAPPED} <= set(phrases.LEVELS)


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_counted_together_has_words(entity: Entity) -> None:
    assert {one.name for one in model.of(entity).together} <= set(phrases.COMPARISONS)


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_attribute_is_of_one_group_and_every_group_has_words(entity: Entity) -> None:
    grouped = [name for names in GROUPS[entity].values() for name in names]
    assert sorted(grouped) == sorted(golden_attributes(entity))
    assert set(GROUPS[entity]) <= set(phrases.COMPARISONS)


def test_every_rule_of_survivorship_has_words() -> None:
    assert {"only", *golden.RULES} == set(phrases.RULES)


def test_every_kind_of_doubt_has_words() -> None:
    assert set(phrases.DOUBTS) == set(get_args(review_shapes.Kind))
    assert all(phrases.doubt(kind, "en") != phrases.doubt(kind) for kind in phrases.DOUBTS)


def test_an_unknown_word_is_shown_as_it_is_stored() -> None:
    assert phrases.level("blood", "b_positive") == "blood b_positive"


def test_both_languages_are_told() -> None:
    assert phrases.rule("recency") != phrases.rule("recency", "en")
