"""Splink on the same records: its own demonstration's settings, trained without labels, clustered at even odds.

Comparisons, blocking rules and training blocks follow Splink's published examples of FEBRL, in the words of its release
5; nothing was tuned on the truth.  Times cover training, prediction and clustering of one run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.evaluate.public.sets import COLUMNS, PublicSet, Row
from hub.wire.errors import RefuseToStart

EVEN = 0.5
"""Probability from which a pair counts: even odds, fixed before any truth is looked at."""
_NAMED = "l.given_name = r.given_name and l.surname = r.surname and l.date_of_birth = r.date_of_birth"
_TURNED = "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth"
_NUMBER = "l.soc_sec_id = r.soc_sec_id"
_BLOCKS = (
    ("given_name", "surname"), ("date_of_birth",), ("postcode", "surname"), ("postcode", "given_name"),
    ("state", "address_1"), ("street_number", "address_1"), ("street_number", "postcode"), ("suburb", "street_number"),
)  # fmt: skip
_TRAINED_ON = ("date_of_birth", "postcode")
_RECALL, _RECALL_WITHOUT_NUMBER = 0.9, 0.7
"""Share of the true pairs that the exact rules are taken to find; the prior follows from it."""


class Ran(NamedTuple):
    """What the peer found and how long it took, seconds."""

    clusters: dict[str, Any]
    """Cluster by record id."""
    train_s: float
    predict_s: float
    version: str


def run(which: PublicSet, rows: Mapping[str, Sequence[Row]]) -> Ran:
    """Train, predict and cluster; raises RefuseToStart if Splink is not installed."""
    try:
        import splink
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise RefuseToStart("the peer is Splink 5; install satudata-hub[train]") from error
    begun = time.perf_counter()
    api = DuckDBAPI()
    tables = [api.register(_columns(found), dataset_display_name=source) for source, found in rows.items()]
    linker = Linker(tables, _settings(which), log_level=None)
    _train(linker, which)
    trained = time.perf_counter()
    pairs = linker.inference.predict(threshold_match_probability=EVEN)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=EVEN)
    found = {row["rec_id"]: row["cluster_id"] for row in clusters.as_record_list()}
    return Ran(found, trained - begun, time.perf_counter() - trained, str(splink.__version__))


def _columns(rows: Sequence[Row]) -> dict[str, list[str | None]]:
    """Return rows as columns; what is not there is null."""
    return {name: [row[name] or None for row in rows] for name in COLUMNS}


def _settings(which: PublicSet) -> Any:
    from splink import SettingsCreator, block_on
    from splink import comparison_library as library

    comparisons: list[Any] = [
        library.NameComparison("given_name").configure(term_frequency_adjustments=True),
        library.NameComparison("surname").configure(term_frequency_adjustments=True),
        library.DateOfBirthComparison(
            "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
        ),
        library.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        library.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
    ]
    rules: list[Any] = [block_on(*columns) for columns in _BLOCKS]
    rules.append("l.given_name = r.surname and l.surname = r.given_name")
    if which.with_number:
        comparisons.append(library.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]))
        rules.append(block_on("soc_sec_id"))
    return SettingsCreator(
        link_type="link_only" if which.links else "dedupe_only", unique_id_column_name="rec_id",
        comparisons=comparisons, blocking_rules_to_generate_predictions=rules,
    )  # fmt: skip


def _train(linker: Any, which: PublicSet) -> None:
    from splink import block_on

    exact = [_NUMBER, _NAMED, _TURNED] if which.with_number else [_NAMED, _TURNED]
    recall = _RECALL if which.with_number else _RECALL_WITHOUT_NUMBER
    linker.training.estimate_probability_two_random_records_match(exact, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for column in _TRAINED_ON:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(column), record_sample_proportion=1.0
        )
