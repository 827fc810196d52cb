"""`satudata evaluate`: a truth file, a judged sample, public data beside a peer; and what was found before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from hub.evaluate import history as kept
from hub.evaluate import metrics, sample, sheet, truth
from hub.evaluate.store import reading
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False,
    help="Measure how well records were brought together; every result is kept, and `history` shows the drift.",
)  # fmt: skip
_AsJson = Annotated[bool, typer.Option("--json", help="one JSON line")]
_Entity = Annotated[
    Literal["person", "family", "business", "facility"], typer.Option(help="which kind of entity is measured")
]
_ALL = ("precision", "recall", "f1")


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    public: Annotated[
        Literal["febrl"] | None, typer.Option(help="public data with known truth, sent through a river of its own")
    ] = None,
    peer: Annotated[Literal["splink"] | None, typer.Option(help="measure this peer beside, in the same run")] = None,
    sets: Annotated[
        str, typer.Option(help="which of febrl3, febrl4, febrl3-no-ssn, febrl4-no-ssn; separated by commas")
    ] = "febrl3,febrl4,febrl3-no-ssn,febrl4-no-ssn",
) -> None:
    """Measure resolution: --public febrl [--peer splink], or one of the commands."""
    if context.invoked_subcommand is not None:
        return
    if public is None:
        raise typer.BadParameter("name a command (truth, sample, score, history), or give --public febrl")
    from hub.evaluate.public import run as public_run
    from hub.wire import log

    log.configure("evaluate", "error")
    settings = Settings()
    names = [name.strip() for name in sets.split(",") if name.strip()]
    for line in public_run.measure(names, peer=peer is not None, tell=lambda text: typer.echo(text, err=True)):
        kept.keep(settings.home, "public", line, _now_us())
        typer.echo(json.dumps(line))


@app.command("truth")
def against_truth(
    file: Annotated[Path, typer.Argument(help="CSV: record,truth or source,table,<key columns>,truth")],
    entity: _Entity = "person",
    as_json: _AsJson = False,
) -> None:
    """Compare the store with a truth file: precision, recall and F1 by pairs and B-cubed."""
    settings = Settings()
    known = truth.read(file, settings.master_secret())
    with reading(settings.endpoint("database"), entity) as store:
        found = store.clusters(known)
    pairs, cubed = metrics.pairwise(found, known), metrics.bcubed(found, known)
    line: dict[str, Any] = {
        "entity": entity, "set": file.stem, "model": _model(entity)[0], "records": len(known),
        "unknown": len(known) - len(found), **pairs.line(), **cubed.line("bcubed_"),
    }  # fmt: skip
    _tell(kept.keep(settings.home, "truth", line, _now_us()), as_json=as_json)
    if line["unknown"]:
        typer.echo(
            f"{line['unknown']} of {len(known)} records are not in the hub and count as standing alone", err=True
        )


@app.command("sample")
def draw_sample(
    file: Annotated[Path, typer.Argument(help="workbook (.xlsx) or .csv to write; it must not exist")],
    pairs: Annotated[
        int, typer.Option(min=20, max=20_000, help="about so many pairs, spread over match weights")
    ] = 300,
    entity: _Entity = "person",
    seed: Annotated[str, typer.Option(help="any text; the same one draws the same pairs of the same store")] = "",
) -> None:
    """Draw pairs for a person to judge; fill in the file, then `satudata evaluate score FILE`.

    The file holds personal data.  It does not tell what the hub decided.
    """
    settings = Settings()
    if file.exists():
        raise RefuseToStart(f"{file} exists; name another file, or move it away")
    now = _now_us()
    at = datetime.fromtimestamp(now / 1e6, UTC)
    version, threshold = _model(entity)
    seed = seed or str(now)
    with reading(settings.endpoint("database"), entity) as store:
        drawn = sample.draw(store.pairs(), threshold, pairs, seed)
        bodies = store.bodies({end for one in drawn for ends in one.sample.values() for end in ends})
    if not bodies:
        raise RefuseToStart(f"the store has no two records of a {entity} that were ever compared; nothing can be drawn")
    name = f"{at:%Y%m%d}-{blake2b(f'{seed}{now}'.encode(), digest_size=4).hexdigest()}"
    plan = sheet.Plan(name, entity, version, at.isoformat(timespec="seconds"), drawn)
    plan.write(settings.home)
    count = sheet.write(file, plan, bodies)
    typer.echo(f"{file}: {count} pasangan untuk dinilai; isi kolom putusan, lalu `satudata evaluate score {file.name}`")


@app.command("score")
def score_sample(
    file: Annotated[Path, typer.Argument(help="the judged file that `sample` wrote")], as_json: _AsJson = False
) -> None:
    """Read a judged sample: precision and recall with 95 % confidence limits."""
    settings = Settings()
    name, verdicts = sheet.read(file)
    plan = sheet.plan_of(settings.home, name)
    found = sample.reckon(plan.strata, verdicts)
    if not found.judged:
        raise RefuseToStart(f"{file.name}: no pair has a verdict yet; write sama, beda or ragu in column putusan")
    line = {
        "entity": plan.entity, "set": "sample", "model": plan.model, "sample": plan.id, "judged": found.judged,
        "unsure": found.unsure, "unjudged": found.unjudged, **found.precision.line("precision"),
        **found.recall.line("recall"), "f1": round(found.f1, 5),
        "strata": [{"name": each, "pairs": one.pairs, "same": one.same, "different": one.different,
                    "unsure": one.unsure} for each, one in found.strata],
    }  # fmt: skip
    _tell(kept.keep(settings.home, "sample", line, _now_us()), as_json=as_json)


@app.command("history")
def show_history(as_json: _AsJson = False) -> None:
    """Show every evaluation and its change since the one before of its kind."""
    lines = kept.drift(kept.read(Settings().home))
    if as_json:
        for line in lines:
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    if not lines:
        typer.echo("no evaluation yet; begin with `satudata evaluate sample` or `satudata evaluate truth`")
        return
    table = Table("at", "kind", "entity", "set", "model", *_ALL)
    for line in lines:
        cells = [str(line.get(name, "")) for name in ("kind", "entity", "set", "model")]
        table.add_row(str(line["at"])[:16], *cells, *[_moved(line, name) for name in _ALL])
    Console().print(table)


def _moved(line: dict[str, Any], name: str) -> str:
    if name not in line:
        return ""
    limits = f" ({line[f'{name}_low']:.4f}-{line[f'{name}_high']:.4f})" if f"{name}_low" in line else ""
    change = line["change"].get(name)
    return f"{line[name]:.4f}{limits}" + ("" if change is None else f" {change:+.4f}")


def _tell(line: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
        return
    table = Table(title=f"{line['kind']} {line['set']}, {line['entity']}, {line['model']}", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in line.items():
        if isinstance(value, float | int):
            limited = f"   {line[f'{name}_low']:.5f} .. {line[f'{name}_high']:.5f}" if f"{name}_low" in line else ""
            if not name.endswith(("_low", "_high")):
                table.add_row(name, f"{value:.5f}{limited}" if isinstance(value, float) else str(value))
    Console().print(table)
    for stratum in line.get("strata", ()):
        typer.echo("{pairs:>9} pairs: {same} same, {different} different, {unsure} unsure: {name}".format(**stratum))


def _model(entity: str) -> tuple[str, int]:
    """Return the version and the threshold, in milli-bits, of the model of an entity."""
    from hub import flow

    chosen = flow.model_of_store(Settings(), entity)
    return chosen.version, chosen.threshold


def _now_us() -> int:
    return SystemClock().now_us()
