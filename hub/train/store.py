"""The store's living records of one kind of entity, as of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from hub.wire.archive import Archive

_AT_ONCE = 5_000
_CLUSTERS = """
select m.record, m.entity_id::text from store.member m
join store.{entity} e on e.entity_id = m.entity_id and e.status = 'active'"""
_RECORDS = """
select r.id, r.body from link.record r join store.member m on m.record = r.id
join store.{entity} e on e.entity_id = m.entity_id and e.status = 'active'
where r.body is not null"""


class Snapshot:
    """Living records in one consistent view (hub.train.sample.Store)."""

    def __init__(self, connection: psycopg.Connection[Any], entity: str) -> None:
        self._connection = connection
        self._entity = sql.Identifier(entity)
        schemas = connection.execute("select fingerprint, text from store.schema").fetchall()
        self._archive = Archive({bytes(mark): text for mark, text in schemas}.get)

    def clusters(self) -> Mapping[bytes, str]:
        """Entity id by record id."""
        rows = self._connection.execute(sql.SQL(_CLUSTERS).format(entity=self._entity))
        return {bytes(record): entity for record, entity in rows}

    def records(self) -> Iterator[tuple[bytes, Any]]:
        """Id and values of every record."""
        with self._connection.cursor(name="train_records", binary=True) as cursor:
            cursor.itersize = _AT_ONCE
            for record, body in cursor.execute(sql.SQL(_RECORDS).format(entity=self._entity)):
                yield bytes(record), self._archive.decode(bytes(body))


@contextmanager
def reading(url: str, entity: str) -> Iterator[Snapshot]:
    """Open one consistent, read-only view of the store for one kind of entity."""
    with psycopg.connect(url, application_name="satudata-train", connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Snapshot(connection, entity)
