"""Rows of a public set as the clean stage would make them of their contract, without a river."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.clean.mapping import TableMap
from hub.evaluate.public.sets import PublicSet, Row
from hub.wire import contract
from hub.wire.entities import attributes
from hub.wire.identity import record_id
from hub.wire.records import CleanPerson
from hub.wire.version import pack


def cleaned(which: PublicSet, rows: Mapping[str, Sequence[Row]]) -> Iterator[CleanPerson]:
    """Return the clean record of each row, source after source."""
    names = (*attributes("person"), "flags")
    for source, found in rows.items():
        table = contract.load(which.contracts / f"{source}.toml").table[0]
        plans = TableMap(table)
        for number, row in enumerate(found, 1):
            given = {name: value or None for name, value in row.items()}
            values = plans.plan_of(given).values(given, 0)
            if values is not None:
                id_ = record_id(source.encode(), table.name, [row["rec_id"]])
                said = dict(zip(names, values, strict=True))
                yield CleanPerson(id_, pack(1, number, 0), False, source, table.name, 0, 0, **said)
