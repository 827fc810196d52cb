"""CSV and TSV: encoding and delimiter found out, rows streamed."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TextIO

from connectors.kinds.file_drop.books import Score
from connectors.kinds.file_drop.cells import Cell, Row
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.options import Options

DELIMITERS = (",", ";", "\t", "|")
_LOOK = 30
"""Rows in which the header is looked for."""
_LARGEST_FIELD = 1024 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PIECE = 1024 * 1024


def encoding_of(path: Path) -> str:
    """Return a text file's encoding: by its mark, else UTF-8 if all of it is, else Windows-1252; raises Refused."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 > len(head):
        return "utf-16-be" if even > odd else "utf-16-le"
    if 0 in head:
        raise Refused("nul_bytes")
    if _decodes(path, "utf-8"):
        return "utf-8"
    if _decodes(path, "cp1252"):
        return "cp1252"
    raise Refused("encoding_unknown")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file, suppress(UnicodeDecodeError):
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
        return True
    return False


class Delimited:
    """A text file of records."""

    sheets: Sequence[str] = ("",)

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        csv.field_size_limit(_LARGEST_FIELD)
        self.how = {"format": "csv", "encoding": encoding, "delimiter": {"\t": "tab"}.get(delimiter, delimiter)}
        self._path = path
        self._encoding = encoding
        self._delimiter = delimiter

    @classmethod
    def found(cls, path: Path, options: Options, score: Score) -> Delimited:
        """Open a file by what it looks like: the delimiter is the one with which the contract knows most headers."""
        given = {"windows-1252": "cp1252", "utf-8": "utf-8-sig"}
        encoding = encoding_of(path) if options.encoding is None else given.get(options.encoding, options.encoding)
        book = cls(path, encoding, options.delimiter or ",")
        declared = book._declared()
        if options.delimiter or declared:
            return cls(path, encoding, options.delimiter or declared)
        books = [cls(path, encoding, delimiter) for delimiter in DELIMITERS]
        return max(books, key=lambda book: book.fitness(score))

    def _declared(self) -> str:
        """Return the delimiter of Excel's own first line `sep=;`, or nothing."""
        with self._open() as file:
            first = self._line(file).strip()
        return first[4:5] if first.lower().startswith("sep=") else ""

    def fitness(self, score: Score) -> tuple[int, int]:
        """Return how many headers the contract knows in the file's best row, then how wide its widest row is."""
        rows: list[Sequence[Cell]] = []
        with suppress(Refused):  # what is broken further down says nothing of the delimiter
            rows.extend(cells for _, cells in islice(self.rows(""), _LOOK))
        return max((score(cells) for cells in rows), default=0), max(map(len, rows), default=0)

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, newline="")

    def _line(self, file: TextIO) -> str:
        try:
            return file.readline(_LARGEST_FIELD)
        except UnicodeError as error:
            raise Refused("encoding_unknown") from error

    def rows(self, sheet: str) -> Iterator[Row]:  # noqa: ARG002 - a text file is one sheet
        """Yield the records; an empty line counts as a row, as it does in a spreadsheet."""
        number, widest, width = 0, 0, 0
        with self._open() as file:
            if not self._line(file).lower().startswith("sep="):
                file.seek(0)
            reader = csv.reader(_without_nul(file), delimiter=self._delimiter, strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    width = len(cells)
                    widest = max(widest, width)
                    yield number, cells
            except UnicodeError as error:
                raise Refused("encoding_unknown") from error
            except csv.Error as error:
                raise Refused("csv_broken", row=str(number + 1)) from error
        if 0 < width < widest and not self._ends_its_last_line():
            raise Refused("csv_cut", row=str(number))

    def _ends_its_last_line(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-min(4, self._path.stat().st_size), 2)
            return b"\n" in file.read() or b"\r" in file.read()

    def close(self) -> None:
        """Do nothing: the file is open only while rows are read."""


def _without_nul(file: TextIO) -> Iterator[str]:
    for line in file:
        if "\0" in line:
            raise Refused("nul_bytes")
        yield line
