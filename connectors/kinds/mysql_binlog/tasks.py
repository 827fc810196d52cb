"""What is to be read of a table, and how far that is: kept in the position's state, so that a kill costs one chunk.

snap:<table>   how far the table is read whole; `done` once it is

The key at which the next chunk begins may be a personal number, so it is sealed with the source's own key: it stands in
the state, and the state is logged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.wire.contract import Table

PREFIX = "snap:"


class Seal:
    """Hides keys of rows; equal ones look equal, so a state does not change for nothing."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(HKDF(hashes.SHA256(), 32, None, b"satudata/snapshot").derive(key))

    def close(self, table: str, values: Sequence[bytes]) -> str:
        """Return a key's values as a text that tells nothing."""
        plain = json.dumps([value.hex() for value in values]).encode()
        return self._cipher.encrypt(plain, [table.encode()]).hex()

    def open(self, table: str, text: str) -> tuple[bytes, ...] | None:
        """Return a key's values, or None if another secret closed it."""
        try:
            plain = self._cipher.decrypt(bytes.fromhex(text), [table.encode()])
        except (InvalidTag, ValueError):
            return None
        return tuple(bytes.fromhex(value) for value in json.loads(plain))


@dataclass(slots=True)
class Task:
    """One table to be read."""

    table: str
    mark: str = ""
    """Of the table's key and ignored columns: with others it is read anew."""
    requests: tuple[str, ...] = ()
    """Ids of the requests that asked for it."""
    reason: str = ""
    floor: int = 0
    """Version's number of the first chunk; 0: not begun."""
    after: tuple[bytes, ...] = ()
    """Key of the last row read."""
    rows: int = 0
    turn: int = -1
    """How often the table was read before, in this epoch: the ordinal of its rows' versions.  Until it is begun: the
    last reading's, -1 before the first."""
    keys: Sequence[Sequence[str]] = ()
    """Only these records, each by the texts of its key."""
    where: str = ""
    not_before: float = 0.0

    @property
    def whole(self) -> bool:
        """Say whether the whole table is read, so that what was not there no longer exists."""
        return not self.keys and not self.where

    def text(self, seal: Seal, again: bool = False) -> str:
        """Return the state's value; `again`: what happened meanwhile wants it read once more."""
        fields = {
            "mark": self.mark, "requests": self.requests, "reason": self.reason, "floor": self.floor,
            "after": seal.close(self.table, self.after) if self.after else "", "rows": self.rows,
            "turn": self.turn, "again": again,
        }  # fmt: skip
        return json.dumps(fields, separators=(",", ":"))


def mark(table: Table) -> str:
    """Return the fingerprint of what decides which records a table has and what they hold."""
    return hashlib.sha256(json.dumps([table.key, sorted(table.ignore)]).encode()).hexdigest()[:16]


def done(table: Table, turn: int) -> str:
    """Return the state's value of a table that is read."""
    return json.dumps({"done": mark(table), "turn": turn}, separators=(",", ":"))


def due(table: Table, reason: str, requests: tuple[str, ...] = (), turn: int = -1) -> Task:
    """Return the task of reading a table whole; `turn`: the last reading's."""
    return Task(table.name, mark(table), requests, reason, turn=turn)


def turns(state: Mapping[str, str]) -> dict[str, int]:
    """Return how often each table was read, or is being read, in the state's epoch."""
    return {key.removeprefix(PREFIX): json.loads(text)["turn"] for key, text in state.items()
            if key.startswith(PREFIX) and text}  # fmt: skip


def is_done(state: Mapping[str, str], table: Table) -> bool:
    """Say whether a table is read."""
    text = state.get(PREFIX + table.name)
    return bool(text) and json.loads(text or "{}").get("done") == mark(table)


def of_state(state: Mapping[str, str], table: Table, seal: Seal) -> list[Task]:
    """Return what is left to do for a table; nothing when it is read."""
    text = state.get(PREFIX + table.name)
    known = json.loads(text) if text else {}
    if is_done(state, table):
        return []
    if known.get("mark") != mark(table):
        return [due(table, "contract" if known else "first", turn=known.get("turn", -1))]
    requests = tuple(known["requests"])
    after = seal.open(table.name, known["after"]) if known["after"] else ()
    if after is None or known["again"]:
        return [due(table, known["reason"], requests, known["turn"])]
    return [Task(table.name, known["mark"], requests, known["reason"], known["floor"], after, known["rows"],
                 known["turn"])]  # fmt: skip


def all_done(state: Mapping[str, str]) -> bool:
    """Say whether every table that a state speaks of is read."""
    return all("done" in json.loads(text) for key, text in state.items() if key.startswith(PREFIX) and text)
