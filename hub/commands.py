"""The command line's words for what the composition root does; apart, so that no stage loads their library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.flow import explainers, prepare, run
from hub.wire import contract
from hub.wire.entities import Entity
from hub.wire.settings import Settings


def run_command(
    name: Annotated[str, typer.Argument(help="clean, reconcile, publish, serve, verify, or a source's name")],
) -> None:
    """Run one stage or one source in the foreground; Ctrl-C stops it cleanly.

    A second `run reconcile` waits as the standby. Every process answers /metrics, /healthz and /readyz; its address
    stands in <home>/run/probes.
    """
    raise typer.Exit(run(name, Settings()))


def explain_command(
    this: Annotated[str | None, typer.Argument(help="entity id or record id; without it an identifier is read")] = None,
    that: Annotated[str | None, typer.Argument(help="another of the kind: why are the two one, or not?")] = None,
    *,
    lang: Annotated[str, typer.Option(help="id or en")] = "id",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line, as the API gives it")] = False,
    svg: Annotated[Path | None, typer.Option(help="draw the evidence as a waterfall chart into this file")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="show conflicting numbers in clear")] = False,
    entity: Annotated[Entity, typer.Option(help="kind of entity that an identifier read is of")] = "person",
) -> None:
    """Tell why records are one or two, which evidence or decision said so in bits, and what would change it.

    Without an argument, one identifier is read from standard input, so that it stands in no command line: a NIK or
    KK (16 digits), a telephone number, a record id (32 hexadecimal digits), or a name and birth date separated by a
    semicolon: SEKAR MELATI;1994-03-21.  With --entity it is a family's (KK, NIK of its head), a business's (NIB, NPWP,
    NIK of its owner, name) or a facility's (NPSN, health-facility code, name).  Ids need no --entity.
    """
    from hub.serve import explain_command as command

    if lang not in ("id", "en"):
        raise typer.BadParameter("--lang is id or en")
    settings = Settings()
    things = tuple(each for each in (this, that) if each is not None)
    asked = command.Asked(things, "id" if lang == "id" else "en", as_json, svg, reveal, entity)
    command.run(settings.endpoint("database"), explainers(settings), asked)


def prepare_command() -> None:
    """Create topics, register schemas and migrate the store; safe to repeat, needed after a new source."""
    settings = Settings()
    prepare(settings)
    sources = ", ".join(contract.load_all(settings))
    typer.echo(f"ready; now `satudata run` clean, reconcile, publish, serve, verify and each source: {sources}")
