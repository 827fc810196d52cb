"""One kind of entity in the writer: link and merge under a model, the doubts that follow, and models that take over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.persist import load, review_sql
from hub.persist.reviews import Change, Reviews
from hub.persist.stage import Database
from hub.persist.turning import Turning
from hub.persist.work import Turn, Work
from hub.wire.decisions import Delta, Engine, Merge, State
from hub.wire.entities import Entity

_AGAIN = 1_000
"""Records looked at again at once when the model or the sensitive sources are other ones than before."""
_PORTIONS = 5
"""How often at most in one step, where it changes nothing."""


class LoadableEngine(Engine, Protocol):
    """link's engine, which takes the store's state before anything else."""

    def load(self, state: State) -> None:
        """Take the state of the store; called once, before the first `apply`."""
        ...

    def rebuild(self, state: State) -> None:
        """Take records and decisions of the store; score and cluster them anew."""
        ...


@dataclass(frozen=True, slots=True)
class Stages:
    """What the composition root hands in of a kind of entity: link under a model, merge, and what contracts say."""

    engine: LoadableEngine
    merge: Merge
    authorities: Mapping[str, str]
    model: str = ""
    """Version of the model."""
    sensitive: frozenset[str] = frozenset()
    """Sources whose data decide on something that a wrong union would harm."""
    survivorship: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Order of authorities by attribute group, as the model has it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A model that takes over, and what it changes."""

    stages: Stages
    delta: Delta
    turn: Turn


class Kind:
    """The state of one kind of entity; used by the writer's thread alone."""

    def __init__(self, entity: Entity, stages: Stages, turning: Turning) -> None:
        self.entity = entity
        self.stages = stages
        self.reviews = Reviews(entity, stages.model, stages.sensitive)
        self.begun = False
        """Whether the engine has seen anything of the store: then it cannot be filled again."""
        self._turning = turning

    def open(self) -> None:
        """Take the store's own model, where it is not the one given; raises TryAgain."""
        self.take(self._turning.stages(self.entity, self.stages))

    def load(self, url: str, database: Database) -> tuple[int, int, int]:
        """Take the store's state; return how many golden records, source records and scored pairs live there."""
        with load.state(url, self.entity) as state:
            self.begun = True
            self.stages.engine.load(state)
        self.reviews.load(*review_sql.load(database, self.entity), self.stages.engine.known())
        return load.counts(database, self.entity)

    def loaded(self) -> None:
        """Note the model of a store that names none."""
        self._turning.adopt(self.entity)

    def due(self, now_us: int) -> bool:
        """Say whether a Tick has work to do."""
        expiry = self.stages.engine.next_expiry_us()
        return self.stages.engine.backlog() or (expiry is not None and expiry <= now_us)

    def offered(self, now_us: int) -> Switch | None:
        """Return the switch to an offered model."""
        found = self._turning.offered(self.entity, self.stages, now_us)
        if found is None:
            return None
        made, delta, said = found
        return Switch(made, delta, Turn(self.entity, made.model, said))

    def take(self, stages: Stages) -> None:
        """Go on with these stages; doubts are told anew under another model."""
        if stages is not self.stages:
            self.stages = stages
            rows = self.reviews.rows()
            self.reviews = Reviews(self.entity, stages.model, stages.sensitive)
            self.reviews.load(rows, None, stages.engine.known())

    def difference(self, delta: Delta) -> Change:
        """Return what a delta just applied changes of the stewards' queue."""
        return self.reviews.difference(self.stages.engine.doubts(), delta)

    def look_again(self) -> tuple[Work, tuple[bytes, ...]] | None:
        """Return what the next doubts change that must be told anew, and of which records.

        None when nothing does, for now at least.
        """
        for _ in range(_PORTIONS):
            found = self.reviews.again(self.stages.engine.doubts_of, _AGAIN)
            if found is None:
                break
            if found[0]:
                return Work(Delta(), {}, reviews=found[0], entity=self.entity), tuple(found[1])
            self.reviews.taken(*found)
        return None
