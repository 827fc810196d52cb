"""`satudata demo`: watch invented changes become golden records, or judge the hub without a person."""

from __future__ import annotations

import json
import signal
import sys
import time
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from hub.demo.play import Play
from hub.demo.river import Options, River
from hub.demo.rows import ALL
from hub.demo.screen import Progress, Screen
from hub.demo.verdict import Verdict
from hub.wire import log
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

_SHOWN = ("changes", "lost", "store_equals_oracle", "precision", "recall", "f1", "exact_nik_f1", "p50_ms", "p99_ms",
          "changes_per_s")  # fmt: skip


def demo(
    *,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Stop after so many seconds of life and judge the hub")
    ] = None,
    people: Annotated[int, typer.Option(min=50, max=200_000, help="Invented residents")] = 3000,
    rate: Annotated[float, typer.Option(min=0.1, max=5000, help="Changes a second at the offices")] = 100,
    seed: Annotated[int, typer.Option(help="Another number, another regency")] = 1,
    offices: Annotated[
        str, typer.Option(help="`all`, or names with commas, of: " + ", ".join(ALL), show_default=True)
    ] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one JSON line")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="After the verdict let everything run until Ctrl-C")] = False,
) -> None:
    """Watch invented changes in the systems of nine offices become golden records; Ctrl-C stops everything.

    Three registers on PostgreSQL, a hospital and villages on MariaDB, two offices on SQLite, two that hand over files.

    With --seconds the hub is judged: nothing lost, the store equal to an oracle's, people told apart. Exit code 0 or 1.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    log.configure("demo", "error")
    if as_json and seconds is None:
        seconds = 30.0
    progress = Progress()
    chosen = Options(people, rate, seed, sources=_sources(offices))
    with River(Settings(), chosen, Console(stderr=True)) as river:
        with Screen(river.settings.home, progress) as screen:
            play = Play(river, progress, screen.tick)
            play.fill()
            play.live(seconds)
            found = play.judge()
        _tell(found, as_json=as_json)
        if keep:
            _wait(progress)
    raise typer.Exit(0 if found.passed else 1)


def _sources(offices: str) -> tuple[str, ...]:
    """Return the offices that take part; the civil register always does, since life begins there."""
    if offices == "all":
        return tuple(ALL)
    wanted = {name.strip() for name in offices.split(",")} | {"dukcapil"}
    if strangers := sorted(wanted - ALL.keys()):
        raise RefuseToStart(f"--offices: there is no office {', '.join(strangers)}; known are {', '.join(ALL)}")
    return tuple(name for name in ALL if name in wanted)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _tell(found: Verdict, *, as_json: bool) -> None:
    line = found.line()
    if as_json:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        return
    table = Table(title="Putusan / verdict", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name in _SHOWN:
        table.add_row(name, str(line[name]))
    table.add_row("lulus / passed", "[green]ya[/green]" if found.passed else "[red]tidak[/red]")
    Console().print(table)


def _wait(progress: Progress) -> None:
    console = Console(stderr=True)
    for name, place in progress.where.items():
        console.print(f"{name:12} {place}")
    console.print("Ctrl-C untuk berhenti / to stop")
    while True:
        time.sleep(1)
