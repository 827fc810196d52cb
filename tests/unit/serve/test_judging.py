"""Decisions on pairs: expansion, and the contradictions that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.serve.judging import Decided, Ends, contradicted, cross_pairs, ordered
from hub.serve.problems import Refused

A, B, C, D = (bytes([n]) * 16 for n in range(1, 5))


def same(id_: str, *pair: bytes) -> Decided:
    return Decided(id_, "same", ordered(*pair))


def different(id_: str, *pair: bytes) -> Decided:
    return Decided(id_, "different", ordered(*pair))


def test_entities_become_every_pair_of_records_of_two_of_them() -> None:
    assert cross_pairs([[B, A], [C]]) == [(A, C), (B, C)]


def test_records_become_every_pair() -> None:
    assert cross_pairs([[A], [B], [C]]) == [(A, B), (A, C), (B, C)]


def test_same_same_different_is_refused_from_either_side() -> None:
    assert contradicted("different", [(A, C)], [same("1", A, B), same("2", B, C)]) == ["1", "2"]
    assert contradicted("same", [(A, C)], [same("1", A, B), different("2", B, C)]) == ["2"]


def test_a_long_chain_counts_as_a_short_one() -> None:
    chain = [same("1", A, B), same("2", B, C)]
    assert contradicted("same", [ordered(C, D)], [*chain, different("3", A, D)]) == ["3"]


def test_the_later_decision_on_the_same_pair_replaces_the_earlier_one() -> None:
    assert contradicted("different", [(A, B)], [same("1", A, B)]) == []
    assert contradicted("same", [(A, B)], [different("1", A, B)]) == []


def test_replacing_one_pair_does_not_hide_another_way_round() -> None:
    decided = [same("1", A, B), same("2", A, C), same("3", C, B)]
    assert contradicted("different", [(A, B)], decided) == ["2", "3"]


def test_several_pairs_of_one_message_may_contradict_together() -> None:
    assert contradicted("same", [(A, B), (B, C)], [different("1", A, C)]) == ["1"]


def test_unsure_contradicts_nothing() -> None:
    assert contradicted("unsure", [(A, C)], [same("1", A, B), same("2", B, C)]) == []


def test_one_record_before_and_after_a_changed_key_cannot_differ_from_itself() -> None:
    with pytest.raises(Refused):
        contradicted("different", [(A, A)], [])


_ENDS = st.sampled_from([A, B, C, D])
_PAIRS = st.tuples(_ENDS, _ENDS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: ordered(*pair))


@given(st.lists(st.tuples(st.sampled_from(["same", "different"]), _PAIRS), max_size=12))
def test_what_passes_the_check_never_holds_a_contradiction(asked: list[tuple[str, Ends]]) -> None:
    held: dict[Ends, str] = {}
    for verdict, pair in asked:
        decided = [Decided(str(known), what, known) for known, what in held.items()]
        if not contradicted(verdict, [pair], decided):
            held[pair] = verdict
    groups = {end: {end} for end in (A, B, C, D)}
    for (a, b), verdict in held.items():
        if verdict == "same":
            joined = groups[a] | groups[b]
            for end in joined:
                groups[end] = joined
    assert not [pair for pair, verdict in held.items() if verdict == "different" and pair[1] in groups[pair[0]]]
