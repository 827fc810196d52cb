"""The connector of both kinds: opens the database and the memory, and gives every table's passes and polls their turns.

One question at a time: a row that is read later is processed later, so the counter that versions it rises as the row
itself moved on.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

import sqlalchemy as sa

from connectors.protocol import Batch, Fingerprint, Opened, Position, Request, Surroundings
from connectors.sql.buckets import fingerprint_of
from connectors.sql.desk import DONE, TOKEN, Desk, Hand, Turn, Turns
from connectors.sql.engine import address, connect, named, reason
from connectors.sql.inspection import findings
from connectors.sql.known import Known
from connectors.sql.options import Options, PollOptions, folder
from connectors.sql.passes import Passes, Progress
from connectors.sql.polls import Polls
from connectors.sql.reader import READ, Reader
from connectors.sql.requests import accept
from connectors.sql.schedule import every_of
from hub.wire.contract import Contract
from hub.wire.errors import Halt, RefuseToStart, TryAgain
from hub.wire.version import stamp

_IDLE_S = 0.02
_LOOK_S = 0.1


class SqlSource:
    """One office's database, being read by SELECT."""

    def __init__(self, contract: Contract, around: Surroundings, options: Options) -> None:
        self._contract = contract
        self._around = around
        self._options = options
        self._known = Known(folder(contract, options))
        self._hand: Hand | None = None
        self._passes: dict[str, Passes] = {}
        self._left: dict[str, Progress] = {}
        """Passes that a lost connection cut off, to go on where they were."""
        self._prints: queue.SimpleQueue[Future[tuple[sqlite3.Connection, bytes]]] = queue.SimpleQueue()
        self._epoch = 0

    @property
    def _name(self) -> str:
        return self._contract.source.name

    def watermarks(self, table: str) -> Sequence[str]:
        """Return a table's watermark columns; none where whole tables are compared."""
        return self._options.watermarks(table) if isinstance(self._options, PollOptions) else ()

    # ------------------------------------------------------------------ the runner's calls

    def open(self, position: Position | None) -> Opened:
        """Connect, look at the tables, and say whether the memory fits the position."""
        self.close()
        self._known.open()
        engine = connect(self._contract)
        self._hand = Hand(engine, self._around.clock)
        try:
            with engine.connect() as connection:
                found = findings(connection, self._contract, self.watermarks, deep=False)
        except sa.exc.SQLAlchemyError as error:
            raise self._away(error) from error
        wrong = [f"{finding.what}: {finding.remedy_en}" for finding in found if finding.level == "error"]
        if wrong:
            raise RefuseToStart(f"source {self._name}: " + "; ".join(wrong))
        return Opened(self._identity(), self._why_anew(position))

    def _away(self, error: sa.exc.SQLAlchemyError) -> TryAgain:
        return TryAgain(f"source {self._name}: {reason(error)}")

    def _identity(self) -> dict[str, str]:
        found = {"database": named(address(self._contract))}
        for table in self._contract.table:
            found[f"table {table.name}"] = f"key={','.join(table.key)} ignore={','.join(sorted(table.ignore))}"
        return found

    def _why_anew(self, position: Position | None) -> str | None:
        if position is None:
            return "no position is known"
        token, done = position.state.get(TOKEN), int(position.state.get(DONE, 0))
        if token is None:
            return "nothing was read in this epoch yet"
        if token != self._known.token:
            return "the memory of what was sent is lost"
        if not self._known.settled <= done <= self._known.noted:
            return "the memory of what was sent is of another time than the position"
        return None

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Give every table its turns, for ever."""
        if self._hand is None:
            raise TryAgain(f"source {self._name} is not open")
        if position.state.get(TOKEN) != self._known.token or not self._known.token:
            self._known.begin(os.urandom(8).hex())
            self._left.clear()
        self._epoch = position.epoch
        desk = Desk.of(
            self._contract, self._around, self._options, known=self._known, hand=self._hand, position=position
        )  # fmt: skip
        turns = [self._watched(each) for each in self._generators(desk, position.state)]
        while True:
            idle = True
            for one in turns:
                for item in one:
                    if item is Turn.WAIT:
                        yield None
                        continue
                    idle = idle and item is Turn.IDLE
                    if item is not Turn.IDLE:
                        yield item if isinstance(item, Batch) else None
                    break
            yield from self._serve_prints()
            if idle:
                time.sleep(_IDLE_S)
                yield None

    def _watched(self, turns: Turns[None]) -> Iterator[Batch | Turn]:
        try:
            yield from turns
        except sa.exc.SQLAlchemyError as error:
            raise self._away(error) from error
        except sqlite3.DatabaseError as error:
            raise Halt(f"source {self._name}: the memory of what was sent is damaged ({error}); delete "
                       f"{folder(self._contract, self._options)}: the source is then read anew") from error  # fmt: skip

    def _generators(self, desk: Desk, state: Mapping[str, str]) -> Iterator[Turns[None]]:
        """Return what takes turns: each table's passes, and its polls where it has watermarks."""
        full_every, keys_every = every_of(self._options)
        self._passes.clear()
        names = sorted(table.name for table in self._contract.table)
        for table in self._contract.table:
            watermarks = self.watermarks(table.name)
            reader = Reader(desk, names.index(table.name), table, state, watermarks)
            self._passes[table.name] = Passes(
                reader, full_every=full_every, keys_every=keys_every, watermarks=watermarks,
                progress=self._left.pop(table.name, None),
            )  # fmt: skip
            if isinstance(self._options, PollOptions):
                yield Polls(reader, self._options, watermarks).turns()
            yield self._passes[table.name].turns()

    def confirm(self, state: Mapping[str, str]) -> None:
        """Learn that the hub has every change up to the position's counter."""
        if state.get(TOKEN) == self._known.token and DONE in state:
            self._known.settle(int(state[DONE]))

    def close(self) -> None:
        """Leave the source; passes that were under way go on after the next opening, if nothing sent is in doubt."""
        if self._hand is not None:
            self._hand.close()
            self._hand = None
        if not self._known.waiting:
            under_way = {name: passes.progress for name, passes in self._passes.items()}
            self._left |= {name: p for name, p in under_way.items() if p is not None and p.ticket is None}
        else:
            self._left.clear()
        self._passes.clear()
        self._known.close()

    # ------------------------------------------------------------------ on request

    def request(self, request: Request) -> None:
        """Read tables again, or some keys of one, or what a condition in the source's own SQL holds for."""
        ticket = accept(request, [table.name for table in self._contract.table])
        for name in [request.table] if request.table else self._passes:
            self._passes[name].asked.append(ticket)

    def fingerprint(self, table: str) -> Fingerprint:
        """Return the fingerprint of what the hub must have, which the last pass compared with the source."""
        asked: Future[tuple[sqlite3.Connection, bytes]] = Future()
        self._prints.put(asked)
        while not asked.done():
            if self._around.stopping.wait(_LOOK_S):
                asked.cancel()
                raise TryAgain("the fingerprint is no longer wanted")
        reader, version = asked.result()
        names = sorted(each.name for each in self._contract.table)
        try:
            return fingerprint_of(reader, names.index(table), version, self._around.stopping)
        finally:
            reader.close()

    def _serve_prints(self) -> Iterator[None]:
        """Give the verifier's thread a look at the memory; nothing is read until all that was sent is with the hub."""
        if self._prints.empty():
            return
        while self._known.waiting:
            time.sleep(_IDLE_S)
            yield None
        reader = self._known.snapshot()
        asked = self._prints.get()
        if asked.set_running_or_notify_cancel():
            asked.set_result((reader, stamp(self._epoch, self._known.noted, 0)))
        else:
            reader.close()

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        """Say whether every table was read and every change up to a fingerprint's version is with the hub."""
        if not all(READ + table.name in state for table in self._contract.table):
            return False
        return version <= stamp(self._epoch, int(state.get(DONE, 0)), 0)
