"""One JSON line a figure: values with their unit in the name, the machine they were measured on, CPU a process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def line(figure: str, **values: Any) -> str:
    """Return the figure's JSON line; floats are rounded to three places, shares to five."""
    return json.dumps({"figure": figure, **{k: _short(v) for k, v in values.items()}, "machine": machine()})


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5 if abs(value) <= 1 else 3)
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return value


def machine() -> dict[str, float]:
    """Return what this machine is and how busy it was: cores, memory, load of the last minute."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count() or 0,
        "memory_gb": round(pages / 1024**3, 1),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU seconds of a process and all below it, also those that ended; None if it is gone."""
    family = _family()
    if pid not in family:
        return None
    total, waiting = 0.0, [pid]
    while waiting:
        present = waiting.pop()
        _, ticks = family[present]
        total += ticks
        waiting += [child for child, (parent, _) in family.items() if parent == present]
    return total / os.sysconf("SC_CLK_TCK")


def _family() -> dict[int, tuple[int, int]]:
    """Return (parent, clock ticks used by it and its ended children) of every process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now
        found[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return found


def cpu_us_each(before: Mapping[str, tuple[int, float]], changes: int) -> dict[str, float]:
    """Return the CPU microseconds a change of every process that still runs; `before` is `cpu_of`'s answer."""
    found = {}
    for name, (pid, used) in before.items():
        now = cpu_seconds(pid)
        if now is not None and changes:
            found[name] = round((now - used) / changes * 1e6, 1)
    return found


def cpu_of(pids: Mapping[str, int]) -> dict[str, tuple[int, float]]:
    """Return (pid, CPU seconds used until now) of each named process that runs."""
    found = {}
    for name, pid in pids.items():
        used = cpu_seconds(pid) if pid else None
        if used is not None:
            found[name] = (pid, used)
    return found
