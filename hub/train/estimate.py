"""What Splink's EM learns of each pass: the share m of the true pairs that shows each level, without labels.

Splink (Linacre and others, 2022) compares values; here it is given the levels that the engine's comparisons found.
Each pair is a row on either side, joined by its number, so that only Splink's public settings are used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from hub.link.evidence import Comparison
from hub.link.model import Model
from hub.train.chance import Chances
from hub.train.pairs import Pass, Vectors
from hub.wire.errors import RefuseToStart

MAX_ITERATIONS = 200
CONVERGENCE = 1e-4
_START = 0.3
"""Share of a pass's pairs that are true ones, where EM begins."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What one pass taught."""

    block: str
    pairs: int
    matches: float
    """Pairs of the pass that are of one entity, as EM has it."""
    iterations: int
    converged: bool
    shares: tuple[float, ...]
    """Share of true pairs after each iteration."""
    m: Mapping[str, tuple[float | None, ...]]
    """By comparison, for each level of its kind; None where the pass did not show it."""


def passes(model: Model, vectors: Vectors, chances: Mapping[str, Chances], least_pairs: int) -> list[Learned]:
    """Train on every pass with enough pairs; raises RefuseToStart when Splink is not installed."""
    found = []
    for each in vectors.passes:
        learnable = [one for one in model.comparisons if one.name not in each.held]
        if each.pairs >= least_pairs and learnable:
            found.append(_train(model, each, learnable, chances))
    return found


def _train(model: Model, each: Pass, learnable: list[Comparison], chances: Mapping[str, Chances]) -> Learned:
    try:
        import duckdb
        from splink import DuckDBAPI, Linker, SettingsCreator
    except ImportError as error:
        raise RefuseToStart(f"training needs Splink ({error}); install it with `pip install 'satudata-hub[train]'`") from error  # fmt: skip # noqa: E501
    logging.getLogger("splink").setLevel(logging.ERROR)
    columns = {one.name: f"c{place}" for place, one in enumerate(model.comparisons)}
    with duckdb.connect(":memory:") as database:
        database.execute("set threads = 1")  # sums of shares come in one order, so that one sample gives one model
        _fill(database, each, len(model.comparisons))
        settings = SettingsCreator(
            link_type="link_only", unique_id_column_name="pair", retain_matching_columns=False,
            comparisons=[_comparison(one, columns[one.name], chances[one.name]) for one in learnable],
            blocking_rules_to_generate_predictions=["l.pair = r.pair"],
            probability_two_random_records_match=_START, em_convergence=CONVERGENCE, max_iterations=MAX_ITERATIONS,
        )  # fmt: skip
        api = DuckDBAPI(database)
        linker = Linker([api.register("one"), api.register("other")], settings, log_level=logging.ERROR)
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            "l.pair = r.pair", fix_u_probabilities=True
        )
        history = session._core_model_settings_history  # noqa: SLF001 - Splink tells of convergence nowhere else
    last = history[-1]
    shares = tuple([round(float(one.probability_two_random_records_match), 6) for one in history])
    m = {}
    for one in learnable:
        trained = last.get_comparison_by_output_column_name(columns[one.name])
        by_level = {level.label_for_charts: level for level in trained.comparison_levels if not level.is_null_level}
        m[one.name] = (None, *[_share(by_level[name].m_probability) for name in one.levels[1:]])
    iterations = len(history) - 1
    return Learned(each.block, each.pairs, each.pairs * shares[-1], iterations, iterations < MAX_ITERATIONS, shares, m)


def _share(value: object) -> float | None:
    """Splink names a level that no pair showed by a text."""
    return float(value) if isinstance(value, int | float) else None


def _fill(database: object, each: Pass, width: int) -> None:
    columns = ", ".join([f"c{place} integer" for place in range(width)])
    rows = [(*vector, count) for vector, count in sorted(each.counts.items())]
    execute = database.execute  # type: ignore[attr-defined]
    execute(f"create table vectors ({columns}, n integer)")
    marks = ", ".join("?" * (width + 1))
    database.executemany(f"insert into vectors values ({marks})", rows)  # type: ignore[attr-defined]  # noqa: S608
    names = ", ".join([f"c{place}" for place in range(width)])
    execute(f"create table one as select row_number() over (order by {names}) as pair, {names} "  # noqa: S608
            "from vectors, range(vectors.n)")  # fmt: skip
    execute("create table other as select * from one")


def _comparison(one: Comparison, column: str, chances: Chances) -> object:
    import splink.comparison_level_library as levels
    from splink.comparison_library import CustomComparison

    made = [levels.CustomLevel(f"{column}_l = 0", label_for_charts=one.levels[0]).configure(is_null_level=True)]
    for index, name in enumerate(one.levels[1:], start=1):
        made.append(
            levels.CustomLevel(f"{column}_l = {index}", label_for_charts=name).configure(
                m_probability=chances.m[index], u_probability=chances.u[index],
                fix_u_probability=True, fix_m_probability=one.weights[index].fixed,
            )
        )  # fmt: skip
    return CustomComparison(comparison_levels=made, output_column_name=column)
