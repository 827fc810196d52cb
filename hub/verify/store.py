"""The hub's PostgreSQL as verification sees it: one table's records under one snapshot, and where verdicts are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from hub.verify.compare import DIFFERING, EQUAL, UNDECIDED, Bucket, Row, Surroundings
from hub.wire.archive import Digests
from hub.wire.errors import RefuseToStart
from hub.wire.records import Verification

Database = psycopg.Connection[tuple[Any, ...]]
_OPTIONS = "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=600000 -c statement_timeout=0"
_AT_ONCE = 5_000
_HELD_AT_ONCE = 50
"""Refused messages may have 16 MB each."""
_FLOOR = "select floor from link.floor where source = %s and tbl = %s"
_SWEEPING = "select exists (select 1 from link.sweep where source = %s and tbl = %s and substr(floor, 1, 20) <= %s)"
_BLOCKED = "select exists (select 1 from link.block where source = %s and tbl = %s)"
_ENDED = """
select l.parent from link.lineage l join link.record r on r.id = l.parent
where r.source = %s and r.tbl = %s and substr(l.version, 1, 20) > %s"""
_RECORDS = """
select id, version, seen, deleted, next is not null, substr(body, 1, %s) from link.record
where source = %s and tbl = %s"""
_HELD = """
select distinct on (r.id) r.id, q.topic, q.payload from link.record r
left join store.quarantine q on q.record = r.id and q.version = r.seen
where r.source = %s and r.tbl = %s and r.seen > r.version order by r.id, q.payload is null"""
_WRITE = """
insert into store.verification as v (source, tbl, version, taken_at, judged_at, source_rows, hub_rows, equal, differing,
  undecided, differing_since, buckets)
values (%(source)s, %(table)s, %(version)s, %(taken)s, now(), %(source_rows)s, %(hub_rows)s, %(equal)s, %(differing)s,
  %(undecided)s, %(since)s, %(buckets)s)
on conflict (source, tbl) do update set version = excluded.version, taken_at = excluded.taken_at,
  judged_at = excluded.judged_at, source_rows = excluded.source_rows, hub_rows = excluded.hub_rows,
  equal = excluded.equal, differing = excluded.differing, undecided = excluded.undecided,
  differing_since = case when excluded.differing > 0 then coalesce(v.differing_since, excluded.differing_since) end,
  buckets = excluded.buckets"""
_KNOWN = "select source, tbl, version, taken_at, equal, differing, undecided from store.verification"
_READ_TO = 'select topic_id, partition, next_offset from link."offset" where cluster_id = %s'


@dataclass(frozen=True, slots=True)
class Known:
    """A comparison that was made before."""

    source: str
    table: str
    version: bytes
    taken_us: int
    numbers: Mapping[str, int]
    """Buckets by state."""


class Store:
    """One connection; a lost one shows as psycopg.OperationalError and the next use makes another."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: Database | None = None

    def _database(self) -> Database:
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(
                self._url, autocommit=True, application_name="satudata-verify", options=_OPTIONS, connect_timeout=5,
                keepalives=1, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
            )  # fmt: skip
        return self._open

    def reconciled(self, cluster_id: str) -> Mapping[tuple[str, int], int]:
        """Return where reconcile reads on, by (topic id, partition)."""
        return {(topic, part): at for topic, part, at in self._database().execute(_READ_TO, (cluster_id,))}

    def known(self) -> Sequence[Known]:
        """Return the last comparison of every table; raises RefuseToStart before the store has been migrated."""
        try:
            rows = self._database().execute(_KNOWN).fetchall()
        except psycopg.errors.UndefinedTable as error:
            raise RefuseToStart("the store has no table of comparisons; run `satudata prepare`") from error
        return [
            Known(
                source,
                table,
                bytes(version),
                _us(taken),
                dict(zip((EQUAL, DIFFERING, UNDECIDED), numbers, strict=True)),
            )
            for source, table, version, taken, *numbers in rows
        ]

    @contextmanager
    def view(self, told: Verification) -> Iterator[View]:
        """Lend one table's records as of one moment."""
        database = self._database()
        with database.transaction():
            database.execute("set transaction isolation level repeatable read, read only")
            yield View(database, told)

    def write(self, told: Verification, buckets: Sequence[Bucket]) -> None:
        """Keep a comparison's verdicts."""
        taken = datetime.fromtimestamp(told.at / 1e6, UTC)
        numbers = {state: sum(each.state == state for each in buckets) for state in (EQUAL, DIFFERING, UNDECIDED)}
        rest = [each._asdict() for each in buckets if each.state != EQUAL]
        self._database().execute(_WRITE, {
            "source": told.source, "table": told.table, "version": told.version, "taken": taken,
            "source_rows": sum(each.source for each in buckets), "hub_rows": sum(each.hub for each in buckets),
            **numbers, "since": taken if numbers[DIFFERING] else None,
            "buckets": json.dumps([_stored(each) for each in rest]),
        })  # fmt: skip

    def close(self) -> None:
        """Give the connection back."""
        if self._open is not None:
            self._open.close()
        self._open = None


class View:
    """One table, as of one moment."""

    def __init__(self, database: Database, told: Verification) -> None:
        self._database = database
        self._told = told
        self._place = told.source, told.table
        schemas = {bytes(mark): text for mark, text in database.execute("select fingerprint, text from store.schema")}
        self._digests = Digests(schemas.get)

    def sweeping(self) -> bool:
        """Say whether records that the source has no more are still being deleted."""
        return bool(self._one(_SWEEPING, *self._place, self._told.version))

    def surroundings(self) -> Surroundings:
        """Return what else is known of the table."""
        floor = self._one(_FLOOR, *self._place)
        ended = self._database.execute(_ENDED, (*self._place, self._told.version)).fetchall()
        return Surroundings(
            floor=bytes(24) if floor is None else bytes(floor),
            blocked=bool(self._one(_BLOCKED, *self._place)),
            ended=frozenset(bytes(row[0]) for row in ended),
        )

    def rows(self) -> Iterator[Row]:
        """Yield every record of the table."""
        with self._database.cursor("records", binary=True) as cursor:
            cursor.itersize = _AT_ONCE
            for id_, version, seen, deleted, moved, head in cursor.execute(_RECORDS, (Digests.ENOUGH, *self._place)):
                yield Row(id_, version, seen, deleted, moved, 0 if head is None else self._digests.of(head))

    def held(self) -> Iterator[tuple[bytes, str | None, bytes | None]]:
        """Yield (record id, topic, refused message) of every record whose last state was refused."""
        with self._database.cursor("held", binary=True) as cursor:
            cursor.itersize = _HELD_AT_ONCE
            yield from cursor.execute(_HELD, self._place)

    def _one(self, query: str, *parameters: Any) -> Any:
        row = self._database.execute(query, parameters).fetchone()
        return None if row is None else row[0]


def _stored(bucket: Mapping[str, Any]) -> dict[str, Any]:
    return {"bucket": bucket["number"], **{name: bucket[name] for name in ("state", "reason", "source", "hub")}}


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
