"""Undo for one batch: every change to the engine's memory goes through here until it is committed.

The engine works in place (an overlay would cost each lookup twice) and is brought back exactly by `rollback`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_ABSENT: Any = object()


class Journal:
    """A log of old values, newest last."""

    __slots__ = ("_log",)

    def __init__(self) -> None:
        self._log: list[tuple[Any, Any, Any]] = []

    def put(self, mapping: dict[K, V], key: K, value: V) -> None:
        """Set a mapping's entry."""
        self._log.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def put_new(self, mapping: dict[K, V], keys: Iterable[K], value: V) -> None:
        """Set entries that a mapping does not have to one value."""
        log = self._log
        for key in keys:
            log.append((mapping, key, _ABSENT))
            mapping[key] = value

    def drop(self, mapping: dict[K, V], key: K) -> None:
        """Remove a mapping's entry, if there."""
        if key in mapping:
            self._log.append((mapping, key, mapping.pop(key)))

    def assign(self, thing: object, name: str, value: object) -> None:
        """Set an attribute."""
        self._log.append((thing, name, getattr(thing, name)))
        setattr(thing, name, value)

    def add(self, members: set[V], item: V) -> None:
        """Add to a set."""
        if item not in members:
            self._log.append((members, item, False))
            members.add(item)

    def discard(self, members: set[V], item: V) -> None:
        """Remove from a set, if there."""
        if item in members:
            self._log.append((members, item, True))
            members.discard(item)

    def append(self, items: list[V], item: V) -> None:
        """Append to a list that only grows."""
        self._log.append((items, None, None))
        items.append(item)

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        while self._log:
            thing, key, old = self._log.pop()
            if type(thing) is dict:
                _restore(thing, key, old)
            elif type(thing) is set:
                (thing.add if old else thing.discard)(key)
            elif type(thing) is list:
                thing.pop()
            else:
                setattr(thing, key, old)

    def commit(self) -> None:
        """Forget the old values."""
        self._log.clear()


def _restore(mapping: dict[Any, Any], key: object, old: object) -> None:
    if old is _ABSENT:
        del mapping[key]
    else:
        mapping[key] = old
