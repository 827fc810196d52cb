"""The header: in which sheet and row it stands, and which column of the contract each of its cells is.

Headers are compared without capitals, blanks and signs (`No. KK *` is `no_kk`).  A header is known by a column's own
name, by an alias of the contract, or because an earlier accepted delivery had it.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors.kinds.file_drop.books import Book
from connectors.kinds.file_drop.cells import Cell, Row, filled, letter, text_of
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.options import Files
from hub.wire.contract import Table

LOOK = 30
"""Rows of a sheet in which its header may stand."""
_SIGNS = re.compile(r"[^a-z0-9]+")
_LEADING = re.compile(r"^(?=[0-9]|$)")


def normal(header: Cell) -> str:
    """Return a header as it is compared: small letters and digits, single underscores."""
    text = unicodedata.normalize("NFKD", text_of(header) or "").encode("ascii", "ignore").decode()
    return _SIGNS.sub("_", text.casefold()).strip("_")


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read."""

    name: str
    """As the contract calls it; of an unknown one, made from its header."""
    at: int
    header: str
    """As the office wrote it."""
    known: bool = True

    @property
    def shown(self) -> str:
        """How the office finds it."""
        return f"{letter(self.at)} ({self.header})"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the data of a delivery stand."""

    sheet: str
    row: int
    """Row of the header; data begin below."""
    columns: Sequence[Column]
    """Columns of the contract in its order, then unknown ones by name: the order in the office's file is no matter."""
    width: int
    """Cells of the header's row."""

    def headers(self) -> dict[str, str]:
        """Return what is remembered of an accepted delivery: column by normalised header."""
        return {normal(column.header): column.name for column in self.columns if column.known}


class Known:
    """The headers that one table's contract, and earlier deliveries, know."""

    def __init__(self, table: Table, files: Files, remembered: Mapping[str, str]) -> None:
        self.needed = tuple(dict.fromkeys([*table.key, *sorted(table.mapped)]))
        self.ignored = frozenset(table.ignore)
        names = {normal(name): name for name in [*self.ignored, *self.needed]}
        aliases = {normal(alias): name for name, many in files.aliases.items() for alias in many}
        # what was remembered of a column that the contract no longer has is forgotten
        kept = {header: name for header, name in remembered.items() if name in names.values()}
        self._names = {**kept, **aliases, **names}

    def column(self, header: Cell) -> str | None:
        """Return the contract's column of a header cell, or None."""
        return self._names.get(normal(header))

    def score(self, cells: Sequence[Cell]) -> int:
        """Return how many of a row's cells are known headers."""
        return sum(1 for cell in cells if cell is not None and self.column(cell) is not None)

    def missing(self, cells: Sequence[Cell]) -> list[str]:
        """Return the columns that a row of headers lacks."""
        found = {self.column(cell) for cell in cells}
        return [name for name in self.needed if name not in found]

    def resembling(self, missing: Sequence[str], cells: Sequence[Cell]) -> str:
        """Return a hint: headers that may be meant for missing columns."""
        strangers = {normal(c): text_of(c) or "" for c in cells if filled([c]) and self.column(c) is None}
        hints = []
        for name in missing:
            near = difflib.get_close_matches(normal(name), list(strangers), 1, 0.6)
            hints += [f"{strangers[near[0]]} = {name}?"] if near else []
        return "; ".join(hints)


def layout(table: Table, files: Files, book: Book, known: Known) -> Layout:
    """Return where the data stand; raises Refused."""
    sheets = list(book.sheets)
    if files.sheet is not None:
        sheets = [sheet for sheet in sheets if normal(sheet) == normal(files.sheet)]
        if not sheets:
            raise Refused("sheet_unknown", sheet=files.sheet, found=", ".join(book.sheets))
    found: list[Layout] = []
    best: tuple[int, Sequence[Cell]] = (0, ())
    for sheet in sheets:
        for number, cells in _candidates(book, sheet):
            if not known.missing(cells):
                found.append(Layout(sheet, number, _columns(table, known, cells), len(cells)))
                break
            best = max(best, (known.score(cells), cells), key=lambda scored: scored[0])
    if len(found) > 1:
        raise Refused("sheets_many", found=", ".join(one.sheet for one in found))
    if not found:
        raise _no_header(known, *best)
    return found[0]


def _no_header(known: Known, score: int, cells: Sequence[Cell]) -> Refused:
    if score == 0:
        return Refused("no_header", columns=", ".join(known.needed))
    missing = known.missing(cells)
    hint = known.resembling(missing, cells)
    return Refused("column_missing", columns=", ".join(missing), hint=f" ({hint})" if hint else "")


def _candidates(book: Book, sheet: str) -> Iterator[Row]:
    """Yield the rows that may be headers, and each laid over the one above, for cells merged downwards."""
    above: Sequence[Cell] = ()
    for number, cells in islice(book.rows(sheet), LOOK):
        yield number, cells
        if above:
            width = max(len(above), len(cells))
            upper, lower = ([*row, *[None] * (width - len(row))] for row in (above, cells))
            yield number, [low if filled([low]) else up for up, low in zip(upper, lower, strict=True)]
        above = cells


def _columns(table: Table, known: Known, cells: Sequence[Cell]) -> list[Column]:
    """Return a header's columns; raises Refused when two cells mean one column."""
    named: dict[str, Column] = {}
    strangers: dict[str, Column] = {}
    for at, cell in enumerate(cells):
        if not filled([cell]):
            continue
        header = " ".join((text_of(cell) or "").split())
        name = known.column(cell)
        if name is None:
            name = _unique(normal(cell), {*strangers, *known.needed, *known.ignored})
            strangers[name] = Column(name, at, header, known=False)
        elif name in known.ignored:
            continue
        elif name in named:
            raise Refused("header_twice", column=name, first=letter(named[name].at), second=letter(at))
        else:
            named[name] = Column(name, at, header)
    order = dict.fromkeys([*table.key, *(column for field in table.map.values() for column in field.columns)])
    rest = [name for name in known.needed if name not in order]
    return [named[name] for name in [*order, *rest]] + [strangers[name] for name in sorted(strangers)]


def _unique(name: str, taken: set[str]) -> str:
    stem = _LEADING.sub("kolom_", name)
    found, number = stem, 1
    while found in taken:
        number += 1
        found = f"{stem}_{number}"
    return found
