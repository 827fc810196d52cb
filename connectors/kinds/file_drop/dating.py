"""The day that a delivery's data are of, from its file's name or from a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice

from connectors.kinds.file_drop.books import Book
from connectors.kinds.file_drop.cells import Cell
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.options import Dating

_MONTHS = (
    "jan",
    "feb|peb",
    "mar",
    "apr",
    "mei|may",
    "jun",
    "jul",
    "agu|ags|aug",
    "sep",
    "okt|oct",
    "nov|nop",
    "des|dec",
)
_WORDS = re.compile(
    rf"(?:\b(\d{{1,2}})[\s\-/.]+)?\b(?:{'|'.join(f'({m})' for m in _MONTHS)})[a-z]*[\s\-/.]+(\d{{4}})", re.I
)
_ISO = re.compile(r"\b(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?\b")
_DMY = re.compile(r"\b(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})\b")


def declared(dating: Dating | None, name: str, book: Book, sheet: str) -> date | None:
    """Return the declared day, None where the contract asks for none; raises Refused when it is not there."""
    if dating is None:
        return None
    found = named(dating, name) if dating.file is not None else _of_cell(_cell(dating.cell or "", book, sheet))
    if found is None:
        raise Refused("date_missing", where="nama berkas" if dating.cell is None else f"sel {dating.cell}")
    return found


def named(dating: Dating, name: str) -> date | None:
    """Return the day that a file's name tells; without a day of the month, the first."""
    match = re.search(dating.file or "", name)
    if match is None:
        return None
    parts = match.groupdict()
    return _day(parts["year"], parts["month"], parts.get("day") or "1")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _cell(place: str, book: Book, sheet: str) -> Cell:
    letters = place.rstrip("0123456789")
    at = 0
    for one in letters:
        at = at * 26 + ord(one) - ord("A") + 1
    row = int(place[len(letters) :])
    for number, cells in islice(book.rows(sheet), row):
        if number == row and at <= len(cells):
            return cells[at - 1]
    return None


def _of_cell(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return read(cell) if isinstance(cell, str) else None


def read(text: str) -> date | None:
    """Return the day in a text such as `Keadaan per 30 November 2026`; a month alone is its first day."""
    if match := _ISO.search(text):
        return _day(match[1], match[2], match[3] or "1")
    if match := _DMY.search(text):
        return _day(match[3], match[2], match[1])
    if match := _WORDS.search(text):
        groups: Sequence[str | None] = match.groups()
        month = next(number for number, word in enumerate(groups[1:13], 1) if word)
        return _day(str(groups[13]), str(month), groups[0] or "1")
    return None
