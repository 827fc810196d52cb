"""Where vanished ids went, for one kind of entity: kept as a graph from old ids to the ids that took their records.

A living id never has a row.  So the graph has no cycles, and following it ends at living ids or nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.persist.stage import Database, each, uuids
from hub.wire.decisions import EntityDelta
from hub.wire.entities import Entity

_RETURN = "delete from store.alias where old_id = any(%s::uuid[]) returning old_id::text, new_id::text"
_VANISH = """
insert into store.alias (old_id, new_id, status, generation, sequence, entity) values (%s, %s, %s, %s, %s, %s)
on conflict (old_id, new_id) do nothing"""
_BACK = """
with recursive back (id, old_id) as (
  select new_id, old_id from store.alias where new_id = any(%s::uuid[])
  union
  select back.id, a.old_id from back join store.alias a on a.new_id = back.old_id)
select id::text, old_id::text from back order by 1, 2"""
_FORTH = """
with recursive forth (id, start) as (
  select n, n from unnest(%s::uuid[]) n
  union
  select a.new_id, forth.start from forth join store.alias a on a.old_id = forth.id)
select forth.start::text, forth.id::text from forth join store.{entity} p on p.entity_id = forth.id
where p.status = 'active' order by 1, 2"""


@dataclass(slots=True)
class Refresh:
    """A living entity that loses a previous id because that id lives again."""

    causes: tuple[Any, ...]
    previous_ids: list[str]


def write(
    database: Database, entity_kind: Entity, entities: Sequence[EntityDelta], generation: int, sequence: int
) -> tuple[dict[str, list[str]], dict[str, Refresh]]:
    """Bring the graph up to date; return the previous ids of the touched living entities, and who must be refreshed.

    `entities` are those of one transaction; a returning id's former rows go, a vanished id's are added.
    """
    if not entities:
        return {}, {}
    living = [entity.entity_id for entity in entities if entity.members]
    ended = list(database.execute(_RETURN, (uuids(entity.entity_id for entity in entities),)))
    rows = [
        (entity.entity_id, other, "merged" if len(entity.other_ids) == 1 else "split", generation, sequence,
         entity_kind)
        for entity in entities if not entity.members and entity.kind != "deleted"
        for other in entity.other_ids
    ]  # fmt: skip
    each(database, _VANISH, rows)
    return previous_ids(database, living), _refresh(database, entity_kind, entities, ended)


def previous_ids(database: Database, living: Sequence[str]) -> dict[str, list[str]]:
    """Return the vanished ids that resolve to each of these; ids without any are left out."""
    found: dict[str, list[str]] = {}
    if living:
        for entity_id, old_id in database.execute(_BACK, (uuids(living),)):
            found.setdefault(entity_id, []).append(old_id)
    return found


def _refresh(
    database: Database, entity_kind: Entity, entities: Sequence[EntityDelta], ended: Sequence[tuple[str, str]]
) -> dict[str, Refresh]:
    if not ended:
        return {}
    touched = {entity.entity_id: entity for entity in entities}
    causes = {new: touched[old].causes for old, new in ended}
    lost = [
        (target, causes[start])
        for start, target in database.execute(_FORTH.format(entity=entity_kind), (uuids(sorted(causes)),))
        if target not in touched
    ]
    known = previous_ids(database, sorted({target for target, _ in lost}))
    return {target: Refresh(why, known.get(target, [])) for target, why in lost}
