"""One delivery opened: whatever its format, sheets of rows of cells, and how it was understood."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile, ZipFile

from connectors.kinds.file_drop.cells import Cell, Row
from connectors.kinds.file_drop.faults import Refused
from connectors.kinds.file_drop.options import Options

Score = Callable[[Sequence[Cell]], int]
"""Returns how many of a row's cells are headers that the contract knows."""
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"), b"PAR1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TEXTS = frozenset({".csv", ".tsv", ".txt", ".jsonl", ".ndjson"})
_HTML = (b"<html", b"<table", b"<!doctype html", b"<?xml")


class Book(Protocol):
    """One delivery, open."""

    @property
    def how(self) -> Mapping[str, str]:
        """Format, encoding, delimiter: what the office is shown of how its file was understood."""
        ...

    @property
    def sheets(self) -> Sequence[str]:
        """The names of its sheets; a text file is one without a name."""
        ...

    def rows(self, sheet: str) -> Iterator[Row]:
        """Yield a sheet's rows from its first; may be called again.  Raises Refused where the file is broken."""
        ...

    def close(self) -> None:
        """Let go of the file; safe to repeat."""
        ...


def open_book(path: Path, suffix: str, options: Options, score: Score) -> Book:
    """Open a delivery by what it holds, not by what it is called; raises Refused, or RefuseToStart for a library."""
    size = path.stat().st_size
    if size == 0:
        raise Refused("empty_file")
    if size > options.max_bytes:
        raise Refused("too_large", limit=str(options.max_bytes // 1024 // 1024))
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_PARQUET):
        from connectors.kinds.file_drop.columnar import Parquet

        return Parquet(path)
    if head.startswith((_ZIP, _OLE)):
        return _workbook(path, head, options)
    if head.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower().startswith(_HTML):
        raise Refused("html_table")
    if suffix.lower() not in _TEXTS:
        raise Refused("format_unknown", suffix=suffix[:8])
    if suffix.lower() in {".jsonl", ".ndjson"}:
        from connectors.kinds.file_drop.lines import JsonLines

        return JsonLines(path)
    from connectors.kinds.file_drop.delimited import Delimited

    return Delimited.found(path, options, score)


def _workbook(path: Path, head: bytes, options: Options) -> Book:
    from connectors.kinds.file_drop.workbook import Workbook, blank_formulas

    if head.startswith(_OLE):
        if _ENCRYPTED in path.read_bytes():
            raise Refused("password")
        return Workbook(path, "xls")
    names, blank = _examine(path, options.max_unpacked_bytes, blank_formulas)
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        kind = "xlsx"
    elif "content.xml" in names:
        kind = "ods"
    else:
        raise Refused("format_unknown", suffix=".zip")
    if blank:
        raise Refused("formula_without_value", count=str(blank))
    return Workbook(path, kind)


def _examine(path: Path, limit: int, formulas: Callable[[Iterator[bytes]], int]) -> tuple[set[str], int]:
    """Unpack a workbook's parts once, piece by piece: nothing is broken, nothing swells, each formula has a value.

    Returns the parts' names and the number of formulas without a value.
    """
    blank = 0
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > limit:
                raise Refused("zip_bomb", limit=str(limit // 1024 // 1024))
            for part in parts:
                pieces = _pieces(archive, part.filename)
                if part.filename.startswith("xl/worksheets/"):
                    blank += formulas(pieces)
                else:
                    for _ in pieces:
                        pass
            return {part.filename for part in parts}, blank
    except RuntimeError as error:  # zipfile's way to say that a part is encrypted, or packed in a way it does not know
        raise Refused("password" if "encrypted" in str(error) else "zip_broken") from error
    except (BadZipFile, zlib.error, EOFError, OSError) as error:
        raise Refused("zip_broken") from error


def _pieces(archive: ZipFile, name: str) -> Iterator[bytes]:
    """Yield a part's content; zipfile reads no more than the size that the archive declares."""
    with archive.open(name) as part:
        while piece := part.read(1024 * 1024):
            yield piece
