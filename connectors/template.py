"""`satudata template <source>`: a workbook to hand out, whose filled copy is a delivery that kind `file_drop` takes.

Numbers of persons are texts, so Excel keeps their digits; words come from lists; what is typed wrong is told at once,
in Indonesian.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.kinds.file_drop.cells import letter
from connectors.kinds.file_drop.faults import needed
from connectors.kinds.file_drop.options import Files, options
from connectors.template_words import GUIDE, HINTS, LISTS, Hint
from hub.wire import contract as contracts
from hub.wire.contract import Contract, Table
from hub.wire.errors import RefuseToStart
from hub.wire.settings import Settings

ROWS = 5000
"""Rows whose entries are checked while they are typed."""
_CELL = re.compile(r"([A-Z]+)(\d+)")
_TEXT, _DATE = "@", "DD-MM-YYYY"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the template."""

    name: str
    header: str
    hint: Hint
    required: bool
    words: Sequence[str]
    width: int | None


def template(
    source: Annotated[str, typer.Argument(help="name of the source, as its contract says")],
    table: Annotated[str, typer.Option("--table", help="one table, where the contract has several")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="file to write; it must not exist")] = None,
) -> None:
    """Write a workbook for an office to fill in: columns, lists, notes and checks from the source's contract."""
    known = contracts.load_all(Settings())
    if source not in known:
        raise RefuseToStart(f"no contract for source {source!r}; there are: {', '.join(known)}")
    chosen = _chosen(known[source], table)
    path = out or Path(f"templat-{source}.xlsx")
    if path.exists():
        raise RefuseToStart(f"{path} exists; name another file with --out, or move it away")
    path.write_bytes(workbook(known[source], chosen))
    typer.echo(f"{path}: {len(fields(known[source], chosen))} kolom; serahkan kepada {known[source].source.owner}")


def _chosen(contract: Contract, name: str) -> Table:
    names = [table.name for table in contract.table]
    if not name and len(names) == 1:
        return contract.table[0]
    if name not in names:
        raise RefuseToStart(f"name one table of {contract.source.name} with --table: {', '.join(names)}")
    return contract.table_named(name)


def _files(contract: Contract, table: Table) -> Files:
    """Return how the table's files look, for a source of files; another's have no aliases and no day."""
    return options(contract).of(table) if contract.source.kind == "file_drop" else Files()


def fields(contract: Contract, table: Table) -> list[Field]:
    """Return the template's columns: the key, then what the contract maps, in its order."""
    files, found = _files(contract, table), {}
    for name in table.key:
        found[name] = Field(name, _header(name, files), _key_hint(table), True, (), files.width.get(name))
    for mapped in table.map.values():
        vocabulary = mapped.cleaner.removeprefix("lookup:")
        words = tuple(table.lookups.get(vocabulary, ())) if vocabulary != mapped.cleaner else LISTS.get(vocabulary, ())
        hint = HINTS.get(mapped.cleaner, HINTS["text"]) if vocabulary == mapped.cleaner else HINTS["lookup"]
        for name in mapped.columns:
            required = mapped.required or name in table.key
            found[name] = Field(name, _header(name, files), hint, required, words, files.width.get(name))
    if table.deleted_when is not None and table.deleted_when.column not in found:
        told = table.deleted_when
        hint = HINTS["deleted"]._replace(example=told.equals)
        found[told.column] = Field(told.column, _header(told.column, files), hint, False, (), None)
    return list(found.values())


def _key_hint(table: Table) -> Hint:
    """Return the key's hint; of a key of several columns no single one is unique."""
    return HINTS["key"] if len(table.key) == 1 else HINTS["key"]._replace(check="")


def _header(name: str, files: Files) -> str:
    return (files.aliases.get(name) or (name,))[0]


def workbook(contract: Contract, table: Table) -> bytes:
    """Return the workbook's bytes."""
    openpyxl = needed("openpyxl", "files")
    columns, files = fields(contract, table), _files(contract, table)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = (files.sheet or "Data")[:31]
    first = _declared(sheet, files)
    lists = _lists(book.create_sheet("Daftar"), columns)
    for at, column in enumerate(columns):
        _column(sheet, at, first, column, lists.get(column.name))
    sheet.freeze_panes = f"A{first + 1}"
    _guide(book.create_sheet("Petunjuk"), contract, columns, files)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _declared(sheet: Any, files: Files) -> int:
    """Make the place for the day of the data, if it stands in a cell; return the header's row."""
    place = _CELL.fullmatch(files.date.cell) if files.date is not None and files.date.cell else None
    if place is None:
        return 1
    cell = sheet[place[0]]
    cell.number_format = _DATE
    if cell.column > 1:
        cell.offset(column=-1).value = "Tanggal data"
    return int(place[2]) + 2


def _lists(sheet: Any, columns: Sequence[Field]) -> Mapping[str, str]:
    """Write the lists to their own, hidden sheet; return the range of each column's."""
    sheet.sheet_state = "hidden"
    ranges: dict[str, str] = {}
    for column in columns:
        if column.words:
            name = letter(len(ranges))
            for row, word in enumerate(column.words, 1):
                cell = sheet[f"{name}{row}"]
                cell.value, cell.number_format, cell.data_type = word, _TEXT, "s"
            ranges[column.name] = f"Daftar!${name}$1:${name}${len(column.words)}"
    return ranges


def _column(sheet: Any, at: int, first: int, column: Field, listed: str | None) -> None:
    styles, comments = needed("openpyxl.styles", "files"), needed("openpyxl.comments", "files")
    name = letter(at)
    format_ = _DATE if column.hint.check == "date" else "General" if column.hint.check == "whole" else _TEXT
    sheet.column_dimensions[name].width = max(len(column.header) + 4, 16)
    sheet.column_dimensions[name].number_format = format_
    head = sheet[f"{name}{first}"]
    head.value, head.data_type, head.number_format = f"{column.header}{' *' if column.required else ''}", "s", _TEXT
    head.font, head.fill = styles.Font(bold=True), styles.PatternFill("solid", fgColor="DDE7F0")
    head.comment = comments.Comment(_note(column), "Satu Data")
    check = _check(column, name, first + 1, listed)
    check.promptTitle, check.prompt = column.header[:32], _note(column)[:255]
    check.errorTitle, check.error = "Isian belum benar", f"{column.hint.text} {_STILL}"[:255]
    check.add(f"{name}{first + 1}:{name}{first + ROWS}")
    sheet.add_data_validation(check)


_STILL = "Kosongkan bila belum ada."


def _note(column: Field) -> str:
    must = "Wajib diisi. " if column.required else ""
    width = f" Tepat {column.width} angka, 0 di depan ikut ditulis." if column.width else ""
    return f"{must}{column.hint.text}{width} Contoh: {column.words[0] if column.words else column.hint.example}"


def _check(column: Field, name: str, row: int, listed: str | None) -> Any:
    """Return what Excel checks of each entry; an empty cell is always let through."""
    made = needed("openpyxl.worksheet.datavalidation", "files").DataValidation
    rule: Mapping[str, str] = {}
    if listed is not None:
        rule = {"type": "list", "formula1": f"={listed}"}
    elif column.hint.check == "date":
        rule = _between("date", "DATE(1890,1,1)", "DATE(2199,12,31)")
    elif column.hint.check == "whole":
        rule = _between("whole", "0", "999")
    elif formula := _formula(column, name, row):
        rule = {"type": "custom", "formula1": formula}
    return made(allow_blank=True, showInputMessage=True, showErrorMessage=True, **rule)


def _between(kind: str, least: str, most: str) -> Mapping[str, str]:
    return {"type": kind, "operator": "between", "formula1": least, "formula2": most}


def _formula(column: Field, name: str, row: int) -> str:
    """Return the formula that is true of a good entry, empty where anything is."""
    cell = f"{name}{row}"
    if column.hint.check == "digits16":
        return f"AND(LEN({cell})=16,ISTEXT({cell}),ISNUMBER(VALUE({cell})))"
    if column.width is not None:
        return f"AND(LEN({cell})={column.width},ISTEXT({cell}))"
    return f"COUNTIF(${name}${row}:${name}${row + ROWS - 1},{cell})=1" if column.hint.check == "unique" else ""


def _guide(sheet: Any, contract: Contract, columns: Sequence[Field], files: Files) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 100
    lines = [(title, text.format(owner=contract.source.owner, pattern=files.files)) for title, text in GUIDE]
    for title, text in [*lines, ("", ""), *((column.header, _note(column)) for column in columns)]:
        sheet.append([title, text])
        for cell in sheet[sheet.max_row]:
            cell.data_type = "s" if cell.value is not None else cell.data_type
