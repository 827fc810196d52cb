"""Lineage across changed primary keys: which record id continues which, and the root that an entity hangs on.

A root is a function of the facts and of a version, never of arrival.  A key that is used again after its row moved
away is a new incarnation with a root of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from hub.link.journal import Journal
from hub.wire.decisions import LineageRow
from hub.wire.version import SIZE

_HIGHEST = b"\xff" * SIZE
_POSITION = 16
"""Bytes of a version that name its transaction: epoch and major."""

Fact = tuple[bytes, bytes]
"""(version, the other record)."""


def same_commit_or_later(version: bytes, other: bytes) -> bool:
    """Say whether a version is of the other's transaction or of a later one."""
    return version[:_POSITION] >= other[:_POSITION]


def incarnation(record: bytes, departed: bytes) -> bytes:
    """Return the root of a key that is used again after its row moved away at a version."""
    return blake2b(record + departed, digest_size=16, person=b"satudata.again").digest()


class Lineage:
    """All lineage facts, by child and by parent."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._arrivals: dict[bytes, tuple[Fact, ...]] = {}
        self._departures: dict[bytes, tuple[Fact, ...]] = {}

    def add(self, row: LineageRow) -> bool:
        """Take a fact; False when it is known."""
        arrivals = self._arrivals.get(row.child, ())
        if (row.version, row.parent) in arrivals:
            return False
        departures = self._departures.get(row.parent, ())
        self._journal.put(self._arrivals, row.child, tuple(sorted((*arrivals, (row.version, row.parent)))))
        self._journal.put(self._departures, row.parent, tuple(sorted((*departures, (row.version, row.child)))))
        return True

    def load(self, rows: Iterable[LineageRow]) -> None:
        """Take stored facts."""
        for row in rows:
            self.add(row)

    def rows(self) -> Iterator[LineageRow]:
        """Every fact, in a fixed order."""
        for child in sorted(self._arrivals):
            for version, parent in self._arrivals[child]:
                yield LineageRow(child, version, parent)

    def knows(self, record: bytes) -> bool:
        """Say whether any fact names the record."""
        return record in self._arrivals or record in self._departures

    def departures(self, record: bytes, version: bytes) -> list[Fact]:
        """The moves of a record's rows to another key after a version."""
        facts = self._departures.get(record)
        return [fact for fact in facts if fact[0] > version] if facts else []

    def parents(self, record: bytes) -> list[bytes]:
        """The keys from which rows moved to a record."""
        facts = self._arrivals.get(record)
        return [parent for _, parent in facts] if facts else []

    def descendants(self, record: bytes) -> list[bytes]:
        """The record and everything that its rows became, directly or through others."""
        found = [record]
        known = {record}
        for each in found:
            for _, child in self._departures.get(each, ()):
                if child not in known:
                    known.add(child)
                    found.append(child)
        return found

    def root(self, record: bytes, version: bytes, *, living: bool = True) -> bytes:
        """Return the root of a record as of a version; of a dead one, as of before its last transaction's moves."""
        limit = version if living else version[:_POSITION]
        walked = set()
        while True:
            arrive = _last(self._arrivals.get(record, ()), version, inclusive=True)
            depart = _last(self._departures.get(record, ()), limit, inclusive=False)
            if arrive and (not depart or arrive[0] > depart[0]) and (record, arrive) not in walked:
                walked.add((record, arrive))
                version, record = arrive
                limit = version
            else:
                return incarnation(record, depart[0]) if depart else record

    def root_unseen(self, record: bytes) -> bytes:
        """Return the root of a record that was never seen: that of its first incarnation."""
        departures = self._departures.get(record)
        if not departures and record not in self._arrivals:
            return record
        return self.root(record, departures[0][0] if departures else _HIGHEST)


def _last(facts: tuple[Fact, ...], version: bytes, *, inclusive: bool) -> Fact | None:
    for fact in reversed(facts):
        if fact[0] < version or (inclusive and fact[0] == version):
            return fact
    return None
