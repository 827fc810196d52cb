"""The one composition root: the whole river, top to bottom.  No other module sees all the stages."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hub.wire import avro, contract, log, topics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.contract import Contract
from hub.wire.decisions import Delta, Merge
from hub.wire.entities import ENTITIES, Entity, entity_named
from hub.wire.errors import RefuseToStart
from hub.wire.explained import Explainer
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings

if TYPE_CHECKING:
    from hub.link.model import Model
    from hub.persist.kinds import Stages
    from hub.persist.models import ModelFile


def prepare(settings: Settings) -> None:
    """Create the topics of every source, register the hub's schemas and migrate the store; safe to repeat."""
    from hub.persist import migrate

    declared = [*topics.fixed_topics(), *source_topics(contract.load_all(settings))]
    KafkaLog(settings.endpoint("kafka")).ensure(declared)
    with closing(ConfluentRegistry(settings.endpoint("registry"))) as registry:
        Codec(registry, register=True).prepare_all()
    migrate(settings.endpoint("database"))


def source_topics(contracts: Mapping[str, Contract]) -> list[topics.Topic]:
    """Return the raw, position and signal topics of every source."""
    found = []
    for name, source in contracts.items():
        found += [topics.POSITION.named(source=name), topics.SIGNAL.named(source=name)]
        found += [
            replace(topics.raw_topic(name, table.name), partitions=source.source.partitions) for table in source.table
        ]
    return found


# -- 1: an office's system to raw
def _source(name: str, settings: Settings) -> int:
    from connectors import runner

    contracts = contract.load_all(settings)
    if name not in contracts:
        raise RefuseToStart(
            f"{name!r} is neither a stage ({', '.join(STAGES)}) nor a source with a contract ({', '.join(contracts)})"
        )
    return runner.run(settings, contracts[name])


# -- 2: raw to clean, or to quarantine
def _clean(settings: Settings) -> int:
    from hub.clean import agent

    return agent.run_agent(settings, contract.load_all(settings))


# -- 3: clean to golden, in one transaction a batch
class Resolver:
    """link and merge of one kind of entity under its model: who is the same, and which value wins."""

    def __init__(self, contracts: Mapping[str, Contract], chosen: Model) -> None:
        from hub.link import engine
        from hub.merge.golden import Golden

        sources = [each.source for each in contracts.values()]
        self.authorities: Mapping[str, str] = {source.name: source.authority for source in sources}
        attesting = frozenset(source.name for source in sources if chosen.attested in source.attests)
        self.engine = engine.Engine(chosen, self.authorities, attesting)
        self.merge: Merge = Golden(chosen.survivorship, entity_named(chosen.entity))
        self.model = chosen.version
        self.survivorship = chosen.survivorship
        self.sensitive = frozenset(source.name for source in sources if source.sensitive)


def resolver(
    contracts: Mapping[str, Contract], models: Path | None = None, entity: Entity = "person"
) -> Resolver:  # fmt: skip
    """Return link and merge of a kind of entity for these sources, empty.

    `models` is a folder that goes before the models shipped.
    """
    from hub.link import model

    return Resolver(contracts, model.of(entity, models))


def resolvers(contracts: Mapping[str, Contract], models: Path | None = None) -> Mapping[Entity, Resolver]:
    """Return link and merge of every kind of entity for these sources, empty."""
    return {entity: resolver(contracts, models, entity) for entity in ENTITIES}


def model_file(path: Path) -> ModelFile:
    """Return a model file as text, with its frequencies; raises RefuseToStart naming the entry at fault."""
    from hub.link import model
    from hub.persist.models import ModelFile

    chosen, beside = model.read(path), model.frequencies_of(path)
    frequencies = beside.read_text(encoding="utf-8") if beside.exists() else None
    return ModelFile(chosen.entity, chosen.version, path.read_text(encoding="utf-8"), frequencies)


def stages_under(contracts: Mapping[str, Contract], file: ModelFile) -> Stages:
    """Return empty stages under a model; raises RefuseToStart for a file that is none, or of another name."""
    from hub.link import model
    from hub.persist.kinds import Stages

    chosen = model.from_text(file.text, file.frequencies, file.version)
    if (chosen.entity, chosen.version) != (file.entity, file.version):
        raise RefuseToStart(f"model {file.version} of {file.entity} calls itself {chosen.version} of {chosen.entity}")
    parts = Resolver(contracts, chosen)
    return Stages(parts.engine, parts.merge, parts.authorities, parts.model, parts.sensitive, parts.survivorship)


def difference(before: Stages, after: Stages) -> Delta:
    """Return what changes when stages under another model take over; both hold the same records."""
    from hub.link import switch
    from hub.link.engine import Engine

    assert isinstance(before.engine, Engine)
    assert isinstance(after.engine, Engine)
    everything = before.survivorship != after.survivorship
    return switch.difference(before.engine, after.engine, after.model, everything=everything)


def _reconcile(settings: Settings) -> int:
    from hub.link import model
    from hub.persist.agent import run_agent
    from hub.persist.turning import Models

    build = partial(stages_under, contract.load_all(settings))
    models = {
        entity: Models(model_file(model.path_of(entity, settings.models)), build, difference) for entity in ENTITIES
    }
    codec = avro.Codec(ConfluentRegistry(settings.endpoint("registry")))
    return run_agent(settings, {entity: build(each.file) for entity, each in models.items()}, codec, models)


# -- 4: the store to Kafka, and to people and applications
def _publish(settings: Settings) -> int:
    from hub.publish import process

    return process.run(settings)


def _serve(settings: Settings) -> int:
    from hub.serve import process

    return process.run(settings, explainers(settings))


def model_of_store(settings: Settings, entity: str) -> Model:
    """Return the model that the store was built with; where it names none, the newest file."""
    from hub.link import model
    from hub.persist import models

    file = models.active_at(settings.endpoint("database"), entity)
    if file is None:
        return model.of(entity, settings.models)
    return model.from_text(file.text, file.frequencies, file.version)


class Explainers(Mapping[str, "Explainer"]):
    """What tells why records are one, by kind of entity, under the model that the store has at that moment."""

    def __init__(self, settings: Settings) -> None:
        from hub.link import records

        self._settings = settings
        self._sources = [each.source for each in contract.load_all(settings).values()]
        self._entities = tuple(records.RECORDS)
        self._known: dict[str, tuple[str, Explainer]] = {}

    def __getitem__(self, entity: str) -> Explainer:
        from hub.link import trace

        if entity not in self._entities:
            raise KeyError(entity)
        chosen = model_of_store(self._settings, entity)
        known = self._known.get(entity)
        if known is None or known[0] != chosen.version:
            attesting = frozenset(source.name for source in self._sources if chosen.attested in source.attests)
            known = self._known[entity] = (chosen.version, trace.Explainer(chosen, attesting))
        return known[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)


def explainers(settings: Settings) -> Explainers:
    """Return what tells why records are one, by kind of entity, under the models that are in use."""
    return Explainers(settings)


# -- beside the river: does the hub hold what each office holds?
def _verify(settings: Settings) -> int:
    from hub.verify import process

    return process.run(settings, contract.load_all(settings))


STAGES: Mapping[str, Callable[[Settings], int]] = {
    "clean": _clean,
    "reconcile": _reconcile,
    "publish": _publish,
    "serve": _serve,
    "verify": _verify,
}


AHEAD = ("hub.ahead",)
"""What a supervisor of stages and sources may import ahead of their start."""


def run(name: str, settings: Settings) -> int:
    """Run one stage or one source until it is told to stop; return the exit code."""
    log.configure(name, settings.log_level)
    log.get(__name__).info("starting", host=socket.gethostname())
    stage = STAGES.get(name)
    return stage(settings) if stage else _source(name, settings)
