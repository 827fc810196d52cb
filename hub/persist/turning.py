"""A model that takes another's place: what composition hands in, and when the writer looks for an offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.persist import load, models
from hub.persist.models import ModelFile
from hub.wire import log
from hub.wire.decisions import Delta
from hub.wire.entities import Entity
from hub.wire.errors import RefuseToStart

if TYPE_CHECKING:
    from hub.persist.commit import Writer
    from hub.persist.kinds import Stages

_log = log.get(__name__)
_LOOK_US = 2_000_000


@dataclass(frozen=True, slots=True)
class Models:
    """What the composition root knows of models."""

    file: ModelFile
    """The one that a new store is built with."""
    build: Callable[[ModelFile], Stages]
    """Returns empty stages under a model; raises RefuseToStart for a file that is none."""
    difference: Callable[[Stages, Stages], Delta]
    """Returns what changes when the second take over from the first."""


class Turning:
    """Looks for an offered model now and then, and builds what it decides beside the present one."""

    def __init__(self, url: str, epoch: int, models_: Models | None, writer: Writer) -> None:
        self._url = url
        self._epoch = epoch
        self._models = models_
        self._writer = writer
        self._looked: int | None = None

    def stages(self, entity: Entity, given: Stages) -> Stages:
        """Return the stages under the store's own model, where that is not the one given."""
        if self._models is None:
            return given
        with self._writer.guarded() as database:
            found = models.active(database, entity)
        if found is None or found == self._models.file:
            return given
        _log.info("model_of_the_store", entity=entity, model=found.version)
        return self._models.build(found)

    def adopt(self, entity: str) -> None:
        """Note the model of a store that names none."""
        if self._models is not None:
            with self._writer.guarded() as database:
                if models.active(database, entity) is None:
                    models.adopt(database, self._epoch, self._models.file)

    def offered(self, entity: Entity, present: Stages, now_us: int) -> tuple[Stages, Delta, str] | None:
        """Return stages under an offered model, what they change, and the change in words; None when none is offered.

        Takes as long as scoring all records anew, while nothing else is written.  A file that is no model is refused.
        """
        if self._models is None or (self._looked is not None and now_us - self._looked < _LOOK_US):
            return None
        with self._writer.guarded() as database:
            file = models.offered(database, entity)
        self._looked = now_us
        if file is None:
            return None
        _log.info("model_offered", entity=entity, model=file.version)
        try:
            made = self._models.build(file)
        except RefuseToStart as error:
            with self._writer.guarded() as database:
                models.refuse(database, self._epoch, file, str(error))
            return None
        with self._writer.guarded(), load.state(self._url, entity) as state:
            made.engine.rebuild(state)
        delta = self._models.difference(present, made)
        return made, delta, told(delta)


def told(delta: Delta) -> str:
    """Return in a line what a switch changes."""
    kinds = Counter(each.kind for each in delta.entities)
    entities = ", ".join([f"{kinds[kind]} {kind}" for kind in sorted(kinds)]) or "none"
    return f"entities: {entities}; scored pairs: {len(delta.edges)} new or other, {len(delta.edges_gone)} gone"
