"""`satudata train <entity>`: a model that the hub's own records teach, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub import flow
from hub.link import model as models
from hub.persist.models import active_at
from hub.train import report, training, write
from hub.train.plan import Plan
from hub.train.store import reading
from hub.wire.clock import SystemClock
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

Entity = Literal["person", "family", "business", "facility"]


def train(
    entity: Annotated[Entity, typer.Argument(help="which kind of entity")],
    *,
    to: Annotated[Path | None, typer.Option(help="file of the new model; default: the next number in <home>/models")] = None,  # noqa: E501
    seeds: Annotated[int, typer.Option(min=100, help="records drawn; all that share a key with one come along")] = 20_000,  # noqa: E501
    seed: Annotated[str, typer.Option(help="any text; the same one draws the same records of the same store")] = "satudata",  # noqa: E501
    on: Annotated[str, typer.Option(help="what the records are, as the model file will say")] = "the hub's own records",
    most_move: Annotated[float, typer.Option(help="bits that a weight may move from the present model")] = 6.0,
    least_level: Annotated[int, typer.Option(help="pairs that must show a level")] = 20,
    keep_rare: Annotated[bool, typer.Option(help="levels that too few pairs show keep their present weights")] = False,
    accept_move: Annotated[bool, typer.Option(help="accept weights that moved too far; look at the report first")] = False,  # noqa: E501
) -> None:  # fmt: skip
    """Train a model without labels; it is written to a file, and nothing changes until `satudata model switch`.

    A model whose training starved or whose weights moved too far is refused with the reasons; its report is written.
    """
    settings = Settings()
    url = settings.endpoint("database")
    present = active_at(url, entity) or flow.model_file(models.path_of(entity, settings.models))
    model = models.from_text(present.text, present.frequencies, present.version)
    path = to or write.next_path(settings.models or settings.home / "models", entity)
    plan = Plan(on=on, seeds=seeds, seed=seed, least_level=least_level, keep_rare=keep_rare, most_move=most_move,
                accept_move=accept_move)  # fmt: skip
    with reading(url, entity) as store:
        trained = training.train(store, model, present.text, path.stem, plan)
    told = path.with_suffix(".html")
    told.parent.mkdir(parents=True, exist_ok=True)
    told.write_text(report.html(trained, SystemClock().now_us()), encoding="utf-8")
    if trained.fit.refusals:
        reasons = "\n  ".join(trained.fit.refusals)
        raise RefuseToStart(f"the model is refused, its report is {told}:\n  {reasons}")
    made = write.save(path, trained.text, trained.tables)
    typer.echo(f"{path}: model {made.version}; report {told}")
