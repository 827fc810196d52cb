"""A worker of ours for the scenes: `python -m tests.integration.transport.scene '<Scene as JSON>'`.

Writes one JSON line an event to `out`: {"at": ..., "what": ...}.  With `store` its offsets are kept in an SQLite file,
in one transaction with what it handled; without it they are Kafka's.
"""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import json
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient

from hub.wire import log, transport
from hub.wire.errors import Halt, TryAgain
from hub.wire.transport import ConsumerView, Outside, Place

_UNSPECIFIED = 0
"""The address family of no address."""


@dataclasses.dataclass
class Scene:
    bootstrap: str
    group: str
    topics: list[str]
    out: str
    name: str = "a"
    store: str = ""
    outside: str = "hold"
    serial: bool = False
    idle_ms: int = 0
    records: int = 5
    poll_interval_s: float = 600.0
    slow_s: float = 0.0
    """How long the first batch that begins with `slow` takes, if no rebalance comes."""
    outage_s: float = 0.0
    """For how long, from the first need of it, everything that is stored is away."""
    halt_at: str = ""
    deaf: int = 0
    """How many of the first requests for the topics' partitions fail, as when the broker goes away just then."""
    lost: int = 0
    """How many of the first requests for the topics' partitions meet a connection that was lost in the same moment."""
    mute: bool = False
    """Whether commits are never answered."""
    stop_asked: bool = False
    """Whether a signal to end came before the worker listens."""


class Away(TryAgain):
    """The store is away."""


class Sqlite:
    """Offsets and effects in one file, one transaction a batch."""

    def __init__(self, path: str, away: Any) -> None:
        self._away = away
        self.db = sqlite3.connect(path, timeout=10)
        self.db.execute("create table if not exists next(topic, part, at, primary key (topic, part))")
        self.db.execute("create table if not exists seen(topic, part, at, value)")
        self.db.commit()

    async def load(self, view: ConsumerView, tps: Iterable[Place]) -> Mapping[Place, int | None]:
        self._away()
        rows = {(t, p): at for t, p, at in self.db.execute("select topic, part, at from next")}
        return {tp: rows.get(tuple(tp)) for tp in tps}

    def take(self, batch: transport.Batch) -> None:
        self._away()
        with self.db:
            known = self.db.execute("select at from next where topic=? and part=?", batch.tp).fetchone()
            if known is not None and known[0] != batch.base:
                raise Halt(f"{batch.tp}: the store is at {known[0]}, the batch begins at {batch.base}")
            self.db.execute("insert or replace into next values (?, ?, ?)", (*batch.tp, batch.next))
            self.db.executemany(
                "insert into seen values (?, ?, ?, ?)", [(*batch.tp, r.offset, r.value.decode()) for r in batch.records]
            )


def first_requests(count: int, meet: Callable[[Any, Any], Awaitable[bool]]) -> None:
    """Let `meet` befall the first requests for metadata of named topics; where it says False they have failed."""
    ask = AIOKafkaClient._metadata_update
    left = [count]

    async def befallen(self: Any, cluster: Any, topics: Any) -> Any:
        if topics and left[0] > 0:
            left[0] -= 1
            if not await meet(self, cluster):
                return False
        return await ask(self, cluster, topics)

    AIOKafkaClient._metadata_update = befallen


async def fail(_client: Any, cluster: Any) -> bool:
    """Fail as when no broker answers."""
    cluster.failed_update(None)
    return False


def reset(socket: int) -> None:
    """End a TCP connection as a broker that is killed does; a connect to no address is how the kernel is asked to."""
    nowhere = struct.pack("H14x", _UNSPECIFIED)
    if ctypes.CDLL(None, use_errno=True).connect(socket, nowhere, len(nowhere)):
        raise OSError(ctypes.get_errno(), "the connection could not be reset")


async def lose(client: Any, cluster: Any) -> bool:
    """Have the request written to a connection that was just lost."""
    (node,) = cluster.brokers()
    connection = await client._get_conn(node.nodeId)
    reset(connection._writer.get_extra_info("socket").fileno())
    while connection._reader.exception() is None:  # noqa: ASYNC110 - to the very turn
        await asyncio.sleep(0)
    assert connection.connected(), "aiokafka does not know yet"
    return True


def mute() -> None:
    """Let no commit be answered."""

    async def wait(*_: Any, **__: Any) -> None:
        await asyncio.sleep(3600)

    AIOKafkaConsumer.commit = wait


def build(scene: Scene) -> Any:
    file = open(scene.out, "a", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    first_need: list[float] = []
    was_slow: list[bool] = []

    def note(**fields: Any) -> None:
        fields = {"at": time.monotonic(), "who": scene.name, "generation": app.consumer_generation_id, **fields}
        file.write(json.dumps(fields) + "\n")
        file.flush()

    def away() -> None:
        first_need[:1] = first_need[:1] or [time.monotonic()]
        if time.monotonic() - first_need[0] < scene.outage_s:
            raise Away("the store is away")

    store = Sqlite(scene.store, away) if scene.store else None
    tuning = transport.Tuning(
        records=scene.records, serial=scene.serial, commit_every_s=0.3, settle_s=1.0, session_s=6.0, heartbeat_s=0.5,
        poll_interval_s=scene.poll_interval_s, backoff_max_s=1.0, held_s=1.0,
        commit_s=1.0, commit_patience_s=3.0,
    )  # fmt: skip
    app = transport.App(scene.group, scene.bootstrap, offsets=store, outside=Outside(scene.outside), tuning=tuning)
    if scene.idle_ms:

        @app.idle(scene.idle_ms / 1000)
        async def tick() -> None:
            note(what="idle begins")
            await asyncio.sleep(0.01)
            note(what="idle ends")

    @app.agent(app.batches(*scene.topics))
    async def agent(stream: Any) -> None:
        async for batch in stream:
            values = [record.value.decode() for record in batch.records]
            generation = app.consumer_generation_id
            if scene.halt_at in values:
                raise Halt("a person must act")
            if scene.serial:
                note(what="begins", topic=batch.tp.topic)
                await asyncio.sleep(0.002)
            if values[0] == "slow" and scene.slow_s and not was_slow:
                was_slow.append(True)
                note(what="slow begins", part=batch.tp.partition)
                until = time.monotonic() + scene.slow_s
                while time.monotonic() < until and app.consumer_generation_id == generation:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                if app.consumer_generation_id != generation:
                    note(what="late", part=batch.tp.partition)  # its store refuses it: the batch has no effect
                    continue
            if store is not None:
                store.take(batch)
            elif scene.outage_s:
                away()
            note(what="done", topic=batch.tp.topic, part=batch.tp.partition, values=values)

    @app.task
    async def up() -> None:
        while True:
            await asyncio.sleep(0.3)
            note(what="alive", held=len(app.held), lag=sum(app.lag().values()), stalled=round(app.stalled_s(), 1))

    return app


if __name__ == "__main__":
    given = Scene(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    log.configure(f"scene-{given.name}", "warning")
    first_requests(given.deaf, fail)
    first_requests(given.lost, lose)
    if given.mute:
        mute()
    asked = threading.Event()
    if given.stop_asked:
        asked.set()
    sys.exit(transport.run(build(given), asked))
