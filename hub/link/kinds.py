"""The kinds of comparison, found by their modules' names in hub/link/compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from hub.link import compare
from hub.link.forms import Form

MISSING = "missing"
"""The level of a pair of which one side or both are unknown; it always weighs nothing."""


class Kind(Protocol):
    """What a module of hub/link/compare offers."""

    FIELDS: tuple[int, int]
    """Least and greatest number of fields that it reads."""
    LEVELS: tuple[str, ...]
    """Names of its levels, `missing` first; 16 at most."""
    TEXTS: Mapping[str, tuple[str, str]]
    """Each level but `missing` in Indonesian and English."""
    read: Form
    """Makes a record's value."""
    compare: Callable[[Any, Any], int]
    """Returns the index of the level of two known values; symmetric."""
    spell: Callable[[Any], str]
    """Writes a value as frequency tables name it."""


def names() -> tuple[str, ...]:
    """Every kind, sorted."""
    return tuple(sorted(module.name for module in iter_modules(compare.__path__)))


@cache
def find(name: str) -> Kind:
    """Return a kind by name; raises KeyError for none."""
    if name not in names():
        raise KeyError(name)
    return cast("Kind", import_module(f"{compare.__name__}.{name}"))
