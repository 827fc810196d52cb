"""What evaluation reads of the consolidated store: who is with whom, scored pairs, values of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from hub.wire.archive import Archive

_CHUNK = 5000
_MEMBERS = """
select m.record, m.entity_id::text from store.member m
join store.{entity} e on e.entity_id = m.entity_id and e.status = 'active'"""
_AMONG = " where m.record = any(%s)"
_LINKED = """
select a.record, b.record, e.weight from store.member a
join store.member b on b.entity_id = a.entity_id and a.record < b.record
join store.{entity} g on g.entity_id = a.entity_id and g.status = 'active'
left join link.edge e on e.a = a.record and e.b = b.record"""
_UNLINKED = """
select e.a, e.b, e.weight from link.edge e
join store.member a on a.record = e.a join store.member b on b.record = e.b and b.entity_id <> a.entity_id
join store.{entity} g on g.entity_id = a.entity_id and g.status = 'active'"""
_BODIES = "select id, body from link.record where id = any(%s) and body is not null"


class Pair(NamedTuple):
    """Two records, the smaller id first, and their match weight in milli-bits where they were scored."""

    a: bytes
    b: bytes
    weight: int | None
    linked: bool


class Reader:
    """Questions to one snapshot of the store."""

    def __init__(self, connection: psycopg.Connection[Any], entity: str) -> None:
        self._connection = connection
        self._entity = sql.Identifier(entity)

    def _query(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(entity=self._entity)

    def clusters(self, among: Iterable[bytes]) -> dict[bytes, str]:
        """Return the entity id of each of these records that is living."""
        found: dict[bytes, str] = {}
        wanted = list(among)
        for at in range(0, len(wanted), _CHUNK):
            rows = self._connection.execute(self._query(_MEMBERS + _AMONG), (wanted[at : at + _CHUNK],))
            found.update((bytes(record), entity) for record, entity in rows)
        return found

    def pairs(self) -> Iterator[Pair]:
        """Return every pair of records of one entity, then every scored pair of two entities."""
        for name, text, linked in (("linked", _LINKED, True), ("unlinked", _UNLINKED, False)):
            with self._connection.cursor(name=name) as cursor:
                cursor.itersize = _CHUNK
                for a, b, weight in cursor.execute(self._query(text)):
                    yield Pair(bytes(a), bytes(b), weight, linked)

    def bodies(self, records: Iterable[bytes]) -> dict[bytes, Any]:
        """Return the last values of these records."""
        schemas = dict(self._connection.execute("select fingerprint, text from store.schema").fetchall())
        archive = Archive({bytes(mark): text for mark, text in schemas.items()}.get)
        rows = self._connection.execute(_BODIES, (sorted(records),))
        return {bytes(id_): archive.decode(bytes(body)) for id_, body in rows}


@contextmanager
def reading(url: str, entity: str) -> Iterator[Reader]:
    """Open one consistent, read-only view of the store for one kind of entity."""
    with psycopg.connect(url, application_name="satudata-evaluate", connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Reader(connection, entity)
