"""A store that link, merge and persist filled: what is explained is what the river's own stages decided."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.link.engine import Engine
from hub.link.model import read
from hub.link.trace import Explainer
from hub.merge.golden import golden
from hub.wire.decisions import Delta, Event
from hub.wire.records import CleanPerson, GoldenPerson
from tests.integration.serve.stores import TestStore
from tests.unit.link.builders import AUTHORITIES, rid

MODEL = read()
EXPLAINERS = {"person": Explainer(MODEL, frozenset({"dukcapil"}))}


class Resolved:
    """An engine whose every delta is written by the hub's own writer."""

    def __init__(self, kept: TestStore) -> None:
        self._kept = kept
        self._engine = Engine(MODEL, AUTHORITIES, frozenset({"dukcapil"}))
        self._bodies: dict[bytes, CleanPerson] = {}

    def take(self, *events: Event) -> Delta:
        """Resolve one batch and commit it."""
        delta = self._engine.apply(events)
        self._bodies |= {row.id: row.body for row in delta.records if row.body is not None}
        self._kept.commit(
            delta, [self._golden(each.entity_id, each.members) for each in delta.entities if each.members]
        )
        self._engine.commit(delta)
        return delta

    def _golden(self, entity_id: str, members: Sequence[bytes]) -> GoldenPerson:
        return golden(entity_id, [self._bodies[each] for each in members], AUTHORITIES, MODEL.survivorship)

    def clusters(self) -> dict[str, tuple[bytes, ...]]:
        """Members of every entity."""
        return self._engine.clusters()

    def entity(self, name: str) -> UUID:
        """Entity id of a living record."""
        return next(UUID(entity) for entity, ids in self.clusters().items() if rid(name) in ids)
