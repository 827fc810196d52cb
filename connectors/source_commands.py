"""`satudata source`: what an operator asks of a source's connector, by signals that it obeys now or when it starts."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from connectors import orders, signals
from connectors.positions import Positions
from connectors.protocol import Position
from hub.wire import contract as contracts
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.clock import SystemClock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.records import SourceSignal
from hub.wire.settings import Settings

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Ask a source's connector for something; list sources."
)
_PERSONAL = re.compile(r"\d{9}")
Name = Annotated[str, typer.Argument(help="name of the source, as its contract says")]
TableOption = Annotated[str, typer.Option("--table", help="one table, as the contract names it; default: all of them")]


@app.command()
def snapshot(
    source: Name,
    table: TableOption = "",
    keys: Annotated[
        str,
        typer.Option("--keys", help="only these records: keys with commas between; - = one a line on standard input"),
    ] = "",
    where: Annotated[
        str, typer.Option("--where", help="only rows under this condition, in the source's SQL; - = standard input")
    ] = "",
) -> None:
    """Have tables read again, whole or in part, while changes go on; the connector tells when it is done."""
    contract = _contract(source)
    if keys and where:
        raise RefuseToStart("--keys and --where are given; one of them says which rows are meant")
    if (keys or where) and not table:
        if len(contract.table) > 1:
            raise RefuseToStart(f"--table is missing: {source} has {len(contract.table)} tables")
        table = contract.table[0].name
    wanted = tuple(_lines("--keys", keys)) if keys else ()
    _send(contract, "snapshot", table, wanted, " ".join(_lines("--where", where, split=False)))


@app.command()
def verify(source: Name, table: TableOption = "") -> None:
    """Have tables compared with what the hub holds; `satudata status` shows the outcome."""
    _send(_contract(source), "verify", table)


@app.command()
def pause(source: Name) -> None:
    """Have the connector leave its source alone until it is resumed; restarts do not end a pause."""
    _send(_contract(source), "pause")
    typer.echo("the source keeps its log for the hub meanwhile: watch its disk", err=True)


@app.command()
def resume(source: Name) -> None:
    """End a pause: the connector goes on where it was."""
    _send(_contract(source), "resume")


@app.command("list")
def list_() -> None:
    """Show every source with its position, its pause and the requests that are still open."""
    settings = Settings()
    known = contracts.load_all(settings)
    table = Table()
    for heading in ("source", "kind", "tables", "epoch", "last change", "paused", "open requests"):
        table.add_column(heading, overflow="fold")
    with _kafka(settings) as (log, sender, codec):
        for name, contract in known.items():
            position = Positions(name, log, sender, codec, SystemClock()).last()
            table.add_row(name, contract.source.kind, ", ".join(t.name for t in contract.table), *_told(position))
    Console().print(table)


def _told(position: Position | None) -> tuple[str, ...]:
    if position is None:
        return ("never read", "", "", "")
    changes = orders.last_changes(position.state).values()
    last = datetime.fromtimestamp(max(changes)).astimezone().strftime("%d %b %H:%M") if changes else ""
    open_ = ", ".join(f"{request.table or 'all'} ({request.id})" for request in orders.requests(position.state))
    return (str(position.epoch), last, "yes" if orders.PAUSED in position.state else "", open_)


def _contract(source: str) -> Contract:
    known = contracts.load_all(Settings())
    if source not in known:
        raise RefuseToStart(f"no contract for source {source!r}; there are: {', '.join(known)}")
    return known[source]


def _lines(option: str, given: str, *, split: bool = True) -> list[str]:
    """Return what an option says; a personal number is taken from standard input only, where no process list shows it.

    Standard input holds one key a line; the line of a key of several columns is a JSON array of texts.
    """
    if given == "-":
        return [line.strip() for line in sys.stdin if line.strip()]
    if _PERSONAL.search(given):
        raise RefuseToStart(f"{option} holds a long number, which could be a person's and would be seen by every user "
                            f"of this machine; give it on standard input: {option} -")  # fmt: skip
    return [part.strip() for part in given.split(",") if part.strip()] if split else [given]


def _send(
    contract: Contract, action: str, table: str = "", keys: tuple[str, ...] = (), where: str = ""
) -> None:  # fmt: skip
    if table and table not in {t.name for t in contract.table}:
        raise RefuseToStart(f"the contract of {contract.source.name} names no table {table}; it names: "
                            f"{', '.join(t.name for t in contract.table)}")  # fmt: skip
    signal = SourceSignal(
        str(uuid4()), contract.source.name, action, table, keys, where, getpass.getuser(), SystemClock().now_us()
    )
    with _kafka(Settings()) as (log, sender, codec):
        signals.send(signal, sender=sender, log_=log, codec=codec)
    typer.echo(f"{action} {contract.source.name} {table}".rstrip() + f": sent as {signal.id}; `satudata status` tells")


@contextmanager
def _kafka(settings: Settings) -> Iterator[tuple[KafkaLog, KafkaSender, Codec]]:
    bootstrap = settings.endpoint("kafka")
    sender, registry = KafkaSender(bootstrap, "operator"), ConfluentRegistry(settings.endpoint("registry"))
    try:
        yield KafkaLog(bootstrap), sender, Codec(registry, register=True)
    finally:
        sender.close()
        registry.close()
