"""JSON Lines: one object a line; the header is every name that occurs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from connectors.kinds.file_drop.cells import Cell, Row
from connectors.kinds.file_drop.faults import Refused


class JsonLines:
    """A file of objects, read twice: for their names, then for their values."""

    sheets: Sequence[str] = ("",)

    def __init__(self, path: Path) -> None:
        self.how = {"format": "jsonl"}
        self._path = path
        self._names: dict[str, None] = {}
        for _, line in self._objects():
            self._names.update(dict.fromkeys(line))

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip(b"\xef\xbb\xbf \t\r\n"):
                    continue
                try:
                    found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
                except orjson.JSONDecodeError as error:
                    raise Refused("json_broken", row=str(number)) from error
                if not isinstance(found, dict):
                    raise Refused("json_broken", row=str(number))
                yield number, found

    def rows(self, sheet: str) -> Iterator[Row]:  # noqa: ARG002 - a file of lines is one sheet
        """Yield the names as row 0, then each line's values in their order."""
        names: list[Cell] = list(self._names)
        yield 0, names
        for number, found in self._objects():
            yield number, [_cell(found.get(name)) for name in self._names]

    def close(self) -> None:
        """Do nothing: the file is open only while rows are read."""


def _cell(value: Any) -> Cell:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    cell: Cell = value
    return cell
