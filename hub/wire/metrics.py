"""Every metric of the hub in one typed list; rules and dashboards may name no other.

Labels hold names of stages, sources, tables, topics and stable codes only: never a value of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

REGISTRY = CollectorRegistry()
ALL: list[MetricWrapperBase] = []
EXPOSITION_TYPE = CONTENT_TYPE_LATEST
M = TypeVar("M", bound=MetricWrapperBase)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


def _listed(metric: M) -> M:
    ALL.append(metric)
    return metric


def _counter(name: str, doc: str, *labels: str) -> Counter:
    return _listed(Counter(name, doc, labels, registry=REGISTRY))


def _gauge(name: str, doc: str, *labels: str) -> Gauge:
    return _listed(Gauge(name, doc, labels, registry=REGISTRY))


def _histogram(name: str, doc: str, *labels: str) -> Histogram:
    return _listed(Histogram(name, doc, labels, registry=REGISTRY, buckets=_SECONDS))


# every process
UP = _gauge("satudata_process_ready", "1 when the process is ready, else 0", "process")
RETRIES = _counter("satudata_retries_total", "Work repeated because a service was away", "stage", "what")

# connectors
CAPTURED = _counter("satudata_captured_changes_total", "Changes acknowledged by Kafka", "source", "table", "op")
SOURCE_LAG_BYTES = _gauge("satudata_source_lag_bytes", "Log of the source not yet confirmed", "source")
SOURCE_LAG_SECONDS = _gauge(
    "satudata_source_lag_seconds", "Age of the newest captured commit at its acknowledgement", "source"
)
SOURCE_CONNECTED = _gauge("satudata_source_connected", "1 while the source is being read, else 0", "source")
SOURCE_RECONNECTS = _counter("satudata_source_reconnects_total", "Connections to the source made again", "source")
SNAPSHOT_ROWS = _counter("satudata_snapshot_rows_total", "Rows read by snapshots", "source", "table")
SNAPSHOT_PROGRESS = _gauge(
    "satudata_snapshot_progress_ratio", "Part of a table that its latest snapshot has read, 0 to 1", "source", "table"
)
SOURCE_DRIFT = _counter(
    "satudata_source_drift_total", "Columns seen to be added, dropped, renamed or retyped", "source", "table"
)
TABLE_STOPPED = _gauge(
    "satudata_source_table_stopped", "1 while a table is not forwarded because it drifted, else 0", "source", "table"
)
DRIFTED_COLUMNS = _gauge(
    "satudata_source_drifted_columns",
    "Columns of a table that its contract does not know, misses, or knows with another type",
    "source", "table",
)  # fmt: skip
SOURCE_PAUSED = _gauge("satudata_source_paused", "1 while an operator's pause stands, else 0", "source")
SOURCE_HELD_BYTES = _gauge("satudata_source_log_held_bytes", "Log that the source keeps for the hub", "source")
SOURCE_BUDGET_BYTES = _gauge(
    "satudata_source_log_budget_bytes", "Log that the source may keep for the hub, as its contract says", "source"
)
SOURCE_NOTICES = _counter("satudata_source_notices_total", "Notices acknowledged by Kafka", "source", "code")
SOURCE_ERRORS = _counter("satudata_source_errors_total", "Times that reading a source failed", "source", "code")
SOURCE_SUCCESS = _gauge(
    "satudata_source_last_success_timestamp_seconds", "When the source was last read without trouble", "source"
)
SOURCE_CHANGED = _gauge(
    "satudata_source_last_change_timestamp_seconds", "When a change of the table was last captured", "source", "table"
)
SOURCE_FRESHNESS = _gauge(
    "satudata_source_expected_freshness_seconds", "Longest silence of a table that its contract expects",
    "source", "table",
)  # fmt: skip
VERIFIED_EQUAL = _gauge(
    "satudata_verification_equal_buckets", "Buckets in which source and hub agree, of 256", "source", "table"
)
VERIFIED_DIFFERING = _gauge(
    "satudata_verification_differing_buckets", "Buckets in which source and hub differ, of 256", "source", "table"
)
VERIFIED_UNDECIDED = _gauge(
    "satudata_verification_undecided_buckets", "Buckets that changed while they were compared", "source", "table"
)

# clean
CLEANED = _counter(
    "satudata_cleaned_records_total", "Records standardised and acknowledged by Kafka", "source", "table"
)
QUARANTINED = _counter("satudata_quarantined_total", "Records refused", "stage", "source", "code")
FLAGGED = _counter("satudata_flags_total", "Field flags set by cleaning", "source", "field", "code")
STAGE_LAG = _gauge("satudata_stage_lag_records", "Records waiting in a stage's input", "stage", "topic")
HELD_PARTITIONS = _gauge(
    "satudata_held_partitions", "Partitions not read because their stored offset lies outside the log", "stage"
)
BATCH_SECONDS = _histogram("satudata_batch_seconds", "Time from a batch's delivery to its acknowledgement", "stage")

# reconcile
RECONCILED = _counter("satudata_reconciled_events_total", "Events taken by link, after COMMIT", "kind")
STALE = _counter("satudata_stale_events_total", "Events older than what is known")
ENTITY_CHANGES = _counter("satudata_entity_changes_total", "Entity changes committed", "entity", "kind")
GOLDEN = _gauge("satudata_golden_records", "Living golden records", "entity")
MEMBERS = _gauge("satudata_member_records", "Living source records", "entity")
EDGES = _gauge("satudata_link_edges", "Scored pairs kept", "entity")
REFUSED_UNIONS = _counter(
    "satudata_refused_unions_total", "Unions not made because the cluster would pass its bound", "entity"
)
COMMIT_SECONDS = _histogram("satudata_commit_seconds", "Time of a reconcile transaction")
SOURCE_TO_GOLDEN = _histogram("satudata_source_to_golden_seconds", "Source commit to golden row committed", "source")
QUARANTINE_OPEN = _gauge("satudata_quarantine_open", "Quarantine items waiting for a decision", "stage", "source")
REVIEWS_OPEN = _gauge("satudata_reviews_open", "Items of the stewards' queue that wait", "entity", "kind")
REVIEW_OLDEST = _gauge(
    "satudata_review_oldest_timestamp_seconds", "Since when the oldest item of the queue waits", "entity", "kind"
)
HOLDS_OPEN = _gauge("satudata_holds_open", "Entities held back from sensitive feeds", "entity", "kind")
DECISIONS = _counter(
    "satudata_decisions_total", "Stewards' decisions taken, and what became of each", "entity", "verdict", "state"
)
LEASE_HELD = _gauge("satudata_lease_held", "1 in the process that holds the writer's lease, else 0")

# publish
PUBLISHED = _counter("satudata_published_messages_total", "Outbox rows acknowledged by Kafka", "topic")
OUTBOX_WAITING = _gauge("satudata_outbox_waiting", "Outbox rows not yet published")
GOLDEN_TO_TOPIC = _histogram("satudata_golden_to_topic_seconds", "Golden row committed to message acknowledged")

# serve
REQUESTS = _counter("satudata_http_requests_total", "HTTP requests answered", "route", "status")
REQUEST_SECONDS = _histogram("satudata_http_request_seconds", "Time to answer", "route")
JUDGEMENTS = _counter("satudata_judgements_total", "Judgements accepted", "verdict")


class Sample(NamedTuple):
    """One value of a process's metrics."""

    name: str
    labels: Mapping[str, str]
    value: float


def exposition() -> bytes:
    """Return the metrics of this process in Prometheus's text format."""
    return generate_latest(REGISTRY)


def parse(text: str) -> list[Sample]:
    """Return what an exposition says, sample by sample."""
    return [
        Sample(sample.name, dict(sample.labels), float(sample.value))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def names() -> set[str]:
    """Return every time-series name that a rule or dashboard may use."""
    found: set[str] = set()
    for metric in ALL:
        for family in metric.collect():
            kind = family.type
            if kind == "counter":
                found |= {f"{family.name}_total", f"{family.name}_created"}
            elif kind == "histogram":
                found |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count", "created")}
            else:
                found.add(family.name)
    return found
