"""From one model to another: what changes of edges and entities, as one delta like any other."""

from __future__ import annotations

from hub.link.engine import Engine
from hub.link.entities import Shift, deltas
from hub.link.work import Work
from hub.wire.decisions import Cause, Delta


def difference(before: Engine, after: Engine, version: str, *, everything: bool = False) -> Delta:
    """Return what becomes of edges and entities when `after` takes over from `before`.

    Both must hold the same records, lineage, decisions and floors; `version` is the new model's, the cause of every
    change.  `everything` names all entities, because the values that win may change where the members do not.
    """
    delta = Delta()
    old = {(row.a, row.b): (row.weight, row.levels) for row in before.edges()}
    for row in after.edges():
        if old.pop((row.a, row.b), None) != (row.weight, row.levels):
            delta.edges.append(row)
    delta.edges.sort(key=lambda row: (row.a, row.b))
    delta.edges_gone = sorted(old)
    delta.entities = deltas(*_shift(before, after, Cause("model", version), everything))
    return delta


def _shift(before: Engine, after: Engine, cause: Cause, everything: bool) -> tuple[Work, Shift]:
    work, shift = Work(), Shift()
    old, new = before.clusters(), after.clusters()
    for clusters, other, side, place in ((old, new, shift.before, shift.old), (new, old, shift.after, shift.new)):
        for entity, members in clusters.items():
            if everything or other.get(entity) != members:
                records = tuple([after.record(each) for each in members])
                side[entity] = records
                for record in records:
                    place[record] = entity
                    work.touch(record, cause)
    if everything:
        work.content.update(shift.new)
    return work, shift
