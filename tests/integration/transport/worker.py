"""One worker process of the fault tests: `python -m tests.integration.transport.worker '<Task as JSON>'`.

It handles numbers "0".."29", writes each it has dealt with as a line of `out`, and stops when nothing new came for a
while.  `fault` makes phase 1 go wrong in the way that the case is about; without it the worker is healthy.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import sys
import tempfile
import time
from typing import Any

import faust

from hub.wire import log, transport
from hub.wire.broker import Outgoing
from hub.wire.errors import TryAgain
from hub.wire.kafka import KafkaSender

BIG = 2_000_000
BUSY_S = 10.0


@dataclasses.dataclass
class Task:
    case: str
    side: str
    bootstrap: str
    topic: str
    out: str
    fault: bool
    count: int = 30
    quiet_s: float = 4.0
    most_s: float = 40.0


class Desk:
    """Where handled values are written, and what tells that nothing more is coming."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.file = open(task.out, "a", encoding="utf-8")  # noqa: SIM115 - for the life of the process
        self.last = time.monotonic()
        self.started = time.monotonic()
        self.any = False
        self.failed = False
        self.seen: set[str] = set()

    def done(self, *values: Any) -> None:
        for value in values:
            text = value.decode() if isinstance(value, bytes) else str(value)
            self.file.write(text + "\n")
            self.seen.add(text)
        self.file.flush()
        self.last, self.any = time.monotonic(), True

    def fail_once(self) -> None:
        if self.task.fault and not self.failed:
            self.failed = True
            raise RuntimeError("fails once")

    async def wait(self) -> None:
        """Return when all was seen and a commit has had its time, or when nothing has come for a while."""
        quiet = self.task.quiet_s + (BUSY_S if self.task.case == "L9" else 0)
        while time.monotonic() - self.started < self.task.most_s:
            await asyncio.sleep(0.1)
            enough = 1.5 if len(self.seen) >= self.task.count else quiet
            if self.any and time.monotonic() - self.last > enough:
                return


def build(task: Task, desk: Desk) -> Any:
    app = _ours(task, desk) if task.side == "ours" else _stock(task, desk)
    if task.case == "L6" and task.fault:
        _refuse_the_commit_of_all(task)

    @app.task
    async def end() -> None:
        await desk.wait()
        generation = getattr(app, "consumer_generation_id", 0)
        print(json.dumps({"generation": generation}), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

    return app


def _refuse_the_commit_of_all(task: Task) -> None:
    from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

    from hub.wire.transport.thread import Thread

    kind = Thread if task.side == "ours" else AIOKafkaConsumerThread
    commit, refused = kind._commit, []

    async def once(self: Any, offsets: Any) -> Any:
        if not refused and task.count in offsets.values():
            refused.append(True)
            return False
        return await commit(self, offsets)

    kind._commit = once


# -- stock Faust, with the settings that its documentation recommends for at-least-once
def _stock(task: Task, desk: Desk) -> Any:
    extra = {"stream_buffer_maxsize": 10, "broker_max_poll_interval": 4, "broker_max_poll_records": 5}
    app = faust.App(
        f"g-{task.topic}", broker=("confluent://" if task.case == "L7" else "kafka://") + task.bootstrap,
        datadir=tempfile.mkdtemp(), store="memory://", topic_allow_declare=False, topic_disable_leader=True,
        web_enabled=False, consumer_auto_offset_reset="earliest", broker_commit_interval=0.5, stream_wait_empty=False,
        producer_max_request_size=5_000_000, broker_session_timeout=10, broker_heartbeat_interval=2,
        broker_request_timeout=40, **(extra if task.case == "L9" else {}),
    )  # fmt: skip
    topic = app.topic(task.topic, value_type=bytes, value_serializer="json" if task.case == "L4" else "raw")
    out = app.topic(f"{task.topic}-out", value_type=bytes, value_serializer="raw")
    body = {"L2": _stock_take, "L3": _stock_held, "L3b": _stock_held}.get(task.case, _stock_plain)
    app.agent(topic)(body(task, desk, out))
    return app


def _stock_take(task: Task, desk: Desk, out: Any) -> Any:
    async def agent(stream: Any) -> None:
        async for values in stream.take(10, within=0.5):
            if b"15" in values:
                desk.fail_once()
            desk.done(*values)

    return agent


def _stock_held(task: Task, desk: Desk, out: Any) -> Any:
    head = b"10" if task.case == "L3" else b"0"
    held: list[Any] = []

    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            if task.fault and event.value == head:
                held.append(event)  # still being worked on somewhere else
                continue
            desk.done(event.value)
            event.ack()

    return agent


def _stock_plain(task: Task, desk: Desk, out: Any) -> Any:
    async def agent(stream: Any) -> None:
        async for value in stream:
            if task.case == "L1" and value == b"15":
                desk.fail_once()
            if task.case == "L5":
                await out.send(value=os.urandom(BIG) if task.fault and value == b"15" else value)
            if task.case == "L9" and not desk.any:
                desk.done(value)
                await asyncio.sleep(BUSY_S)
                continue
            desk.done(json.dumps(value) if task.case == "L4" else value)

    return agent


# -- ours
def _ours(task: Task, desk: Desk) -> Any:
    held = task.case in {"L3", "L3b"}
    tuning = transport.Tuning(
        records=5 if held or task.case == "L9" else 10, in_hand=6 if held else 2, commit_every_s=0.5, settle_s=1.0,
        poll_interval_s=4.0 if task.case == "L9" else 600.0,
    )  # fmt: skip
    retry_on = (RuntimeError,) if task.case == "L1" else (TryAgain,)
    app = transport.App(f"g-{task.topic}", task.bootstrap, tuning=tuning, retry_on=retry_on)
    handle = {"L4": _poison, "L5": _resend}.get(task.case, _plain)

    async def agent(stream: Any) -> None:
        async for batch in stream:
            if task.fault and held and batch.records[0].value == (b"10" if task.case == "L3" else b"0"):
                await asyncio.sleep(3600)  # the head of the line never finishes
            if task.case in {"L1", "L2"} and any(record.value == b"15" for record in batch.records):
                desk.fail_once()
            if task.case == "L9" and not desk.any:
                desk.done(*[record.value for record in batch.records])
                await asyncio.sleep(BUSY_S)
                continue
            await handle(task, desk, batch)

    app.agent(app.batches(task.topic), concurrency=4 if held else 1)(agent)
    return app


async def _plain(task: Task, desk: Desk, batch: transport.Batch) -> None:
    desk.done(*[record.value for record in batch.records])


async def _poison(task: Task, desk: Desk, batch: transport.Batch) -> None:
    for record in batch.records:
        try:
            desk.done(json.dumps(json.loads(record.value)))
        except ValueError:
            desk.done(b"quarantined:" + record.value)


async def _resend(task: Task, desk: Desk, batch: transport.Batch) -> None:
    values = [os.urandom(BIG) if task.fault and r.value == b"15" else r.value for r in batch.records]
    sender = KafkaSender(task.bootstrap, "fault-test", **{"message.max.bytes": 5_000_000})
    await sender.send_batch([Outgoing(f"{task.topic}-out", None, value) for value in values])
    desk.done(*[record.value for record in batch.records])


def main() -> int:
    task = Task(**json.loads(sys.argv[1]))
    log.configure(f"{task.case}-{task.side}", "warning")
    app = build(task, Desk(task))
    if task.side == "ours":
        return transport.run(app)
    worker = faust.Worker(app, loglevel="ERROR", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()
    return 0


if __name__ == "__main__":
    sys.exit(main())
