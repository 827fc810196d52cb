"""A table's columns change: what is told, what is done, and until when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.drift import PREFIX, Columns, Drift, Verdict, standing, taken_up
from hub.wire.contract import Contract
from tests.suites.connector import TABLE, contract_of

SHAPE = (("id", "int4"), ("nama", "text"))
WIDER = (*SHAPE, ("catatan", "text"))


def contract(drift: str = "keep", **changed: Any) -> Contract:
    raw = contract_of("uji", "replay").model_dump(by_alias=True, mode="json", exclude_none=True)
    raw["table"][0] |= {"drift": drift, **changed}
    return Contract.model_validate(raw)


def told(verdict: Verdict) -> list[tuple[str, str]]:
    return [(notice.code, notice.detail.get("column", "")) for notice in verdict.notices]


def after(first: Columns, then: Columns, drift: str = "keep") -> Verdict:
    """Return the verdict of a process that knows the first shape from its state only."""
    state = Drift(contract(drift)).seen(TABLE, first).state
    return Drift(contract(drift), state).seen(TABLE, then)


def test_a_table_as_its_contract_says_is_remembered_and_nothing_is_told() -> None:
    verdict = Drift(contract()).seen(TABLE, SHAPE)
    assert (verdict.action, list(verdict.notices)) == ("keep", [])
    found = standing(verdict.state or {}, TABLE)
    assert found is not None
    assert tuple(found.columns) == SHAPE
    assert not found.deviating


def test_the_same_columns_again_change_nothing_in_this_process_or_the_next() -> None:
    first = Drift(contract())
    state = first.seen(TABLE, WIDER).state
    assert first.seen(TABLE, WIDER) == Verdict("keep")
    assert Drift(contract(), state).seen(TABLE, WIDER) == Verdict("keep")


def test_what_the_contract_did_not_expect_is_told_at_the_first_sight() -> None:
    verdict = Drift(contract()).seen(TABLE, (("id", "int4"), ("catatan", "text")))
    assert told(verdict) == [("column_added", "catatan"), ("column_dropped", "nama")]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (WIDER, [("column_added", "catatan")]),
        (SHAPE[:1], [("column_dropped", "nama")]),
        ((("id", "int4"), ("nama", "varchar(20)")), [("column_retyped", "nama")]),
        ((("id", "int4"), ("nama_lengkap", "text")), [("column_renamed", "nama_lengkap")]),
        ((("nama", "text"), ("id", "int4")), []),
        ((("id", "int4"), ("lahir", "date")), [("column_added", "lahir"), ("column_dropped", "nama")]),
        ((("id", "int8"), ("nama", "text"), ("x", "bool")), [("column_added", "x"), ("column_retyped", "id")]),
    ],
    ids=["added", "dropped", "retyped", "renamed", "moved", "replaced", "two things"],
)
def test_a_change_is_told_as_what_it_is(then: Columns, expected: list[tuple[str, str]]) -> None:
    assert told(after(SHAPE, then)) == expected


def test_a_rename_tells_both_names_and_a_retype_both_types() -> None:
    (renamed,) = after(SHAPE, (("id", "int4"), ("nama_lengkap", "text"))).notices
    assert dict(renamed.detail) == {"column": "nama_lengkap", "was": "nama", "type": "text"}
    (retyped,) = after(SHAPE, (("id", "int8"), ("nama", "text"))).notices
    assert dict(retyped.detail) == {"column": "id", "was": "int4", "type": "int8"}


@pytest.mark.parametrize("drift", ["keep", "quarantine", "stop"])
@pytest.mark.parametrize(
    "then", [WIDER, SHAPE[:1], (("id", "int4"), ("nama", "bytea"))], ids=["unknown", "missing", "retyped"]
)
def test_the_contract_says_what_is_done_about_a_deviation(drift: str, then: Columns) -> None:
    assert after(SHAPE, then, drift).action == drift


@pytest.mark.parametrize("drift", ["quarantine", "stop"])
def test_an_ignored_column_is_told_and_nothing_is_done(drift: str) -> None:
    known = contract(drift, ignore=["catatan"])
    state = Drift(known).seen(TABLE, SHAPE).state
    verdict = Drift(known, state).seen(TABLE, WIDER)
    assert (verdict.action, told(verdict)) == ("keep", [("column_added", "catatan")])


def test_a_stop_is_told_once_and_holds_over_restarts() -> None:
    first = after(SHAPE, WIDER, "stop")
    assert first.notices[-1].code == "table_stopped"
    again = Drift(contract("stop"), first.state)
    assert again.seen(TABLE, WIDER) == Verdict("stop")
    assert again.action(TABLE) == "stop"


def test_a_stop_ends_when_the_contract_is_changed_and_that_is_told() -> None:
    stopped = after(SHAPE, WIDER, "stop").state
    verdict = Drift(contract("stop", ignore=["catatan"]), stopped).seen(TABLE, WIDER)
    assert (verdict.action, told(verdict)) == ("keep", [("table_resumed", "")])


def test_a_stop_ends_when_the_source_is_as_before() -> None:
    stopped = after(SHAPE, WIDER, "stop").state
    verdict = Drift(contract("stop"), stopped).seen(TABLE, SHAPE)
    assert (verdict.action, told(verdict)) == ("keep", [("column_dropped", "catatan"), ("table_resumed", "")])


def test_another_type_is_accepted_when_the_contract_is_changed() -> None:
    retyped = (("id", "int8"), ("nama", "text"))
    stopped = after(SHAPE, retyped, "stop")
    assert Drift(contract("stop"), stopped.state).seen(TABLE, retyped).action == "stop"
    assert Drift(contract("stop", ignore=["lain"]), stopped.state).seen(TABLE, retyped).action == "keep"


def test_a_new_epoch_stops_no_table_until_it_is_seen() -> None:
    stopped = after(SHAPE, WIDER, "stop").state or {}
    anew = taken_up({**stopped, "lsn": "0/1", "run:signal": "3"})
    assert list(anew) == [PREFIX + TABLE]
    verdict = Drift(contract("stop"), anew).seen(TABLE, WIDER)
    assert (verdict.action, told(verdict)) == ("stop", [("table_stopped", "")])


def test_a_table_that_the_contract_does_not_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        Drift(contract()).seen("public.lain", SHAPE)


names = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)
shapes = names.flatmap(lambda n: st.tuples(*[st.tuples(st.just(c), st.sampled_from(["int4", "text"])) for c in n]))


@given(shapes, shapes)
def test_what_is_told_of_two_shapes_leads_from_one_to_the_other(first: Columns, then: Columns) -> None:
    """Applying the notices to the first shape gives the second one, but for the order of its columns."""
    columns = dict(first)
    for notice in after(first, then).notices:
        detail = notice.detail
        if notice.code == "column_renamed":
            columns[detail["column"]] = columns.pop(detail["was"])
        elif notice.code == "column_dropped":
            del columns[detail["column"]]
        else:
            columns[detail["column"]] = detail["type"]
    assert columns == dict(then)
