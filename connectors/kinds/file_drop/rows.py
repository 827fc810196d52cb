"""The rows of a delivery that are data: not the numbering under the header, nor what stands below the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.kinds.file_drop.books import Book
from connectors.kinds.file_drop.cells import Cell, filled, text_of
from connectors.kinds.file_drop.header import Layout
from hub.wire.contract import Table

_NUMBERING = re.compile(r"^\(?(\d{1,2})\)?$")
_LONGEST_TAIL = 50
"""Rows without a record that may stand below a table: totals, place and date, signatures."""


class DataRow(NamedTuple):
    """One row of data; cells and texts in the layout's order."""

    number: int
    cells: Sequence[Cell]
    texts: Sequence[str | None]
    beyond: bool
    """A cell to the right of the header holds something."""


class Rows:
    """A layout's data rows, from the book each time anew."""

    def __init__(self, table: Table, book: Book, layout: Layout) -> None:
        self._book = book
        self._layout = layout
        names = [column.name for column in layout.columns]
        self._at = [column.at for column in layout.columns]
        self.keys = tuple(names.index(part) for part in table.key)
        self._required = [
            names.index(column) for field in table.map.values() if field.required for column in field.columns
        ]
        self.left_out: list[int] = []
        """Numbers of rows that are no data; complete when the rows are read to their end."""

    def __iter__(self) -> Iterator[DataRow]:
        """Yield the data rows; raises Refused where the file is broken."""
        self.left_out = []
        tail: list[DataRow] = []
        longest = _LONGEST_TAIL
        for row in self._filled():
            record = self._is_record(row) or not _is_sparse(row)
            tail.append(row)
            if record or len(tail) > longest:
                # what has grown too long for a tail is none, up to the next record
                longest = _LONGEST_TAIL if record else 0
                yield from tail
                tail.clear()
        self.left_out += [row.number for row in tail]

    def key(self, row: DataRow) -> list[str] | None:
        """Return a row's key, or None if a part of it is empty."""
        parts = [row.texts[at] for at in self.keys]
        return None if None in parts else [part for part in parts if part is not None]

    def _is_record(self, row: DataRow) -> bool:
        """Say whether a row looks like a record: it has its key and something that its contract requires."""
        if self.key(row) is None:
            return False
        return not self._required or any(row.texts[at] is not None for at in self._required)

    def _filled(self) -> Iterator[DataRow]:
        first = True
        for number, cells in self._book.rows(self._layout.sheet):
            if number <= self._layout.row or not filled(cells):
                continue
            picked = [cells[at] if at < len(cells) else None for at in self._at]
            texts = [text_of(cell) for cell in picked]
            if first and _is_numbering(texts):
                self.left_out.append(number)
                continue
            first = False
            yield DataRow(number, picked, texts, filled(cells[self._layout.width :]) > 0)


def _is_sparse(row: DataRow) -> bool:
    """Say whether half or more of a row is empty, as in totals and signatures: a record without its key is not."""
    return sum(text is not None for text in row.texts) * 2 <= len(row.texts)


def _is_numbering(texts: Sequence[str | None]) -> bool:
    """Say whether a row only counts the columns, as printed tables do: (1) (2) (3)."""
    numbers = [_NUMBERING.match(text) for text in texts if text is not None]
    counted = [int(match[1]) for match in numbers if match is not None]
    return len(counted) >= 3 and len(counted) == len(texts) and sorted(set(counted)) == sorted(counted) and (
        max(counted) - min(counted) < 2 * len(counted)
    )  # fmt: skip
