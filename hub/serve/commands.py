"""The operator's commands: quarantine, backup, restore."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from hub.serve.quarantine import Desk, Item
from hub.wire import log
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.kafka import KafkaLog, KafkaSender
from hub.wire.settings import Settings

quarantine = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Look at refused records and settle them: retry, or discard with a reason.",
)  # fmt: skip
_AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line")]
_LINES = 200


@contextmanager
def _desk() -> Iterator[Desk]:
    desk = Desk(Settings().endpoint("database"))
    try:
        yield desk
    finally:
        desk.close()


@contextmanager
def _sender() -> Iterator[KafkaSender]:
    sender = KafkaSender(Settings().endpoint("kafka"), "operator", **{"message.timeout.ms": 20_000})
    try:
        yield sender
    finally:
        sender.close()


@contextmanager
def _codec() -> Iterator[Codec]:
    registry = ConfluentRegistry(Settings().endpoint("registry"))
    try:
        yield Codec(registry)
    finally:
        registry.close()


@quarantine.command("list")
def list_items(
    source: Annotated[str | None, typer.Option(help="only this source")] = None,
    code: Annotated[str | None, typer.Option(help="only this reason's code")] = None,
    state: Annotated[str, typer.Option(help="open, retried, closed, discarded or all")] = "open",
    limit: Annotated[int, typer.Option(help="at most so many, the newest first")] = _LINES,
    as_json: _AsJson = False,
) -> None:
    """List refused records: where they come from, what is wrong, what to do."""
    with _desk() as desk:
        items = desk.items(state=None if state == "all" else state, source=source, code=code, limit=limit)
    if as_json:
        for item in items:
            typer.echo(json.dumps(_plain(item), ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True, min_width=36), "dari mana, kenapa", "apa yang harus dilakukan")
    for item in items:
        where = f"{item.source} {item.table}\n{item.code}\n{item.state}, {item.at:%Y-%m-%d %H:%M}"
        table.add_row(item.id, where, item.remedy)
    Console().print(table if items else "Tidak ada baris di karantina untuk pilihan ini.")


@quarantine.command("show")
def show_item(
    item_id: Annotated[str, typer.Argument(metavar="ID")],
    payload: Annotated[bool, typer.Option("--payload", help="also the content: it holds personal data")] = False,
    as_json: _AsJson = False,
) -> None:
    """Show one refused record: reason, remedy and place; its content only with --payload."""
    with _desk() as desk:
        shown = _plain(desk.item(item_id))
        if payload:
            content = desk.content(item_id)
            shown["key"] = None if content.key is None else content.key.hex()
            shown["headers"] = {name: base64.b64encode(value).decode() for name, value in content.headers.items()}
            shown["payload"] = _readable(content.payload)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for name, value in shown.items():
        if value is not None:
            typer.echo(f"{name:>10}  {value}")


@quarantine.command("retry")
def retry_items(
    item_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    everything: Annotated[bool, typer.Option("--all", help="every open item of --source")] = False,
    source: Annotated[str | None, typer.Option(help="with --all")] = None,
) -> None:
    """Send refused records once more through the stage that refused them, under their old version."""
    if (item_id is None) != everything or everything != (source is not None):
        raise typer.BadParameter("give one ID, or --all with --source")
    with _desk() as desk, _sender() as sender:
        sent = 0
        if item_id is not None:
            sent = desk.retry([desk.item(item_id)], sender)
        else:
            while batch := desk.items(state="open", source=source, limit=_LINES):
                sent += desk.retry(batch, sender)
    typer.echo(f"{sent} baris dikirim ulang; `satudata quarantine list --state retried` menunjukkan yang belum selesai")


@quarantine.command("discard")
def discard_item(
    item_id: Annotated[str, typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option(help="why it will not be taken; no personal data")],
) -> None:
    """Settle a refused record for good: it will not be taken, and a sweep that waited for it goes on."""
    with _desk() as desk, _sender() as sender, _codec() as codec:
        desk.discard(desk.item(item_id), reason, sender, codec, SystemClock())
    typer.echo(f"{item_id} ditutup: {reason}")


def _plain(item: Item) -> dict[str, Any]:
    """Return an item as JSON can hold it."""
    values = asdict(item)
    for name in ("at", "closed_at"):
        values[name] = None if values[name] is None else values[name].isoformat()
    for name in ("record", "version"):
        values[name] = None if values[name] is None else values[name].hex()
    return values


def _readable(payload: bytes | None) -> Any:
    """Return a payload decoded where it is Avro of a known schema, else in base64."""
    from hub.wire.errors import HubError

    if payload is None:
        return None
    try:
        with _codec() as codec:
            datum = codec.decode(payload)[1]
    except HubError:
        return base64.b64encode(payload).decode()
    return json.loads(json.dumps(datum, default=lambda raw: raw.hex() if isinstance(raw, bytes) else str(raw)))


def backup(file: Annotated[Path, typer.Argument(help="file to write; FILE.sha256 is written beside it")]) -> None:
    """Write the consolidated store to one file, from one consistent snapshot, while everything runs on."""
    from hub.serve import backup as backups

    with Progress(*_columns(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("backup", total=None)
        size = backups.write(Settings().endpoint("database"), file, lambda done: progress.update(task, completed=done))
    typer.echo(f"{file}: {size} bytes, checksum in {backups.sidecar(file).name}")


def restore(
    file: Annotated[Path, typer.Argument(help="a file that `satudata backup` wrote, its .sha256 beside it")],
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="go on where Kafka no longer holds what came since the backup")
    ] = False,
) -> None:
    """Bring a backup back under live sources: reconcile reads on from it, and subscribers' versions rise.

    Stop every `satudata run reconcile` first (standby too); connectors, clean and serve may run on.
    """
    from hub.serve import restore as restores
    from hub.wire.transactional import PUBLISHER, TransactionalSender

    settings = Settings()
    log.configure("restore", settings.log_level)
    kafka = settings.endpoint("kafka")
    sender = TransactionalSender(kafka, PUBLISHER)
    try:
        with _codec() as codec:
            around = restores.Surroundings(
                settings.endpoint("database"), KafkaLog(kafka), sender, codec, SystemClock(), _prepare
            )
            done = restores.restore(
                around, file, skip_lost=skip_lost, tell=lambda step: typer.echo(f"- {step}", err=True)
            )
    finally:
        sender.close()
    typer.echo(
        f"restored as generation {done.generation}: {done.living} golden records and {done.stubs} stubs to publish; "
        "start `satudata run reconcile` and `satudata run publish` again"
    )


def _prepare() -> None:
    done = subprocess.run([sys.executable, "-m", "hub", "prepare"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefuseToStart("the restored store could not be brought up to date by `satudata prepare`: "
                            f"{done.stderr.strip()[-500:]}; settle that, then restore again")  # fmt: skip


def _columns() -> Any:
    from rich.progress import DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    return (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn(),
            TimeElapsedColumn())  # fmt: skip
