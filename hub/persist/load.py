"""Everything that link must know again of a kind of entity at start, streamed from one consistent view of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hub.persist import connection
from hub.persist.link_rows import levels_of
from hub.persist.stage import Database
from hub.wire.archive import Archive
from hub.wire.decisions import EdgeRow, FloorRow, JudgementRow, LineageRow, NoteRow, RecordRow, State
from hub.wire.entities import Entity
from hub.wire.records import Held, Sweep

T = TypeVar("T")
_AT_ONCE = 5_000
_RECORDS = "select id, source, tbl, version, seen, root, deleted, next, body from link.record"
_LINEAGE = "select child, version, parent from link.lineage"
_EDGES = "select a, b, weight, levels::text from link.edge"
_JUDGEMENTS = """
select id, sequence, a, b, verdict, author, reason, made_at, expires_at, state from link.judgement"""
_NOTES = "select id, sequence, judgement, kind, author, reason, made_at, state from link.note"
_FLOORS = "select source, tbl, floor from link.floor"
_SWEEPS = """
select source, tbl, floor, raw_partition, raw_partitions, clean_partition, clean_partitions from link.sweep"""
_BLOCKS = "select source, tbl, version, item, id, previous from link.block"
_MEMBERS = "select record, entity_id::text from store.member"


@contextmanager
def state(url: str, entity: Entity = "person") -> Iterator[State]:
    """Lend the state of the store as of now, of one kind of entity.

    Each part may be read once, in any order, within the context.
    The caller holds the lease, so nothing moves behind the view.  Raises psycopg.OperationalError, and Halt for a
    body that this version of the hub cannot read.
    """
    with states(url, entity) as again:
        yield again()


@contextmanager
def states(url: str, entity: Entity = "person") -> Iterator[Callable[[], State]]:
    """Lend a function that gives the state of the store as of now, the same each time; see `state`."""
    with connection.loader(url) as database, database.transaction():
        database.execute("set transaction isolation level repeatable read, read only")
        known = schemas(database)
        decode = Archive(known.get).decode
        names = _Names()
        of = f" where entity = '{entity}'"  # a literal, so that the partial indexes serve
        yield lambda: State(
            records=_rows(database, "records", _RECORDS + of, lambda row: _record(row, decode, names)),
            lineage=_rows(database, "lineage", _LINEAGE + of, lambda row: LineageRow(*row)),
            edges=_rows(database, "edges", _EDGES + of, lambda row: EdgeRow(row[0], row[1], row[2], levels_of(row[3]))),
            judgements=_rows(
                database, "judgements", f"{_JUDGEMENTS}{of} order by sequence", lambda row: JudgementRow(*row)
            ),
            floors=_rows(database, "floors", _FLOORS + of, lambda row: FloorRow(*row)),
            sweeps=_rows(database, "sweeps", _SWEEPS + of, lambda row: Sweep(*row)),
            blocks=_rows(database, "blocks", _BLOCKS + of, lambda row: Held(*row)),
            members=_rows(database, "members", _MEMBERS + of, lambda row: (row[0], row[1])),
            notes=_rows(database, "notes", f"{_NOTES}{of} order by sequence", lambda row: NoteRow(*row)),
            schemas=known,
        )


class _Names(dict[str, str]):
    """One object for each name of a source or table."""

    def __missing__(self, name: str) -> str:
        self[name] = name
        return name


def _record(row: tuple[Any, ...], decode: Callable[[bytes], Any], names: _Names) -> RecordRow:
    """Make a row; its body is left as it is stored, but where it waits for its successor: then its version is asked."""
    id_, source, table, version, seen, root, deleted, next_, body = row
    read = None if body is None or next_ is None else decode(body)
    return RecordRow(id_, names[source], names[table], version, version if seen == version else seen,
                     id_ if root == id_ else root, deleted, next_, read, None if read else body)  # fmt: skip


def _rows(database: Database, name: str, query: str, make: Callable[[tuple[Any, ...]], T]) -> Iterator[T]:
    with database.cursor(name, binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(query)
        for row in cursor:
            yield make(row)


def schemas(database: Database) -> dict[bytes, str]:
    """Return the writer's schemas of all stored bodies, by fingerprint."""
    return {bytes(row[0]): row[1] for row in database.execute("select fingerprint, text from store.schema")}


def counts(database: Database, entity: Entity = "person") -> tuple[int, int, int]:
    """Return how many living golden records, living source records and scored pairs there are of a kind of entity."""
    row = database.execute(
        f"select (select count(*) from store.{entity} where status = 'active'), "  # noqa: S608 - our own names
        f"(select count(*) from store.member where entity = '{entity}'), "
        f"(select count(*) from link.edge where entity = '{entity}')"
    ).fetchone()
    return row or (0, 0, 0)
