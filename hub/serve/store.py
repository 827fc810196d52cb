"""The consolidated store, read only: every question is answered from one snapshot of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Row, Select, and_, create_engine, or_, select, text

from hub.wire import tables as t
from hub.wire.entities import ENTITIES, Entity

_OPTIONS = "-c statement_timeout=10000 -c default_transaction_read_only=on"
_SPAN = text("""
select entity_id, generation, sequence, at, until, kind, status, causes, other_ids, body, entity
from store.history_span where entity_id = :id order by generation, sequence""")
_SPAN_AT = text("""
select * from (
  select entity_id, generation, sequence, at, until, kind, status, causes, other_ids, body, entity
  from store.history_span where entity_id = :id) span
where at <= :moment and (until is null or until > :moment)
order by generation desc, sequence desc limit 1""")
FOUND_AT_MOST = 100
"""A lookup answers with at most so many entities."""


class Store:
    """A pool of read-only connections; `snapshot` gives the questions."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        def connect() -> psycopg.Connection[Any]:
            return psycopg.connect(url, options=_OPTIONS, application_name="satudata-serve", connect_timeout=5)

        self._engine = create_engine(
            "postgresql+psycopg://", creator=connect, pool_size=size, max_overflow=size, pool_timeout=5,
            pool_pre_ping=True, isolation_level="REPEATABLE READ", hide_parameters=True,
        )  # fmt: skip

    @contextmanager
    def snapshot(self, *, seconds: int | None = None) -> Iterator[Snapshot]:
        """Open one consistent view; every question asked of it sees the same commit.

        `seconds` is how long one question may take, where ten are not enough.
        """
        with self._engine.connect() as connection, connection.begin():
            if seconds is not None:
                connection.execute(text(f"set local statement_timeout = {seconds * 1000}"))
            yield Snapshot(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write; for `store.claim` alone, everything else is the writer's."""
        made = self._engine.connect().execution_options(isolation_level="READ COMMITTED")
        with made as connection, connection.begin():
            connection.execute(text("set transaction read write"))
            yield connection

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()


class Snapshot:
    """Questions to one consistent view of the store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """The connection, for questions that stand elsewhere."""
        return self._connection

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._connection.execute(query).all()

    def all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Return every row that a query of a module beside this one finds."""
        return self._all(query)

    def golden(self, entity: Entity, entity_id: UUID) -> Row[Any] | None:
        """Return the current golden row or stub of an id, None if the id was never given to such an entity."""
        table = t.GOLDEN_TABLE[entity]
        return self._connection.execute(select(table).where(table.c.entity_id == entity_id)).first()

    def person(self, entity_id: UUID) -> Row[Any] | None:
        """Return the same of a person."""
        return self.golden("person", entity_id)

    def entity_of(self, entity_id: UUID) -> Entity | None:
        """Return what kind of entity an id was given to, None if it was never given."""
        query = select(t.history.c.entity).where(t.history.c.entity_id == entity_id).limit(1)
        found = self._connection.execute(query).first()
        return None if found is None else next(entity for entity in ENTITIES if entity == found.entity)

    def resolve(self, entity_id: UUID) -> list[UUID]:
        """Return the living ids that hold what a vanished id held; empty if they are gone."""
        living: set[UUID] = set()
        seen, frontier = {entity_id}, [entity_id]
        while frontier:
            rows = self._all(select(t.alias.c.old_id, t.alias.c.new_id).where(t.alias.c.old_id.in_(frontier)))
            moved = {row.old_id for row in rows}
            living |= {one for one in frontier if one not in moved and one != entity_id}
            frontier = [one for one in {row.new_id for row in rows} if one not in seen]
            seen |= set(frontier)
        if not living:
            return []
        found: list[UUID] = []
        for table in t.GOLDEN_TABLE.values():
            query = select(table.c.entity_id).where(table.c.entity_id.in_(living), table.c.status == "active")
            found += [row.entity_id for row in self._all(query)]
        return sorted(found)

    def find(
        self, criteria: dict[str, Any], record: bytes | None, entity: Entity = "person"
    ) -> Sequence[Row[Any]]:  # fmt: skip
        """Return living golden rows that have all these values, at most FOUND_AT_MOST + 1."""
        table = t.GOLDEN_TABLE[entity]
        query = select(table).where(table.c.status == "active")
        for column, value in criteria.items():
            query = query.where(table.c[column] == value)
        if record is not None:
            owner = select(t.member.c.entity_id).where(t.member.c.record == record)
            query = query.where(table.c.entity_id.in_(owner))
        return self._all(query.order_by(table.c.entity_id).limit(FOUND_AT_MOST + 1))

    def memberships(
        self, side: Literal["person", "family"], entity_id: UUID, moment: datetime | None
    ) -> Sequence[Row[Any]]:  # fmt: skip
        """Return the spans of a person, or of a family, the newest first; or those that held at a moment."""
        m = t.membership.c
        query = select(t.membership).where((m.person_id if side == "person" else m.family_id) == entity_id)
        if moment is not None:
            query = query.where(m.since <= moment, or_(m.until.is_(None), m.until > moment))
        return self._all(query.order_by(m.since.desc(), m.id))

    def members(self, entity_ids: Iterable[UUID]) -> Sequence[Row[Any]]:
        """Return entity id, record, source, table, version and lineage root of every member."""
        return self._all(
            select(t.member.c.entity_id, t.member.c.record, t.member.c.source, t.member.c.tbl,
                   t.record.c.version, t.record.c.root)
            .join_from(t.member, t.record, t.record.c.id == t.member.c.record, isouter=True)
            .where(t.member.c.entity_id.in_(list(entity_ids)))
            .order_by(t.member.c.entity_id, t.member.c.source, t.member.c.record)
        )  # fmt: skip

    def roots(self, records: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the lineage root of each living record among these."""
        query = select(t.record.c.id, t.record.c.root).join_from(
            t.record, t.member, t.member.c.record == t.record.c.id
        ).where(t.record.c.id.in_(list(records)))  # fmt: skip
        return {bytes(row.id): bytes(row.root) for row in self._all(query)}

    def of_other_kind(self, entity: Entity, records: Iterable[bytes]) -> list[bytes]:
        """Return which of these records speak of another kind of entity."""
        r = t.record.c
        query = select(r.id).where(r.id.in_(list(records)), r.entity != entity).order_by(r.id)
        return [bytes(row.id) for row in self._all(query)]

    def edges(self, records: Sequence[bytes]) -> Sequence[Row[Any]]:
        """Return the scored pairs among these records, heaviest first."""
        return self._all(
            select(t.edge).where(t.edge.c.a.in_(records), t.edge.c.b.in_(records))
            .order_by(t.edge.c.weight.desc(), t.edge.c.a, t.edge.c.b)
        )  # fmt: skip

    def judgements_on(self, roots: Sequence[bytes], *, within: bool) -> Sequence[Row[Any]]:
        """Return judgement rows whose pair lies within these lineage roots, or touches them."""
        j = t.judgement.c
        touch = (and_ if within else or_)(j.a.in_(roots), j.b.in_(roots))
        return self._all(select(t.judgement).where(touch).order_by(j.sequence, j.id, j.a, j.b))

    def judgement(self, judgement_id: str) -> Sequence[Row[Any]]:
        """Return the pairs of one judgement."""
        return self._all(
            select(t.judgement).where(t.judgement.c.id == judgement_id).order_by(t.judgement.c.a, t.judgement.c.b)
        )

    def decided_around(self, roots: Iterable[bytes]) -> list[Row[Any]]:
        """Return active `same` and `different` rows of every root reached from these over `same`."""
        found: dict[tuple[str, bytes, bytes], Row[Any]] = {}
        seen: set[bytes] = set()
        frontier = set(roots)
        while frontier:
            seen |= frontier
            rows = [row for row in self.judgements_on(list(frontier), within=False)
                    if row.state == "active" and row.verdict in ("same", "different")]  # fmt: skip
            found.update({(row.id, bytes(row.a), bytes(row.b)): row for row in rows})
            frontier = {bytes(end) for row in rows if row.verdict == "same" for end in (row.a, row.b)} - seen
        return list(found.values())

    def history(self, entity_id: UUID, moment: datetime | None) -> Sequence[Row[Any]]:
        """Return every published state of an id, oldest first, or the one that held at a moment."""
        if moment is None:
            return self._connection.execute(_SPAN, {"id": entity_id}).all()
        return self._connection.execute(_SPAN_AT, {"id": entity_id, "moment": moment}).all()

    def schemas(self) -> dict[bytes, str]:
        """Return the writer's schemas of archived bodies by fingerprint."""
        return {bytes(row.fingerprint): row.text for row in self._all(select(t.schema))}

    def clock(self) -> Any:
        """Return the store's generation and sequence, None before the first commit."""
        return self._connection.execute(select(t.clock.c.generation, t.clock.c.sequence)).first()
