"""Kinds of source, one module or package each, found by the name that a contract's `kind` gives."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import cast

from connectors.protocol import Kind
from hub.wire.errors import RefuseToStart


def names() -> list[str]:
    """Return every kind there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Kind:
    """Return a kind by name; raises RefuseToStart."""
    if name not in names():
        raise RefuseToStart(f"there is no kind of source {name!r}; connectors/kinds holds: {', '.join(names())}")
    return cast(Kind, import_module(f"{__name__}.{name}"))
