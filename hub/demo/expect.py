"""What the store must hold: the hub's pure rules run from scratch on the OPD databases at rest.

Reads the offices' systems and, for changed keys alone (no system remembers them), the journal.  Touches no Kafka.
Recency is read from PostgreSQL's own commit timestamps (`track_commit_timestamp`), which are what the connectors read
too.  A row of the first filling, and one of a system that tells no exact time of a change, is as old as the hub noted
when it met it: that one number is taken from the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from hub import flow
from hub.clean.mapping import TableMap
from hub.clean.rules import Origin, clean_row
from hub.demo.journal import Journal
from hub.demo.offices import files, mariadb, sqlite
from hub.wire import identity, version
from hub.wire.contract import Contract, Table
from hub.wire.entities import CLEAN, Clean, Golden
from hub.wire.errors import Quarantine

EPOCH = 1
LOADED = "loaded_us"
"""Journal's fact: when the first filling was committed, in microseconds; `loaded_us.<source>` where a source was read
anew by a later snapshot, whose rows are all of that age."""
_COMMITTED = "_committed_us"


@dataclass(slots=True)
class Expected:
    """The right answer, by record id and entity id."""

    clean: dict[bytes, Clean] = field(default_factory=dict)
    """Living records, standardised."""
    member: dict[bytes, str] = field(default_factory=dict)
    """Entity of each living record."""
    golden: dict[str, Golden] = field(default_factory=dict)
    refused: int = 0
    """Rows that the rules quarantine."""


def compute(
    contracts: Mapping[str, Contract], secret: bytes, journal: Journal, met_us: Mapping[bytes, int]
) -> Expected:  # fmt: skip
    """Return what the store must hold; `contracts` name the addresses of the systems at rest.

    `met_us` tells when the hub met each record, for systems that do not tell the time of a change.
    """
    lineage = list(_changed_keys(journal, contracts))
    found = Expected()
    top = version.pack(EPOCH, len(lineage) + 1, 0)
    for name, contract in contracts.items():
        loaded_us = int(journal.fact(f"{LOADED}.{name}") or journal.fact(LOADED) or 0)
        look = Look(contract, contract.dsn(), secret, met_us, loaded_us)
        for record in records(look, found):
            found.clean[record.id] = replace(record, version=top)
    _resolve(contracts, lineage, top, found)
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one source's system at rest."""

    contract: Contract
    dsn: str
    secret: bytes
    met_us: Mapping[bytes, int]
    loaded_us: int = 0

    def age(self, record: bytes, committed: int | None) -> int:
        """Return when a row was changed last; one that was there at first is as old as the hub's reading of it."""
        if committed is None or committed <= self.loaded_us:
            return self.met_us.get(record, self.loaded_us)
        return committed


def records(look: Look, found: Expected) -> Iterator[Clean]:
    """Yield the living records of a source as clean must make them; count what it must refuse in `found`."""
    for table in look.contract.table:
        yield from _records(look, table, found)


def _records(look: Look, table: Table, found: Expected) -> Iterator[Clean]:
    contract = look.contract
    identify = identity.record_ids(identity.source_key(look.secret, contract.source.name), table.name)
    mapping = TableMap(table)
    for row in _READ[contract.source.kind](look.dsn, table):
        record = identify([str(row[column]).rstrip() for column in table.key])
        changed_at = look.age(record, row.pop(_COMMITTED, None))
        try:
            cleaned = clean_row(mapping, row, Origin(contract.source.name, table.name, record, changed_at=changed_at))
        except Quarantine:
            found.refused += 1
            continue
        if not cleaned.deleted:
            yield cleaned


def _read(dsn: str, table: Table) -> list[dict[str, Any]]:
    statement = sql.SQL(
        "SELECT *, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint AS {} FROM {}"
    ).format(sql.Identifier(_COMMITTED), sql.Identifier(*table.name.split(".")))
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


_READ: Mapping[str, Callable[[str, Table], list[dict[str, Any]]]] = {
    "postgres_wal": _read,
    "mysql_binlog": lambda dsn, table: mariadb.rows_of(dsn, table.name),
    "sql_poll": lambda dsn, table: sqlite.rows_of(dsn, table.name),
    "sql_diff": lambda dsn, table: sqlite.rows_of(dsn, table.name),
    "file_drop": lambda dsn, _table: files.rows_of(dsn),
}


def _changed_keys(journal: Journal, contracts: Mapping[str, Contract]) -> Iterator[Clean]:
    """Yield the delete and the create of every changed key, in the order of their commits."""
    number = 0
    for change in journal.changes():
        if change.previous is None:
            continue
        number += 1
        cls = CLEAN[contracts[change.source].table_named(change.table).entity]
        gone = _bare(cls, change.source, change.table, change.previous, version.pack(EPOCH, number, 0))
        yield replace(gone, deleted=True, next=change.record)
        come = _bare(cls, change.source, change.table, change.record, version.pack(EPOCH, number, 1))
        yield replace(come, previous=change.previous)


def _bare(cls: type[Clean], source: str, table: str, record: bytes, at: bytes) -> Clean:
    return cls(record, at, False, source, table, 0, 0)


def _resolve(contracts: Mapping[str, Contract], lineage: list[Clean], top: bytes, found: Expected) -> None:
    """Run link and merge from scratch: changed keys first, then every record as it is now, then the departed."""
    departed = {
        person.id: replace(person, version=top, deleted=True, previous=None, next=None)
        for person in lineage if person.id not in found.clean
    }  # fmt: skip
    for kind, resolver in flow.resolvers(contracts).items():
        events = [*lineage, *found.clean.values(), *departed.values()]
        delta = resolver.engine.apply([event for event in events if isinstance(event, CLEAN[kind])])
        for entity in delta.entities:
            members = [found.clean[record] for record in entity.members]
            if members:
                found.golden[entity.entity_id] = resolver.merge(entity.entity_id, members, resolver.authorities)
                found.member.update(dict.fromkeys(entity.members, entity.entity_id))
