"""What `bench link` measures, each task in a process of its own: `python -m hub.bench.link_work <task> <folder> ...`.

Records come decoded from a file and the collector is treated as the reconcile process does.  Kafka and merge are left
out, PostgreSQL too but where an engine starts again: it reads a store in which its records, pairs and members stand.
"""

from __future__ import annotations

import gc
import json
import pickle
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
import psycopg

from hub.bench.population.records import ATTESTING, AUTHORITIES, made
from hub.link.engine import Engine
from hub.link.model import read
from hub.persist import load
from hub.persist.agent import THRESHOLDS, settle_memory
from hub.wire import log, version
from hub.wire.archive import Archive
from hub.wire.decisions import Level
from hub.wire.errors import Halt
from hub.wire.records import CleanPerson

BATCH = 500
_CHUNK = 5000
_SETTLE_EACH = 20_000
"""Records between two times at which what lives long is taken out of the collector's sight."""
_POOL = 20_000
STORE = "store"
"""The file that holds the address of the store."""
_Row = tuple[bytes, str, str, bytes, bytes]
"""Id, source, table, version and encoded body."""


# ---------------------------------------------------------------------- files


def write_records(folder: Path, records: int, seed: int, most: int) -> None:
    """Write so many invented records in chunks of rows, body last, `most` in one."""
    archive, chunk, left = Archive(), list[_Row](), records
    with (folder / "records").open("wb") as file:
        for each in made(records, seed):  # more people than are needed: every one makes a record or more
            x = each.record
            chunk.append((x.id, x.source, x.table, x.version, archive.encode(x)))
            left -= 1
            if len(chunk) == most or not left:
                pickle.dump(chunk, file)
                chunk = []
            if not left:
                return


def _chunks(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)  # noqa: S301 - written by this bench


def _bodies(folder: Path) -> Iterator[list[CleanPerson]]:
    decode = Archive().decode
    for chunk in _chunks(folder / "records"):
        yield [decode(row[-1]) for row in chunk]


def _save(folder: Path, engine: Engine) -> None:
    """Write edges and members as the store's rows."""
    with (folder / "edges").open("wb") as file:
        _dump(file, ((edge.a, edge.b, edge.weight, _text(edge.levels)) for edge in engine.edges()))
    with (folder / "members").open("wb") as file:
        _dump(file, ((record, entity) for entity, records in engine.clusters().items() for record in records))


def _text(levels: tuple[Level, ...]) -> str:
    return orjson.dumps([(each.comparison, each.level, each.weight) for each in levels]).decode()


def _dump(file: BinaryIO, rows: Iterator[tuple[Any, ...]]) -> None:
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            pickle.dump(chunk, file)
            chunk = []
    pickle.dump(chunk, file)


# ---------------------------------------------------------------------- measuring


def _engine() -> Engine:
    return Engine(read(), AUTHORITIES, ATTESTING)


def _take(engine: Engine, events: list[CleanPerson]) -> int:
    delta = engine.apply(events)
    engine.commit(delta)
    return len(delta.edges)


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


@contextmanager
def _pauses() -> Iterator[list[float]]:
    """Lend a list of how many milliseconds each run of the collector took."""
    found: list[float] = []
    begun = [0.0]

    def watch(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            begun[0] = time.perf_counter()
        else:
            found.append((time.perf_counter() - begun[0]) * 1000)

    gc.callbacks.append(watch)
    try:
        yield found
    finally:
        gc.callbacks.remove(watch)


def _quantiles(found: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(found, n=100)
    return {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(found)}


def _changed(record: CleanPerson, rng: random.Random, at: int) -> CleanPerson:
    """A later state: moved, another phone, a name written shorter, or a NIK left out and given again."""
    later = version.pack(1, 1 << 40, at)
    kind = rng.randrange(4)
    if kind == 0:
        return replace(record, version=later, region=f"1508{1 + rng.randrange(17):02d}2001")
    if kind == 1:
        return replace(record, version=later, phone=f"+628{rng.randrange(10**9, 10**10)}")
    if kind == 2 and record.name and " " in record.name:
        return replace(record, version=later, name=record.name.rpartition(" ")[0], name_variants=())
    return replace(record, version=later, nik=None)


class _Cost(NamedTuple):
    """What taking records cost."""

    records: int = 0
    seconds: float = 0.0
    edges: int = 0
    """New scored pairs."""

    @property
    def us(self) -> float:
        """Microseconds a record."""
        return self.seconds / self.records * 1e6

    def __add__(self, other: object) -> _Cost:
        assert isinstance(other, _Cost)
        return _Cost(self.records + other.records, self.seconds + other.seconds, self.edges + other.edges)


# ---------------------------------------------------------------------- tasks


def fill(folder: Path, small: int, events: int) -> dict[str, Any]:
    """Take all records by batches, then single changes; the last records' cost stands beside that of the first.

    Both costs are of one time, or a machine that others use would tell of itself: between two chunks of the last
    records a chunk of the first goes to an engine that knows none but these.
    """
    engine, count, pool = _engine(), 0, list[CleanPerson]()
    many, few, before_last = list[_Cost](), list[_Cost](), list[_Cost]()
    gc.set_threshold(*THRESHOLDS)
    settle_memory()
    before, held = _rss(), 0
    records = sum(len(chunk) for chunk in _chunks(folder / "records"))
    beside, first = _engine(), _bodies(folder)
    for chunk in _bodies(folder):
        if len(pool) < _POOL:
            pool += chunk[:: max(1, _CHUNK // 100)]
        last = count + len(chunk) > records - small
        if last and not held:
            settle_memory()
            held = (_rss() - before) // count
        (many if last else before_last).append(_filled(engine, chunk))
        if last and sum(each.records for each in few) < small:
            few.append(_filled(beside, next(first)))
        count += len(chunk)
        if count % _SETTLE_EACH < _CHUNK:
            settle_memory()
    del chunk, beside, first
    settle_memory()
    _save(folder, engine)
    at_first, at_last, whole = sum(few, _Cost()), sum(many, _Cost()), sum(before_last + many, _Cost())
    return {
        "records": count, "records_per_s": count / whole.seconds, "bytes_per_record": held, "small": small,
        "first_us": at_first.us, "last_us": at_last.us, "ratio": at_last.us / at_first.us,
        "first_edges": at_first.edges / at_first.records, "last_edges": at_last.edges / at_last.records,
        "digest": engine.digest(), "events": _single(engine, pool, events),
    }  # fmt: skip


def _filled(engine: Engine, records: list[CleanPerson]) -> _Cost:
    begun = time.perf_counter()
    edges = sum(_take(engine, records[at : at + BATCH]) for at in range(0, len(records), BATCH))
    return _Cost(len(records), time.perf_counter() - begun, edges)


def _single(engine: Engine, pool: list[CleanPerson], events: int) -> dict[str, Any]:
    rng, found = random.Random(1), list[float]()
    settle_memory()
    with _pauses() as pauses:
        for at in range(events):
            event = [_changed(rng.choice(pool), rng, at)]
            begun = time.perf_counter()
            _take(engine, event)
            found.append((time.perf_counter() - begun) * 1000)
    return {
        "changes": events,
        **_quantiles(found),
        "collector_runs": len(pauses),
        "collector_max_ms": max([0.0, *pauses]),
    }


def keep(folder: Path) -> None:
    """Write the records, and the pairs and members that `fill` found, into the store's tables."""
    with psycopg.connect(_store(folder), autocommit=True) as database:
        with database.transaction():
            archive = Archive()
            archive.encode(next(_bodies(folder))[0])  # notes the schema
            database.cursor().executemany("insert into store.schema values (%s, %s)", archive.unsaved().items())
            _copy(database, "link.record (id, source, tbl, version, seen, root, deleted, body, entity)",
                  ((id_, source, table, at, at, id_, False, body, "person")
                   for id_, source, table, at, body in chain.from_iterable(_chunks(folder / "records"))))  # fmt: skip
            _copy(database, "link.edge (a, b, weight, levels, entity)",
                  ((*row, "person") for row in chain.from_iterable(_chunks(folder / "edges"))))  # fmt: skip
            _copy(database, "store.member (record, entity_id, source, tbl, entity)",
                  ((record, entity, "", "", "person")
                   for record, entity in chain.from_iterable(_chunks(folder / "members"))))  # fmt: skip
        database.execute("vacuum (analyze) link.record, link.edge, store.member")  # as its own would have


def _copy(database: psycopg.Connection[Any], place: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with database.cursor() as cursor, cursor.copy(f"copy {place} from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _store(folder: Path) -> str:
    return (folder / STORE).read_text(encoding="utf-8")


def restart(folder: Path) -> dict[str, Any]:
    """Start from the store, as the reconcile process does."""
    engine = _engine()
    gc.set_threshold(*THRESHOLDS)
    begun = time.perf_counter()
    with load.state(_store(folder)) as state:
        engine.load(state)
    settle_memory()
    return {"seconds": time.perf_counter() - begun, "rss_mb": _rss() / 1e6, "digest": engine.digest()}


def generic(folder: Path, sharing: int) -> dict[str, Any]:
    """Let so many records come that share a family card and a year of birth, a key of their own each beside it."""
    engine, bound = _engine(), read().generic_bound
    records = list(islice(chain.from_iterable(_bodies(folder)), sharing))
    if len(records) < sharing:
        raise Halt(f"{len(records)} records were written, {sharing} are to share a key; ask for more records")
    found: list[tuple[float, int]] = []
    for at, record in enumerate(records):
        event = [replace(record, kk="1508010101200001", birth_date=(at * 37) % 365 + 7305)]
        begun = time.perf_counter()
        delta = engine.apply(event)
        engine.commit(delta)
        found.append(((time.perf_counter() - begun) * 1000, len(delta.edges) - len(delta.edges_gone)))
    edges = 0
    most = max(edges := edges + grown for _, grown in found)
    last = [ms for ms, _ in found[-bound:]]
    return {"sharing": sharing, "bound": bound, "edges_most": most, "edges_after": edges,
            "turning_ms": found[bound][0], "before_ms": statistics.mean(ms for ms, _ in found[bound // 2 : bound]),
            "after_ms": statistics.mean(last)}  # fmt: skip


def churn(folder: Path, changes: int) -> dict[str, Any]:
    """Change records again and again: memory after each tenth of the changes."""
    engine, pool, rng = _engine(), list[CleanPerson](), random.Random(2)
    gc.set_threshold(*THRESHOLDS)
    for records in _bodies(folder):
        _take(engine, records)
        pool += records[: max(1, _POOL - len(pool))]
    held, begun, at = list[float](), time.perf_counter(), 0
    for part in range(10):
        until = changes * (part + 1) // 10
        while at < until:
            size = min(BATCH, until - at)
            _take(
                engine,
                [_changed(record, rng, at + n) for n, record in enumerate(rng.sample(pool, min(size, len(pool))))],
            )
            at += size
            if at // _SETTLE_EACH != (at - size) // _SETTLE_EACH:
                settle_memory()
        settle_memory()
        held.append(_rss() / 1e6)
    return {"changes": changes, "changes_per_s": changes / (time.perf_counter() - begun), "rss_mb_first": held[0],
            "rss_mb_last": held[-1], "grown_mb": held[-1] - held[0]}  # fmt: skip


_TASKS: dict[str, Callable[..., dict[str, Any] | None]] = {
    "write": write_records, "fill": fill, "keep": keep, "restart": restart, "generic": generic, "churn": churn,
}  # fmt: skip

if __name__ == "__main__":
    log.configure("bench", "error")
    _, task, where, *numbers = sys.argv
    print(json.dumps(_TASKS[task](Path(where), *map(int, numbers))))  # noqa: T201 - its output is what the parent reads
