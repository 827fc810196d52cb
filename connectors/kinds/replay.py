"""The reference kind: a list of changes from a JSONL file, read to its end and on as it grows.

A line is `{"op": "c|u|d|t", "table": .., "key": [..], "previous": [..], "row": {..}, "at": microseconds}`; values are
texts.  A list has no log of its own, so a version is an observation counter, reserved in the position before a row
carries it: a repeat after a crash gets a higher one.  When the end is reached for the first time in an epoch, what an
earlier list held and this one does not is swept.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors import envelope as avro
from connectors.protocol import Batch, Connector, Finding, Opened, Position, Surroundings, sweep_markers
from hub.wire import identity, version
from hub.wire.avro import frame
from hub.wire.broker import Outgoing
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart
from hub.wire.topics import HEADER_NEXT, HEADER_PREVIOUS, HEADER_VERSION, raw_topic

_BATCH = 100
_RESERVE = 1000
_SOURCE = ({"name": "table", "type": "string"},)


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: Path


class Replay:
    """One list, being read."""

    def __init__(self, contract: Contract, surroundings: Surroundings) -> None:
        self._contract = contract
        self._around = surroundings
        self._file = _options(contract).file
        self._ids = {t.name: identity.record_ids(surroundings.key, t.name) for t in contract.table}
        self._frames: dict[tuple[str, tuple[str, ...]], bytes] = {}

    def open(self, position: Position | None) -> Opened:
        """Look for the list."""
        if not self._file.exists():
            raise RefuseToStart(f"the list {self._file.name} does not exist; set options.file in the contract")
        found = {"list": self._file.name}
        if position is None:
            return Opened(found, "no position is known")
        return Opened(found, None if position.identity.get("list") == found["list"] else "it is another list")

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield the list from the position on, then what is added to it."""
        line = int(position.state.get("line", 0))
        reserved = counter = int(position.state.get("reserved", 0))
        swept = "swept" in position.state
        while True:
            changes = self._changes(line)
            if changes:
                line += len(changes)
                reserve = None
                if counter + 2 * len(changes) > reserved:
                    reserved = counter + _RESERVE
                    reserve = {"reserved": str(reserved)}
                yield self._batch(changes, position.epoch, counter, {"line": str(line)}, reserve)
                counter += 2 * len(changes)
            elif not swept:
                swept = True
                yield self._sweep(position.epoch)
            else:
                time.sleep(0.02)
                yield None

    def _batch(
        self, changes: list[dict[str, Any]], epoch: int, counter: int, state: Mapping[str, str],
        reserve: Mapping[str, str] | None,
    ) -> Batch:  # fmt: skip
        messages: list[Outgoing] = []
        for number, change in enumerate(changes):
            messages += self._messages(change, epoch, counter + 2 * number + 1)
        counts = Counter((change["table"], change["op"]) for change in changes)
        return Batch(messages, state, reserve, counts=counts, newest_us=max(c.get("at", 0) for c in changes))

    def _sweep(self, epoch: int) -> Batch:
        floor = version.pack(epoch, 1, 0)
        markers = [sweep_markers(self._around, self._contract, table, floor) for table in self._ids]
        return Batch([marker for table in markers for marker in table], {"swept": "yes"}, barrier=True)

    def _changes(self, start: int) -> list[dict[str, Any]]:
        with self._file.open(encoding="utf-8") as lines:
            return [json.loads(text) for text in islice(lines, start, start + _BATCH) if text.endswith("\n")]

    def _messages(self, change: Mapping[str, Any], epoch: int, counter: int) -> list[Outgoing]:
        table, op = change["table"], change["op"]
        if op == "t":
            return sweep_markers(self._around, self._contract, table, version.pack(epoch, counter, 0))
        key = self._ids[table](change["key"])
        stamps = [version.stamp(epoch, counter + n, 0) for n in (0, 1)]
        if op == "d":
            return [self._message(change, "d", key, stamps[0])]
        if "previous" in change:
            old = self._ids[table](change["previous"])
            return [
                self._message(change, "d", old, stamps[0], (HEADER_NEXT, key)),
                self._message(change, "c", key, stamps[1], (HEADER_PREVIOUS, old)),
            ]
        return [self._message(change, op, key, stamps[0])]

    def _message(
        self, change: Mapping[str, Any], op: str, key: bytes, stamp: bytes, *headers: tuple[str, bytes],
    ) -> Outgoing:  # fmt: skip
        table, at, row = change["table"], change.get("at", 0), change["row"]
        body = b"".join(avro.NULL if v is None else avro.some(avro.string(v.encode())) for v in row.values())
        images = avro.some(body) + avro.NULL if op == "d" else avro.NULL + avro.some(body)
        block = (
            avro.source_head("replay", f"raw.{self._contract.source.name}")
            + avro.source_middle(at, "false", self._file.stem) + avro.NULL + avro.source_times(at)
            + avro.string(table.encode())
        )  # fmt: skip
        value = self._frame(table, tuple(row)) + images + block + avro.tail(op, self._around.clock.now_us())
        topic = raw_topic(self._contract.source.name, table).name
        return Outgoing(topic, key, value, ((HEADER_VERSION, stamp), *headers))

    def _frame(self, table: str, columns: tuple[str, ...]) -> bytes:
        if (table, columns) not in self._frames:
            topic = raw_topic(self._contract.source.name, table).name
            text = avro.envelope_schema(topic, [avro.optional(c, "string") for c in columns], "replay", _SOURCE)
            self._frames[table, columns] = frame(self._around.registry.register(f"{topic}-value", text, "NONE"))
        return self._frames[table, columns]

    def confirm(self, state: Mapping[str, str]) -> None:
        """Do nothing: a list forgets nothing."""

    def close(self) -> None:
        """Do nothing: no connection is held."""


def _options(contract: Contract) -> _Options:
    try:
        return _Options.model_validate(contract.options)
    except ValidationError as error:
        raise RefuseToStart(
            f"source {contract.source.name}: options: {error}; kind replay knows only `file`"
        ) from error


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector that reads the contract's `options.file`."""
    return Replay(contract, surroundings)


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:  # noqa: ARG001 - the kinds' common signature
    """Say whether the list is there."""
    file = _options(contract).file
    if file.exists():
        return [Finding("ok", "reach", f"list {file.name} is there")]
    return [Finding("error", "reach", f"list {file.name} is not there",
                    f"Periksa options.file pada kontrak {contract.source.name}.",
                    f"Set options.file in the contract of {contract.source.name}.")]  # fmt: skip
