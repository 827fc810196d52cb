"""Surveys of sources for the API and the command: made when asked for, kept, made anew when the store moved on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from hub.serve.padan.survey import Survey
from hub.serve.problems import Conflict, NotFound
from hub.serve.store import Snapshot, Store
from hub.wire.clock import Clock
from hub.wire.contract import Contract

FRESH_S = 900.0
"""A survey older than this is made anew if the store has changed since."""
_PATIENCE_S = 300


class Made(NamedTuple):
    """A survey and when it was begun."""

    survey: Survey
    at_us: int
    monotonic: float


class Desk:
    """Answers for every source with a contract; several threads may ask at once."""

    def __init__(self, store: Store, contracts: Mapping[str, Contract], clock: Clock) -> None:
        self._store = store
        self._contracts = contracts
        self._clock = clock
        self._made: dict[str, Made] = {}
        self._locks = {source: Lock() for source in contracts}

    def registers(self) -> frozenset[str]:
        """Return the sources that prove who holds which NIK."""
        return frozenset(
            name for name, contract in self._contracts.items()
            if contract.source.authority == "register" and "nik" in contract.source.attests
        )  # fmt: skip

    def contract(self, source: str) -> Contract:
        """Return the contract of a source that has a list; raises NotFound or Conflict."""
        contract = self._contracts.get(source)
        kinds = [] if contract is None else sorted({table.entity for table in contract.table})
        if contract is None or "person" not in kinds:
            there = (
                f"there is no source {source}" if contract is None else f"{source} brings {' and '.join(kinds)} records"
            )
            raise NotFound(f"{there}; this list compares persons with the civil register; sources of persons are: "
                           f"{', '.join(sorted(self._listed()))}")  # fmt: skip
        if source in self.registers():
            raise Conflict(f"{source} is the civil register itself; ask for the list of another source")
        if not self.registers():
            raise Conflict("no source is a civil register that attests NIKs; its contract must say so")
        return contract

    def _listed(self) -> Iterator[str]:
        for name, contract in self._contracts.items():
            if name not in self.registers() and any(table.entity == "person" for table in contract.table):
                yield name

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a view of the store for reading pages and sheets."""
        with self._store.snapshot(seconds=_PATIENCE_S) as snapshot:
            yield snapshot

    def survey(self, source: str) -> Made:
        """Return the survey of a source, made now if there is none that is fresh; raises as `contract`."""
        contract = self.contract(source)
        with self._locks[source]:
            known = self._made.get(source)
            with self.snapshot() as snapshot:
                if known is not None and self._fresh(known, snapshot):
                    return known
                made = Made(Survey(source, self.registers()), self._clock.now_us(), self._clock.monotonic())
                made.survey.run(snapshot, {table.name for table in contract.table if table.surrogate_key})
            self._made[source] = made
            return made

    def _fresh(self, made: Made, snapshot: Snapshot) -> bool:
        if self._clock.monotonic() - made.monotonic < FRESH_S:
            return True
        clock = snapshot.clock()
        return clock is not None and (clock.generation, clock.sequence) == made.survey.version
