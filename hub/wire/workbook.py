"""Workbooks that a clerk works from: rows are streamed, texts stay texts, the head stays in sight and filters.

Every cell that is not a number or a date is written as text: a NIK keeps its digits and nothing that an office typed
becomes a formula (OWASP, "CSV Injection").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

from hub.wire.errors import RefuseToStart

LONGEST_TITLE = 31
"""Characters of a sheet's name that spreadsheet programs take."""
LONGEST_CELL = 32_767
MOST_ROWS = 1_048_575
"""Rows below the head that a sheet holds."""
_A4 = 9
_LINE = 14.0
HEAD, PALE, WARN, GOOD = "1F4E78", "DDE7F0", "FCE4D6", "E2EFDA"
"""Fills: the head, a light one, one that draws the eye, one that calms."""


class Book:
    """A workbook being written; `save` ends it."""

    def __init__(self) -> None:
        self._book = _needed("openpyxl").Workbook(write_only=True)
        self._cell = _needed("openpyxl.cell").WriteOnlyCell
        self._styles = _needed("openpyxl.styles")
        self._kept: dict[tuple[Any, ...], Any] = {}

    def sheet(self, title: str, widths: Sequence[int], *, head_row: int = 0, fixed_columns: int = 0) -> Sheet:
        """Begin a sheet with these column widths in characters; rows up to `head_row` stay in sight."""
        made = self._book.create_sheet(title[:LONGEST_TITLE])
        letters = _needed("openpyxl.utils").get_column_letter
        for at, width in enumerate(widths, 1):
            made.column_dimensions[letters(at)].width = width
        if head_row:
            made.freeze_panes = f"{letters(fixed_columns + 1)}{head_row + 1}"
        made.page_setup.orientation, made.page_setup.paperSize = "landscape", _A4
        made.page_setup.fitToHeight, made.sheet_properties.pageSetUpPr = 0, self._fit()
        if head_row:
            made.print_title_rows = f"{head_row}:{head_row}"
        return Sheet(self, made, widths, head_row)

    def _fit(self) -> Any:
        return _needed("openpyxl.worksheet.properties").PageSetupProperties(fitToPage=True)

    def cell(self, sheet: Any, value: object, *, bold: bool = False, fill: str = "", wrap: bool = False) -> Any:
        """Return one cell; anything but a number or a date is text."""
        made = self._cell(sheet, None)
        if value is not None and value != "":
            if isinstance(value, int | float | date) and not isinstance(value, bool):
                made.value = value
                if isinstance(value, date):
                    made.number_format = "DD-MM-YYYY"
            else:
                made.value = str(value)[:LONGEST_CELL]
                made.data_type, made.number_format = "s", "@"
        white = fill == HEAD
        if bold or white:
            made.font = self._once("font", bold, white)
        if fill:
            made.fill = self._once("fill", fill)
        if wrap or white:
            made.alignment = self._once("wrap", white)
        return made

    def _once(self, kind: str, *of: Any) -> Any:
        """Return a style, made once: openpyxl looks each new one up among all."""
        key = (kind, *of)
        if key not in self._kept:
            styles = self._styles
            made = {
                "font": lambda: styles.Font(bold=True, color="FFFFFF" if of[-1] else None),
                "fill": lambda: styles.PatternFill("solid", fgColor=of[0]),
                "wrap": lambda: styles.Alignment(wrap_text=True, vertical="center" if of[0] else "top"),
            }
            self._kept[key] = made[kind]()
        return self._kept[key]

    def save(self, path: Path) -> None:
        """Write the file; raises RefuseToStart where it cannot be written."""
        try:
            self._book.save(path)
        except OSError as error:
            raise RefuseToStart(f"{path} cannot be written: {error.strerror}; name another file") from error


class Sheet:
    """One sheet; rows are appended in order."""

    def __init__(self, book: Book, sheet: Any, widths: Sequence[int], head_row: int) -> None:
        self._book = book
        self._sheet = sheet
        self._widths = widths
        self._last = _needed("openpyxl.utils").get_column_letter(len(widths))
        self._head = head_row
        self.rows = 0

    def head(self, titles: Sequence[str], notes: Mapping[str, str] | None = None) -> None:
        """Append the head; a title's note shows when the pointer rests on it."""
        comment = _needed("openpyxl.comments").Comment
        cells = []
        for title in titles:
            cell = self._book.cell(self._sheet, title, bold=True, fill=HEAD)
            if notes and title in notes:
                cell.comment = comment(notes[title], "Satu Data", width=320, height=120)
            cells.append(cell)
        self._append(cells)

    def row(
        self, values: Iterable[object], *, bold: bool = False, fill: str = "", fills: Mapping[int, str] | None = None,
        wrap: bool = False,
    ) -> None:  # fmt: skip
        """Append a row; `fills` colours single cells by their place from 0."""
        own, values = fills or {}, list(values)
        if wrap:
            self._tall(values)
        self._append([
            self._book.cell(self._sheet, value, bold=bold, fill=own.get(at, fill), wrap=wrap)
            for at, value in enumerate(values)
        ])  # fmt: skip

    def choices(self, column: str, words: Sequence[str], first: int, last: int) -> None:
        """Let cells of a column take only these words, picked from a list."""
        made = _needed("openpyxl.worksheet.datavalidation").DataValidation
        check = made(type="list", formula1=f'"{",".join(words)}"', allow_blank=True, showErrorMessage=True)
        check.errorTitle, check.error = "Isian belum benar", f"Pilih salah satu: {', '.join(words)}."
        check.add(f"{column}{first}:{column}{last}")
        self._sheet.data_validations.append(check)

    def _tall(self, values: Sequence[object]) -> None:
        """Give the coming row the height of its longest text: not every program finds it by itself."""
        lines = max(
            ceil(len(str(value or "")) / max(1, width - 2)) for value, width in zip(values, self._widths, strict=False)
        )
        self._sheet.row_dimensions[self.rows + 1].height = _LINE * max(1, lines)

    def end(self) -> None:
        """Let the head's columns be filtered."""
        if self._head:
            self._sheet.auto_filter.ref = f"A{self._head}:{self._last}{max(self.rows, self._head)}"

    def _append(self, cells: list[Any]) -> None:
        self._sheet.append(cells)
        self.rows += 1


def read_rows(path: Path, sheet: str) -> list[list[str]]:
    """Return the cells of a sheet as text; raises RefuseToStart where the file is no such workbook."""
    openpyxl = _needed("openpyxl")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, ValueError, KeyError, _needed("zipfile").BadZipFile) as error:
        raise RefuseToStart(f"{path.name} is no workbook that can be read: {error}; save it as .xlsx") from error
    except openpyxl.utils.exceptions.InvalidFileException as error:
        raise RefuseToStart(f"{path.name} is no workbook; save it as .xlsx") from error
    try:
        if sheet not in book.sheetnames:
            raise RefuseToStart(f"{path.name} has no sheet {sheet!r}; give the file that the hub wrote")
        rows = book[sheet].iter_rows(values_only=True)
        return [["" if value is None else str(value) for value in row] for row in rows]
    finally:
        book.close()


def _needed(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise RefuseToStart(
            f"workbooks need the package {module.partition('.')[0]}: install satudata-hub[hub]"
        ) from error
