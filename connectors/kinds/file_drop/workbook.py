"""XLSX, XLS and ODS by calamine: values as the workbook stores them, so that a number is seen to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.kinds.file_drop.cells import Cell, Row
from connectors.kinds.file_drop.faults import Refused, needed

_CARRY = 4096
_BLANK = re.compile(rb"<c(?P<attributes>\s[^>]*)?>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_TEXT_RESULT = b't="str"'


def blank_formulas(pieces: Iterator[bytes]) -> int:
    """Return how many formulas of a sheet's XML have no stored value: the program that wrote them never calculated."""
    count, rest = 0, b""
    for piece in pieces:
        text = rest + piece
        end = 0
        for match in _BLANK.finditer(text):
            count += _TEXT_RESULT not in (match["attributes"] or b"")
            end = match.end()
        rest = text[max(end, len(text) - _CARRY) :]
    return count


class Workbook:
    """A workbook's visible sheets."""

    def __init__(self, path: Path, kind: str) -> None:
        calamine = needed("python_calamine", "files")
        self.how = {"format": kind}
        self._broken = (calamine.CalamineError, OSError, ValueError)
        try:
            self._book = calamine.CalamineWorkbook.from_path(path)
        except calamine.PasswordError as error:
            raise Refused("password") from error
        except self._broken as error:
            raise Refused("book_broken") from error
        self._loaded: tuple[str, Any] | None = None
        visible, sheet = calamine.SheetVisibleEnum.Visible, calamine.SheetTypeEnum.WorkSheet
        self.sheets = [m.name for m in self._book.sheets_metadata if m.visible == visible and m.typ == sheet]

    def rows(self, sheet: str) -> Iterator[Row]:
        """Yield a sheet's rows from row 1, each from column A, as the office sees them."""
        try:
            found = self._sheet(sheet)
            before: list[Cell] = [None] * (found.start or (0, 0))[1]
            for number, cells in enumerate(found.iter_rows(), 1):
                yield number, before + cells if before else cells
        except self._broken as error:
            raise Refused("book_broken") from error

    def _sheet(self, name: str) -> Any:
        """Return a sheet, which calamine holds in memory whole: no more than one at a time."""
        if self._loaded is None or self._loaded[0] != name:
            self._loaded = None
            self._loaded = name, self._book.get_sheet_by_name(name)
        return self._loaded[1]

    def close(self) -> None:
        """Let go of the file."""
        self._loaded = None
        self._book.close()
