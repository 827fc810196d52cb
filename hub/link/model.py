"""The versioned model file: levels, weights, bounds and source ranks, read once and checked whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.link.compare import birth, kk, mother, name, nik, sex
from hub.wire.errors import RefuseToStart

COMPARISONS = {"nik": nik, "name": name, "birth": birth, "sex": sex, "kk": kk, "mother": mother}
"""Comparison modules by name, in the order in which levels are stored and explained."""

DEFAULT = Path(__file__).with_name("models") / "person-1.toml"

_SCALARS = {"version", "prior", "threshold", "floor", "generic_bound", "max_cluster", "anchor"}


@dataclass(frozen=True, slots=True)
class Model:
    """A person model; weights are integer milli-bits."""

    version: str
    prior: int
    threshold: int
    floor: int
    generic_bound: int
    max_cluster: int
    anchor: tuple[str, ...]
    """Authorities, best first: the entity id hangs on the best one's record."""
    weights: Mapping[str, tuple[int, ...]]
    """Weight of each level, by comparison, in the order of the comparison's LEVELS."""
    survivorship: Mapping[str, tuple[str, ...]]
    """Authorities, best first, by attribute group of the golden record."""


def read(path: Path = DEFAULT) -> Model:
    """Read a model file; raises RefuseToStart naming the entry at fault."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RefuseToStart(f"model file {path.name} cannot be read: {error}; restore it from the package") from error
    _expect(path, "the file", set(raw), _SCALARS | {"compare", "survivorship"})
    _expect(path, "[compare]", set(raw["compare"]), set(COMPARISONS))
    try:
        return Model(
            version=str(raw["version"]),
            prior=_milli(raw["prior"]),
            threshold=_milli(raw["threshold"]),
            floor=_milli(raw["floor"]),
            generic_bound=int(raw["generic_bound"]),
            max_cluster=int(raw["max_cluster"]),
            anchor=tuple(raw["anchor"]),
            weights={each: _weights(path, each, raw["compare"][each]) for each in COMPARISONS},
            survivorship={group: tuple(order) for group, order in raw["survivorship"].items()},
        )
    except (TypeError, ValueError) as error:
        raise RefuseToStart(f"model file {path.name}: {error}; weights and bounds are numbers, orders lists") from error


def _weights(path: Path, comparison: str, table: dict[str, Any]) -> tuple[int, ...]:
    levels = COMPARISONS[comparison].LEVELS
    _expect(path, f"[compare.{comparison}]", set(table), set(levels[1:]))
    return (0, *[_milli(table[level]) for level in levels[1:]])


def _milli(bits: float) -> int:
    return round(float(bits) * 1000)


def _expect(path: Path, where: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        missing, unknown = sorted(wanted - found), sorted(found - wanted)
        raise RefuseToStart(f"model file {path.name}, {where}: missing {missing}, unknown {unknown}; it must name all")
