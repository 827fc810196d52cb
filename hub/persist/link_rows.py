"""Rows of schema link: what a Delta says of records, lineage, edges, judgements, sweeps and blocks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from hub.persist.stage import Database, Upsert, byteas, each
from hub.persist.work import Work
from hub.wire.archive import Archive
from hub.wire.decisions import Delta, Level
from hub.wire.entities import Entity

RECORD = Upsert(
    "link.record", ("id", "source", "tbl", "version", "seen", "root", "deleted", "next", "body",
                    "entity"), ("id",),
    guard="excluded.version >= t.version and excluded.seen >= t.seen",
    override=(("body", "case when excluded.deleted then null else coalesce(excluded.body, t.body) end"),),
)  # fmt: skip
EDGE = Upsert("link.edge", ("a", "b", "weight", "levels", "entity"), ("a", "b"), guard="true")
STAGED = (RECORD, EDGE)

_EDGES_GONE = """
delete from link.edge where (a, b) in (select * from unnest(%s::bytea[], %s::bytea[]))"""
_LINEAGE = """
insert into link.lineage (child, version, parent, entity) values (%s, %s, %s, %s)
on conflict (child, version) do update set parent = excluded.parent"""
_JUDGEMENT = """
insert into link.judgement (id, a, b, sequence, verdict, author, reason, made_at, expires_at, state, entity)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (id, a, b) do update set sequence = excluded.sequence, verdict = excluded.verdict,
  author = excluded.author, reason = excluded.reason, made_at = excluded.made_at,
  expires_at = excluded.expires_at, state = excluded.state"""
_NOTE = """
insert into link.note (id, sequence, judgement, kind, author, reason, made_at, state, entity)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (id) do update set state = excluded.state"""
_FLOOR = """
insert into link.floor as t (source, tbl, floor, entity) values (%s, %s, %s, %s)
on conflict (source, tbl) do update set floor = greatest(t.floor, excluded.floor)"""
_SWEEP = """
insert into link.sweep (source, tbl, floor, raw_partition, raw_partitions, clean_partition, clean_partitions, entity)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing"""
_SWEEP_DONE = "delete from link.sweep where source = %s and tbl = %s and floor = %s"
_BLOCK = """
insert into link.block (item, source, tbl, version, id, previous, entity) values (%s, %s, %s, %s, %s, %s, %s)
on conflict (item) do nothing"""
_BLOCK_GONE = "delete from link.block where item = %s"
_SCHEMA = "insert into store.schema (fingerprint, text) values (%s, %s) on conflict do nothing"


def write(database: Database, work: Work, archive: Archive) -> int:
    """Write a delta's rows in fixed table order; return how many scored pairs there are more than before."""
    delta, entity = work.delta, work.entity
    RECORD.run(database, record_rows(work, archive))
    each(database, _LINEAGE, sorted((row.child, row.version, row.parent, entity) for row in delta.lineage))
    gone = _drop_edges(database, delta)
    edges = sorted((row.a, row.b, row.weight, levels_text(row.levels), entity) for row in delta.edges)
    fresh = EDGE.run(database, edges)
    _write_judgements(database, delta, entity)
    _write_sweeps(database, delta, entity)
    return fresh - gone


def record_rows(work: Work, archive: Archive) -> list[tuple[Any, ...]]:
    """Return the rows of link.record; a message's own bytes are kept where it holds what link took."""
    rows: list[tuple[Any, ...]] = []
    for row in work.delta.records:
        body = None
        if row.body is not None:
            body = work.bodies.get(row.id) or archive.encode(row.body)
        rows.append((row.id, row.source, row.table, row.version, row.seen, row.root, row.deleted, row.next, body,
                     work.entity))  # fmt: skip
    rows.sort(key=lambda values: values[0])
    return rows


def save_schemas(database: Database, archive: Archive) -> dict[bytes, str]:
    """Store the schemas of bodies that no transaction has stored yet; return them, to be noted after COMMIT."""
    fresh = dict(archive.unsaved())
    each(database, _SCHEMA, sorted(fresh.items()))
    return fresh


def _drop_edges(database: Database, delta: Delta) -> int:
    if not delta.edges_gone:
        return 0
    pairs = sorted(delta.edges_gone)
    return database.execute(_EDGES_GONE, (byteas(a for a, _ in pairs), byteas(b for _, b in pairs))).rowcount


def _write_judgements(database: Database, delta: Delta, entity: Entity) -> None:
    each(database, _JUDGEMENT, sorted(
        (row.id, row.a, row.b, row.sequence, row.verdict, row.author, row.reason, row.made_at, row.expires_at,
         row.state, entity)
        for row in delta.judgements
    ))  # fmt: skip
    each(database, _NOTE, [
        (row.id, row.sequence, row.judgement, row.kind, row.author, row.reason, row.made_at, row.state, entity)
        for row in delta.notes
    ])  # fmt: skip


def _write_sweeps(database: Database, delta: Delta, entity: Entity) -> None:
    each(database, _FLOOR, [(row.source, row.table, row.floor, entity) for row in delta.floors])
    each(database, _SWEEP, [
        (row.source, row.table, row.floor, row.raw_partition, row.raw_partitions, row.clean_partition,
         row.clean_partitions, entity)
        for row in delta.sweeps
    ])  # fmt: skip
    each(database, _SWEEP_DONE, [(row.source, row.table, row.floor) for row in delta.sweeps_done])
    each(database, _BLOCK, [
        (row.item, row.source, row.table, row.version, row.id, row.previous, entity) for row in delta.blocks
    ])  # fmt: skip
    each(database, _BLOCK_GONE, [(item,) for item in delta.blocks_gone])


@lru_cache(maxsize=65_536)
def levels_text(levels: tuple[Level, ...]) -> str:
    """Return a pair's levels as compact JSON; few combinations occur, so most are found in the cache."""
    return orjson.dumps([(level.comparison, level.level, level.weight) for level in levels]).decode()


@lru_cache(maxsize=65_536)
def levels_of(text: str) -> tuple[Level, ...]:
    """Return the levels of their JSON, one object for equal texts."""
    return tuple(Level(*part) for part in orjson.loads(text))
