"""A source record as the engine holds it: state, packed features, edges and cluster, no body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.wire.version import LOWEST


class Table:
    """A table of a source: its rank as an authority, whether it attests NIKs, and its records."""

    __slots__ = ("attests", "name", "rank", "records", "source")

    def __init__(self, source: str, name: str, rank: int, attests: bool) -> None:
        self.source = source
        self.name = name
        self.rank = rank
        self.attests = attests
        self.records: list[Record] = []


class Record:
    """One source record; changed only through the journal."""

    __slots__ = ("cluster", "edges", "features", "id", "next", "root", "seen", "table", "version")

    def __init__(self, id_: bytes, table: Table, root: bytes) -> None:
        self.id = id_
        self.table = table
        self.version = LOWEST
        self.seen = LOWEST
        self.root = root
        self.next: bytes | None = None
        self.features: bytes | None = None
        """Packed features; None when the record is not living."""
        self.edges: tuple[Any, ...] = ()
        """Partner, code, partner, code ...: every scored pair of this record."""
        self.cluster: tuple[Record, ...] | None = None
        """Members of its cluster sorted by id; None when it stands alone or is not living."""

    @property
    def mates(self) -> tuple[Record, ...]:
        """Members of its cluster, itself included."""
        return self.cluster or (self,)

    def links(self) -> Iterator[tuple[Record, int]]:
        """Partners and codes of its scored pairs."""
        edges = iter(self.edges)
        return zip(edges, edges, strict=True)


def by_id(record: Record) -> bytes:
    """Sort key of records."""
    return record.id
