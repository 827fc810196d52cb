"""Reads the processes' own /metrics and turns counters into rates and histograms into quantiles."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Labels = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Reading:
    """All series of all processes at one moment."""

    at: float
    series: dict[str, dict[Labels, float]] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's series that carry these labels."""
        wanted = set(labels.items())
        return sum(value for found, value in self.series.get(name, {}).items() if wanted <= found)

    def largest(self, name: str) -> float | None:
        """Return the largest value of a metric, or None without one."""
        return max(self.series.get(name, {}).values(), default=None)

    def buckets(self, name: str, **labels: str) -> dict[float, float]:
        """Return a histogram's cumulative counts by upper bound, over all series with these labels."""
        wanted, found = set(labels.items()), dict[float, float]()
        for series, value in self.series.get(f"{name}_bucket", {}).items():
            if wanted <= series:
                bound = float(dict(series)["le"])
                found[bound] = found.get(bound, 0) + value
        return found


def parse(text: str) -> Iterator[tuple[str, Labels, float]]:
    """Yield (name, labels, value) of Prometheus's text format."""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            yield match[1], frozenset(_LABEL.findall(match[2] or "")), float(match[3])


def addresses(home: Path) -> dict[str, str]:
    """Return the address of every process that wrote one."""
    found = {}
    for path in sorted((home / "run" / "probes").glob("*.json")):
        try:
            target = json.loads(path.read_text())[0]
        except (OSError, ValueError):
            continue  # it is being replaced just now
        found[target["labels"]["process"]] = target["targets"][0]
    return found


def read(home: Path, client: httpx.Client) -> Reading:
    """Ask every process for its metrics; one that does not answer is left out."""
    reading = Reading(time.monotonic())
    for process, address in addresses(home).items():
        try:
            answer = client.get(f"http://{address}/metrics")
        except httpx.HTTPError:
            continue
        reading.up.add(process)
        for name, labels, value in parse(answer.text):
            series = reading.series.setdefault(name, {})
            series[labels] = series.get(labels, 0) + value
    return reading


def rate(now: Reading, before: Reading, name: str) -> float:
    """Return a counter's increase a second between two readings; a restarted process counts from nought."""
    seconds = now.at - before.at
    rise = now.total(name) - before.total(name)
    return max(0.0, rise) / seconds if seconds > 0 else 0.0


def quantiles(now: Reading, before: Reading, name: str, **labels: str) -> tuple[float, float] | None:
    """Return p50 and p99 in milliseconds of what a histogram took in between two readings, or None."""
    after, earlier = now.buckets(name, **labels), before.buckets(name, **labels)
    fresh = {bound: count - earlier.get(bound, 0) for bound, count in after.items()}
    if not fresh or fresh[max(fresh)] <= 0:
        return None
    return _quantile(fresh, 0.5), _quantile(fresh, 0.99)


def _quantile(cumulative: Mapping[float, float], share: float) -> float:
    wanted, lower, below = share * cumulative[max(cumulative)], 0.0, 0.0
    for bound in sorted(cumulative):
        count = cumulative[bound]
        if count >= wanted:
            if bound == float("inf") or count == below:
                return lower * 1000
            return (lower + (bound - lower) * (wanted - below) / (count - below)) * 1000
        lower, below = bound, count
    return lower * 1000
