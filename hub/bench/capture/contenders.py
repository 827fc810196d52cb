"""Ours and the peer, each as a process that is begun, let drain and stopped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rich.console import Console

from hub.bench.capture.office import Office
from hub.platform import cache, maven
from hub.platform.cache import JAVA
from hub.platform.child import Child, Command, spawn, until
from hub.platform.ports import Ports
from hub.wire.errors import Halt
from hub.wire.kafka import KafkaLog
from hub.wire.settings import Settings
from hub.wire.topics import Topic, raw_topic

PARTITIONS = 3
HEAP = "512m"
PATIENCE_S = 120.0
TUNED = {
    "debezium.source.poll.interval.ms": "1",
    "debezium.sink.kafka.producer.linger.ms": "0",
    "debezium.format.key.schemas.enable": "false",
    "debezium.format.value.schemas.enable": "false",
}
"""The peer tuned for latency: it asks its queue each millisecond, sends at once, and leaves the schema out of each
message."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a run takes place."""

    settings: Settings
    office: Office
    folder: Path


class Contender(Protocol):
    """One capture of the office's table."""

    name: str
    topic: str

    def start(self, *, first_reading: bool) -> Child:
        """Start the process; `first_reading` tells whether it should read the rows that are there at first."""
        ...


class Ours:
    """`satudata run <source>`."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.name = name
        topic = replace(raw_topic(name, ground.office.table), partitions=PARTITIONS)
        self.topic = topic.name
        self._ground = ground
        KafkaLog(ground.settings.endpoint("kafka")).ensure([topic])
        sources = ground.folder / "sources"
        sources.mkdir(exist_ok=True)
        (sources / f"{name}.toml").write_text(_contract(ground.office, name), encoding="utf-8")

    def start(self, *, first_reading: bool) -> Child:  # noqa: ARG002 - ours always reads what is there
        """Start the connector."""
        settings = self._ground.settings
        environment = {
            "SATUDATA_HOME": str(settings.home), "SATUDATA_SOURCES": str(self._ground.folder / "sources"),
            "SATUDATA_PROBE_PORT": "0", "BENCH_DSN": self._ground.office.dsn,
        }  # fmt: skip
        command = Command((sys.executable, "-m", "hub", "run", self.name), environment, Path.cwd())
        return spawn(self.name, command, self._ground.folder / f"{self.name}.log")


class Peer:
    """Debezium Server with its Kafka sink and a 512 MB heap."""

    def __init__(self, ground: Ground, name: str, more: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.topic = f"{name}.{ground.office.table}"
        self._ground = ground
        self._more = dict(more or {})
        rows = Topic(self.topic, "none", "none", PARTITIONS, "delete", 86_400_000, ("bench",), ("bench",))
        changes_of_schema = replace(rows, name=name, partitions=1)
        KafkaLog(ground.settings.endpoint("kafka")).ensure([rows, changes_of_schema])

    def start(self, *, first_reading: bool) -> Child:
        """Start the server with its configuration written to a folder of its own."""
        ground = self._ground
        folder = ground.folder / self.name
        (folder / "config").mkdir(parents=True, exist_ok=True)
        port = Ports(folder / "ports.json").of("http")
        lines = {**self._properties(folder, port, "initial" if first_reading else "no_data"), **self._more}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (folder / "config" / "application.properties").write_text(text, encoding="utf-8")
        (folder / "config" / "application.properties").chmod(0o600)
        programs = cache.bundle("debezium", ground.settings.cache, Console(stderr=True)) / "debezium-server"
        runner = next(programs.glob("debezium-server-*runner.jar"))
        path = f"{runner}:{folder / 'config'}:{programs / 'lib'}/*"
        argv = (
            str(JAVA),
            f"-Xmx{HEAP}",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-cp",
            path,
            "io.debezium.server.Main",
        )
        return spawn(self.name, Command(argv, {}, folder), folder.with_suffix(".log"))

    def _properties(self, folder: Path, port: int, snapshot: str) -> dict[str, str]:
        sink = "debezium.sink.kafka.producer"
        text = "org.apache.kafka.common.serialization.StringSerializer"
        source = {
            **self._ground.office.peer(self.name), "topic.prefix": self.name, "snapshot.mode": snapshot,
            "offset.storage.file.filename": str(folder / "offsets.dat"),
        }  # fmt: skip
        return {
            "debezium.sink.type": "kafka",
            f"{sink}.bootstrap.servers": self._ground.settings.endpoint("kafka"),
            f"{sink}.key.serializer": text, f"{sink}.value.serializer": text,
            **{f"debezium.source.{key}": value for key, value in source.items()},
            "quarkus.http.host": "127.0.0.1", "quarkus.http.port": str(port), "quarkus.log.console.json": "false",
        }  # fmt: skip


def peer_version() -> str:
    """Return the peer's name and version."""
    return f"Debezium Server {maven.locked('debezium').version}"


def wait_streaming(ground: Ground, contender: Contender, child: Child) -> None:
    """Wait until a contender follows the office's log; raises Halt with the end of its log."""
    found = until(lambda: child.returncode is not None or ground.office.streams(contender.name), PATIENCE_S, 0.2)
    if not found or child.returncode is not None:
        raise Halt(f"{contender.name} does not stream; the end of its log:\n{child.output(25)}")


def _contract(office: Office, name: str) -> str:
    """Return the contract of ours: every column of the table mapped or ignored."""
    slot = f'[options]\nslot = "{name}"\npublication = "{name}"\n' if office.kind == "postgres_wal" else ""
    return f"""\
[source]
name = "{name}"
kind = "{office.kind}"
owner = "Bangku uji"
authority = "sector"
legal_basis = "uji kecepatan dengan data rekaan"
purpose = "uji kecepatan"
retention_days = 1
expires = 2099-12-31
dsn = "env:BENCH_DSN"
partitions = {PARTITIONS}

{slot}
[[table]]
name = "{office.table}"
entity = "person"
key = ["id"]
ignore = ["rt", "rw", "kode_desa", "hidup", "diubah"]

[table.map]
nik = {{ from = "nik", with = "nik" }}
kk = {{ from = "no_kk", with = "kk" }}
name = {{ from = "nama", with = "name" }}
sex = {{ from = "jk", with = "lookup:jk" }}
birth_date = {{ from = "tgl_lahir", with = "date" }}
birth_place = {{ from = "tempat_lahir", with = "text" }}
mother = {{ from = "nama_ibu", with = "mother" }}
street = {{ from = "alamat", with = "address" }}

[table.lookups.jk]
L = "male"
P = "female"
"""
