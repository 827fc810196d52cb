"""Parquet, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.kinds.file_drop.cells import Cell, Row
from connectors.kinds.file_drop.faults import Refused, needed

_ROWS = 2000
_PLAIN = (str, int, float, bool)


class Parquet:
    """A file of typed columns."""

    sheets: Sequence[str] = ("",)

    def __init__(self, path: Path) -> None:
        parquet = needed("pyarrow.parquet", "parquet")
        self.how = {"format": "parquet"}
        self._broken = (needed("pyarrow", "parquet").ArrowException, OSError, ValueError)
        try:
            self._file = parquet.ParquetFile(path)
        except self._broken as error:
            raise Refused("parquet_broken") from error

    def rows(self, sheet: str) -> Iterator[Row]:  # noqa: ARG002 - a file of columns is one sheet
        """Yield the names as row 0, then the rows."""
        names = list(self._file.schema_arrow.names)
        yield 0, names
        number = 0
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS):
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, [_cell(value) for value in values]
        except self._broken as error:
            raise Refused("parquet_broken") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, _PLAIN) or hasattr(value, "isoformat"):
        cell: Cell = value
        return cell
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
