"""The four figures: a backlog of inserts, one of updates with before images, a first reading, and latency."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from hub.bench import figure
from hub.bench.capture.arrivals import Drained, Topic
from hub.bench.capture.contenders import PARTITIONS, TUNED, Contender, Ground, Ours, Peer, peer_version, wait_streaming
from hub.bench.capture.office import MariadbOffice, Office, PostgresOffice
from hub.demo.verdict import quantile
from hub.platform.child import Child, until
from hub.platform.embedded import Platform
from hub.wire.errors import Halt
from hub.wire.settings import Settings

DRAIN_S = 600.0
BEGIN_S = 90.0
WARM_S = 3.0
"""Load of the latency run whose times do not count."""
STILL_S = 3.0
APART = 10_000_000
"""Between the numbers of two latency runs, so that a backlog of one is not taken for the other."""
OFFICE = "bench_office"


@dataclass(frozen=True, slots=True)
class Load:
    """How much is measured."""

    inserts: int = 400_000
    updates: int = 200_000
    rate: float = 500
    seconds: float = 20


@dataclass(frozen=True, slots=True)
class Rival:
    """One way to run a contender: what it is called, and how to make it under a fresh name."""

    title: str
    make: Callable[[Ground, str], Contender]


OURS = Rival("ours", Ours)


def rivals(*, peer: bool) -> list[Rival]:
    """Return the peer as it comes and tuned for latency, or nobody."""
    if not peer:
        return []
    name = peer_version()
    return [
        Rival(f"{name}, its defaults", lambda ground, as_: Peer(ground, f"{as_}_peer")),
        Rival(f"{name}, tuned for latency", lambda ground, as_: Peer(ground, f"{as_}_tuned", TUNED)),
    ]


ENGINES: Mapping[str, type[PostgresOffice | MariadbOffice]] = {
    "postgresql": PostgresOffice, "mariadb": MariadbOffice
}  # fmt: skip


@contextlib.contextmanager
def ground(settings: Settings, engine: str) -> Iterator[Ground]:
    """Start Kafka, the registry and the office's server in a home that goes away with them."""
    with tempfile.TemporaryDirectory(prefix="satudata-bench-") as folder:
        Path(folder).chmod(0o711)  # under root PostgreSQL runs as another user, who must be able to enter
        own = {"home": Path(folder) / "home", "kafka": None, "registry": None, "database": None, "secret_file": None}
        inside = settings.model_copy(update=own)
        extra, mariadb = ({OFFICE: ""}, ()) if engine == "postgresql" else ({}, (OFFICE,))
        with Platform(inside, console=Console(stderr=True), extra=extra, mariadb=mariadb) as platform:
            inside.master_secret()
            office: Office = ENGINES[engine](platform.services[OFFICE].endpoint)
            office.create()
            yield Ground(inside, office, Path(folder))


def measure(
    settings: Settings, load: Load, *, engine: str, peer: bool, tell: Callable[[str], None]
) -> Iterator[str]:  # fmt: skip
    """Yield one JSON line a figure and rival; `tell` hears of the progress."""
    with ground(settings, engine) as place:
        sides = [OURS, *rivals(peer=peer)]
        yield from _streamed(place, sides, load, tell)
        yield from _snapshot(place, sides, load.inserts, tell)


def _streamed(place: Ground, sides: Sequence[Rival], load: Load, tell: Callable[[str], None]) -> Iterator[str]:
    """Have everybody begin on the empty table, then drain the same backlogs, then follow an even load."""
    found = [side.make(place, "bench") for side in sides]
    rows = itertools.count(-1, -1)
    for contender in found:
        tell(f"{contender.name} begins")
        _begin(place, contender, rows)
    for name, amount, write in (
        ("capture_inserts", load.inserts, partial(place.office.insert, 1)),
        ("capture_updates", load.updates, place.office.update),
    ):  # fmt: skip
        tell(f"writing {amount} rows for {name}")
        write(amount)
        drained = []
        for contender in found:
            drained.append(_drain(place, contender, amount, first_reading=False))
            tell(f"{name}: {contender.name} {drained[-1].rows_per_s:,.0f} rows/s")
        yield from _lines(place, name, sides, drained)
    times = [_latency(place, contender, load, number * APART, tell) for number, contender in enumerate(found)]
    own = times[0]
    if own.missing:
        raise Halt(f"{found[0].name}: {own.missing} of {own.measured + own.missing} changes never came")
    for side, other in zip(sides[1:] or sides, times[1:] or times, strict=True):
        ours = {"p50_ms": own.p50_ms, "p99_ms": own.p99_ms, "measured": own.measured}
        peers = {"peer_p50_ms": other.p50_ms, "peer_p99_ms": other.p99_ms, "peer_measured": other.measured,
                 "peer_missing": other.missing, "p99_ratio": other.p99_ms / own.p99_ms}  # fmt: skip
        yield _line(place, "capture_latency", side, ours, peers, changes_per_s=load.rate)


def _snapshot(place: Ground, sides: Sequence[Rival], rows: int, tell: Callable[[str], None]) -> Iterator[str]:
    drained = []
    for side in sides:
        contender = side.make(place, "first")
        drained.append(_drain(place, contender, rows, first_reading=True))
        tell(f"capture_snapshot: {contender.name} {drained[-1].rows_per_s:,.0f} rows/s")
    yield from _lines(place, "capture_snapshot", sides, drained)


def _lines(place: Ground, name: str, sides: Sequence[Rival], drained: Sequence[Drained]) -> Iterator[str]:
    ours = drained[0]
    for side, other in zip(sides[1:] or sides, drained[1:] or drained, strict=True):
        yield _line(
            place, name, side,
            {"rows_per_s": ours.rows_per_s, "cpu_us_per_row": ours.cpu_us_per_row, "rss_mb": ours.rss_mb},
            {"peer_rows_per_s": other.rows_per_s, "peer_cpu_us_per_row": other.cpu_us_per_row,
             "peer_rss_mb": other.rss_mb, "rows_per_s_ratio": ours.rows_per_s / other.rows_per_s,
             "cpu_ratio": other.cpu_us_per_row / ours.cpu_us_per_row},
            rows=ours.rows,
        )  # fmt: skip


def _line(
    place: Ground, name: str, side: Rival, ours: dict[str, Any], peers: dict[str, Any], **more: Any
) -> str:  # fmt: skip
    compared = {} if side is OURS else {"peer": side.title, **peers}
    return figure.line(name, engine=place.office.engine, **ours, **compared, **more)


def _begin(place: Ground, contender: Contender, rows: Iterator[int]) -> None:
    """Let a contender follow the log past one row, so that it knows a place to go on from."""
    topic = Topic(place.settings.endpoint("kafka"), contender.topic, PARTITIONS)
    with running(place, contender) as child:
        start, deadline = topic.end(), time.monotonic() + BEGIN_S
        while topic.end() == start:
            if time.monotonic() > deadline:
                raise Halt(f"{contender.name} streams, but its first row does not come; its log:\n{child.output(25)}")
            row = next(rows)
            place.office.insert(row, row)
            until(lambda: topic.end() > start, 3.0)
    topic.close()


@contextlib.contextmanager
def running(place: Ground, contender: Contender) -> Iterator[Child]:
    """Run a contender that follows the log from where it stood; stop it in good order."""
    until(lambda: not place.office.streams(contender.name), BEGIN_S)
    child = contender.start(first_reading=False)
    try:
        wait_streaming(place, contender, child)
        yield child
    finally:
        child.stop(seconds=30)


def _drain(place: Ground, contender: Contender, rows: int, *, first_reading: bool) -> Drained:
    topic = Topic(place.settings.endpoint("kafka"), contender.topic, PARTITIONS)
    start = topic.end()
    child = contender.start(first_reading=first_reading)
    try:
        return topic.drain(child.pid, start, rows, DRAIN_S)
    except Halt as error:
        raise Halt(f"{error}; the end of it:\n{child.output(25)}") from error
    finally:
        child.stop(seconds=30)
        topic.close()


@dataclass(frozen=True, slots=True)
class Latency:
    """From a commit's return to the message in a reader's hand, and how many changes no reader saw in a minute."""

    p50_ms: float
    p99_ms: float
    measured: int
    missing: int


def _latency(place: Ground, contender: Contender, load: Load, first: int, tell: Callable[[str], None]) -> Latency:
    topic, stop = Topic(place.settings.endpoint("kafka"), contender.topic, PARTITIONS), threading.Event()
    came: dict[int, float] = {}
    numbers = range(first, first + int(load.rate * (WARM_S + load.seconds)))
    with running(place, contender):
        topic.wait_still(STILL_S)
        reader = threading.Thread(target=topic.read_marks, args=(stop, came), daemon=True)
        reader.start()
        time.sleep(1)
        committed = place.office.touch(numbers, load.rate)
        deadline = time.monotonic() + 60
        while len(came) < len(numbers) and time.monotonic() < deadline:
            time.sleep(0.1)
        stop.set()
        reader.join()
    topic.close()
    counted = numbers[int(load.rate * WARM_S) :]
    took = [max(0.0, came[n] - committed[n]) * 1000 for n in counted if n in came]
    if not took:
        raise Halt(f"{contender.name}: none of {len(counted)} changes came")
    measured = Latency(quantile(took, 0.5) or 0.0, quantile(took, 0.99) or 0.0, len(took), len(counted) - len(took))
    tell(
        f"capture_latency: {contender.name} p50 {measured.p50_ms:.1f} ms, p99 {measured.p99_ms:.1f} ms, "
        f"{measured.missing} missing"
    )
    return measured
