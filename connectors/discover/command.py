"""`satudata discover <dsn or file>`: a draft contract on standard output, or in a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.discover.draft import draft
from connectors.discover.seen import Seen
from hub.wire.clock import Clock, SystemClock
from hub.wire.errors import RefuseToStart

_VARIABLE = "env:"


def discover(
    place: Annotated[
        str,
        typer.Argument(
            help="postgresql://, mysql:// or sqlite:/// address, a file (XLSX, XLS, ODS, CSV, JSONL, Parquet), or "
            "env:VARIABLE that holds one: so a password stands in no list of processes"
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="write the draft to this file; it must not exist")] = None,
    name: Annotated[str | None, typer.Option("--name", help="name of the source")] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, max=10_000, help="rows of each table to look at")] = 200,
) -> None:
    """Draft a contract from what stands at a source: kind, tables, keys, likely fields; nothing is changed there."""
    if out is not None and out.exists():
        raise RefuseToStart(f"{out} exists; name another file, or move it away")
    text = drafted(place, rows=rows, name=name, clock=SystemClock())
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    blanks = sum("ISI" in line for line in text.splitlines()) - 1
    typer.echo(f"{out}: {blanks} blanks to fill (search for ISI); then put it with the other contracts and run "
               "`satudata check`")  # fmt: skip


def drafted(place: str, *, rows: int, name: str | None, clock: Clock) -> str:
    """Return the draft of a place; raises RefuseToStart or TryAgain, whose texts hold no password."""
    found = _look(_address(place), rows, name)
    return draft(found, datetime.fromtimestamp(clock.now_us() / 1e6, UTC).date())


def _address(place: str) -> str:
    if not place.startswith(_VARIABLE):
        return place
    variable = place.removeprefix(_VARIABLE)
    found = os.environ.get(variable)
    if not found:
        raise RefuseToStart(f"environment variable {variable} is not set; it must hold the address of the source")
    return found


def _look(address: str, rows: int, name: str | None) -> Seen:
    path = Path(address)
    if "://" not in address:
        if not path.is_file():
            raise RefuseToStart(f"there is no file {path.name}, and this is no address of a database")
        from connectors.discover import files

        return files.look(path, rows, name)
    try:
        from connectors.discover import database
    except ModuleNotFoundError as error:
        raise RefuseToStart("looking at databases needs the hub's packages: pip install 'satudata-hub[hub]'") from error
    return database.look(address, rows, name)
