"""A steward's desk at a small river: decide, contest, undo and follow over HTTP; replay everything from Kafka."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from hub import flow
from hub.persist.reconcile import digest_of
from hub.wire import contract, topics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.decisions import Tick
from hub.wire.kafka import KafkaLog
from tests.e2e.river import SmallRiver

BY = {"author": "petugas.contoh", "reason": "akta dan KK diperiksa"}
CITIZEN = {"author": "warga.contoh", "reason": "ini bukan saya"}


@dataclass(frozen=True)
class Desk:
    """What a steward does over HTTP."""

    river: SmallRiver

    def get(self, path: str, **asked: Any) -> Any:
        """Ask; None for 404."""
        answer = httpx.get(self._url(path), params=asked, timeout=30)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decide(self, verdict: str, *records: bytes, by: dict[str, str] = BY, **more: Any) -> str:
        """Send a decision, wait until reconcile has taken it, and return its id."""
        named = {"records": [record.hex() for record in records]} if records else {}
        answer = httpx.post(
            self._url("/v1/judgement"), json={**by, "verdict": verdict, **named, **more}, timeout=30
        )  # fmt: skip
        assert answer.status_code == 202, answer.text
        made = str(answer.json()["id"])
        self.river.wait(lambda: self.state(made) != "pending")
        return made

    def state(self, judgement: str) -> str:
        """What became of a judgement, contest or withdrawal."""
        return str(self.get(f"/v1/judgement/{judgement}")["state"])

    def reviews(self, *records: bytes, **asked: Any) -> list[dict[str, Any]]:
        """Items of the queue that name any of these records."""
        wanted = {record.hex() for record in records}
        items = self.get("/v1/reviews", limit=200, **asked)["items"]
        return [item for item in items if {item["a"], item["b"]} & wanted]

    def history(self, entity: str, **asked: Any) -> list[dict[str, Any]]:
        """The published states of an entity."""
        found: list[dict[str, Any]] = self.get(f"/v1/person/{entity}/history", **asked)["states"]
        return found

    def _url(self, path: str) -> str:
        place = self.river.settings.home / "run" / "serve.json"
        return str(json.loads(place.read_text())["url"]) + path

    # -- replay
    def digest(self) -> str:
        """What the running writer says of its memory; nothing while it starts."""
        place = self.river.settings.home / "run" / "probes" / "reconcile.json"
        try:
            [probe] = json.loads(place.read_text(encoding="utf-8"))
            return httpx.get(f"http://{probe['targets'][0]}/digest", timeout=30).text.strip()
        except (FileNotFoundError, httpx.TransportError):
            return ""

    def replayed(self) -> str:
        """The digest of fresh engines fed all that Kafka holds: clean records first, then every judgement."""
        engines = {kind: each.engine for kind, each in flow.resolvers(contract.load_all(self.river.settings)).items()}
        engine = engines["person"]
        for name in (topics.CLEAN_PERSON.name, topics.JUDGEMENT.name):
            engine.commit(engine.apply(list(self._events(name))))
        while True:
            engine.commit(engine.apply([Tick(time.time_ns() // 1000)]))
            if not engine.backlog():
                return digest_of(engines)

    def _events(self, topic: str) -> Iterator[Any]:
        settings = self.river.settings
        with closing(ConfluentRegistry(settings.endpoint("registry"))) as registry:
            codec = Codec(registry)
            for message in KafkaLog(settings.endpoint("kafka")).read(topic):
                yield codec.decode_record(message.value or b"")
