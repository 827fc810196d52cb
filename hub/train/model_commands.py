"""`satudata model`: which models there are, what one would change, and the switch to it."""

from __future__ import annotations

import getpass
import json
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from hub import flow
from hub.link import model as models
from hub.persist import load
from hub.persist.models import ModelFile, ModelRow, Offers, offers
from hub.train import shadow as shadows
from hub.train import shadow_report
from hub.wire import contract
from hub.wire.clock import SystemClock
from hub.wire.entities import entity_named
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.settings import Settings

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Models of resolution: list and show them, see what one would change, and switch to it.",
)  # fmt: skip
_AsJson = Annotated[bool, typer.Option("--json", help="one JSON line")]
_File = Annotated[Path, typer.Argument(help="model file, <entity>-<n>.toml", exists=True, dir_okay=False)]
Entity = Literal["person", "family", "business", "facility"]


@app.command("list")
def list_models(as_json: _AsJson = False) -> None:
    """List the model files and the models that the store was built with."""
    settings = Settings()
    with offers(settings.endpoint("database")) as store:
        rows = store.rows()
    files = [_told(path) for folder in (models.SHIPPED, settings.models, settings.home / "models") if folder is not None
             for path in sorted(folder.glob("*-*.toml"))]  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"store": [_row(each) for each in rows], "files": files}, ensure_ascii=False))
        return
    table = Table("entity", "version", "state", "by", "since", "said", title="in the store", title_justify="left")
    for each in rows:
        table.add_row(each.entity, each.version, each.state, each.author, _moment(each), each.said or "")
    Console().print(table)
    table = Table("entity", "version", "origin", "trained on", "file", title="files", title_justify="left")
    for one in files:
        table.add_row(*[str(one[name]) for name in ("entity", "version", "origin", "trained_on", "file")])
    Console().print(table)


@app.command("show")
def show(
    entity: Annotated[Entity, typer.Argument(help="which kind of entity")],
    file: Annotated[Path | None, typer.Option(help="a model file; default: the model of the store")] = None,
) -> None:
    """Show a model's weights in bits, with m and u where they were learned."""
    settings = Settings()
    if file is not None:
        chosen = models.read(file)
    else:
        with offers(settings.endpoint("database")) as store:
            present = _present(store, entity, settings)
        chosen = models.from_text(present.text, present.frequencies, present.version)
    typer.echo(f"{chosen.version}: {chosen.origin}, {chosen.trained_on}; prior {chosen.prior / 1000:+g}, "
               f"threshold {chosen.threshold / 1000:+g} bits")  # fmt: skip
    table = Table("comparison", "level", "bits", "m", "u", "")
    for one in chosen.comparisons:
        for level, weight in list(zip(one.levels, one.weights, strict=True))[1:]:
            shares = [f"{share:.3g}" if share is not None else "" for share in (weight.m, weight.u)]
            table.add_row(one.name, level, f"{weight.milli / 1000:+.1f}", *shares, "fixed" if weight.fixed else "")
    Console().print(table)


@app.command("shadow")
def shadow(
    file: _File,
    report: Annotated[Path | None, typer.Option(help="HTML report; default: beside the model file")] = None,
    as_json: _AsJson = False,
) -> None:
    """Tell what a model would change: entities merged and split, pairs joined and parted; nothing is written.

    Two engines are built from one snapshot of the store, so it needs the memory of two writers.
    """
    settings = Settings()
    contracts = contract.load_all(settings)
    offered = flow.model_file(file)
    url = settings.endpoint("database")
    with offers(url) as store:
        present = _present(store, offered.entity, settings)
    before, after = flow.stages_under(contracts, present), flow.stages_under(contracts, offered)
    with load.states(url, entity_named(offered.entity)) as again:
        before.engine.load(again())
        after.engine.rebuild(again())
    found = shadows.compare(before, after, flow.difference(before, after), _thresholds(present, offered))
    target = report or file.with_name(f"{file.stem}.shadow.html")
    target.write_text(shadow_report.html(found, SystemClock().now_us()), encoding="utf-8")
    line = found.line()
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
        return
    for name, value in line.items():
        if not isinstance(value, dict | list):
            typer.echo(f"{name:24}{value}")
    typer.echo(f"report: {target}")


@app.command("switch")
def switch(
    file: _File,
    wait: Annotated[int, typer.Option(min=0, help="seconds to wait for the writer; 0 only offers")] = 3600,
) -> None:
    """Offer a model to the writer, which puts it in the present one's place in one transaction.

    Everything that it decides otherwise is published as changes with cause `model`.  While the writer scores all
    records anew, nothing else is taken.  Look at `satudata model shadow` first.
    """
    settings = Settings()
    flow.stages_under(contract.load_all(settings), offered := flow.model_file(file))
    with offers(settings.endpoint("database")) as store:
        store.offer(offered, getpass.getuser())
        typer.echo(f"{offered.version} is offered; the writer (`satudata run reconcile`) takes it up")
        until = time.monotonic() + wait
        while time.monotonic() < until:
            row = store.row(offered.entity, offered.version)
            if row is None:
                raise RefuseToStart(f"the offer of {offered.version} was withdrawn")
            if row.state == "refused":
                raise RefuseToStart(f"the writer refused {offered.version}: {row.said}")
            if row.state == "active":
                typer.echo(f"{offered.version} is active; {row.said}")
                return
            time.sleep(0.5)
    if wait:
        raise TryAgain(f"the writer did not take {offered.version} within {wait} s; the offer stands, see that "
                       "`satudata run reconcile` runs, or `satudata model withdraw`")  # fmt: skip


@app.command("withdraw")
def withdraw(file: _File) -> None:
    """Take back an offer that the writer did not take yet."""
    offered = flow.model_file(file)
    with offers(Settings().endpoint("database")) as store:
        if not store.withdraw(offered):
            raise RefuseToStart(f"{offered.version} is not offered; `satudata model list` tells the models' states")
    typer.echo(f"{offered.version} is no longer offered")


def _present(store: Offers, entity: str, settings: Settings) -> ModelFile:
    """The store's own model, or for a store that names none the one that the writer would start with."""
    return store.active(entity) or flow.model_file(models.path_of(entity, settings.models))


def _thresholds(*files: ModelFile) -> tuple[int, int]:
    before, after = [models.from_text(each.text, each.frequencies, each.version).threshold for each in files]
    return before, after


def _told(path: Path) -> dict[str, Any]:
    chosen = models.read(path)
    return {"entity": chosen.entity, "version": chosen.version, "origin": chosen.origin,
            "trained_on": chosen.trained_on, "file": path.name}  # fmt: skip


def _row(each: ModelRow) -> dict[str, Any]:
    return {"entity": each.entity, "version": each.version, "state": each.state, "by": each.author,
            "since": _moment(each), "said": each.said}  # fmt: skip


def _moment(each: ModelRow) -> str:
    return str((each.settled_at or each.offered_at).isoformat(timespec="seconds"))
