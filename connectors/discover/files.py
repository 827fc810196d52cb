"""A file that an office sends, looked at: its header is found as kind `file_drop` will find it, and its columns too."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from connectors.discover import words
from connectors.discover.seen import Column, Seen, Table
from connectors.kinds.file_drop.books import Book, open_book
from connectors.kinds.file_drop.cells import Cell, filled, text_of
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.header import LOOK, normal
from connectors.kinds.file_drop.options import Options
from connectors.kinds.file_drop.words import found as found_words
from connectors.kinds.file_drop.words import remedy
from hub.wire.errors import RefuseToStart
from hub.wire.typed import TEXT

_DATES = re.compile(r"[\s_.\-]*(?:\d{1,4}[\s_.\-]*)+$")
_SCHEMA = "berkas"
"""Stands where a database has a schema, so that every raw topic is named alike."""
_UNIQUE_ROWS = 2
_SURROGATE = re.compile(r"(?:^|_)(?:id|kode|nomor|no|nip|nisn|nuptk)(?:_|$)|^no_?(?:urut|peserta|pasien|induk)?$")


def look(path: Path, rows: int, name: str | None = None) -> Seen:
    """Look at a file; `rows` of it are sampled.  Raises RefuseToStart with the reason in the office's words."""
    try:
        book = open_book(path, path.suffix, Options(delivery="whole"), _score)
    except Refused as refused:
        raise _unreadable(path, refused) from refused
    try:
        tables = [table for sheet in book.sheets if (table := _table(book, sheet, path, rows)) is not None]
    except Refused as refused:
        raise _unreadable(path, refused) from refused
    finally:
        book.close()
    if not tables:
        raise RefuseToStart(f"{path.name}: no row with column titles was found in the first {LOOK} rows")
    how = ", ".join(f"{what} {value}" for what, value in book.how.items())
    lines = {table.name: _delivery(table, path, book.sheets) for table in tables}
    options = ('delivery = "whole"', "# whole: a file holds every row there is; partial: it adds and changes rows")
    notes = (f"read as {how}", "the `dsn` is the folder, or the SFTP, SMB or S3 address, that files are put into")
    return Seen(name or words.source_name(_stem(path)), "file_drop", "this is a file", tables, options, notes, lines)


def _unreadable(path: Path, refused: Refused) -> RefuseToStart:
    return RefuseToStart(f"{path.name}: {found_words(refused.fault)} {remedy(refused.fault)}")


def _stem(path: Path) -> str:
    """Return a file's name without the date that such names end with."""
    return _DATES.sub("", path.stem) or path.stem


def _score(cells: Sequence[Cell]) -> int:
    return sum(1 for cell in cells if isinstance(cell, str) and words.attribute_of(normal(cell)) is not None)


def _table(book: Book, sheet: str, path: Path, rows: int) -> Table | None:
    """Return a sheet as a table, None if it has no header."""
    first = [cells for _, cells in islice(book.rows(sheet), LOOK)]
    best = max(range(len(first)), key=lambda at: (_score(first[at]), -at), default=None)
    if best is None or _score(first[best]) == 0:
        return None
    titles = [normal(cell) if filled([cell]) else "" for cell in first[best]]
    body = [cells for _, cells in islice(book.rows(sheet), best + 1, best + 1 + rows) if filled(cells)]
    columns = [_column(title, at, body) for at, title in enumerate(titles) if title and title not in titles[:at]]
    stem = words.source_name(_stem(path))
    name = f"{_SCHEMA}.{stem}" if len(book.sheets) == 1 else f"{_SCHEMA}.{stem}_{words.source_name(sheet)}"
    return Table(name, columns, _keys(columns, len(body)))


def _column(title: str, at: int, body: Sequence[Sequence[Cell]]) -> Column:
    texts = [text for cells in body if at < len(cells) and (text := text_of(cells[at])) is not None]
    different = sorted(set(texts))
    coded = words.attribute_of(title) in words.CODES
    return Column(title, TEXT, texts, different if coded else None)


def _keys(columns: Sequence[Column], rows: int) -> list[tuple[str, ...]]:
    """Return columns that are never empty and never repeat in the sample, those first that are called numbers."""
    unique = [c for c in columns if rows >= _UNIQUE_ROWS and len(c.values) == rows == len(set(c.values))]
    unique.sort(key=lambda column: not _SURROGATE.search(column.name))
    return [(column.name,) for column in unique if _is_key(column)]


def _is_key(column: Column) -> bool:
    """Say whether a column may be a key at all: a name or an address that does not repeat yet will one day."""
    return bool(_SURROGATE.search(column.name)) or words.attribute_of(column.name) == "nik"


def _delivery(table: Table, path: Path, sheets: Sequence[str]) -> list[str]:
    pattern = f"{_stem(path)}*{path.suffix}"
    lines = [f"files = {json.dumps(pattern)}"]
    if len(sheets) > 1:
        named = next(sheet for sheet in sheets if table.name.endswith(words.source_name(sheet)))
        lines.append(f"sheet = {json.dumps(named)}")
    return lines
