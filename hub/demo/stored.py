"""What the store holds, read once it is at rest, and how it differs from what it must hold.

A difference is told by record id, entity id and attribute group: never by a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hub.demo.expect import Expected
from hub.wire.archive import Archive
from hub.wire.entities import ENTITIES, ENTITY_OF, Clean, Entity, Golden, golden_attributes

_OF_THE_WAY = {"version": b"", "changed_at": 0, "digest": 0, "previous": None, "next": None}
"""Fields of a clean record that tell how it came, not what it says."""
_DAY_ZERO = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the store has otherwise."""

    kind: str
    """missing, extra or values (a record); member (in another entity); golden, winner or stub (an entity)."""
    id: str
    """Record id in hexadecimal, or entity id."""
    detail: str = ""
    """Names of attributes or groups."""


@dataclass(slots=True)
class Stored:
    """The store's answer, in the shape of the expectation."""

    clean: dict[bytes, Clean] = field(default_factory=dict)
    member: dict[bytes, str] = field(default_factory=dict)
    golden: dict[str, dict[str, Any]] = field(default_factory=dict)
    vanished: set[str] = field(default_factory=set)
    leaking: set[str] = field(default_factory=set)
    """Stubs that still hold a personal value."""


def read(database: str) -> Stored:
    """Read members, golden rows and the last clean states under one snapshot."""
    found = Stored()
    with psycopg.connect(database, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        schemas = {
            bytes(row["fingerprint"]): row["text"]
            for row in connection.execute("SELECT * FROM store.schema").fetchall()
        }
        archive = Archive(schemas.get)
        for row in connection.execute("SELECT id, body FROM link.record WHERE body IS NOT NULL"):
            found.clean[bytes(row["id"])] = archive.decode(bytes(row["body"]))
        for row in connection.execute("SELECT record, entity_id FROM store.member"):
            found.member[bytes(row["record"])] = str(row["entity_id"])
        for kind in ENTITIES:
            for row in connection.execute(f"SELECT * FROM store.{kind}"):  # noqa: S608 - our own names
                _row(found, kind, row)
    return found


def _row(found: Stored, kind: Entity, row: dict[str, Any]) -> None:
    entity = str(row["entity_id"])
    if row["status"] == "active":
        found.golden[entity] = row
        return
    found.vanished.add(entity)
    if any(row[column] is not None for column in golden_attributes(kind)) or row["wins"]:
        found.leaking.add(entity)


def differences(expected: Expected, stored: Stored) -> Iterator[Difference]:
    """Yield everything in which the store differs from what it must hold."""
    yield from _records(expected, stored)
    for record, entity in expected.member.items():
        if record in stored.member and stored.member[record] != entity:
            yield Difference("member", record.hex(), "in another entity")
    for entity in sorted(expected.golden.keys() ^ stored.golden.keys()):
        yield Difference("golden", entity, "missing" if entity in expected.golden else "extra")
    for entity, golden in expected.golden.items():
        if entity in stored.golden:
            yield from _golden(entity, golden, stored.golden[entity])
    for entity in sorted(stored.leaking):
        yield Difference("stub", entity, "holds a personal value")


def _records(expected: Expected, stored: Stored) -> Iterator[Difference]:
    for record in sorted(expected.member.keys() ^ stored.member.keys()):
        yield Difference("missing" if record in expected.member else "extra", record.hex())
    for record in sorted(expected.clean.keys() & stored.clean.keys()):
        ours, theirs = content(expected.clean[record]), content(stored.clean[record])
        names = [f.name for f in fields(ours) if getattr(ours, f.name) != getattr(theirs, f.name)]
        if names:
            yield Difference("values", record.hex(), ", ".join(names))


def content(record: Clean) -> Clean:
    """Return what a record says, without how it came."""
    return replace(record, **_OF_THE_WAY)  # type: ignore[arg-type]  # the fields' own types


def _golden(entity: str, golden: Golden, row: dict[str, Any]) -> Iterator[Difference]:
    names = golden_attributes(ENTITY_OF[type(golden)])
    wrong = [name for name in names if _text(getattr(golden, name)) != _text(_days(row[name]))]
    if wrong:
        yield Difference("golden", entity, ", ".join(wrong))
    ours = {win.group: (win.rule, win.source, win.record.hex(), _losers(win.losers)) for win in golden.wins}
    theirs = {win["group"]: (win["rule"], win["source"], win["record"], _losers(win["losers"])) for win in row["wins"]}
    groups = sorted(group for group in ours.keys() | theirs.keys() if ours.get(group) != theirs.get(group))
    if groups:
        yield Difference("winner", entity, ", ".join(groups))


def _losers(losers: Any) -> frozenset[str]:
    records = (loser["record"] if isinstance(loser, dict) else loser.record.hex() for loser in losers)
    return frozenset(records)


def _days(value: Any) -> Any:
    return (value - _DAY_ZERO) // timedelta(days=1) if isinstance(value, date) else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
