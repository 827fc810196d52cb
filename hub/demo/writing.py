"""Commits at an office's system, exactly once whatever the server does, and a line in the journal for each row."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.demo.journal import Change, Journal
from hub.demo.offices import Away, Office
from hub.demo.rows import ALL, Row
from hub.wire import identity


@dataclass(frozen=True, slots=True)
class Write:
    """One row to be written: `key` is where it stands, `values` what to set (none = delete)."""

    source: str
    person: int
    key: tuple[Any, ...]
    values: Row | None
    insert: bool = False


class GivenUp(Exception):
    """The run was stopped while a database was away, so the transaction's outcome is not known."""


class Desk:
    """Writes transactions to the offices' systems and journals them after their commit."""

    def __init__(self, offices: Mapping[str, Office], journal: Journal, secret: bytes) -> None:
        self._offices = offices
        self._journal = journal
        self._identify: dict[str, Callable[[Sequence[str]], bytes]] = {
            source: identity.record_ids(identity.source_key(secret, source), ALL[source].table) for source in offices
        }

    def record(self, source: str, key: Sequence[Any]) -> bytes:
        """Return the record id of a key."""
        return self._identify[source]([str(part) for part in key])

    def commit(self, writes: Sequence[Write]) -> int:
        """Commit writes to one source as one transaction, journal them, and return how many rows changed."""
        try:
            number = self._offices[writes[0].source].commit(writes)
        except Away as error:
            raise GivenUp(str(error)) from error
        self._note(writes, number)
        return len(writes)

    def _note(self, writes: Sequence[Write], number: int) -> None:
        at_us = time.time_ns() // 1000
        records = [self.record(write.source, _new_key(write)) for write in writes]
        self._journal.add(
            [self._change(write, record, number, at_us) for write, record in zip(writes, records, strict=True)],
            [(record, write.person) for write, record in zip(writes, records, strict=True) if write.values],
        )

    def _change(self, write: Write, record: bytes, number: int, at_us: int) -> Change:
        old = self.record(write.source, write.key)
        op = "c" if write.insert else "d" if write.values is None else "u" if old == record else "k"
        return Change(write.source, ALL[write.source].table, op, record, old if op == "k" else None, number, at_us)

    def close(self) -> None:
        """Leave every office."""
        for office in self._offices.values():
            office.close()


def _new_key(write: Write) -> tuple[Any, ...]:
    columns = ALL[write.source].key
    values = write.values or {}
    return tuple(values.get(column, part) for column, part in zip(columns, write.key, strict=True))
