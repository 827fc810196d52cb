"""Properties of comparing: symmetric, total, and unharmed by whatever text stands in a register."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.link.features import Layout, unpack
from hub.link.names import SAME, fold, relate, sound
from hub.link.score import Scorer
from hub.wire.records import CleanPerson, Flag
from tests.unit.link.builders import MODEL, person

LAYOUT = Layout(MODEL)

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


@given(people)
def test_features_go_through_packing_unharmed(one: CleanPerson) -> None:
    slots = LAYOUT.read(one)
    packed = LAYOUT.pack(slots)
    assert unpack(packed) == slots
    assert LAYOUT.pack(unpack(packed)) == packed


@given(people, people)
def test_a_pair_scores_alike_from_both_sides_and_its_levels_add_up(one: CleanPerson, other: CleanPerson) -> None:
    scorer = Scorer(MODEL, LAYOUT)
    a, b = LAYOUT.read(one), LAYOUT.read(other)
    code = scorer.score(a, b)
    assert code == scorer.score(b, a)
    assert scorer.weight[code] == MODEL.prior + sum(level.weight for level in scorer.levels(code))
    assert Scorer(MODEL, LAYOUT).code_of(scorer.levels(code), scorer.weight[code]) == code


@given(people)
def test_a_record_agrees_with_itself_and_keys_are_small_and_distinct(one: CleanPerson) -> None:
    scorer, slots = Scorer(MODEL, LAYOUT), LAYOUT.read(one)
    told = {level.comparison: level.level for level in scorer.levels(scorer.score(slots, slots))}
    assert set(told.values()) <= {
        "exact",
        "exact_word",
        "exact_default",
        "exact_month",
        "same",
        "exact_doubtful",
        "common",
        "rare",
        "capped",
    }
    keys = LAYOUT.keys(slots)
    assert all(0 < key < 1 << 60 for key in keys)
    assert len(set(keys)) == len(keys)
    assert keys == LAYOUT.keys(unpack(LAYOUT.pack(slots)))


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
