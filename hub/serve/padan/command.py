"""`satudata padan <source>`: the list that an office gets back, on the screen as counts or as a workbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from hub.serve.padan import book, shapes
from hub.serve.padan.desk import Desk
from hub.serve.problems import Problem
from hub.serve.store import Store
from hub.wire import contract as contracts
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings


def padan(
    source: Annotated[str, typer.Argument(help="name of the source, as its contract says")],
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", help="write the list to this workbook; it holds personal data")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the counts as one JSON object")] = False,
) -> None:
    """Tell which records of a source match the civil register, which do not and why.

    Without --xlsx the counts are shown.  The workbook has a sheet for each kind of finding, reasons in Indonesian.
    """
    if xlsx is not None and xlsx.exists():
        raise RefuseToStart(f"{xlsx} exists; name another file, or move it away")
    settings = Settings()
    store = Store(settings.endpoint("database"), size=1)
    try:
        desk = Desk(store, contracts.load_all(settings), SystemClock())
        made = desk.survey(source)
        found = shapes.summary(made, desk.contract(source).source.owner)
        if xlsx is not None:
            with desk.snapshot() as snapshot:
                book.write(xlsx, made, found.owner, snapshot)
    except Problem as problem:
        raise RefuseToStart(problem.detail) from problem
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
        return
    table = Table(Column("golongan"), Column("jumlah", justify="right"), Column("yang dikerjakan"))
    for one in found.categories:
        table.add_row(one.name, str(one.records), one.todo if one.records else "")
    table.add_row("Ganda di daftar Anda", str(found.duplicates), "", end_section=True)
    table.add_row("Semua", str(found.records), f"padan: {found.padan}")
    Console().print(table)
    if xlsx is not None:
        typer.echo(f"{xlsx}: serahkan kepada {found.owner}; berkas ini memuat data pribadi")
