"""Commits at an OPD's database, exactly once whatever the server does, and a line in the journal for each row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hub.demo.journal import Change, Journal
from hub.demo.rows import SYSTEMS, Row
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
    """Writes transactions to the OPD databases and journals them after their commit."""

    def __init__(self, dsns: Mapping[str, str], journal: Journal, secret: bytes, stop: threading.Event) -> None:
        self._dsns = dsns
        self._journal = journal
        self._stop = stop
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        self._identify: dict[str, Callable[[Sequence[str]], bytes]] = {
            source: identity.record_ids(identity.source_key(secret, source), system.table)
            for source, system in SYSTEMS.items()
        }

    def record(self, source: str, key: Sequence[Any]) -> bytes:
        """Return the record id of a key."""
        return self._identify[source]([str(part) for part in key])

    def commit(self, writes: Sequence[Write]) -> int:
        """Commit writes to one source as one transaction, journal them, and return how many rows changed.

        A connection that breaks is made anew; whether a broken COMMIT held is asked of the server.
        """
        source = writes[0].source
        while True:
            xid: int | None = None
            try:
                connection = self._connection(source)
                with connection.transaction():
                    row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
                    xid = int(row[0]) if row else None
                    for write in writes:
                        connection.execute(*_statement(write))
            except psycopg.OperationalError:
                if xid is None or not self._held(source, xid):
                    continue
            assert xid is not None
            self._note(writes, xid)
            return len(writes)

    def _connection(self, source: str) -> psycopg.Connection[Any]:
        known = self._connections.get(source)
        while known is None or known.closed:
            if self._stop.is_set() and known is not None:
                raise GivenUp(f"database {source} is away")
            try:
                known = psycopg.connect(self._dsns[source], autocommit=True, application_name="warga")
            except psycopg.OperationalError:
                if self._stop.wait(0.2):
                    raise GivenUp(f"database {source} is away") from None
        self._connections[source] = known
        return known

    def _held(self, source: str, xid: int) -> bool:
        while True:
            self._connections.pop(source).close()
            try:
                row = self._connection(source).execute("SELECT pg_xact_status(%s::text::xid8)", [str(xid)]).fetchone()
            except psycopg.OperationalError:
                continue
            if row and row[0] != "in progress":
                return bool(row[0] == "committed")
            time.sleep(0.05)

    def _note(self, writes: Sequence[Write], xid: int) -> None:
        at_us = time.time_ns() // 1000
        self._journal.add(
            [self._change(write, xid, at_us) for write in writes],
            [(self.record(write.source, _new_key(write)), write.person) for write in writes if write.values],
        )

    def _change(self, write: Write, xid: int, at_us: int) -> Change:
        old, new = self.record(write.source, write.key), self.record(write.source, _new_key(write))
        op = "c" if write.insert else "d" if write.values is None else "u" if old == new else "k"
        return Change(write.source, SYSTEMS[write.source].table, op, new, old if op == "k" else None, xid, at_us)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()


def _new_key(write: Write) -> tuple[Any, ...]:
    columns = SYSTEMS[write.source].key
    values = write.values or {}
    return tuple(values.get(column, part) for column, part in zip(columns, write.key, strict=True))


def _statement(write: Write) -> tuple[sql.Composed, list[Any]]:
    system = SYSTEMS[write.source]
    table = sql.Identifier(*system.table.split("."))
    where = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in system.key)
    if write.values is None:
        return sql.SQL("DELETE FROM {} WHERE {}").format(table, where), list(write.key)
    names = [sql.Identifier(column) for column in write.values]
    if write.insert:
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(names))
        return (
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, sql.SQL(", ").join(names), marks),
            list(write.values.values()),
        )
    pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(name) for name in names)
    return sql.SQL("UPDATE {} SET {} WHERE {}").format(table, pairs, where), [*write.values.values(), *write.key]
