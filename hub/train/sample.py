"""Which records teach a model: seeds drawn by the hash of their ids, and every record that shares a key with one.

A thin random sample of records holds next to no pairs of one entity, so that EM starves.  Seeds are drawn evenly, and
all their candidates come along: what a seed meets here is what it meets in the whole store.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from hub.link.features import Layout, Slots
from hub.wire.errors import RefuseToStart


class Store(Protocol):
    """Where records come from; each call reads them anew."""

    def clusters(self) -> Mapping[bytes, str]:
        """Entity id by record id, of living records."""
        ...

    def records(self) -> Iterator[tuple[bytes, Any]]:
        """Id and values of living records."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """Records that teach."""

    seeds: tuple[bytes, ...]
    """Sorted ids of the records drawn evenly."""
    slots: Mapping[bytes, Slots]
    """Values of seeds and of the records that share a key with one."""
    keys: Mapping[bytes, list[int]]
    """Their blocking keys that are not generic in the whole store."""
    entity: Mapping[bytes, str]
    """Entity id of each as the present model has it."""
    population: int
    """Living records of the store."""


def rank(seed: str, id_: bytes) -> bytes:
    """Return the place of an id in the draw; the smallest are drawn."""
    return blake2b(id_, digest_size=8, key=seed.encode()[:64]).digest()


def draw(store: Store, layout: Layout, bound: int, seeds: int, seed: str) -> Sample:
    """Draw seeds and gather their candidates; equal for equal stores, whatever their order of rows.

    Raises RefuseToStart when the store has no records.
    """
    entity = store.clusters()
    chosen = frozenset(heapq.nsmallest(seeds, entity, key=lambda id_: (rank(seed, id_), id_)))
    if not chosen:
        raise RefuseToStart("the store has no records of this kind of entity; train when sources have been read")
    wanted = _keys_of(((id_, body) for id_, body in store.records() if id_ in chosen), layout)
    holders: Counter[int] = Counter()
    slots: dict[bytes, Slots] = {}
    keys: dict[bytes, list[int]] = {}
    for id_, values in _read(store.records(), layout.read):
        shared = [key for key in layout.keys(values) if key in wanted]
        holders.update(shared)
        if shared or id_ in chosen:
            slots[id_], keys[id_] = values, shared
    specific = {id_: [key for key in shared if holders[key] <= bound] for id_, shared in keys.items()}
    return Sample(tuple(sorted(chosen)), slots, specific, {id_: entity.get(id_, "") for id_ in slots}, len(entity))


def _keys_of(records: Iterable[tuple[bytes, Any]], layout: Layout) -> set[int]:
    return {key for _, values in _read(records, layout.read) for key in layout.keys(values)}


def _read(
    records: Iterable[tuple[bytes, Any]], read: Callable[[Any], Slots]
) -> Iterator[tuple[bytes, Slots]]:  # fmt: skip
    for id_, body in records:
        yield id_, read(body)
