"""What the store must hold: the hub's pure rules run from scratch on the OPD databases at rest.

Reads the three databases and, for changed keys alone (no database remembers them), the journal.  Touches no Kafka and
no table of the hub.  Recency is read from the servers' own commit timestamps (`track_commit_timestamp`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from hub.demo.journal import Journal
from hub.wire import identity, version
from hub.wire.contract import Contract, Table
from hub.wire.errors import Quarantine
from hub.wire.records import CleanPerson, GoldenPerson

EPOCH = 1
COMMITTED = "_committed_at_us"


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
    """Return what the store must hold, from the databases at rest and the journal's changed keys."""
    found = Expected()
    top = int(journal.fact("changes") or 0) + 2
    for name in SYSTEMS:
        for person in _living(contracts[name], secret, int(journal.fact("loaded_us") or 0), top, found):
            found.clean[person.id] = person
    engine = flow.engine(contracts)
    engine.commit(engine.apply([*_lineage(journal, found.clean, top), *found.clean.values()]))
    clusters = engine.clusters()
    authorities = {name: each.source.authority for name, each in contracts.items()}
    for entity, members in clusters.items():
        people = [found.clean[record] for record in members]
        found.golden[entity] = flow.merge(entity, people, authorities)
        found.member.update(dict.fromkeys(members, entity))
    return found
