"""The live screen: what flows, how fast, how late, and where to look.  Indonesian first, English beneath."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.demo import gauges
from hub.demo.gauges import Reading

WINDOW_S = 5.0
LINE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the screen: which metrics tell of a stage."""

    name: str
    subtitle: str
    counter: str
    waiting: str
    label: str | None
    seconds: str | None


STAGES = (
    Stage("Tangkap", "capture: OPD to Kafka", "satudata_captured_changes_total", "satudata_source_lag_bytes",
          None, None),
    Stage("Bersihkan", "clean: one form for all", "satudata_cleaned_records_total", "satudata_stage_lag_records",
          "clean", "satudata_batch_seconds"),
    Stage("Padukan", "reconcile: link and merge", "satudata_reconciled_events_total", "satudata_stage_lag_records",
          "reconcile", "satudata_commit_seconds"),
    Stage("Terbitkan", "publish: golden topics", "satudata_published_messages_total", "satudata_outbox_waiting", None,
          "satudata_golden_to_topic_seconds"),
)  # fmt: skip


@dataclass(slots=True)
class Progress:
    """What the demo itself knows: its phase and how much life there has been."""

    phase: str = "menyiapkan / preparing"
    changes: int = 0
    people: int = 0
    wanted_rate: float = 0
    restarts: int = 0
    where: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class Screen:
    """Draws four times a second on a terminal; elsewhere writes one line every five seconds to standard error."""

    def __init__(self, home: Path, progress: Progress) -> None:
        self._home = home
        self._progress = progress
        self._client = httpx.Client(timeout=1)
        self._console = Console(stderr=True)
        self._readings: deque[tuple[Reading, int]] = deque()
        self._live: Live | None = None
        self._next_line = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live = Live(console=self._console, screen=self._console.height >= 24, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        self._client.close()

    def tick(self) -> None:
        """Read the metrics and show them; call it a few times a second."""
        self._readings.append((gauges.read(self._home, self._client), self._progress.changes))
        while len(self._readings) > 2 and self._readings[-1][0].at - self._readings[0][0].at > WINDOW_S:
            self._readings.popleft()
        if self._live is not None:
            self._live.update(self.draw(), refresh=True)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            sys.stderr.write(self.line() + "\n")
            sys.stderr.flush()

    def line(self) -> str:
        """Return the state in one line, for logs and pipes."""
        now, before = self._readings[-1][0], self._readings[0][0]
        times = gauges.quantiles(now, before, "satudata_source_to_golden_seconds")
        late = f"p50 {times[0]:.0f} ms p99 {times[1]:.0f} ms" if times else "-"
        return (
            f"[{time.monotonic() - self._started:5.0f} s] {self._progress.phase}: {self._progress.changes} changes, "
            f"{gauges.rate(now, before, 'satudata_reconciled_events_total'):.0f}/s reconciled, {late}, "
            f"golden {now.total('satudata_golden_records'):.0f} of {now.total('satudata_member_records'):.0f} records, "
            f"quarantine {now.total('satudata_quarantine_open'):.0f}"
        )

    def draw(self) -> RenderableType:
        """Return the whole screen."""
        now, before = self._readings[-1][0], self._readings[0][0]
        parts: list[RenderableType] = [self._head(now, before), self._flow(now, before)]
        below = Table.grid(expand=True)
        below.add_column(ratio=5)
        below.add_column(ratio=6)
        below.add_row(self._golden(now), self._look())
        parts.append(below)
        if self._progress.problem:
            parts.append(Text(self._progress.problem, style="bold red"))
        return Group(*parts)

    def _head(self, now: Reading, before: Reading) -> Panel:
        times = gauges.quantiles(now, before, "satudata_source_to_golden_seconds")
        text = Text()
        text.append(f"{self._progress.phase}", style="bold green")
        text.append(f"   warga {self._progress.people:,}   perubahan {self._progress.changes:,}")
        text.append(f"   proses {len(now.up)}   mulai ulang {self._progress.restarts}\n")
        text.append("people, changes made at the OPDs, processes, restarts\n", style="dim")
        text.append("OPD → data induk  ", style="bold")
        text.append(f"p50 {times[0]:.0f} ms   p99 {times[1]:.0f} ms" if times else "menunggu perubahan", style="cyan")
        text.append("   from a commit at the office to the golden record", style="dim")
        return Panel(text, title="[bold]Satu Data Bungo[/bold] · data rekaan, invented people", border_style="green")

    def _flow(self, now: Reading, before: Reading) -> Table:
        table = Table(expand=True, border_style="dim", box=box.ROUNDED)
        table.add_column("Tahap [dim]stage[/dim]", ratio=5)
        for title in ("laju/dtk [dim]rate[/dim]", "antrean [dim]lag[/dim]", "p50 ms", "p99 ms"):
            table.add_column(title, justify="right", ratio=2)
        span = max(1e-9, now.at - before.at)
        made = (self._readings[-1][1] - self._readings[0][1]) / span
        table.add_row(_title("Warga", "life at the offices"), _bar(made, self._progress.wanted_rate), "", "", "")
        for stage in STAGES:
            labels = {"stage": stage.label} if stage.label else {}
            times = None
            if stage.seconds:
                with_stage = labels if stage.seconds == "satudata_batch_seconds" else {}
                times = gauges.quantiles(now, before, stage.seconds, **with_stage)
            elif (age := now.largest("satudata_source_lag_seconds")) is not None:
                times = (age * 1000, age * 1000)
            waiting = now.total(stage.waiting, **labels)
            unit = " B" if stage.waiting.endswith("bytes") else ""
            table.add_row(
                _title(stage.name, stage.subtitle), f"{gauges.rate(now, before, stage.counter):,.0f}",
                Text(f"{waiting:,.0f}{unit}", style="yellow" if waiting > 5000 else ""),
                *([f"{value:,.1f}" for value in times] if times else ["-", "-"]),
            )  # fmt: skip
        return table

    def _golden(self, now: Reading) -> Panel:
        kinds = {kind: now.total("satudata_entity_changes_total", kind=kind) for kind in ("merged", "split")}
        rows = (
            ("Data induk", "golden records", now.total("satudata_golden_records")),
            ("dari rekaman", "source records", now.total("satudata_member_records")),
            ("Pasangan dinilai", "pairs scored", now.total("satudata_link_edges")),
            ("Digabung", "merges so far", kinds["merged"]),
            ("Dipisah", "splits so far", kinds["split"]),
            ("Karantina", "waiting for a decision", now.total("satudata_quarantine_open")),
        )
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=1)
        table.add_column(justify="right")
        for name, subtitle, value in rows:
            table.add_row(_title(name, subtitle), f"[bold]{value:,.0f}[/bold]")
        return Panel(table, title="Hasil [dim]result[/dim]", border_style="dim")

    def _look(self) -> Panel:
        table = Table.grid(padding=(0, 1))
        for name, place in self._progress.where.items():
            table.add_row(Text(name, style="bold"), Text(place, overflow="fold"))
        table.add_row("", Text("Ctrl-C untuk berhenti / to stop", style="dim"))
        return Panel(table, title="Lihat [dim]look here[/dim]", border_style="dim")


def _title(name: str, subtitle: str) -> Text:
    text = Text(name, style="bold")
    text.append(f"  {subtitle}", style="dim")
    return text


def _bar(made: float, wanted: float) -> str:
    return f"{made:,.0f} [dim]/ {wanted:,.0f}[/dim]" if wanted else f"{made:,.0f}"
