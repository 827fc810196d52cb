"""Which file is to be read next: one that was taken into work already, else the oldest that is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.kinds.file_drop.dating import named
from connectors.kinds.file_drop.options import Options, table_of
from connectors.kinds.file_drop.place import CLAIMED, Entry, Place
from hub.wire.contract import Contract


class Arrivals:
    """The shared folder as it fills; a file counts as finished when it did not change for a while."""

    def __init__(self, contract: Contract, options: Options, place: Place, monotonic: Callable[[], float]) -> None:
        self._contract = contract
        self._options = options
        self._place = place
        self._monotonic = monotonic
        self._seen: dict[str, tuple[Entry, float]] = {}
        self._next_look = 0.0

    def next(self) -> Entry | None:
        """Return a file that was moved into work, or None; looks into the folder only as often as agreed."""
        now = self._monotonic()
        if now < self._next_look:
            return None
        if not self._place.entries(CLAIMED):
            self._claim_first(now)
        claimed = self._place.entries(CLAIMED)
        if claimed:
            return min(claimed, key=self._order)
        self._next_look = now + self._options.poll_s
        return None

    def _claim_first(self, now: float) -> None:
        """Take the first finished file into work, where nobody expects to write to it any more."""
        for entry in self._finished(now):
            self._seen.pop(entry.name, None)
            if self._place.claim(entry.name):
                if self._options.marker:
                    self._place.remove(entry.name + self._options.marker)
                return

    def _order(self, entry: Entry) -> tuple[str, int, str]:
        """Deliveries that tell their day in their name come by it, others by their time of change."""
        table = table_of(self._contract, self._options, entry.name)
        dating = self._options.of(table).date if table is not None else None
        day = named(dating, entry.name) if dating is not None and dating.file is not None else None
        return (day.isoformat() if day else "", entry.modified_us, entry.name)

    def _finished(self, now: float) -> list[Entry]:
        entries = self._place.entries()
        marker = self._options.marker
        if marker is not None:
            names = {entry.name for entry in entries}
            return sorted((e for e in entries if e.name + marker in names), key=self._order)
        self._note(entries, now)
        return sorted(
            (entry for entry, since in self._seen.values() if now - since >= self._options.settle_s), key=self._order
        )

    def _note(self, entries: Sequence[Entry], now: float) -> None:
        before = self._seen
        self._seen = {}
        for entry in entries:
            known = before.get(entry.name)
            self._seen[entry.name] = known if known is not None and known[0] == entry else (entry, now)
