"""The last values of records that merge needs and link does not hold: from the batch, a small cache, or the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from hub.persist.stage import Database, byteas
from hub.wire.archive import Archive
from hub.wire.decisions import Delta
from hub.wire.entities import Clean
from hub.wire.errors import Halt

_BODIES = "select id, body from link.record where id = any(%s::bytea[]) and body is not null"


class Bodies:
    """Least recently used values of committed records, at most `size` of them."""

    def __init__(self, archive: Archive, size: int = 20_000) -> None:
        self._archive = archive
        self._size = size
        self._known: OrderedDict[bytes, Clean] = OrderedDict()

    def of(self, database: Database, delta: Delta) -> dict[bytes, Clean]:
        """Return the values of every member of a delta's entities as they will be once it is committed."""
        fresh = {row.id: row.body for row in delta.records if row.body is not None}
        wanted = {record for entity in delta.entities for record in entity.members}
        found = {record: fresh[record] for record in wanted if record in fresh}
        for record in wanted - found.keys():
            known = self._known.get(record)
            if known is not None:
                self._known.move_to_end(record)
                found[record] = known
        found |= self._fetch(database, wanted - found.keys())
        if len(found) != len(wanted):
            raise Halt(f"link.record lacks the values of {len(wanted) - len(found)} living records; "
                       "restore the store from a backup, or take a new snapshot of every source")  # fmt: skip
        return found

    def _fetch(self, database: Database, missing: Iterable[bytes]) -> dict[bytes, Clean]:
        ids = sorted(missing)
        if not ids:
            return {}
        cursor = database.cursor(binary=True)
        found = {bytes(id_): self._archive.decode(body) for id_, body in cursor.execute(_BODIES, (byteas(ids),))}
        self._keep(found)
        return found

    def taken(self, delta: Delta) -> None:
        """Follow a committed delta."""
        self._keep({row.id: row.body for row in delta.records if row.body is not None})
        for row in delta.records:
            if row.deleted:
                self._known.pop(row.id, None)

    def _keep(self, bodies: Mapping[bytes, Clean]) -> None:
        for record, body in bodies.items():
            self._known[record] = body
            self._known.move_to_end(record)
        while len(self._known) > self._size:
            self._known.popitem(last=False)


def in_order(bodies: Mapping[bytes, Clean], members: Sequence[bytes]) -> list[Clean]:
    """Return the values of these members in their order."""
    return [bodies[record] for record in members]
