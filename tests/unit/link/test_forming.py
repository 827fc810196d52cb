"""Stored bodies become features and keys, in one process or in two, and a second one that ends early loses nothing."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.link import forming
from hub.link.features import Layout
from hub.wire.archive import Archive
from hub.wire.decisions import RecordRow
from hub.wire.entities import ENTITIES, Entity
from hub.wire.errors import Halt
from tests.unit.link.worlds import SHIPPED, VALUES, state

FEW = 6


@pytest.fixture(autouse=True)
def _early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process from the seventh row on, in portions of five."""
    monkeypatch.setattr(forming, "ALONE", FEW)
    monkeypatch.setattr(forming, "_PORTION", 5)


def rows(entity: Entity, number: int) -> list[RecordRow]:
    """Rows as the store has them, each body encoded."""
    rng, archive, found = random.Random(3), Archive(), list[RecordRow]()
    for at in range(number):
        body = state(entity, f"s{at}", at + 1, **{name: rng.choice(known) for name, known in VALUES[entity].items()})
        encoded = archive.encode(body)
        found.append(RecordRow(body.id, body.source, body.table, body.version, body.version, body.id, False, None,
                               None, encoded))  # fmt: skip
    return found


def taken(entity: Entity, given: list[RecordRow]) -> dict[bytes, forming.Formed | None]:
    model = SHIPPED[entity]
    found = list(forming.formed(iter(given), {}, model, Layout(model)))
    assert sorted(row.id for row, _ in found) == sorted(row.id for row in given)
    return {row.id: each for row, each in found}


def alone(entity: Entity, given: list[RecordRow]) -> dict[bytes, forming.Formed]:
    layout, decode = Layout(SHIPPED[entity]), Archive().decode
    slots = {row.id: layout.read(decode(row.encoded or b"")) for row in given}
    return {id_: forming.Formed(layout.pack(each), layout.keys(each)) for id_, each in slots.items()}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RecordRow]]:
    """Rows that were formed in this process."""
    found: list[RecordRow] = []
    make = forming._former

    def watched(*given: object) -> object:
        form = make(*given)  # type: ignore[arg-type]
        return lambda row: found.append(row) or form(row)

    monkeypatch.setattr(forming, "_former", watched)
    return found


@pytest.mark.parametrize("entity", ENTITIES)
def test_two_processes_make_what_one_makes(entity: Entity, here: list[RecordRow]) -> None:
    given = rows(entity, 60)
    assert taken(entity, given) == alone(entity, given)
    assert FEW <= len(here) <= len(given) - 20, "four portions at least are the second one's"


def test_few_rows_need_no_second_process(here: list[RecordRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forming, "_Beside", None)
    given = rows("person", FEW)
    assert taken("person", given) == alone("person", given)
    assert len(here) == FEW


def test_rows_without_stored_values_are_taken_too() -> None:
    given = rows("person", 30)
    given[10] = replace(given[10], deleted=True, encoded=None)
    given[21] = replace(given[21], encoded=None, body=Archive().decode(given[21].encoded or b""))
    found = taken("person", given)
    assert found[given[10].id] is None
    assert found[given[21].id] == alone("person", rows("person", 30))[given[21].id]


def test_a_second_process_that_ends_leaves_its_part_to_the_first(
    here: list[RecordRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    given = rows("person", 60)
    assert taken("person", given) == alone("person", given)
    assert len(here) == len(given)


def test_a_body_that_cannot_be_read_is_refused_by_name() -> None:
    given = rows("person", 40)
    given[FEW] = replace(given[FEW], encoded=b"\xc3\x01" + bytes(20))
    with pytest.raises(Halt, match=r"schema 0000000000000000 of a stored body is not in store\.schema"):
        taken("person", given)
