"""`bench hop`: one Faust hop through the batch transport beside stock Faust, on one broker, in one run."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from hub.bench import figure
from hub.bench.hop_worker import GIVE_UP_S, Side, argument, codec, sample
from hub.platform import cache
from hub.platform.kafka import Kafka
from hub.platform.ports import Ports
from hub.wire.broker import Outgoing
from hub.wire.errors import Halt
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.settings import Settings
from hub.wire.topics import Topic

PARTITIONS = 4
DIFFERENT = 5000
"""Invented records that the source topic repeats."""


def measure(settings: Settings, records: int, stock_records: int, *, consume_only: bool) -> str:
    """Return the figure's line; both sides read the same topic from its beginning."""
    with broker(settings) as bootstrap:
        source, target = (_topic(bootstrap, stem) for stem in ("source", "target"))
        size = fill(bootstrap, source, max(records, stock_records))
        sides = {
            stock: _run(Side(stock, bootstrap, source, target, f"bench-{secrets.token_hex(4)}", n, consume_only))
            for stock, n in ((True, stock_records), (False, records))
        }
    ours, stock = (found["records"] / found["seconds"] for found in (sides[False], sides[True]))
    return figure.line(
        "hop_consume_only" if consume_only else "hop",
        records_per_s=ours, cpu_us_per_record=_cpu(sides[False]), records=sides[False]["records"],
        peer="stock faust-streaming 0.15.3", peer_records_per_s=stock, peer_cpu_us_per_record=_cpu(sides[True]),
        peer_records=sides[True]["records"], ratio=ours / stock,
        cpu_ratio=_cpu(sides[True]) / _cpu(sides[False]), record_bytes=size, partitions=PARTITIONS,
    )  # fmt: skip


def _cpu(side: dict[str, float]) -> float:
    return side["cpu_seconds"] / side["records"] * 1e6


@contextmanager
def broker(settings: Settings) -> Iterator[str]:
    """Start a Kafka of the benchmark's own, with data that go away with it."""
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        home = Path(folder)
        for part in ("run", "logs"):
            (home / part).mkdir()
        programs = cache.bundle("kafka", settings.cache, Console(stderr=True))
        kafka = Kafka(home, programs, Ports(home / "run" / "ports.json"), durable=False)
        kafka.start()
        try:
            yield kafka.endpoint
        finally:
            kafka.stop()


def fill(bootstrap: str, topic: str, records: int) -> int:
    """Write so many records into a topic, evenly over its partitions; return the bytes of one."""
    encode = codec().encode
    values = [encode(sample(number)) for number in range(DIFFERENT)]
    sender = KafkaSender(bootstrap, "bench-fill", linger_ms=20)
    for start in range(0, records, DIFFERENT):
        part = values[: min(DIFFERENT, records - start)]
        sender.submit(
            [Outgoing(topic, value[:16], value, (), number % PARTITIONS) for number, value in enumerate(part)]
        ).wait(GIVE_UP_S)
    sender.close()
    return len(values[0])


def _topic(bootstrap: str, stem: str) -> str:
    name = f"bench.{stem}.{secrets.token_hex(4)}"
    KafkaLog(bootstrap).ensure([Topic(name, "none", "none", PARTITIONS, "delete", 3_600_000, ("bench",), ("bench",))])
    return name


def _run(side: Side) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        told = argument(replace(side, folder=folder))
        command = [sys.executable, "-W", "ignore", "-m", "hub.bench.hop_worker", told]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    lines = done.stdout.strip().splitlines()
    found: dict[str, float] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if found.get("records", 0) < side.records:
        who = "stock" if side.stock else "our"
        raise Halt(
            f"{who} side handled {found.get('records', 0)} of {side.records} records and ended with code "
            f"{done.returncode}:\n{done.stderr[-2000:]}"
        )
    return found
