"""`satudata check <source>`: findings with their remedies, for the office and for the engineer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from connectors import preflight, runner
from connectors.positions import Positions
from connectors.protocol import Finding, Position
from hub.wire import contract as contracts
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.settings import Settings

_SIGNS = {"error": ("GALAT ", typer.colors.RED), "warning": ("AWAS  ", typer.colors.YELLOW),
          "ok": ("BAIK  ", typer.colors.GREEN)}  # fmt: skip


def check(
    source: Annotated[str, typer.Argument(help="name of the source, as its contract says")],
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="the position was lost for good: read the highest epoch back from raw, so that the next start "
            "takes a new snapshot",
        ),
    ] = False,
) -> None:
    """Check a source before it goes live, with remedies; exit code 1 if something must be mended first."""
    settings = Settings()
    known = contracts.load_all(settings)
    if source not in known:
        raise RefuseToStart(f"no contract for source {source!r}; there are: {', '.join(known)}")
    found = preflight.check(known[source], SystemClock())
    show(source, found)
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)
    if anew:
        epoch = begin_anew(settings, known[source])
        typer.echo(f"BAIK   posisi baru ditulis / new position written: epoch {epoch}")


def show(source: str, found: Sequence[Finding]) -> None:
    """Print findings, worst first."""
    typer.echo(f"Sumber / source: {source}")
    for finding in found:
        sign, colour = _SIGNS[finding.level]
        typer.echo(typer.style(sign, fg=colour) + f" {finding.code}: {finding.what}")
        if finding.remedy_id:
            typer.echo(f"        -> {finding.remedy_id}")
            typer.echo(f"           ({finding.remedy_en})")


def begin_anew(settings: Settings, contract: Contract) -> int:
    """Write an empty position whose epoch is above all that raw still holds; return that epoch."""
    bootstrap, clock = settings.endpoint("kafka"), SystemClock()
    log, sender = KafkaLog(bootstrap), KafkaSender(bootstrap, f"check-{contract.source.name}")
    registry = ConfluentRegistry(settings.endpoint("registry"))
    positions = Positions(contract.source.name, log, sender, Codec(registry, register=True), clock)
    topics = runner.source_topics(contract)
    log.ensure(topics)
    known = positions.last()
    highest = positions.highest_epoch([topic.name for topic in topics[1:]])
    epoch = positions.new_epoch(max(highest, known.epoch if known else 0))
    positions.write(Position(epoch)).wait(30)
    sender.close()
    registry.close()
    return epoch
