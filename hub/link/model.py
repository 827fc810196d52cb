"""The model of an entity: comparisons, weights, blocking keys, rules, bounds and source ranks, all as data.

`hub/link/models` holds the files that ship; see docs/resolution.md for what stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.link.evidence import Block, Comparison, Rules, Together
from hub.link.model_file import File
from hub.wire.errors import RefuseToStart

SHIPPED = Path(__file__).with_name("models")
DEFAULT = SHIPPED / "person-4.toml"


@dataclass(frozen=True, slots=True)
class Model:
    """A model of one entity; weights are integer milli-bits."""

    entity: str
    version: str
    origin: str
    """hand or trained."""
    trained_on: str
    prior: int
    threshold: int
    floor: int
    generic_bound: int
    max_cluster: int
    anchor: tuple[str, ...]
    """Authorities, best first: the entity id hangs on the best one's record."""
    comparisons: tuple[Comparison, ...]
    """In the order in which levels are stored and explained."""
    together: tuple[Together, ...]
    blocks: tuple[Block, ...]
    training_blocks: tuple[Block, ...]
    """Blocking keys by which training draws its pairs; the engine does not read them."""
    rules: Rules
    survivorship: Mapping[str, tuple[str, ...]]
    """Authorities, best first, by attribute group of the golden record."""

    @property
    def attested(self) -> str | None:
        """The identifier that a register's records prove, as contracts name it in `attests`."""
        return self.rules.attested.field if self.rules.attested else None

    def comparison(self, name: str) -> Comparison:
        """Return a comparison by its name; raises KeyError for none."""
        for each in self.comparisons:
            if each.name == name:
                return each
        raise KeyError(name)


def read(path: Path = DEFAULT) -> Model:
    """Read a model file; raises RefuseToStart naming the entry at fault."""
    file = File(path)
    return Model(
        **file.head(),
        comparisons=file.comparisons(),
        together=file.together(),
        blocks=file.blocks(),
        training_blocks=file.training_blocks(),
        rules=file.rules(),
        survivorship=file.survivorship(),
    )


def from_text(text: str, frequencies: str | None, name: str) -> Model:
    """Read a model from texts; `name` is how faults call the file.  Raises RefuseToStart naming the entry at fault."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(name).name}.toml"
        path.write_text(text, encoding="utf-8")
        if frequencies is not None:
            frequencies_of(path).write_text(frequencies, encoding="utf-8")
        return read(path)


def of(entity: str, folder: Path | None = None) -> Model:
    """Read the newest model of an entity from a folder, where it has none from those that ship."""
    return read(path_of(entity, folder))


def path_of(entity: str, folder: Path | None = None) -> Path:
    """Return the file of the newest model of an entity: in a folder, where it has none among those that ship."""
    for place in (folder, SHIPPED):
        found = [] if place is None else sorted(_numbered(place, entity))
        if found:
            return found[-1][1]
    raise RefuseToStart(f"no model for {entity!r}: put {entity}-1.toml into the folder that SATUDATA_MODELS names")


def frequencies_of(path: Path) -> Path:
    """Return where the frequencies of a model file stand."""
    return path.with_name(f"{path.stem}.frequencies.json")


def _numbered(folder: Path, entity: str) -> list[tuple[int, Path]]:
    found = []
    for path in folder.glob(f"{entity}-*.toml"):
        number = re.fullmatch(rf"{entity}-(\d+)", path.stem)
        if number:
            found.append((int(number[1]), path))
    return found
