"""The first reading of a delivery: is it whole, sound and plausible?  Nothing is sent before this is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.kinds.file_drop import header
from connectors.kinds.file_drop.books import Book, open_book
from connectors.kinds.file_drop.dating import declared
from connectors.kinds.file_drop.faults import Fault, Problem, Refused
from connectors.kinds.file_drop.header import Column, Known, Layout
from connectors.kinds.file_drop.memory import Last, Sample, lost
from connectors.kinds.file_drop.options import Options
from connectors.kinds.file_drop.rows import DataRow, Rows
from connectors.kinds.file_drop.watch import KEPT, Day, Digits, PersonalNumber, Watch, Words
from connectors.kinds.file_drop.words import FATAL
from hub.wire.contract import FieldMap, Table

BREATH = 2000
"""Rows between two breaths, in which the process may see that it shall stop."""
_FEW = 20
"""Rows below which a share says nothing."""
_FAR = 0.5
"""Part of the expected fill below which a column counts as shifted or swapped."""


@dataclass(slots=True)
class Inspection:
    """What a delivery is found to be."""

    how: Mapping[str, str]
    layout: Layout
    declared: date | None
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    """Reasons to refuse it: not its owner's to overrule."""
    doubts: list[Fault] = field(default_factory=list)
    """Reasons to refuse it that the contract can overrule for this very file (`options.accept`)."""
    problems: list[Problem] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    left_out: Sequence[int] = ()
    sample: tuple[str, ...] = ()
    zeros: Mapping[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """Return how the file was understood, for notices: nothing that an office wrote."""
        row = {"header_row": str(self.layout.row)} if self.layout.row else {}
        return {**self.how, **row, "rows": str(self.rows)}

    def shown(self) -> dict[str, str]:
        """Return how the file was understood, for its own office."""
        return {**self.told(), **({"sheet": self.layout.sheet} if self.layout.sheet else {})}


class Inspector:
    """Inspects deliveries of one table."""

    def __init__(self, table: Table, options: Options, identify: Callable[[Sequence[str]], bytes]) -> None:
        self._table = table
        self._options = options
        self._files = options.of(table)
        self._identify = identify

    def open(self, path: Path, suffix: str, last: Last | None) -> tuple[Book, Layout]:
        """Open a delivery and find its header; the caller closes the book.  Raises Refused."""
        known = Known(self._table, self._files, last.headers if last else {})
        book = open_book(path, suffix, self._options, known.score)
        try:
            return book, header.layout(self._table, self._files, book, known)
        except BaseException:
            book.close()
            raise

    def inspect(self, path: Path, name: str, last: Last | None) -> Generator[None, None, Inspection]:
        """Read a delivery once, pausing now and then; raises Refused where it cannot even be read."""
        book, layout = self.open(path, Path(name).suffix, last)
        try:
            found = Inspection(book.how, layout, declared(self._files.date, name, book, layout.sheet))
            keys = yield from self._read(book, found, last)
        finally:
            book.close()
        self._weigh(found, keys, last)
        return found

    def _read(self, book: Book, found: Inspection, last: Last | None) -> Generator[None, None, set[bytes]]:
        rows = Rows(self._table, book, found.layout)
        watches = list(self._watches(found.layout, last))
        sample, keys, fill = Sample(), set[bytes](), Counter[str]()
        targets = self._filled_targets(found.layout)
        strict = book.how["format"] == "csv"
        for row in rows:
            found.rows += 1
            if found.rows > self._options.max_rows:
                raise Refused("too_many_rows", limit=str(self._options.max_rows))
            record = self._key(rows, row, keys, found)
            if record is not None:
                sample.add(record)
            if strict and row.beyond:
                self._note(found, row.number, "", "cells_many")
            for at, watch in watches:
                watch.look(row.number, row.cells[at], row.texts[at])
            fill.update(target for target, places in targets if any(row.texts[at] is not None for at in places))
            if found.rows % BREATH == 0:
                yield
        found.left_out = rows.left_out
        found.sample = sample.texts()
        found.zeros = {watch.column.name: watch.zeros for _, watch in watches if isinstance(watch, Digits)}
        self._conclude(found, [watch for _, watch in watches], fill)
        return keys

    def _key(self, rows: Rows, row: DataRow, keys: set[bytes], found: Inspection) -> bytes | None:
        parts = rows.key(row)
        if parts is None:
            self._note(found, row.number, "", "key_empty")
            return None
        record = self._identify(parts)
        if record in keys:
            self._note(found, row.number, "", "key_twice")
        keys.add(record)
        return record

    @staticmethod
    def _note(found: Inspection, row: int, column: str, code: str) -> None:
        found.counted[code] += 1
        if found.counted[code] <= KEPT:
            found.problems.append(Problem(row, column, code))

    def _watches(self, layout: Layout, last: Last | None) -> Iterator[tuple[int, Watch]]:
        for at, column in enumerate(layout.columns):
            width = self._files.width.get(column.name)
            if column.name in self._table.key or width is not None:
                yield at, Digits(column, width, (last.zeros if last else {}).get(column.name, 0.0))
        places = {column.name: at for at, column in enumerate(layout.columns)}
        for field_ in self._table.map.values():
            for name in field_.columns:
                yield from self._watch(places[name], layout.columns[places[name]], field_)

    def _watch(self, at: int, column: Column, field_: FieldMap) -> Iterator[tuple[int, Watch]]:
        if field_.cleaner in {"nik", "kk"}:
            yield at, PersonalNumber(column)
        elif field_.cleaner == "date":
            yield at, Day(column)
        words = None
        if field_.cleaner.startswith("lookup:"):
            known = self._table.lookups[field_.cleaner.removeprefix("lookup:")]
            words = frozenset(word.strip().casefold() for word in known)
        required = field_.required and len(field_.columns) == 1
        if words is not None or required:
            yield at, Words(column, words, required)

    def _filled_targets(self, layout: Layout) -> list[tuple[str, list[int]]]:
        places = {column.name: at for at, column in enumerate(layout.columns)}
        return [
            (target, [places[name] for name in self._table.map[target].columns])
            for target in self._table.expect.fill
            if target in self._table.map
        ]

    def _conclude(self, found: Inspection, watches: Sequence[Watch], fill: Counter[str]) -> None:
        for watch in watches:
            for fault, rows in watch.faults():
                found.faults.append(fault)
                found.problems += rows
                found.counted[fault.code] += int(fault.detail["count"])
            for told in watch.problems():
                found.problems += told.rows
                found.counted[told.code] += told.count
        for target, expected in self._table.expect.fill.items():
            actual = fill[target] / found.rows if found.rows else 1.0
            if target in self._table.map and found.rows >= _FEW and actual < expected * _FAR:
                column = ", ".join(self._table.map[target].columns)
                found.doubts.append(Fault("fill", {"column": column, "percent": _percent(actual),
                                                   "expected": _percent(expected)}))  # fmt: skip
        broken = sum(found.counted[code] for code in FATAL)
        if broken:
            found.faults.append(Fault("rows_refused", {"count": str(broken)}))

    def _weigh(self, found: Inspection, keys: set[bytes], last: Last | None) -> None:
        """Compare a delivery's volume and keys with what is expected of it."""
        if found.rows == 0 and not (self._options.whole(self._table) and self._options.max_loss == 1):
            found.doubts.append(Fault("no_rows"))
        if not self._options.whole(self._table) or found.rows == 0:
            return
        expected = self._table.expect.rows
        if expected is not None and not expected[0] <= found.rows <= expected[1]:
            found.doubts.append(Fault("volume", {"rows": str(found.rows), "least": str(expected[0]),
                                                 "most": str(expected[1])}))  # fmt: skip
        loss = lost(last.sample, keys) if last is not None else 0.0
        if loss > self._options.max_loss:
            found.doubts.append(Fault("loss", {"percent": _percent(loss)}))


def _percent(share: float) -> str:
    return f"{share * 100:.0f}"
