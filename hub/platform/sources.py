"""How every source is doing, for `satudata status`: from the probes on this machine and the topic of notices."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.wire import metrics
from hub.wire.avro import Codec, ConfluentRegistry
from hub.wire.contract import Contract
from hub.wire.errors import Quarantine
from hub.wire.kafka import KafkaLog
from hub.wire.metrics import Sample
from hub.wire.records import SourceNotice
from hub.wire.topics import NOTICE

_SECONDS = 3
_LATEST = 1000
"""Notices that are looked through for the last ones of each source."""
_SHOWN = 3
Row = dict[str, Any]


@dataclass(slots=True)
class Source:
    """One source as an operator sees it; None stands for what no process on this machine tells."""

    name: str
    kind: str
    state: str = "not running"
    """Reading, paused, waiting (the source or Kafka is away), or not running on this machine."""
    trouble: str = ""
    lag_seconds: float | None = None
    lag_bytes: float | None = None
    log_held_bytes: float | None = None
    log_budget_bytes: float | None = None
    last_success: float | None = None
    """Seconds since 1970 UTC."""
    last_change: dict[str, float] = field(default_factory=dict)
    overdue: list[str] = field(default_factory=list)
    """Tables that are silent for longer than their contract expects."""
    snapshot: dict[str, float] = field(default_factory=dict)
    """Part read, of each table whose snapshot is not finished."""
    stopped: list[str] = field(default_factory=list)
    drifted_columns: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    quarantine_open: int = 0
    differing_buckets: dict[str, int] = field(default_factory=dict)
    notice_counts: dict[str, int] = field(default_factory=dict)
    """Notices by code since the source's process began: the last ones below soon make room for others."""
    notices: list[Row] = field(default_factory=list)
    """The last ones, newest first."""


def look(contracts: Mapping[str, Contract], home: Path) -> dict[str, Source]:
    """Return what the probes of this machine say of each source."""
    found = {name: Source(name, contract.source.kind) for name, contract in contracts.items()}
    for process, address in _probes(home).items():
        text = _ask(f"http://{address}/metrics")
        if text is None:
            continue
        samples = [s for s in metrics.parse(text) if s.labels.get("source") in found]
        for sample in samples:
            _note(found[sample.labels["source"]], sample)
        if process in found:
            _judge(found[process], samples, _ask(f"http://{address}/readyz"))
    return found


def _probes(home: Path) -> dict[str, str]:
    found = {}
    for path in sorted((home / "run" / "probes").glob("*.json")):
        try:
            (target,) = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        found[path.stem] = target["targets"][0]
    return found


def _ask(url: str) -> str | None:
    """Return a probe's answer, whatever its status; None when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - a loopback address of our own
            return str(answer.read().decode())
    except urllib.error.HTTPError as refusal:
        return refusal.read().decode()
    except OSError:
        return None


def _note(source: Source, sample: Sample) -> None:
    """Take one value of a source into its state."""
    name, table, value = sample.name.removeprefix("satudata_"), sample.labels.get("table", ""), sample.value
    if name in _WHOLE:
        setattr(source, _WHOLE[name], value)
    elif name == "quarantine_open":
        source.quarantine_open += int(value)
    elif name == "snapshot_progress_ratio" and value < 1:
        source.snapshot[table] = value
    elif name == "source_table_stopped" and value:
        source.stopped.append(table)
    elif name == "source_drifted_columns" and value:
        source.drifted_columns[table] = int(value)
    elif name == "source_last_change_timestamp_seconds":
        source.last_change[table] = value
    elif name == "source_errors_total":
        source.errors[sample.labels["code"]] = int(value)
    elif name == "source_notices_total" and value:
        source.notice_counts[sample.labels["code"]] = int(value)
    elif name == "verification_differing_buckets" and value:
        source.differing_buckets[table] = int(value)


_WHOLE = {
    "source_lag_seconds": "lag_seconds",
    "source_lag_bytes": "lag_bytes",
    "source_log_held_bytes": "log_held_bytes",
    "source_log_budget_bytes": "log_budget_bytes",
    "source_last_success_timestamp_seconds": "last_success",
}


def _judge(source: Source, samples: Iterable[Sample], ready: str | None) -> None:
    """Say what a source's own process does, and which of its tables are overdue."""
    own = {(s.name, s.labels.get("table")): s.value for s in samples if s.labels["source"] == source.name}
    now = time.time()
    if own.get(("satudata_source_paused", None)):
        source.state = "paused"
    elif own.get(("satudata_source_connected", None)):
        source.state = "reading"
    else:
        source.state = "waiting"
        source.trouble = (ready or "it does not answer").strip()
    source.overdue = [
        str(table)
        for (name, table), longest in own.items()
        if name == "satudata_source_expected_freshness_seconds"
        and now - own.get(("satudata_source_last_change_timestamp_seconds", table), now) > longest
    ]


def add_notices(found: Mapping[str, Source], kafka: str, registry: str) -> None:
    """Give each source its last notices; raises TryAgain or RefuseToStart when a service does not answer."""
    log, schemas = KafkaLog(kafka), ConfluentRegistry(registry)
    try:
        codec = Codec(schemas)
        bounds = log.bounds(NOTICE.name) if log.partitions(NOTICE.name) else {}
        start = {partition: max(low, high - _LATEST) for partition, (low, high) in bounds.items()}
        for message in log.read(NOTICE.name, start) if start else ():
            try:
                record = codec.decode_record(message.value or b"")
            except Quarantine:
                continue
            if isinstance(record, SourceNotice) and record.source in found:
                found[record.source].notices.insert(0, _row(record))
    finally:
        schemas.close()
    for source in found.values():
        del source.notices[_SHOWN:]


def _row(record: SourceNotice) -> Row:
    return {"code": record.code, "table": record.table, "detail": dict(record.detail), "at_us": record.at_us}


def as_json(found: Mapping[str, Source]) -> list[Row]:
    """Return every source as JSON shows it."""
    return [asdict(source) for source in found.values()]


def lines(found: Mapping[str, Source]) -> list[Sequence[str]]:
    """Return a table's rows: source, state, lag, what is unfinished or wrong, the last notice."""
    return [(s.name, _state(s), _lag(s), "; ".join(_remarks(s)), _last(s)) for s in found.values()]


def _state(source: Source) -> str:
    return f"{source.state}: {source.trouble}" if source.trouble else source.state


def _lag(source: Source) -> str:
    parts = [] if source.lag_seconds is None else [f"{source.lag_seconds:.1f} s"]
    if source.lag_bytes:
        parts.append(_size(source.lag_bytes))
    return ", ".join(parts)


def _remarks(source: Source) -> Iterable[str]:
    for table, part in source.snapshot.items():
        yield f"snapshot of {table} {part:.0%}"
    for table in source.stopped:
        yield f"{table} STOPPED by drift"
    for table, count in source.drifted_columns.items():
        yield f"{table}: {count} columns unlike the contract"
    for table in source.overdue:
        yield f"{table} silent longer than expected"
    if source.log_held_bytes:
        of = f" of {_size(source.log_budget_bytes)}" if source.log_budget_bytes else ""
        yield f"log held {_size(source.log_held_bytes)}{of}"
    if source.quarantine_open:
        yield f"{source.quarantine_open} rows in quarantine"
    for table, count in source.differing_buckets.items():
        yield f"{table} DIFFERS from the hub in {count} buckets of 256"
    if source.errors:
        yield "errors " + ", ".join(f"{code} {count}" for code, count in source.errors.items())


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def _last(source: Source) -> str:
    if not source.notices:
        return ""
    last = source.notices[0]
    at = time.strftime("%d %b %H:%M", time.localtime(last["at_us"] / 1e6))
    reason = last["detail"].get("reason") or last["detail"].get("column", "")
    return " ".join(part for part in (at, last["code"], last["table"], reason) if part)
