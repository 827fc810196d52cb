"""`satudata bench`: hop, capture, diff, link, population, river, latency; one JSON line a figure on standard output."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hub.wire import log
from hub.wire.settings import Settings

RIVER_TARGET_PER_S = 4000.0
LATENCY_TARGET_MS = 150.0
app = typer.Typer(help="Measure the hub: one JSON line a figure.", no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def hop(
    *,
    consume_only: Annotated[bool, typer.Option("--consume-only", help="Read only: no decoding, no sending")] = False,
    records: Annotated[int | None, typer.Option(min=1000, help="Records through the batch transport")] = None,
    stock_records: Annotated[int | None, typer.Option(min=1000, help="Records through stock Faust")] = None,
) -> None:
    """Measure one Faust hop: consume, decode, produce, acknowledgements awaited; ours and stock in one run."""
    from hub.bench import hop as figure

    log.configure("bench", "error")
    ours, stock = (600_000, 60_000) if consume_only else (200_000, 30_000)
    typer.echo(figure.measure(Settings(), records or ours, stock_records or stock, consume_only=consume_only))


@app.command()
def capture(
    *,
    peer: Annotated[bool, typer.Option("--peer", help="Run Debezium Server beside ours (fetches 700 MB once)")] = False,
    engine: Annotated[Literal["postgresql", "mariadb"], typer.Option(help="The office's database")] = "postgresql",
    inserts: Annotated[int, typer.Option(min=2000, help="Rows inserted, and read by the snapshot")] = 400_000,
    updates: Annotated[int, typer.Option(min=1000, help="Rows changed, with before images")] = 200_000,
    rate: Annotated[float, typer.Option(min=1, help="Changes a second of the latency run")] = 500,
    seconds: Annotated[float, typer.Option(min=2, help="How long the latency run counts")] = 20,
) -> None:
    """Measure an office's database to Kafka: inserts, updates, snapshot and latency, ours and Debezium in one run."""
    from hub.bench.capture import run as figures

    log.configure("bench", "error")
    load = figures.Load(inserts, updates, rate, seconds)
    tell = lambda text: typer.echo(text, err=True)  # noqa: E731
    for line in figures.measure(Settings(), load, engine=engine, peer=peer, tell=tell):
        typer.echo(line)


@app.command()
def diff(
    *, rows: Annotated[int, typer.Option(min=1000, help="Rows of the hospital's table")] = 2_000_000
) -> None:  # fmt: skip
    """Measure a whole table's comparison (kind sql_diff): first reading, comparison, memory; without Kafka."""
    from hub.bench import diff as figure

    log.configure("bench", "error")
    typer.echo(figure.measure(rows))


@app.command()
def link(
    *,
    records: Annotated[int, typer.Option(min=1000, help="Records of invented people")] = 400_000,
    small: Annotated[int, typer.Option(min=500, help="The first and the last so many are compared")] = 100_000,
    events: Annotated[int, typer.Option(min=100, help="Single changes, each timed")] = 50_000,
    changes: Annotated[int, typer.Option(min=0, help="Changes of the long run that watches memory; 0: none")] = 0,
) -> None:  # fmt: skip
    """Measure resolution alone: records/s, delay and memory of one, a start from the store, a generic key; no Kafka."""
    from hub.bench import link as figures

    log.configure("bench", "error")
    for line in figures.measure(Settings(), figures.Size(records, small, events, changes)):
        typer.echo(line)


@app.command()
def population(
    *,
    people: Annotated[int, typer.Option(min=200, help="Invented residents; 2.7 records each")] = 130_000,
    seed: Annotated[int, typer.Option(help="Another seed, another regency")] = 1,
    starved: Annotated[bool, typer.Option("--starved", help="With a model whose training saw far too few pairs")] = False,  # noqa: E501
) -> None:  # fmt: skip
    """Measure how well an invented regency is told apart: ours beside exact NIK, components and greedy records."""
    from hub.bench.population import run

    log.configure("bench", "error")
    for line in run.measure(people, seed, starved=starved, tell=lambda text: typer.echo(text, err=True)):
        typer.echo(line)


@app.command()
def river(
    *,
    people: Annotated[int, typer.Option(min=500, help="Invented residents")] = 10_000,
    changes: Annotated[int, typer.Option(min=100, help="Rows to change in the offices' databases")] = 40_000,
) -> None:
    """Measure sustained changes a second, from commits at three offices to golden rows, resolution included."""
    from hub.bench import river as figure

    log.configure("bench", "error")
    typer.echo(figure.throughput(Settings(), people, changes, RIVER_TARGET_PER_S))


@app.command()
def latency(
    *,
    people: Annotated[int, typer.Option(min=500, help="Invented residents")] = 3000,
    rate: Annotated[float, typer.Option(min=1, help="Changes a second")] = 500,
    seconds: Annotated[float, typer.Option(min=5, help="How long")] = 30,
) -> None:
    """Measure how long a change takes from its commit at an office to the commit of its golden row."""
    from hub.bench import river as figure

    log.configure("bench", "error")
    typer.echo(figure.delay(Settings(), people, rate, seconds, LATENCY_TARGET_MS))
