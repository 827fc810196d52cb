"""One source of deliveries: take a file, examine all of it, send all of it or nothing, tell its office.

    waiting --settled--> proses/ --examined--> sent --durable--> arsip/   + receipt
                                     |
                                     +--> ditolak/, dikesampingkan/       + what to mend

A row's version is an observation counter, reserved in the position before a row carries it, together with the
delivery's hash: after a crash the same delivery is sent again with the same versions.  A whole delivery ends with a
sweep below its first counter: what it does not hold no longer exists.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.fingerprint import Buckets
from connectors.kinds.file_drop import memory
from connectors.kinds.file_drop.archive import again
from connectors.kinds.file_drop.arrival import Arrivals
from connectors.kinds.file_drop.delivery import Delivery
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.inspection import Inspector
from connectors.kinds.file_drop.memory import Last, Memory
from connectors.kinds.file_drop.messages import Writer
from connectors.kinds.file_drop.options import options
from connectors.kinds.file_drop.place import ARCHIVE, CLAIMED, Place, open_place
from connectors.kinds.file_drop.rows import Rows
from connectors.kinds.file_drop.session import Session, Steps
from connectors.protocol import Batch, Fingerprint, Notice, Opened, Position, Request, Surroundings
from hub.wire import identity
from hub.wire.contract import Contract, Table
from hub.wire.errors import RefuseToStart, TryAgain
from hub.wire.version import stamp

_TICK = 0.1


class FileDrop:
    """A folder, being read."""

    def __init__(self, contract: Contract, around: Surroundings) -> None:
        self._contract = contract
        self._around = around
        self._options = options(contract)
        self._place: Place | None = None
        self._session: Session | None = None
        self._requests: list[Request] = []

    def open(self, position: Position | None) -> Opened:
        """Reach the folder and make its parts."""
        self._place = open_place(self._contract, self._options)
        self._place.prepare()
        found = {"place": hashlib.sha256(self._place.identity.encode()).hexdigest()[:16]}
        if position is None:
            return Opened(found, "no position is known")
        same = position.identity.get("place") == found["place"]
        return Opened(found, None if same else "it is another folder")

    def confirm(self, state: Mapping[str, str]) -> None:
        """Note what is durable: only then a delivery leaves the folder of those in work."""
        if self._session is not None:
            self._session.durable = dict(state)

    def close(self) -> None:
        """Leave the folder and throw away the copy that was read."""
        if self._session is not None:
            self._session.close()
        elif self._place is not None:
            self._place.close()
        self._session = self._place = None
        self._requests.clear()  # the runner asks again

    def request(self, request: Request) -> None:
        """Take a request to send accepted deliveries again."""
        if request.keys or request.where:
            raise RefuseToStart("files cannot be read by key or condition; ask for the whole table")
        self._requests.append(request)

    def read(self, position: Position) -> Iterator[Batch | None]:
        """Yield what the folder brings, for ever."""
        if self._place is None:
            raise TryAgain("the folder of deliveries is not open")
        session = self._session = Session(self._contract, self._options, self._around, self._place, position)
        arrivals = Arrivals(self._contract, self._options, self._place, self._around.clock.monotonic)
        if session.memory.sending is not None and not self._place.entries(CLAIMED):
            gone = {"delivery": session.memory.sending.sha256[:12], "reasons": "vanished"}
            told = Notice("delivery_refused", session.memory.sending.table, gone)
            yield session.remember(Batch(state={memory.SENDING: ""}, notices=[told]))
        if not session.memory.begun:
            for table in self._contract.table:
                yield from again(session, table)
            yield session.remember(Batch(state={memory.BEGUN: "yes"}))
        while True:
            while self._requests:
                yield from self._answer(session, self._requests.pop(0))
            entry = arrivals.next()
            if entry is None:
                time.sleep(_TICK)
                yield None
            else:
                yield from Delivery(session, entry).steps()

    def _answer(self, session: Session, request: Request) -> Steps:
        asked = {"request": request.id}
        yield session.remember(Batch(state={}, notices=[Notice("snapshot_started", request.table, asked)]))
        for table in self._contract.table:
            if request.table in {"", table.name}:
                yield from again(session, table)
        yield from session.durably(Batch(notices=[Notice("snapshot_finished", request.table, asked)]))

    def fingerprint(self, table: str) -> Fingerprint:
        """Return the fingerprint of a table's last whole delivery, from the archive."""
        session = self._session
        wanted = self._contract.table_named(table)
        if not self._options.whole(wanted):
            raise RefuseToStart(f"table {table} comes in partial deliveries: no file holds all of it to compare with")
        last = Memory(session.durable).last(table) if session is not None else None
        if session is None or last is None:
            raise TryAgain(f"no delivery of table {table} was accepted yet")
        place = open_place(self._contract, self._options)
        try:
            with tempfile.TemporaryDirectory(prefix="satudata-files-") as folder:
                copy = Path(folder) / "delivery"
                place.fetch(copy, self._options.max_bytes, ARCHIVE, table, last.archive)
                buckets = self._collect(wanted, copy, last)
        except (FileNotFoundError, Refused) as error:
            raise TryAgain(f"the last delivery of table {table} is not in the archive now") from error
        finally:
            place.close()
        return buckets.fingerprint(stamp(session.epoch, last.final, 0))

    def _collect(self, table: Table, copy: Path, last: Last) -> Buckets:
        """Return the buckets of a delivery's rows, written as they were sent."""
        identify = identity.record_ids(self._around.key, table.name)
        book, layout = Inspector(table, self._options, identify).open(copy, Path(last.archive).suffix, last)
        try:
            writer = Writer(self._around, self._contract.source.name, table.name, layout)
            rows, buckets = Rows(table, book, layout), Buckets(table, self._around)
            for row in rows:
                key = rows.key(row)
                buckets.add(None if key is None else identify(key), writer.image(row.texts))
        finally:
            book.close()
        return buckets

    def passed(self, version: bytes, state: Mapping[str, str]) -> bool:
        """Say whether a position's state has every row up to a fingerprint's version behind it."""
        known = Memory(state)
        final = max((last.final for table in self._contract.table if (last := known.last(table.name))), default=0)
        epoch = 0 if self._session is None else self._session.epoch
        return version <= stamp(epoch, final, 0)
