"""What evaluations found, one JSON line each under the home: figures and names of models, nobody's values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.wire.errors import RefuseToStart

PLACE = Path("evaluate") / "history.jsonl"
MEASURES = ("precision", "recall", "f1", "bcubed_f1")
"""What is compared from one evaluation to the next."""
Line = Mapping[str, Any]


def keep(home: Path, kind: str, line: Line, now_us: int) -> dict[str, Any]:
    """Append an evaluation and return it as it was kept; `kind` is truth, sample or public."""
    at = datetime.fromtimestamp(now_us / 1e6, UTC).isoformat(timespec="seconds")
    kept = {"at": at, "kind": kind, **line}
    path = home / PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    return kept


def read(home: Path) -> list[Line]:
    """Return every evaluation kept, the oldest first; raises RefuseToStart naming a line that is none."""
    path = home / PLACE
    if not path.exists():
        return []
    found: list[Line] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
            _series(line)
        except (ValueError, KeyError, TypeError) as error:
            raise RefuseToStart(f"{path.name}, line {number} is no evaluation: {error!r}; mend or remove it") from error
        found.append(line)
    return found


def _series(line: Line) -> tuple[str, ...]:
    """Return what must be equal for two evaluations to be compared."""
    return str(line["kind"]), str(line.get("entity", "")), str(line.get("set", ""))


def drift(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the lines, each with its change since the one before of its kind, entity and set under `change`."""
    last: dict[tuple[str, ...], Line] = {}
    out = []
    for line in lines:
        before = last.get(_series(line))
        out.append({**line, "change": {} if before is None else _change(before, line, MEASURES)})
        last[_series(line)] = line
    return out


def _change(before: Line, now: Line, names: Iterable[str]) -> dict[str, float]:
    return {name: round(now[name] - before[name], 5) for name in names if name in now and name in before}
