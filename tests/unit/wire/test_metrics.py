"""The list of metrics: named alike, and labels that cannot hold a person."""

from hub.wire import metrics

ALLOWED_LABELS = {
    "process", "stage", "what", "source", "table", "op", "code", "field", "topic", "kind", "entity", "route", "status",
    "verdict", "partition", "state",
}  # fmt: skip


def test_every_metric_is_ours_and_documented() -> None:
    for metric in metrics.ALL:
        (family,) = metric.collect()
        assert family.name.startswith("satudata_")
        assert len(family.documentation) > 10


def test_labels_come_from_a_closed_list() -> None:
    for metric in metrics.ALL:
        assert set(metric._labelnames) <= ALLOWED_LABELS, metric


def test_names_include_the_series_of_counters_and_histograms() -> None:
    names = metrics.names()
    assert {"satudata_cleaned_records_total", "satudata_commit_seconds_bucket", "satudata_outbox_waiting"} <= names
