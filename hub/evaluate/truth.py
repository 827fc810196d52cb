"""A truth file: which records are of one and the same, as CSV; names of columns in its first row.

Either `record,truth` with record ids (32 hexadecimal digits), or `source,table,<key columns in the contract's order>,
truth` with the key as the office writes it.  `truth` is any text: equal texts mean the same person.  The file holds
keys, so it is read where the hub's secret is and nowhere else.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from hub.wire.errors import RefuseToStart
from hub.wire.identity import RECORD_ID_SIZE, record_ids, source_key

_TRUTH, _RECORD, _PLACE = "truth", "record", ("source", "table")


def read(path: Path, secret: bytes) -> dict[bytes, str]:
    """Return what each record is in truth, by record id; raises RefuseToStart naming the line at fault."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
            return _taken(path, rows, secret)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefuseToStart(f"truth file {path.name} cannot be read: {error}; it must be CSV in UTF-8") from error


def _taken(path: Path, rows: Iterator[Sequence[str]], secret: bytes) -> dict[bytes, str]:
    columns = [name.strip().lower() for name in next(rows, [])]
    keys = _keys(path, columns)
    found: dict[bytes, str] = {}
    ids = _Ids(secret)
    for number, row in enumerate(rows, 2):
        if not any(row):
            continue
        cells = dict(zip(columns, [cell.strip() for cell in row], strict=False))
        if len(row) != len(columns) or not cells[_TRUTH]:
            raise RefuseToStart(f"truth file {path.name}, line {number}: {len(columns)} values are wanted, {_TRUTH} "
                                "among them")  # fmt: skip
        record = ids.of(cells, keys)
        if record is None:
            raise RefuseToStart(f"truth file {path.name}, line {number}: a record id has 32 hexadecimal digits")
        if found.setdefault(record, cells[_TRUTH]) != cells[_TRUTH]:
            raise RefuseToStart(f"truth file {path.name}, line {number}: this record has another truth further up")
    if not found:
        raise RefuseToStart(f"truth file {path.name} has no row; see docs/evaluate.md for its form")
    return found


def _keys(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the key columns, none where record ids are given."""
    if len(set(columns)) == len(columns) and _TRUTH in columns:
        if set(columns) == {_RECORD, _TRUTH}:
            return ()
        keys = tuple([name for name in columns if name not in (*_PLACE, _TRUTH)])
        if set(_PLACE) <= set(columns) and keys and _RECORD not in columns:
            return keys
    raise RefuseToStart(
        f"truth file {path.name}: its first row must name record,truth or source,table,<key columns>,truth"
    )


class _Ids:
    """Record ids of rows, each table's hash prepared once."""

    def __init__(self, secret: bytes) -> None:
        self._table = lru_cache(maxsize=256)(lambda source, table: record_ids(source_key(secret, source), table))

    def of(self, cells: Mapping[str, str], keys: Sequence[str]) -> bytes | None:
        """Return a row's record id, None where what stands there is none."""
        if keys:
            return self._table(cells["source"], cells["table"])([cells[name] for name in keys])
        try:
            record = bytes.fromhex(cells[_RECORD])
        except ValueError:
            return None
        return record if len(record) == RECORD_ID_SIZE else None
