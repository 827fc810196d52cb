"""What every shipped source must hold: its contract, its kind, and sample rows that become what they should.

The rows stand in `tests/data/sources/<source>.json`: a list of `{why, row, becomes, flags}`, or `deleted`/`refused`
for a row that is a deleted record or is quarantined with that code.  A value that `becomes` does not name is empty.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hub.clean.mapping import TableMap
from hub.clean.rules import Origin, clean_row
from hub.wire import contract
from hub.wire.contract import Contract
from hub.wire.errors import Quarantine

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"
CHANGED_AT = 1_780_000_000_000_000


def samples(source: str) -> list[dict[str, Any]]:
    """Return a source's sample rows; a shipped source without any is an error."""
    found: list[dict[str, Any]] = json.loads((DATA / f"{source}.json").read_text(encoding="utf-8"))
    return found


def table_of(source: Contract, row: dict[str, Any]) -> TableMap:
    """Return the mapping of the one table that has all of a row's columns."""
    tables = [t for t in source.table if set(row) <= t.mapped | set(t.ignore) | set(t.key)]
    assert len(tables) == 1, f"columns {sorted(row)} fit {[t.name for t in tables]}"
    return TableMap(tables[0])


class SourcesSuite:
    """Subclass with a fixture `path`: the file of one contract."""

    @pytest.fixture
    def source(self, path: Path) -> Contract:
        return contract.load(path)

    def test_its_file_bears_its_name_and_its_kind_exists(self, path: Path, source: Contract) -> None:
        assert source.source.name == path.stem
        assert find_spec(f"connectors.kinds.{source.source.kind}") is not None

    def test_its_mapping_names_attributes_and_cleaners_that_exist(self, source: Contract) -> None:
        for table in source.table:
            assert TableMap(table).plan(dict.fromkeys(table.mapped, "string")).unknown == ()

    def test_its_sample_rows_become_what_they_should(self, source: Contract) -> None:
        found = samples(source.source.name)
        assert len(found) >= 3
        for case in found:
            self._check(source, case)

    def _check(self, source: Contract, case: dict[str, Any]) -> None:
        mapping = table_of(source, case["row"])
        origin = Origin(source.source.name, mapping.table.name, b"r" * 16, changed_at=CHANGED_AT)
        if "refused" in case:
            with pytest.raises(Quarantine) as refused:
                clean_row(mapping, case["row"], origin)
            assert refused.value.code == case["refused"], case["why"]
            return
        person = clean_row(mapping, case["row"], origin)
        values = {
            name: getattr(person, name) for name in mapping.shape.slots if getattr(person, name) not in (None, ())
        }
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        assert told == case.get("becomes", {}), case["why"]
        assert sorted(f"{flag.field}:{flag.code}" for flag in person.flags) == sorted(case.get("flags", [])), case[
            "why"
        ]
        assert person.deleted == case.get("deleted", False), case["why"]

    def test_every_mapped_column_has_a_sample(self, source: Contract) -> None:
        seen = {name for case in samples(source.source.name) for name, v in case["row"].items() if v is not None}
        for table in source.table:
            assert table.mapped <= seen
