"""The stewards' queue and the holds as the writer remembers them, and what a batch changes of them.

Few records are doubtful, so all of it is kept in memory and most batches ask and write nothing.  `difference` says
what a batch changes, `taken` takes it after COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from hub.persist.review_rows import ReviewRow, review_id, row_of
from hub.wire.decisions import Delta, Doubts


@dataclass(frozen=True, slots=True)
class Held:
    """An entity held back from sensitive feeds, and why."""

    reason: str
    judgement: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction changes of queue and holds."""

    entity: str
    kept: tuple[ReviewRow, ...] = ()
    """Rows that are new or differ."""
    gone: tuple[str, ...] = ()
    holds: Mapping[str, Held] = field(default_factory=dict)
    """Entities that are held from now on; one that was held for another reason is released first."""
    released: Mapping[str, str] = field(default_factory=dict)
    """Entities that no longer are -> decided, evidence or vanished."""
    basis: str | None = None
    """Set once everything was looked at under this model and these settings."""

    def __bool__(self) -> bool:
        return bool(self.kept or self.gone or self.basis)


class Reviews:
    """The queue of one entity as the writer remembers it."""

    def __init__(self, entity: str, basis: str, sensitive: Collection[str] = ()) -> None:
        """Make an empty queue; `basis` names what doubts depend on beside the records: the model."""
        self.entity = entity
        self._basis = f"{basis} {','.join(sorted(sensitive))}".strip()
        self._sensitive = frozenset(sensitive)
        self._rows: dict[str, ReviewRow] = {}
        self._at: dict[bytes, set[str]] = {}
        """Items by the records that they name."""
        self._holding: dict[str, dict[str, ReviewRow]] = {}
        """Items that hold an entity, by entity."""
        self._left: list[bytes] = []
        """Records to look at again because the model or the settings are other ones."""
        self._again = False

    def load(self, rows: Iterable[ReviewRow], basis: str | None, known: Iterable[bytes]) -> None:
        """Take the stored queue; where it rests on another basis, all records are looked at again, some at a time."""
        for row in rows:
            self._put(row)
        self._again = basis != self._basis
        self._left = [*dict.fromkeys((*known, *self._at))] if self._again else []

    def rows(self) -> list[ReviewRow]:
        """Return every item."""
        return list(self._rows.values())

    def held(self) -> dict[str, str]:
        """Return which entities are held, and why."""
        return {entity_id: _held(rows.values()).reason for entity_id, rows in self._holding.items()}

    # ------------------------------------------------------------------ what changes

    def again(self, doubts_of: Callable[[Iterable[bytes]], Doubts], most: int) -> tuple[Change, list[bytes]] | None:
        """Return what the next records that must be looked at again change, and which they are; None: none must."""
        if not self._left:
            return None
        given = self._left[:most]
        change = self._difference(doubts_of(given), None)
        return (replace(change, basis=self._basis) if len(given) == len(self._left) else change), given

    def difference(self, doubts: Doubts, delta: Delta | None = None) -> Change:
        """Return what doubts that were told anew change; the delta that brought them about tells why holds end."""
        change = self._difference(doubts, delta)
        return replace(change, basis=self._basis) if self._again and not self._left else change

    def _difference(self, doubts: Doubts, delta: Delta | None) -> Change:
        before = {item for record in doubts.looked for item in self._at.get(record, ())}
        found: dict[str, ReviewRow] = {}
        for doubt in doubts.found:
            at = review_id(self.entity, doubt)
            found[at] = row_of(self.entity, doubt, self._sensitive, self._rows.get(at))
        kept = tuple([row for at, row in found.items() if self._rows.get(at) != row])
        gone = tuple(sorted(before - found.keys()))
        if not kept and not gone:
            return Change(self.entity)
        return Change(self.entity, kept, gone, *self._held_by(kept, gone, delta))

    def _held_by(
        self, kept: Iterable[ReviewRow], gone: Iterable[str], delta: Delta | None
    ) -> tuple[dict[str, Held], dict[str, str]]:
        """Return which entities begin to be held, and which are released."""
        touched: dict[str, dict[str, ReviewRow]] = {}

        def items(entity_id: str) -> dict[str, ReviewRow]:
            return touched.setdefault(entity_id, dict(self._holding.get(entity_id, {})))

        for at in (*gone, *[row.id for row in kept]):
            old = self._rows.get(at)
            for entity_id in _entities(old) if old is not None else ():
                items(entity_id).pop(at, None)
        for row in kept:
            for entity_id in _entities(row):
                items(entity_id)[row.id] = row
        holds: dict[str, Held] = {}
        released: dict[str, str] = {}
        for entity_id, rows in touched.items():
            now = _held(rows.values()) if rows else None
            was = _held(self._holding[entity_id].values()) if entity_id in self._holding else None
            if was is not None and now != was:
                released[entity_id] = _why(entity_id, delta)
            if now is not None and now != was:
                holds[entity_id] = now
        return holds, released

    def taken(self, change: Change, looked: Collection[bytes] = ()) -> None:
        """Take a change into memory after its COMMIT; `looked` are the records that `again` gave."""
        for at in change.gone:
            self._drop(at)
        for row in change.kept:
            self._drop(row.id)
            self._put(row)
        if looked:
            del self._left[: len(looked)]
        if change.basis is not None:
            self._again = False

    def _put(self, row: ReviewRow) -> None:
        self._rows[row.id] = row
        for record in (row.doubt.a, row.doubt.b):
            self._at.setdefault(record, set()).add(row.id)
        for entity_id in _entities(row):
            self._holding.setdefault(entity_id, {})[row.id] = row

    def _drop(self, at: str) -> None:
        row = self._rows.pop(at, None)
        if row is None:
            return
        for record in (row.doubt.a, row.doubt.b):
            self._at[record].discard(at)
            if not self._at[record]:
                del self._at[record]
        for entity_id in _entities(row):
            self._holding[entity_id].pop(at, None)
            if not self._holding[entity_id]:
                del self._holding[entity_id]


def _entities(row: ReviewRow) -> set[str]:
    """The entities that an item holds."""
    return {row.doubt.entity_a, row.doubt.entity_b} if row.holds else set()


def _held(rows: Iterable[ReviewRow]) -> Held:
    """Return why items hold their entity: a contest before a conflict."""
    first = min(rows, key=lambda row: (row.holds != "contested", row.id))
    return Held(first.holds or "", first.doubt.judgement)


def _why(entity_id: str, delta: Delta | None) -> str:
    if delta is None:
        return "evidence"
    if any(entity.entity_id == entity_id and not entity.members for entity in delta.entities):
        return "vanished"
    return "decided" if delta.judgements or delta.notes else "evidence"
