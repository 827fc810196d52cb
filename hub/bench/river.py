"""`bench river` and `bench latency`: the real processes, from a commit at an office to the golden row."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import cycle

import psycopg
from psycopg import sql
from rich.console import Console

from hub.bench import figure
from hub.demo import latency, verdict
from hub.demo.play import FILLING_S, Play
from hub.demo.river import Options, River
from hub.demo.screen import Progress
from hub.wire.errors import Halt
from hub.wire.settings import Settings

ROWS_A_COMMIT = 20
REST_S = 300
_TABLES = {
    "dukcapil": ("public.penduduk", "id", "alamat"),
    "dapodik": ("public.peserta_didik", "peserta_didik_id", "alamat_jalan"),
    "dinsos": ("public.penerima", "nik", "alamat"),
}
"""Table, column that tells rows apart and address column of each office; an address alone never moves a person."""


def throughput(settings: Settings, people: int, changes: int, target_per_s: float) -> str:
    """Return the figure of sustained changes: written as fast as the offices can, timed until the hub rests."""
    with River(settings, Options(people, 1, 1, brief=False), Console(stderr=True)) as river:
        _settled(river)
        before = figure.cpu_of(pids(river))
        start = time.monotonic()
        written = _write_everywhere(river, changes)
        writing_s = time.monotonic() - start
        problem = river.rest().wait(REST_S, river.stop, river.require_processes)
        seconds = time.monotonic() - start
        if problem:
            raise Halt(f"the river did not come to rest within {REST_S} s: {problem}")
        return figure.line(
            "river", changes_per_s=written / seconds, changes=written, seconds=seconds, writing_s=writing_s,
            people=people, cpu_us_per_change=figure.cpu_us_each(before, written), peer="target of the design",
            peer_changes_per_s=target_per_s, ratio=written / seconds / target_per_s,
        )  # fmt: skip


def delay(settings: Settings, people: int, rate: float, seconds: float, target_ms: float) -> str:
    """Return the figure of latency under an even load: commit at the office to commit of the golden row."""
    with River(settings, Options(people, rate, 1, brief=False), Console(stderr=True)) as river:
        play = Play(river, Progress(), lambda: None)
        play.fill()
        before = figure.cpu_of(pids(river))
        play.live(seconds)
        problem = river.rest().wait(REST_S, river.stop, river.require_processes)
        if problem:
            raise Halt(f"the river did not come to rest within {REST_S} s: {problem}")
        done = play.life.changes
        commits = latency.golden_commits(settings_database(river), play.started_us)
        times = list(latency.milliseconds(river.journal.changes(), commits))
        p50, p99 = verdict.quantile(times, 0.5), verdict.quantile(times, 0.99)
        return figure.line(
            "latency", p50_ms=p50, p99_ms=p99, measured=len(times), changes=done,
            changes_per_s=done / ((play.ended_us - play.started_us) / 1e6), wanted_changes_per_s=rate, people=people,
            cpu_us_per_change=figure.cpu_us_each(before, done), peer="target of the design", peer_p99_ms=target_ms,
            ratio=None if p99 is None else target_ms / max(p99, 0.001),
        )  # fmt: skip


def pids(river: River) -> dict[str, int]:
    """Return the process id of every stage and service of a river."""
    found = {name: stage.pid for name, stage in river.supervisor.stages().items()}
    for name, service in river.platform.services.items():
        found[name] = service.child.pid if service.child is not None else 0
    return found


def settings_database(river: River) -> str:
    """Return the address of the river's consolidated store."""
    return river.settings.endpoint("database")


def _settled(river: River) -> None:
    river.wait_filled(FILLING_S, lambda: None)
    river.rest().wait(FILLING_S, river.stop, river.require_processes)


def _write_everywhere(river: River, changes: int) -> int:
    """Change addresses in all three offices at once, so many rows in all, each by the share of its rows."""
    keys = {source: _keys(river.opd[source], *_TABLES[source][:2]) for source in river.opd}
    total = sum(map(len, keys.values()))
    written: dict[str, int] = {}
    threads = [
        threading.Thread(
            target=lambda source=source: written.update(
                {source: _write(river.opd[source], source, keys[source], changes * len(keys[source]) // total)}
            )
        )
        for source in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if written.keys() != keys.keys():
        raise Halt(f"only {sorted(written)} of {sorted(keys)} could be written to; see the traceback above")
    return sum(written.values())


def _keys(dsn: str, table: str, key: str) -> list[str]:
    statement = sql.SQL("SELECT DISTINCT {key}::text FROM {table} WHERE {key} IS NOT NULL").format(
        key=sql.Identifier(key), table=sql.Identifier(*table.split("."))
    )
    with psycopg.connect(dsn) as connection:
        return [str(row[0]) for row in connection.execute(statement)]


def _write(dsn: str, source: str, keys: Sequence[str], changes: int) -> int:
    table, key, address = _TABLES[source]
    statement = sql.SQL("UPDATE {table} SET {address} = %s WHERE {key}::text = ANY(%s)").format(
        table=sql.Identifier(*table.split(".")), address=sql.Identifier(address), key=sql.Identifier(key)
    )
    parts = cycle([list(keys[at : at + ROWS_A_COMMIT]) for at in range(0, len(keys), ROWS_A_COMMIT)])
    done = number = 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        while done < changes:
            number += 1
            done += connection.execute(statement, [f"Jalan Uji Nomor {number}", next(parts)]).rowcount
    return done
