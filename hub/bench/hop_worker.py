"""One side of `bench hop` as a process of its own: `python -m hub.bench.hop_worker '<Side as JSON>'`.

Prints one JSON object: records, seconds from the first record in the agent to the last acknowledgement, CPU seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import faust

from hub.wire import log, transport, version
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing
from hub.wire.kafka import KafkaSender
from hub.wire.records import CleanPerson

GIVE_UP_S = 180
STOCK_BATCH = 500
"""Records whose acknowledgements the stock side awaits together."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one worker is to do."""

    stock: bool
    bootstrap: str
    source: str
    target: str
    group: str
    records: int
    consume_only: bool
    folder: str = ""
    """Where stock Faust may leave its files."""


def sample(number: int) -> CleanPerson:
    """Return an invented person's record, about 300 bytes as Avro."""
    return CleanPerson(
        number.to_bytes(16, "big"), version.pack(1, number, 0), False, "dukcapil", "public.penduduk",
        1_790_000_000_000_000 + number, number, name=f"BUDI CONTOH {number:07}", name_variants=("BOEDI TJONTOH",),
        sex="male", birth_date=7000 + number % 9000, birth_place="MUARA BUNGO", mother="SITI CONTOH",
        street="JALAN LINTAS SUMATERA KILOMETER TIGA", rt=5, rw=2, region="1508051001", region_system="kemendagri",
    )  # fmt: skip


def codec() -> Codec:
    """Return the hub's codec on a registry in memory, the same in every process."""
    found = Codec(MemoryRegistry(), register=True)
    found.encode(sample(0))
    return found


class Count:
    """Counts what is finished and ends the process at the last."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._done = 0
        self._begun: tuple[float, float] | None = None
        self._ended: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """Start the clock at the first record."""
        if self._begun is None:
            self._begun = time.perf_counter(), time.process_time()

    def add(self, records: int) -> None:
        """Note records whose effect is acknowledged."""
        self._done += records
        self._ended = time.perf_counter(), time.process_time()
        if self._done >= self._wanted:
            os.kill(os.getpid(), signal.SIGTERM)

    def report(self) -> dict[str, float]:
        """Return what was measured."""
        begun = self._begun or self._ended
        return {
            "records": self._done,
            "seconds": self._ended[0] - begun[0],
            "cpu_seconds": self._ended[1] - begun[1],
        }


def ours(side: Side, count: Count) -> int:
    """Run the batch transport's side."""
    app = transport.App(side.group, side.bootstrap, tuning=transport.Tuning(records=2000))
    decode = codec().decode
    sender = None if side.consume_only else KafkaSender(side.bootstrap, "bench-hop", linger_ms=5)

    # two in turn, so that one batch is decoded while the other's acknowledgements are on their way
    @app.agent(app.batches(side.source), concurrency=2)  # type: ignore[untyped-decorator]
    async def hop(stream: Any) -> None:
        async for batch in stream:
            count.begin()
            if sender is not None:
                for record in batch.records:
                    decode(record.value)
                await sender.send_batch([Outgoing(side.target, record.key, record.value) for record in batch.records])
            count.add(len(batch))

    return transport.run(app)


def stock(side: Side, count: Count) -> None:
    """Run stock Faust's side as its users would: raw bytes, linger, a batch's acknowledgements awaited together."""
    app = faust.App(
        side.group, broker=f"kafka://{side.bootstrap}", datadir=side.folder,
        store="memory://", topic_allow_declare=False, topic_disable_leader=True, web_enabled=False,
        consumer_auto_offset_reset="earliest", producer_acks=-1, producer_linger=0.005, stream_wait_empty=False,
        broker_max_poll_records=2000, producer_compression_type="lz4", producer_max_batch_size=256 * 1024,
    )  # fmt: skip
    source = app.topic(side.source, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
    target = app.topic(side.target, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")
    decode = codec().decode

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def hop(stream: Any) -> None:
        if side.consume_only:
            async for _ in stream:
                count.begin()
                count.add(1)
            return
        async for values in stream.take(STOCK_BATCH, within=0.05):
            count.begin()
            for value in values:
                decode(value)
            sent = [await target.send(key=value[:16], value=value) for value in values]
            await asyncio.gather(*sent)
            count.add(len(values))

    faust.Worker(
        app, loglevel="ERROR", redirect_stdouts=False, quiet=True, stdout=sys.stderr
    ).execute_from_commandline()


def main() -> None:
    """Run one side and print what it measured."""
    log.configure("bench", "error")
    side = Side(**json.loads(sys.argv[1]))
    count = Count(side.records)
    signal.alarm(GIVE_UP_S)
    try:
        if side.stock:
            stock(side, count)
        else:
            ours(side, count)
    except SystemExit:
        pass  # Faust's way of returning
    sys.stdout.write("\n" + json.dumps(count.report()) + "\n")


def argument(side: Side) -> str:
    """Return a side as this module's command-line argument."""
    return json.dumps(asdict(side))


if __name__ == "__main__":
    main()
