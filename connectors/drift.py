"""Columns that change under a contract: what happened, since when, and what the contract wants done about it.

A kind calls `Drift.seen` whenever the source shows a table's columns, sends the verdict's notices and state in a batch
of their own before the first row of the new shape, and obeys its action: `stop` = send no more rows of the table, let
the position go on; `keep` and `quarantine` = send them (clean refuses the rows of a table under quarantine, so that a
retry finds them in raw).  What deviates is judged against the contract; what is told, against what was seen last, which
stands in the position's state as `columns:<table>` and outlives an epoch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.protocol import Notice
from hub.wire.contract import Contract, Table

PREFIX = "columns:"
Action = Literal["keep", "quarantine", "stop"]
Columns = Sequence[tuple[str, str]]
"""Name and type of each column, in the source's order and words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a table's rows from here on, what to tell, and what to remember."""

    action: Action
    notices: Sequence[Notice] = ()
    state: Mapping[str, str] | None = None
    """None: nothing changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the state says of a table: how it looked last, how it looked under this contract first, what is done."""

    columns: Columns
    accepted: Mapping[str, str]
    """Types of its mapped and key columns when this contract first met it."""
    contract: str
    """Fingerprint of the table's part of the contract."""
    action: Action
    deviating: Sequence[str]
    """Columns unknown to the contract, mapped but missing, or of another type than accepted."""

    def text(self) -> str:
        """Return the state's value."""
        return json.dumps(
            {"columns": [list(c) for c in self.columns], "accepted": dict(self.accepted), "contract": self.contract,
             "action": self.action, "deviating": list(self.deviating)}, separators=(",", ":"), ensure_ascii=False,
        )  # fmt: skip


def standing(state: Mapping[str, str], table: str) -> Standing | None:
    """Return what a position's state says of a table; None if it was never seen."""
    text = state.get(PREFIX + table)
    if not text:
        return None
    found = json.loads(text)
    columns = tuple((name, type_) for name, type_ in found["columns"])
    return Standing(columns, found["accepted"], found["contract"], found["action"], tuple(found["deviating"]))


def taken_up(state: Mapping[str, str]) -> dict[str, str]:
    """Return the tables' part of a state as a new epoch begins with it: every table is read anew, none is stopped."""
    found = {}
    for key in state:
        if key.startswith(PREFIX):
            known = standing(state, key.removeprefix(PREFIX))
            if known is not None:
                kept = Standing(known.columns, known.accepted, known.contract, "keep", known.deviating)
                found[key] = kept.text()
    return found


class Drift:
    """The tables of one contract, as its source shows them."""

    def __init__(self, contract: Contract, state: Mapping[str, str] | None = None) -> None:
        self._tables = {table.name: table for table in contract.table}
        self._known = {name: standing(state or {}, name) for name in self._tables}

    def seen(self, table: str, columns: Columns) -> Verdict:
        """Judge a table's columns as they are now; raises KeyError for a table that the contract does not name."""
        wanted = self._tables[table]
        last = self._known[table]
        now = tuple((name, type_) for name, type_ in columns)
        mark = _fingerprint(wanted)
        accepted = last.accepted if last is not None and last.contract == mark else _named(wanted, now)
        deviating = _deviating(wanted, now, accepted)
        action: Action = wanted.drift if deviating else "keep"
        standing_ = Standing(now, accepted, mark, action, deviating)
        if standing_ == last:
            return Verdict(action)
        self._known[table] = standing_
        told = _first(wanted, now) if last is None else _differences(table, last.columns, now)
        return Verdict(action, [*told, *_turn(table, last, standing_)], {PREFIX + table: standing_.text()})

    def action(self, table: str) -> Action:
        """Return what is to be done with a table's rows, as far as it was seen."""
        known = self._known[table]
        return "keep" if known is None else known.action


def _fingerprint(table: Table) -> str:
    return hashlib.sha256(table.model_dump_json().encode()).hexdigest()[:16]


def _named(table: Table, columns: Columns) -> dict[str, str]:
    return {name: type_ for name, type_ in columns if name in table.mapped or name in table.key}


def _deviating(table: Table, columns: Columns, accepted: Mapping[str, str]) -> tuple[str, ...]:
    types = dict(columns)
    named = table.mapped | set(table.key)
    unknown = set(types) - named - set(table.ignore)
    retyped = {name for name in named & set(types) if accepted.get(name, types[name]) != types[name]}
    return tuple(sorted(unknown | retyped | (named - set(types))))


def _first(table: Table, columns: Columns) -> Iterator[Notice]:
    """Tell of a table met for the first time what its contract did not expect."""
    types = dict(columns)
    named = table.mapped | set(table.key)
    yield from _told("column_added", table.name, sorted(set(types) - named - set(table.ignore)), types)
    yield from _told("column_dropped", table.name, sorted(named - set(types)), {})


def _differences(table: str, before: Columns, after: Columns) -> Iterator[Notice]:
    """Tell what became of a table's columns."""
    old, new = dict(before), dict(after)
    renamed = _renamed(before, after)
    added = [name for name, _ in after if name not in old and name not in renamed.values()]
    dropped = [name for name, _ in before if name not in new and name not in renamed]
    retyped = [name for name, type_ in after if old.get(name, type_) != type_]
    for was, name in renamed.items():
        yield Notice("column_renamed", table, {"column": name, "was": was, "type": new[name]})
    yield from _told("column_added", table, added, new)
    yield from _told("column_dropped", table, dropped, old)
    for name in retyped:
        yield Notice("column_retyped", table, {"column": name, "was": old[name], "type": new[name]})


def _renamed(before: Columns, after: Columns) -> dict[str, str]:
    """Return old and new names where nothing but a name changed at its place; else it is a drop and an addition."""
    if len(before) != len(after):
        return {}
    old, new = dict(before), dict(after)
    return {
        was: name
        for (was, was_type), (name, type_) in zip(before, after, strict=True)
        if was_type == type_ and was not in new and name not in old
    }


def _told(code: str, table: str, names: Sequence[str], types: Mapping[str, str]) -> Iterator[Notice]:
    for name in names:
        yield Notice(code, table, {"column": name, **({"type": types[name]} if name in types else {})})


def _turn(table: str, last: Standing | None, now: Standing) -> Iterator[Notice]:
    """Tell that a table stopped, or that it goes on and must be read again for what was missed."""
    stopped = last is not None and last.action == "stop"
    if now.action == "stop" and not stopped:
        yield Notice("table_stopped", table, {"columns": ", ".join(now.deviating)})
    elif stopped and now.action != "stop":
        yield Notice("table_resumed", table)
