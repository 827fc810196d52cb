"""What the store must hold: the hub's pure rules run from scratch on the OPD databases at rest.

Reads the three databases and, for changed keys alone (no database remembers them), the journal.  Touches no Kafka and
no table of the hub.  Recency is read from the servers' own commit timestamps (`track_commit_timestamp`), which are
what the connectors read too; rows of the first filling are all of one age.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from hub import flow
from hub.clean.mapping import TableMap
from hub.clean.rules import Origin, clean_row
from hub.demo.journal import Journal
from hub.wire import identity, version
from hub.wire.contract import Contract, Table
from hub.wire.errors import Quarantine
from hub.wire.records import CleanPerson, GoldenPerson

EPOCH = 1
LOADED = "loaded_us"
"""Journal's fact: when the first filling was committed, in microseconds; `loaded_us.<source>` where a source was read
anew by a later snapshot, whose rows are all of that age."""
_COMMITTED = "_committed_us"


@dataclass(slots=True)
class Expected:
    """The right answer, by record id and entity id."""

    clean: dict[bytes, CleanPerson] = field(default_factory=dict)
    """Living records, standardised."""
    member: dict[bytes, str] = field(default_factory=dict)
    """Entity of each living record."""
    golden: dict[str, GoldenPerson] = field(default_factory=dict)
    refused: int = 0
    """Rows that the rules quarantine."""


def compute(contracts: Mapping[str, Contract], secret: bytes, journal: Journal) -> Expected:
    """Return what the store must hold; `contracts` name the connection strings of the databases at rest."""
    lineage = list(_changed_keys(journal))
    found = Expected()
    top = version.pack(EPOCH, len(lineage) + 1, 0)
    for name, contract in contracts.items():
        loaded_us = int(journal.fact(f"{LOADED}.{name}") or journal.fact(LOADED) or 0)
        for table in contract.table:
            for person in _rows(contract, table, secret, loaded_us, found):
                found.clean[person.id] = replace(person, version=top)
    _resolve(contracts, lineage, top, found)
    return found


def _rows(
    contract: Contract, table: Table, secret: bytes, loaded_us: int, found: Expected
) -> Iterator[CleanPerson]:  # fmt: skip
    identify = identity.record_ids(identity.source_key(secret, contract.source.name), table.name)
    mapping = TableMap(table)
    for row in _read(contract.dsn(), table):
        changed_at = max(loaded_us, row.pop(_COMMITTED))
        record = identify([str(row[column]).rstrip() for column in table.key])
        try:
            person = clean_row(mapping, row, Origin(contract.source.name, table.name, record, changed_at=changed_at))
        except Quarantine:
            found.refused += 1
            continue
        if not person.deleted:
            yield person


def _read(dsn: str, table: Table) -> list[dict[str, Any]]:
    statement = sql.SQL(
        "SELECT *, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint AS {} FROM {}"
    ).format(sql.Identifier(_COMMITTED), sql.Identifier(*table.name.split(".")))
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def _changed_keys(journal: Journal) -> Iterator[CleanPerson]:
    """Yield the delete and the create of every changed key, in the order of their commits."""
    number = 0
    for change in journal.changes():
        if change.previous is None:
            continue
        number += 1
        gone = _bare(change.source, change.table, change.previous, version.pack(EPOCH, number, 0))
        yield replace(gone, deleted=True, next=change.record)
        come = _bare(change.source, change.table, change.record, version.pack(EPOCH, number, 1))
        yield replace(come, previous=change.previous)


def _bare(source: str, table: str, record: bytes, at: bytes) -> CleanPerson:
    return CleanPerson(record, at, False, source, table, 0, 0)


def _resolve(contracts: Mapping[str, Contract], lineage: list[CleanPerson], top: bytes, found: Expected) -> None:
    """Run link and merge from scratch: changed keys first, then every record as it is now, then the departed."""
    departed = {
        person.id: replace(person, version=top, deleted=True, previous=None, next=None)
        for person in lineage if person.id not in found.clean
    }  # fmt: skip
    resolver = flow.resolver(contracts)
    delta = resolver.engine.apply([*lineage, *found.clean.values(), *departed.values()])
    for entity in delta.entities:
        people = [found.clean[record] for record in entity.members]
        if people:
            found.golden[entity.entity_id] = resolver.merge(entity.entity_id, people, resolver.authorities)
            found.member.update(dict.fromkeys(entity.members, entity.entity_id))
