"""Deletes that nobody saw: markers collected per partition pair, floors that stay, deletion in bounded batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.link.journal import Journal
from hub.link.ledger import Ledger
from hub.link.work import Work
from hub.wire.decisions import Cause, FloorRow
from hub.wire.records import Held, Sweep
from hub.wire.version import LOWEST

DELETIONS = 500
"""Records that one step deletes at most."""
_LOOKS = 10_000
"""Records that one step looks at at most."""

Name = tuple[str, str]
"""(source, table)."""


class Sweeps:
    """Markers not complete, floors, sweeps in progress, and rows that block them."""

    def __init__(self, journal: Journal, ledger: Ledger) -> None:
        self._journal = journal
        self._ledger = ledger
        self._floors: dict[Name, bytes] = {}
        self._markers: dict[tuple[str, str, bytes], tuple[Sweep, ...]] = {}
        self._running: dict[Name, int] = {}
        """How many of the table's records were looked at for its floor."""
        self._blocks: dict[str, Held] = {}

    def floor(self, source: str, table: str) -> bytes:
        """The version under which the table's records are refused."""
        return self._floors.get((source, table), LOWEST)

    def swept(self, source: str, table: str) -> bytes:
        """The floor below which the table's records that were not seen are gone; none while a row blocks the sweep."""
        name = (source, table)
        return LOWEST if self._blocked(name) else self.floor(*name)

    def backlog(self) -> bool:
        """Say whether a sweep can go on."""
        return any(not self._blocked(name) for name in self._running)

    def floors(self) -> Iterator[FloorRow]:
        """Every floor, in a fixed order."""
        for (source, table), floor in sorted(self._floors.items()):
            yield FloorRow(source, table, floor)

    # ------------------------------------------------------------------ events

    def mark(self, work: Work, marker: Sweep) -> None:
        """Take a marker; with the last (raw, clean) partition pair the floor stands and deletion begins."""
        name = (marker.source, marker.table)
        known = self._markers.get((*name, marker.floor), ())
        if marker.floor <= self.floor(*name) or marker in known:
            work.delta.stale += 1
            return
        work.delta.sweeps.append(marker)
        known = (*known, marker)
        self._journal.put(self._markers, (*name, marker.floor), known)
        if len(known) >= marker.raw_partitions * marker.clean_partitions:
            self._raise_floor(work, name, marker.floor)

    def _raise_floor(self, work: Work, name: Name, floor: bytes) -> None:
        self._journal.put(self._floors, name, floor)
        self._journal.put(self._running, name, 0)
        work.delta.floors.append(FloorRow(*name, floor))
        for source, table, lower in sorted(self._markers):
            if (source, table) == name and lower < floor:
                self._forget(work, name, lower)

    def _forget(self, work: Work, name: Name, floor: bytes) -> None:
        self._journal.drop(self._markers, (*name, floor))
        work.delta.sweeps_done.append(FloorRow(*name, floor))

    def block(self, work: Work, held: Held) -> None:
        """Stop the table's sweeps until the quarantine item of a row that cannot be identified is settled."""
        if held.item in self._blocks:
            work.delta.stale += 1
            return
        self._journal.put(self._blocks, held.item, held)
        work.delta.blocks.append(held)

    def unblock(self, work: Work, item: str) -> None:
        """Let sweeps go on that waited for the item."""
        if item in self._blocks:
            self._journal.drop(self._blocks, item)
            work.delta.blocks_gone.append(item)

    def _blocked(self, name: Name) -> bool:
        return any((held.source, held.table) == name for held in self._blocks.values())

    # ------------------------------------------------------------------ deletion

    def step(self, work: Work) -> None:
        """Delete a bounded number of records below their table's floor."""
        budget = DELETIONS
        for name in sorted(self._running):
            if budget > 0 and not self._blocked(name):
                budget -= self._step(work, name, budget)

    def _step(self, work: Work, name: Name, budget: int) -> int:
        floor, at = self._floors[name], self._running[name]
        records = self._ledger.table(*name).records
        end = min(len(records), at + _LOOKS)
        deleted = 0
        while at < end and deleted < budget:
            record = records[at]
            at += 1
            if record.features is not None and record.seen < floor and self._ledger.last_seen(record) < floor:
                self._ledger.kill(work, record, Cause("sweep", record.id.hex()))
                deleted += 1
        if at == len(records):
            self._journal.drop(self._running, name)
            self._forget(work, name, floor)
        else:
            self._journal.put(self._running, name, at)
        return deleted

    # ------------------------------------------------------------------ load

    def load(self, floors: Iterable[FloorRow], markers: Iterable[Sweep], blocks: Iterable[Held]) -> None:
        """Take stored floors, markers and blocks; a floor whose markers are still there is swept again."""
        for row in floors:
            self._floors[row.source, row.table] = row.floor
        for marker in markers:
            key = (marker.source, marker.table, marker.floor)
            self._markers[key] = (*self._markers.get(key, ()), marker)
        for source, table, floor in self._markers:
            if self._floors.get((source, table)) == floor:
                self._running[source, table] = 0
        self._blocks = {held.item: held for held in blocks}
