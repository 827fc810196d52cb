"""Offices that hand over files: a list kept in the office, delivered whole from time to time.

The office keeps a copy of what it handed over last (`<folder>.last.json`): that, and not what it wrote down since, is
what the hub must hold.
"""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.demo.offices import Position
from hub.demo.rows import ALL, Row
from hub.platform.child import write_atomically

if TYPE_CHECKING:
    from hub.demo.writing import Write

Text = dict[str, str | None]


class FileOffice:
    """A list that is delivered whole, as a workbook or as CSV."""

    def __init__(self, source: str, folder: Path, suffix: str, header: Sequence[str]) -> None:
        self.source = source
        self.folder = folder / source
        self.dsn = str(self.folder)
        self._suffix = suffix
        self._header = header
        """Columns in the order of the file."""
        self._rows: dict[tuple[Any, ...], Row] = {}
        self._lock = threading.Lock()
        self._delivering = threading.Lock()
        self._number = 0
        self._changed = True

    def create(self) -> None:
        """Make the folder that office and hub share."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, rows: Iterable[Row]) -> None:
        """Write the first filling down and hand it over."""
        key = ALL[self.source].key
        self._rows = {tuple(row[column] for column in key): row for row in rows}
        self.deliver()

    def commit(self, writes: Sequence[Write]) -> int:
        """Write changes down; the hub learns of them with the next delivery."""
        key = ALL[self.source].key
        with self._lock:
            for write in writes:
                row = self._rows.pop(write.key, {})
                if write.values is not None:
                    row = {**row, **write.values}
                    self._rows[tuple(row[column] for column in key)] = row
            self._changed = True
        return 0

    def held(self) -> list[Row]:
        """Return the list as it is now."""
        with self._lock:
            return list(self._rows.values())

    def deliver(self) -> bool:
        """Hand the list over if it changed since the last time and the hub has taken that; say whether."""
        with self._delivering:
            if not self._changed or not self.settled():
                return False
            self._changed = False
            self._hand_over()
            return True

    def _hand_over(self) -> None:
        rows = [{name: text_of(row.get(name)) for name in self._header} for row in self.held()]
        self._number += 1
        name = f"{self.source}-{self._number:04d}{self._suffix}"
        draft = self.folder.parent / f".{name}"
        (write_workbook if self._suffix == ".xlsx" else write_csv)(draft, self._header, rows)
        write_atomically(_last(self.dsn), json.dumps(rows))
        draft.rename(self.folder / name)

    def settled(self) -> bool:
        """Tell whether nothing waits in the folder."""
        return not any(path.is_file() and not path.name.startswith(".") for path in self.folder.iterdir())

    def mark(self) -> Any:
        """Hand over what is left."""
        self.deliver()

    def taken(self, mark: Any, position: Position) -> bool:  # noqa: ARG002 - the offices' common signature
        """Tell whether the hub has taken the last delivery and nothing was written down since."""
        self.deliver()
        return self.settled() and not self._changed

    def close(self) -> None:
        """Do nothing."""


class ExportOffice(FileOffice):
    """A monthly export of another office's register: `read` gives the register's rows that are exported."""

    def __init__(
        self, source: str, folder: Path, suffix: str, header: Sequence[str], read: Callable[[], list[Row]]
    ) -> None:
        super().__init__(source, folder, suffix, header)
        self._read = read
        self.told: Callable[[Iterable[Row]], None] = lambda _rows: None
        """Told of the rows of every export before it is handed over."""

    def load(self, rows: Iterable[Row]) -> None:  # noqa: ARG002 - the register has them
        """Hand over the first export."""
        self.deliver()

    def held(self) -> list[Row]:
        """Return the register's rows as they are now."""
        rows = self._read()
        self.told(rows)
        return rows

    def mark(self) -> Any:
        """Hand over the register as it is now."""
        self.touch()
        self.deliver()

    def touch(self) -> None:
        """Let the next delivery be a fresh export."""
        self._changed = True


def rows_of(dsn: str) -> list[Row]:
    """Return the rows of the last delivery."""
    found: list[Row] = json.loads(_last(dsn).read_text(encoding="utf-8"))
    return found


def _last(dsn: str) -> Path:
    return Path(f"{dsn}.last.json")


def text_of(value: Any) -> str | None:
    """Return a value as the office types it; empty is nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def write_workbook(path: Path, header: Sequence[str], rows: Iterable[Text]) -> None:
    """Write a workbook with every cell as text, so that no program takes a NIK for a number."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    sheet.append([name.upper().replace("_", " ") for name in header])
    for row in rows:
        sheet.append([row[name] for name in header])
    book.save(path)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Text]) -> None:
    """Write CSV with semicolons, as spreadsheets do where the comma is the decimal sign."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows([row[name] or "" for name in header] for row in rows)
