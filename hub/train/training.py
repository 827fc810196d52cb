"""Train a model from a store of records: draw, compare, count, learn, fit, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.link.features import Layout
from hub.link.model import Model
from hub.train import estimate, frequencies, pairs, write
from hub.train.chance import Chances, chances
from hub.train.estimate import Learned
from hub.train.fit import Fit, fit
from hub.train.frequencies import Table
from hub.train.pairs import Vectors
from hub.train.plan import Plan
from hub.train.sample import Store, draw


@dataclass(frozen=True, slots=True)
class Trained:
    """All that training found, whether or not the model is refused."""

    model: Model
    """The present model."""
    version: str
    text: str
    """The new model's file."""
    tables: Mapping[str, Table]
    fit: Fit
    learned: tuple[Learned, ...]
    chances: Mapping[str, Chances]
    vectors: Vectors
    note: Mapping[str, Any]


def train(store: Store, model: Model, text: str, version: str, plan: Plan) -> Trained:
    """Return the model that the store's records teach; `text` is the present model's file."""
    layout = Layout(model, model.training_blocks)
    sample = draw(store, layout, model.generic_bound, plan.seeds, plan.seed)
    vectors = pairs.count(model, layout, sample, plan)
    known = chances(model, vectors.random)
    learned = estimate.passes(model, vectors, known, plan.least_pairs)
    found = fit(model, vectors, known, learned, plan)
    usual = {(each.comparison, each.level): each.u for each in found.levels}
    tables = frequencies.count(model, layout, sample, usual)
    note = {
        "on": plan.on, "from": model.version, "seed": plan.seed, "records": vectors.population, "seeds": vectors.seeds,
        "random_pairs": vectors.random.total(),
        "passes": [{"block": each.block, "pairs": each.pairs, "matches": round(each.matches, 1),
                    "rounds": each.iterations} for each in learned],
    }  # fmt: skip
    made = write.file(text, version, found, tables, note)
    return Trained(model, version, made, tables, found, tuple(learned), known, vectors, note)
