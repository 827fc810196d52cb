"""Properties of comparing: symmetric, total, and unharmed by whatever text stands in a register."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.link import features
from hub.link.keys import keys_of
from hub.link.names import SAME, fold, relate, sound
from hub.link.score import Scorer
from hub.wire.records import CleanPerson, Flag
from tests.unit.link.builders import MODEL, person

WORDS = ("BUDI", "BUDY", "BUD", "B", "SANTOSO", "SANTOSA", "SITI", "ST", "NUR", "HAYATI", "NURHAYATI", "MUHAMMAD", "M")
names = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(max_size=20)
digits = st.one_of(st.none(), st.integers(0, 10**16 - 1).map("{:016d}".format))
people = st.builds(
    lambda **fields: person("s1", 1, {}, **fields),
    name=st.none() | names,
    mother=st.none() | names,
    name_variants=st.lists(names, max_size=2).map(tuple),
    nik=digits,
    kk=digits,
    sex=st.sampled_from(("male", "female", None)),
    birth_date=st.none() | st.integers(-800_000, 3_000_000),
    region=st.none() | st.text(max_size=10),
    flags=st.sampled_from(((), (Flag("birth_date", "default"),), (Flag("nik", "missing"),))),
)


def fields(each: features.Features) -> dict[str, object]:
    return {name: getattr(each, name) for name in features.Features.__slots__}


@given(people)
def test_features_go_through_packing_unharmed(one: CleanPerson) -> None:
    read = features.read(one)
    assert fields(features.unpack(features.pack(read))) == fields(read)


@given(people, people)
def test_a_pair_scores_alike_from_both_sides_and_its_levels_add_up(one: CleanPerson, other: CleanPerson) -> None:
    scorer = Scorer(MODEL)
    a, b = features.read(one), features.read(other)
    code = scorer.score(a, b)
    assert code == scorer.score(b, a)
    assert scorer.weight[code] == MODEL.prior + sum(level.weight for level in scorer.levels[code])
    assert Scorer(MODEL).code_of(scorer.levels[code], scorer.weight[code]) == code


@given(people)
def test_a_record_agrees_with_itself_and_keys_are_small_and_distinct(one: CleanPerson) -> None:
    scorer, read = Scorer(MODEL), features.read(one)
    told = {level.comparison: level.level for level in scorer.levels[scorer.score(read, read)]}
    assert set(told.values()) <= {"exact", "exact_word", "exact_default", "exact_month", "same"}
    keys = keys_of(read)
    assert all(0 < key < 1 << 60 for key in keys)
    assert len(set(keys)) == len(keys)
    assert keys == keys_of(features.unpack(features.pack(read)))


@given(names, names)
def test_names_relate_alike_from_both_sides(one: str, other: str) -> None:
    a, b = fold(one), fold(other)
    if a and b:
        assert relate(a, b) == relate(b, a)
        assert (relate(a, b) == SAME) == (a == b)


@given(st.text(max_size=30))
def test_folding_is_idempotent_and_sounds_are_short(text: str) -> None:
    folded = fold(text)
    assert fold(" ".join(folded)) == folded or any(len(word) < 3 for word in folded)
    assert all(len(sound(word)) <= 6 for word in folded)
