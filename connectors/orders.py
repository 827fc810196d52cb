"""What operators ordered of a source and what the runner remembers: keys `run:` of the position's state.  Pure.

run:signal            offset of the next signal
run:paused            who paused the source, while it is paused
run:request:<id>      a request that is not fulfilled yet
run:changed:<table>   when a change of the table was last captured, seconds since 1970 UTC
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from connectors import drift
from connectors.protocol import Notice, Position, Request
from hub.wire.records import SourceSignal

OWN = "run:"
SIGNAL = "run:signal"
PAUSED = "run:paused"
_REQUEST = "run:request:"
_CHANGED = "run:changed:"
_FULFILLED = frozenset({"snapshot_finished", "signal_refused"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a signal or a notice changes: keys of the state (an empty value removes one), notices, tables to verify."""

    state: Mapping[str, str] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    verify: str | None = None
    """A table, or every one where it is empty."""


def shown(position: Position) -> Position:
    """Return a position without what is the runner's own."""
    return Position(position.epoch, position.identity, without_own(position.state))


def without_own(state: Mapping[str, str]) -> dict[str, str]:
    """Return what of a state the kind may see."""
    return {key: value for key, value in state.items() if not key.startswith(OWN)}


def kept(state: Mapping[str, str]) -> dict[str, str]:
    """Return what of a state a new epoch begins with: everything is read anew, so no request is open."""
    own = {key: value for key, value in state.items() if key.startswith(OWN) and not key.startswith(_REQUEST)}
    return {**own, **drift.taken_up(state)}


def merged(state: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return a state with changes written over it; an empty value removes its key."""
    return {key: value for key, value in {**state, **changes}.items() if value}


def next_signal(state: Mapping[str, str]) -> int:
    """Return the offset of the first signal that was not obeyed yet."""
    return int(state.get(SIGNAL, "0"))


def requests(state: Mapping[str, str]) -> list[Request]:
    """Return the requests that are not fulfilled yet, oldest first."""
    found = []
    for key, text in state.items():
        if key.startswith(_REQUEST):
            parts = json.loads(text)
            request = Request(
                key.removeprefix(_REQUEST), "snapshot", parts["table"], tuple(parts["keys"]), parts["where"],
                parts["author"],
            )  # fmt: skip
            found.append((parts["order"], request))
    return [request for _, request in sorted(found, key=lambda pair: int(pair[0]))]


def obey(signal: SourceSignal, tables: Collection[str], state: Mapping[str, str], *, anew: bool) -> Outcome:
    """Return what a signal changes; `anew`: the source has no position yet, so it is read as a whole anyway."""
    if signal.table and signal.table not in tables:
        return refused(signal.id, signal.table, f"the contract names no table {signal.table}")
    if signal.action == "pause":
        return Outcome() if PAUSED in state else _turned("source_paused", signal, json.dumps({"author": signal.author}))
    if signal.action == "resume":
        return _turned("source_resumed", signal, "") if PAUSED in state else Outcome()
    if signal.action == "snapshot":
        return Outcome() if anew else Outcome(_asked(signal, tables, state))
    if signal.action == "verify":
        return Outcome() if anew else Outcome(verify=signal.table)
    return refused(signal.id, signal.table, f"there is no action {signal.action!r}; update this connector")


def _turned(code: str, signal: SourceSignal, value: str) -> Outcome:
    return Outcome({PAUSED: value}, [Notice(code, detail={"request": signal.id, "author": signal.author})])


def _asked(signal: SourceSignal, tables: Collection[str], state: Mapping[str, str]) -> dict[str, str]:
    """Return one request a table, so that each is open until that table was read."""
    changes: dict[str, str] = {}
    for table in [signal.table] if signal.table else tables:
        id_ = signal.id if signal.table or len(tables) == 1 else f"{signal.id}/{table}"
        request = Request(id_, "snapshot", table, signal.keys, signal.where, signal.author)
        changes |= _noted(request, {**state, **changes})
    return changes


def _noted(request: Request, state: Mapping[str, str]) -> dict[str, str]:
    order = 1 + max((json.loads(v)["order"] for k, v in state.items() if k.startswith(_REQUEST)), default=0)
    parts = {"table": request.table, "keys": list(request.keys), "where": request.where, "author": request.author,
             "order": order}  # fmt: skip
    return {_REQUEST + request.id: json.dumps(parts, separators=(",", ":"))}


def refused(request: str, table: str, reason: str) -> Outcome:
    """Return the refusal of a request or signal."""
    return Outcome(notices=[Notice("signal_refused", table, {"request": request, "reason": reason})])


def followed(notices: Sequence[Notice], state: Mapping[str, str]) -> dict[str, str]:
    """Return what acknowledged notices change: a fulfilled request goes; a table that resumes is asked for."""
    changes: dict[str, str] = {}
    for notice in notices:
        key = _REQUEST + notice.detail.get("request", "")
        if notice.code in _FULFILLED and key in state:
            changes[key] = ""
        elif notice.code == "table_resumed":
            request = Request(f"resumed-{notice.table}", "snapshot", notice.table, author="drift")
            changes |= _noted(request, {**state, **changes})
    return changes


def changed(tables: Mapping[str, int]) -> dict[str, str]:
    """Return the state's keys of when tables last changed."""
    return {_CHANGED + table: str(at) for table, at in tables.items()}


def last_changes(state: Mapping[str, str]) -> dict[str, int]:
    """Return when each table last changed, seconds since 1970 UTC."""
    return {key.removeprefix(_CHANGED): int(at) for key, at in state.items() if key.startswith(_CHANGED)}
