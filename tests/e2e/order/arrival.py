"""One arrival order after another through the real reconcile process: each with topics and a store of its own."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
from confluent_kafka.admin import AdminClient

from hub import flow
from hub.demo import stored
from hub.demo.expect import Expected
from hub.demo.stored import Difference
from hub.persist import migrate, models
from hub.persist.models import ModelFile
from hub.platform import forks
from hub.platform.child import Child, Command, spawn
from hub.wire import contract, topics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.broker import Outgoing
from hub.wire.entities import ENTITIES, Clean, Entity
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.records import Held, Judgement
from hub.wire.settings import Settings
from tests.e2e.river import until
from tests.services import fixtures

Arriving = tuple[Entity, Clean | Held]
_OFFICES = ("dukcapil", "dapodik", "dinsos")
_CLEAN = tuple([topics.CLEAN_TOPIC[entity] for entity in ENTITIES])
_NAMES = tuple([topic.name for topic in (*_CLEAN, topics.JUDGEMENT, topics.QUARANTINE_CLEAN)])
_CHUNKS = 6
_DUPLICATES = 120
_ENDING_S = 30
_READ = 'select coalesce(sum(next_offset), 0)::int from link."offset"'
_OFFERED = "select count(*)::int from link.model where state = 'offered'"
_EDGES = "select encode(a, 'hex'), encode(b, 'hex'), weight, levels::text from link.edge order by 1, 2"
_JUDGEMENTS = """
select id, encode(a, 'hex'), encode(b, 'hex'), verdict, state from link.judgement order by 1, 2, 3"""
_ACTIVE = "select entity, version from link.model where state = 'active' order by 1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one order led to; entity versions and stubs tell of the way and are no part of it."""

    digest: str
    differences: tuple[Difference, ...]
    edges: tuple[Any, ...]
    judgements: tuple[Any, ...]
    models: dict[str, str]
    """Version of the model that decides, by kind of entity."""
    refused: int


@dataclass(frozen=True, slots=True)
class Order:
    """One of many orders: how events are shuffled, over how many partitions, and a model that is offered meanwhile."""

    seed: int
    partitions: int
    offer: ModelFile | None = None


class Ground:
    """Services on which reconcile is run again and again."""

    def __init__(self, given: Settings) -> None:
        self._given = given
        self._home = given.home
        forks.prepare(flow.AHEAD)
        self._log_file = self._home / "logs" / "reconcile.log"
        self._server = given.endpoint("database")
        self._kafka = given.endpoint("kafka")
        self._log = KafkaLog(self._kafka)
        self._admin = AdminClient({"bootstrap.servers": self._kafka})
        self._registry = ConfluentRegistry(given.endpoint("registry"))
        self._codec = Codec(self._registry, register=True)
        self._codec.prepare_all()
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute("create database empty_store")
        migrate(self._url("empty_store"))
        self._sources = self._home / "sources"
        _write_contracts(self._sources)

    def close(self) -> None:
        """Hang up."""
        self._registry.close()
        del self._admin, self._log

    @contextmanager
    def _reconciling(self) -> Iterator[Child]:
        """Run the stage; it must end well when told to."""
        environment = {**fixtures.environment(self._given), "SATUDATA_DATABASE": self._url("one_order"),
                       "SATUDATA_SOURCES": str(self._sources)}  # fmt: skip
        command = Command((sys.executable, "-m", "hub", "run", "reconcile"), environment, Path.cwd())
        process = spawn("reconcile", command, self._log_file, fork=True)
        try:
            yield process
            assert process.stop(seconds=_ENDING_S) == 0, self._said()
        finally:
            process.kill()

    def outcome(
        self, found: Sequence[Arriving], decisions: Sequence[Judgement], expected: Expected, order: Order
    ) -> Outcome:
        """Send records in an order of their own, some twice, decisions among them; return what the store became."""
        chance = random.Random(order.seed)
        events = [*found, *chance.choices(found, k=_DUPLICATES)]
        chance.shuffle(events)
        self._new_topics(order.partitions)
        url = self._new_store()
        with self._reconciling() as process:
            self._send(events, decisions, chance, order.offer, url)
            until(lambda: self._has_read(process, url, len(events) + len(decisions)), self._said)
            return Outcome(
                self._digest(), tuple(stored.differences(expected, stored.read(url))), _rows(url, _EDGES),
                _rows(url, _JUDGEMENTS), dict(_rows(url, _ACTIVE)), len(_rows(url, "select id from store.quarantine")),
            )  # fmt: skip

    def _has_read(self, process: Child, url: str, messages: int) -> bool:
        assert process.returncode is None, self._said()
        return _rows(url, _READ) == ((messages,),) and _rows(url, _OFFERED) == ((0,),)

    def _said(self) -> str:
        """The end of what the process wrote."""
        return self._log_file.read_text()[-3000:]

    def _new_topics(self, clean: int) -> None:
        known = [name for name in _NAMES if self._log.partitions(name)]
        for future in self._admin.delete_topics(known).values() if known else ():
            future.result(30)
        until(lambda: not any(map(self._log.partitions, _NAMES)))
        made = [replace(topic, partitions=clean) for topic in _CLEAN]
        self._log.ensure([*made, topics.JUDGEMENT, topics.QUARANTINE_CLEAN])

    def _new_store(self) -> str:
        with psycopg.connect(self._server, autocommit=True) as server:
            server.execute("drop database if exists one_order with (force)")
            server.execute("create database one_order template empty_store")
        return self._url("one_order")

    def _send(
        self, events: Sequence[Arriving], decisions: Sequence[Judgement], chance: random.Random,
        offer: ModelFile | None, url: str,
    ) -> None:  # fmt: skip
        """Send both in chunks, so that the process meets decisions before, among and after their records.

        A model is offered among them.  The sender is of this order alone: an older one may remember how many partitions
        the topic had before.
        """
        cuts = sorted(chance.sample(range(len(decisions) + 1), 2))
        shares = [decisions[: cuts[0]], decisions[cuts[0] : cuts[1]], decisions[cuts[1] :]]
        places = sorted(chance.sample(range(_CHUNKS), 3))
        offered = chance.randrange(_CHUNKS)
        size = -(-len(events) // _CHUNKS)
        with closing(KafkaSender(self._kafka, "test")) as sender:
            for chunk in range(_CHUNKS):
                if chunk in places:
                    self._submit(sender, map(self._decision, shares[places.index(chunk)]))
                if chunk == offered and offer is not None:
                    with models.offers(url) as offers:
                        offers.offer(offer, "walidata")
                self._submit(sender, map(self._record, events[chunk * size : (chunk + 1) * size]))

    def _decision(self, judgement: Judgement) -> Outgoing:
        return Outgoing(topics.JUDGEMENT.name, judgement.id.encode(), self._codec.encode(judgement))

    def _record(self, arriving: Arriving) -> Outgoing:
        entity, record = arriving
        headers = ((topics.HEADER_KIND, b"held"),) if isinstance(record, Held) else ()
        return Outgoing(topics.CLEAN_TOPIC[entity].name, record.id, self._codec.encode(record), headers)

    @staticmethod
    def _submit(sender: KafkaSender, messages: Iterable[Outgoing]) -> None:
        assert sender.submit(list(messages)).wait(60)

    def _digest(self) -> str:
        probe = json.loads((self._home / "run" / "probes" / "reconcile.json").read_text())
        return httpx.get(f"http://{probe[0]['targets'][0]}/digest").text.strip()

    def _url(self, database: str) -> str:
        return f"{self._server.rpartition('/')[0]}/{database}"


def _rows(url: str, query: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as database:
        return tuple(database.execute(query.encode()).fetchall())


def _write_contracts(folder: Path) -> None:
    """Write contracts of three offices whose register proves every number that a register can."""
    folder.mkdir()
    for office in _OFFICES:
        text = (contract.SHIPPED / f"{office}.toml").read_text(encoding="utf-8")
        text = text.replace('attests = ["nik"]', 'attests = ["nik", "kk", "nib", "npsn"]')
        (folder / f"{office}.toml").write_text(text, encoding="utf-8")
