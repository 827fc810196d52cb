"""What a spreadsheet program does to numbers and dates, found column by column.

Excel keeps 15 digits of a number, so the sixteenth of a NIK becomes 0; it shows 1,50801E+15 and writes that to CSV;
it drops leading zeros; a date in a cell of another format is a count of days.  Lost digits cannot be had back: the
delivery is refused and the office told how to export again.  Sources: Microsoft, "Excel specifications and limits"
(15 digits); OpenSID issue 1817 (`35.2318.00000000000`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.kinds.file_drop.cells import Cell
from connectors.kinds.file_drop.faults import Fault, Problem
from connectors.kinds.file_drop.header import Column

KEPT = 1000
"""Rows of one kind of problem in one column that are told one by one."""
LENGTH = 16
_EXACT = 2**53
_EXPONENT = re.compile(r"^\d(?:[.,]\d+)?E\+?\d{1,2}$", re.IGNORECASE)
_DOTTED = re.compile(r"^[\d\s.,]*[.,][\d\s.,]*$")
_NO_DIGIT = re.compile(r"\D")
_SERIAL = re.compile(r"^[1-5]\d{4}$")
_READABLE = re.compile(r"\d{4}|\b\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2}\b")


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of problem in one column: in how many rows, and the first of them."""

    code: str
    count: int
    rows: list[Problem]


@dataclass(slots=True)
class _Noted:
    """Rows that one thing was seen in."""

    count: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.rows) < KEPT:
            self.rows.append(row)

    def problems(self, column: Column, code: str) -> list[Problem]:
        return [Problem(row, column.shown, code) for row in self.rows]

    def told(self, column: Column, code: str) -> Iterator[Told]:
        """Yield what is to be told of these rows, if there are any."""
        if self.count:
            yield Told(code, self.count, self.problems(column, code))


class PersonalNumber:
    """A column of NIKs or KK numbers: sixteen digits, never a quantity."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._filled = self._long = self._long_numbers = 0
        self._zeros, self._zero_numbers = _Noted(), _Noted()
        self._exponents, self._rounded, self._dotted, self._short = _Noted(), _Noted(), _Noted(), _Noted()

    def look(self, row: int, cell: Cell, text: str | None) -> None:
        """Take one value."""
        if text is None:
            return
        self._filled += 1
        if _EXPONENT.match(text):
            self._exponents.add(row)
        elif isinstance(cell, float) and abs(cell) > _EXACT:
            self._rounded.add(row)
        elif len(text) == LENGTH and text.isascii() and text.isdigit():
            self._sixteen(row, cell, text)
        elif _DOTTED.match(text) and (len(_NO_DIGIT.sub("", text)) != LENGTH or text.endswith("00000")):
            self._dotted.add(row)
        elif len(_NO_DIGIT.sub("", text)) != LENGTH:
            self._short.add(row)

    def _sixteen(self, row: int, cell: Cell, text: str) -> None:
        number = _is_number(cell)
        self._long += 1
        self._long_numbers += number
        if text[-1] == "0":
            self._zeros.add(row)
            if number:
                self._zero_numbers.add(row)

    def faults(self) -> Iterator[tuple[Fault, list[Problem]]]:
        """Yield what damages the delivery as a whole, with the rows that show it."""
        zeros = self._zeros
        if _most(self._zero_numbers.count, self._long_numbers, 2):
            zeros = self._zero_numbers
        if zeros is self._zero_numbers or _most(zeros.count, self._long, 3):
            yield self._fault("excel_digit16", zeros)
        if self._exponents.count:
            yield self._fault("excel_exponent", self._exponents)
        if self._rounded.count:
            yield self._fault("excel_rounded", self._rounded)
        if self._dotted.count * 20 > self._filled:
            yield self._fault("excel_dotted", self._dotted)

    def _fault(self, code: str, noted: _Noted) -> tuple[Fault, list[Problem]]:
        detail = {"column": self.column.shown, "count": str(noted.count)}
        return Fault(code, detail), noted.problems(self.column, code)

    def problems(self) -> Iterator[Told]:
        """Yield what is wrong with single rows although the delivery can be taken."""
        if self._dotted.count * 20 <= self._filled:
            yield from self._dotted.told(self.column, "excel_dotted")
        yield from self._short.told(self.column, "nik_length")


def _most(some: int, all_: int, least: int) -> bool:
    """Say whether so many end in 0 that it is no chance: one in ten does by nature."""
    return some >= least and some * 2 >= all_


class Day:
    """A column of dates."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._filled = 0
        self._serial, self._unread = _Noted(), _Noted()

    def look(self, row: int, cell: Cell, text: str | None) -> None:
        """Take one value."""
        if text is None:
            return
        self._filled += 1
        if (isinstance(cell, float) and 0 < cell < 60_000) or _SERIAL.match(text):
            self._serial.add(row)
        elif not _READABLE.search(text):
            self._unread.add(row)

    def faults(self) -> Iterator[tuple[Fault, list[Problem]]]:
        """Yield what damages the delivery as a whole, with the rows that show it."""
        if self._serial.count * 10 > self._filled:
            detail = {"column": self.column.shown, "count": str(self._serial.count)}
            yield Fault("excel_serial_date", detail), self._serial.problems(self.column, "excel_serial_date")

    def problems(self) -> Iterator[Told]:
        """Yield what is wrong with single rows although the delivery can be taken."""
        if self._serial.count * 10 <= self._filled:
            yield from self._serial.told(self.column, "excel_serial_date")
        yield from self._unread.told(self.column, "date_unread")


class Digits:
    """A column whose values have leading zeros: of a declared width, or a key that had them in the last delivery."""

    def __init__(self, column: Column, width: int | None, zeros_before: float) -> None:
        self.column = column
        self._width = width
        self._before = zeros_before
        self._filled = self._with_zero = 0
        self._short, self._numbers = _Noted(), _Noted()

    @property
    def zeros(self) -> float:
        """Part of the values that begin with a 0."""
        return round(self._with_zero / self._filled, 4) if self._filled else 0.0

    def look(self, row: int, cell: Cell, text: str | None) -> None:  # noqa: ARG002 - one signature for all columns
        """Take one value."""
        if text is None:
            return
        self._filled += 1
        self._with_zero += len(text) > 1 and text[0] == "0"
        if text.isdigit() and self._width is not None and len(text) < self._width:
            self._short.add(row)
        if text.isdigit():
            self._numbers.add(row)

    def faults(self) -> Iterator[tuple[Fault, list[Problem]]]:
        """Yield what damages the delivery as a whole, with the rows that show it."""
        lost = self._short
        if not lost.count and self._before >= 0.1 and self._with_zero == 0:
            lost = self._numbers
        if lost.count and (lost is self._numbers or lost.count * 20 > self._filled):
            detail = {"column": self.column.shown, "count": str(lost.count)}
            yield Fault("excel_zeros", detail), lost.problems(self.column, "excel_zeros")

    def problems(self) -> Iterator[Told]:
        """Yield what is wrong with single rows although the delivery can be taken."""
        if self._short.count * 20 <= self._filled:
            yield from self._short.told(self.column, "excel_zeros")


class Words:
    """A column of words from a list, or one that must be filled."""

    def __init__(self, column: Column, words: frozenset[str] | None, required: bool) -> None:
        self.column = column
        self._words = words
        self._required = required
        self._unknown, self._empty = _Noted(), _Noted()

    def look(self, row: int, cell: Cell, text: str | None) -> None:  # noqa: ARG002 - one signature for all columns
        """Take one value."""
        if text is None:
            if self._required:
                self._empty.add(row)
        elif self._words is not None and text.casefold() not in self._words:
            self._unknown.add(row)

    def faults(self) -> Iterator[tuple[Fault, list[Problem]]]:
        """Yield nothing: a word can be corrected."""
        yield from ()

    def problems(self) -> Iterator[Told]:
        """Yield what is wrong with single rows although the delivery can be taken."""
        yield from self._unknown.told(self.column, "word_unknown")
        yield from self._empty.told(self.column, "required_empty")


Watch = PersonalNumber | Day | Digits | Words
