"""Apache Kafka, one node that is broker and controller, from the jars of Maven Central."""

from __future__ import annotations

import base64
import socket
import struct
import uuid
from pathlib import Path
from typing import ClassVar

from hub.platform import maven
from hub.platform.cache import JAVA
from hub.platform.child import Command, spawn
from hub.platform.classes import Archive
from hub.platform.ports import LOOPBACK, Ports
from hub.platform.service import Service
from hub.wire.errors import RefuseToStart

MESSAGE_BYTES = 20 * 1024 * 1024
"""The largest message: DESIGN section 4 asks for 16 MB and something around it."""

_LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
log.flush.interval.messages={flush}
message.max.bytes={bytes}
replica.fetch.max.bytes={bytes}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
broker.session.timeout.ms=4500
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=33554432
num.io.threads=4
num.network.threads=2
"""
_EVERY_MESSAGE, _NEVER = 1, 2**63 - 1
_METADATA, _VERSION = 3, 1
_HEAP = ("-Xmx512m", "-Xms128m")
_JVM = ("-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")
_BRIEF = "-XX:TieredStopAtLevel=1"
"""For a program that lives for minutes: what the JVM's second compiler costs comes back in hours only."""


class Kafka(Service):
    """The embedded broker; `durable` flushes every message of every topic before it is acknowledged.

    A `brief` one takes a third less processor time in its first minutes and is slower under load for ever after.
    """

    grace: ClassVar[float] = 30

    def __init__(self, home: Path, programs: Path, ports: Ports, *, durable: bool, brief: bool = False) -> None:
        super().__init__("kafka", home)
        self._programs = programs
        self._ports = ports
        self._durable = durable
        self._more = (_BRIEF,) if brief else ()
        self._port = 0
        self._data = self.folder / "data"
        self.classes = Archive(programs, f"{programs}/*", (*_HEAP, *_JVM), self.folder)

    @property
    def version(self) -> str:
        """Return the version of the program."""
        return maven.locked("kafka").version

    @property
    def endpoint(self) -> str:
        """Return the bootstrap server."""
        return f"{LOOPBACK}:{self._port}"

    def prepare(self) -> None:
        """Write the configuration; format the data folder on first use."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # records of people lie below
        (self.folder / "log4j2.properties").write_text(_LOGGING)
        self._port = self._ports.of("kafka")
        if not self._data.is_dir():
            self._format(self.folder / "data.new")
        self._configure(self._data)

    def command(self) -> Command:
        """Return what to run."""
        return self._java(*_HEAP, *self._more, *self.classes.options, "kafka.Kafka", str(self._settings))

    def ailment(self) -> str | None:
        """Ask the broker which brokers there are."""
        try:
            return None if brokers(self._port) else "the broker has not registered with its controller"
        except OSError as error:
            return f"no answer on {self.endpoint} ({error})"

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def _configure(self, data: Path) -> None:
        text = _PROPERTIES.format(
            host=LOOPBACK,
            broker=self._port,
            controller=self._ports.of("kafka-controller"),
            data=data,
            flush=_EVERY_MESSAGE if self._durable else _NEVER,
            bytes=MESSAGE_BYTES,
        )
        self._settings.write_text(text)

    def _format(self, draft: Path) -> None:
        """Give the data folder a cluster id, in a draft, so that a kill leaves none that is half formatted."""
        self._configure(draft)
        cluster = (
            base64.urlsafe_b64encode(b"\x69" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        )  # never begins with "-"
        arguments = ("format", "--ignore-formatted", "-t", cluster, "-c", str(self._settings))
        tool = spawn(
            self.name,
            self._java(_BRIEF, *_HEAP, *self.classes.mapped, "kafka.tools.StorageTool", *arguments),
            self.log,
        )
        if tool.wait(self.patience) != 0:
            tool.kill()
            raise self._failure("could not format its data folder", tool.output())
        draft.rename(self._data)

    def _java(self, *arguments: str) -> Command:
        options = (
            *_JVM,
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dlog4j2.configurationFile=file:{self.folder / 'log4j2.properties'}",
            "-cp",
            f"{self._programs}/*",
        )
        return Command((str(JAVA), *options, *arguments), cwd=self.folder)


def brokers(port: int, seconds: float = 2) -> int:
    """Return how many brokers the cluster behind a loopback port knows; raises OSError if it does not answer.

    One Metadata request (version 1, no topics) by hand, because a health check should not need a client's threads.
    """
    body = struct.pack(">hhih", _METADATA, _VERSION, 0, -1) + struct.pack(">i", 0)
    with socket.create_connection((LOOPBACK, port), seconds) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        answer = connection.makefile("rb").read(12)
    if len(answer) < 12:
        raise ConnectionError("the connection was closed without an answer")
    _length, _correlation, count = struct.unpack(">iii", answer)
    return int(count)


def require(address: str) -> None:
    """Raise RefuseToStart unless something listens at the first of the given bootstrap servers."""
    host, _, port = address.split(",", maxsplit=1)[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except (OSError, ValueError) as error:
        raise RefuseToStart(
            f"SATUDATA_KAFKA names {address}, where nothing answers ({error}); correct it, or unset it to use the "
            "embedded Kafka"
        ) from error
