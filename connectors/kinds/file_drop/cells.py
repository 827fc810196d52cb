"""Cells as files give them, and the one text that each becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | date | datetime | time | timedelta | None
Row = tuple[int, Sequence[Cell]]
"""The row's number as the office sees it, from 1, and its cells."""


def text_of(cell: Cell) -> str | None:
    """Return a cell's text, None for an empty one: dates as ISO, whole numbers as digits, blanks around cut off."""
    if isinstance(cell, str):
        return cell.strip() or None
    if cell is None or isinstance(cell, bool):
        return cell if cell is None else ("true" if cell else "false")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


def filled(cells: Sequence[Cell]) -> int:
    """Return how many cells hold something."""
    return sum(1 for cell in cells if cell is not None and (not isinstance(cell, str) or bool(cell.strip())))


def letter(at: int) -> str:
    """Return the name that spreadsheets give to the column at an index from 0."""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
