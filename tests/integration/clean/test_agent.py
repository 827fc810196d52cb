"""The clean process on a real Kafka and registry: what goes in comes out, whatever happens to the process."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.platform.embedded import Platform
from hub.wire import contract, topics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.broker import Incoming, Outgoing
from hub.wire.contract import Contract
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.records import CleanPerson, Held, QuarantineItem, Sweep
from hub.wire.topics import HEADER_KIND
from hub.wire.version import pack, stamp
from tests.unit.clean import raw

RUN = (
    "import sys; from hub.clean.agent import run_agent; from hub.wire import contract, log; "
    "from hub.wire.settings import Settings; log.configure('clean'); settings = Settings(); "
    "sys.exit(run_agent(settings, contract.load_all(settings)))"
)
PARTITIONS = 3


class River:
    """One source of its own name on the session's platform, and the clean process."""

    def __init__(self, folder: Path, platform: Platform) -> None:
        self.source = f"s{secrets.token_hex(5)}"
        self.kafka, self.registry = (platform.services[name].endpoint for name in ("kafka", "registry"))
        text = (contract.SHIPPED / "dukcapil.toml").read_text(encoding="utf-8")
        (folder / "sources").mkdir()
        (folder / "sources" / "one.toml").write_text(text.replace('name = "dukcapil"', f'name = "{self.source}"', 1))
        self.contract: Contract = contract.load(folder / "sources" / "one.toml")
        self.log = KafkaLog(self.kafka)
        raw_topic = replace(topics.raw_topic(self.source, "public.penduduk"), partitions=PARTITIONS)
        self.log.ensure([*topics.fixed_topics(), raw_topic])
        self._registry = registry = ConfluentRegistry(self.registry)
        self.codec = Codec(registry, register=True)
        self.codec.prepare_all()
        self.topic = raw_topic.name
        self.raw = raw.Sender(registry, "dukcapil", topic=self.topic)
        self.sender = KafkaSender(self.kafka, "test")
        self._starts = {name: self._ends(name) for name in ("clean.person", "quarantine.clean")}
        self._env = os.environ | {
            "SATUDATA_HOME": str(folder), "SATUDATA_KAFKA": self.kafka, "SATUDATA_REGISTRY": self.registry,
            "SATUDATA_SOURCES": str(folder / "sources"), "SATUDATA_QUARANTINE_LIMIT": "20",
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def _ends(self, topic: str) -> dict[int, int]:
        return {partition: high for partition, (_, high) in self.log.bounds(topic).items()}

    def start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen([sys.executable, "-c", RUN], env=self._env)
        return self._process

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.sender.close()
        self._registry.close()

    def send(self, messages: list[Incoming]) -> None:
        out = [
            Outgoing(self.topic, m.key, m.value, m.headers, m.partition if m.key is None else None) for m in messages
        ]
        assert self.sender.submit(out).wait(30)

    def change(self, number: int, **columns: Any) -> Incoming:
        return self.raw.change(
            "c", {**raw.DUKCAPIL, **columns}, key=number.to_bytes(16, "big"), stamp=stamp(1, number, 0)
        )

    def read(self, topic: str) -> list[tuple[Incoming, Any]]:
        found = [(m, self.codec.decode_record(m.value or b"")) for m in self.log.read(topic, self._starts[topic])]
        return [(message, record) for message, record in found if record.source == self.source]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come about within a minute"
        time.sleep(0.1)


@pytest.fixture
def river(tmp_path: Path, platform: Platform) -> Iterator[River]:
    made = River(tmp_path, platform)
    yield made
    made.close()


def test_rows_poison_and_sweeps_pass_and_the_process_ends_in_order(river: River) -> None:
    process = river.start()
    marker = Sweep(river.source, "public.penduduk", pack(2, 0, 0), 0, PARTITIONS)
    river.send([
        river.change(1), river.change(2, jk="X"), river.change(3),
        river.raw.message(b"poison", key=(4).to_bytes(16, "big"), stamp=stamp(1, 4, 0)),
        river.raw.message(river.codec.encode(marker), key=None, headers=((HEADER_KIND, b"sweep"),), partition=0),
    ])  # fmt: skip
    expected = 2 + 2 + topics.CLEAN_PERSON.partitions
    until(lambda: len(river.read("clean.person")) == expected)
    found = river.read("clean.person")
    people = {m.key: record for m, record in found if isinstance(record, CleanPerson)}
    assert {key: person.name for key, person in people.items()} == {
        n.to_bytes(16, "big"): "SITI CONTOH" for n in (1, 3)
    }
    sweeps = {m.partition: record.clean_partition for m, record in found if isinstance(record, Sweep)}
    assert sweeps == {n: n for n in range(topics.CLEAN_PERSON.partitions)}
    items = {record.record: record for _, record in river.read("quarantine.clean")}
    assert {item.code for item in items.values()} == {"unknown_value", "undecodable"}
    held = [record for _, record in found if isinstance(record, Held)]
    assert {(h.id, h.item) for h in held} == {(record, item.id) for record, item in items.items()}
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_killed_process_loses_nothing(river: River) -> None:
    at_once, sent = 1000, 0
    for kill in (True, True, False):
        process, seen = river.start(), len(river.read("clean.person"))
        river.send([river.change(n) for n in range(sent, sent + at_once)])
        sent += at_once
        until(lambda so_far=seen: len(river.read("clean.person")) > so_far)  # type: ignore[misc]
        if kill:
            process.kill()
            process.wait()
    until(lambda: len({m.key for m, _ in river.read("clean.person")}) == sent)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    versions = {(record.id, record.version) for _, record in river.read("clean.person")}
    assert versions == {(n.to_bytes(16, "big"), pack(1, n, 0, 1)) for n in range(sent)}


def test_too_many_refused_rows_in_a_row_end_the_process(river: River) -> None:
    river.send([river.change(n, jk="X") for n in range(300)])
    assert river.start().wait(60) == 1
    assert all(isinstance(record, QuarantineItem) for _, record in river.read("quarantine.clean"))
