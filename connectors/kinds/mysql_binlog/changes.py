"""A table's changes, from the rows of an event: fast where all is as usual, by way of texts where it is not."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from connectors.envelope import NULL, SOME
from connectors.kinds.mysql_binlog.events import Rows, Shape
from connectors.kinds.mysql_binlog.images import Read, reader
from connectors.kinds.mysql_binlog.rows import Image, Planned, image
from connectors.kinds.mysql_binlog.types import form
from connectors.kinds.mysql_binlog.values import Unrepresentable
from connectors.protocol import LARGEST_VALUE
from hub.wire.errors import Halt
from hub.wire.topics import HEADER_NEXT, HEADER_PREVIOUS

if TYPE_CHECKING:
    from connectors.kinds.mysql_binlog.table import TablePlan

MOST = LARGEST_VALUE - 64 * 1024
"""Bytes that a message's beginning may have: the rest is for what follows it."""
_CUT = (IndexError, struct.error, zlib.error)
_NOT_SO = (Unrepresentable, *_CUT)
"""Why a row is looked at again, by way of its texts."""


class Absent(Enum):
    """What stands for a value that the log does not hold."""

    ABSENT = 0


Value = bytes | None | Absent
Values = Sequence[Value]
Header = tuple[str, bytes]


class Change(NamedTuple):
    """One message, but for its `source` block and tail."""

    op: str
    record: bytes | None
    """Id of the record; None if the row lacks a part of its key."""
    beginning: bytes
    headers: tuple[Header, ...]


class LogReader:
    """Reads row images by one plan."""

    def __init__(self, plan: TablePlan, shape: Shape) -> None:
        self._plan = plan
        columns = [
            c._replace(kind="varbinary", charset="") if c.name in plan.left_out else c for c in plan.columns
        ]  # a column in trouble is only passed over
        self._readers: list[Read] = [reader(c, w) for c, w in zip(columns, shape.columns, strict=True)]
        self._whole = (1 << len(columns)) - 1
        planned = [
            Planned(c, w, form(c), captured=captured, optional=plan.optional(at))
            for at, (c, w, captured) in enumerate(zip(columns, shape.columns, plan.captured, strict=True))
        ]
        self._image: Image = image(planned, plan.keys)
        self._head = plan.frame
        self._identify = plan.identify

    def changes(self, rows: Rows) -> Iterator[Change]:
        """Yield the messages of an event's rows."""
        whole = (0, self._whole)
        if rows.before not in whole or rows.after not in whole:
            return self._slowly(rows)
        return self._updates(rows) if rows.op == "u" else self._singles(rows)

    def _singles(self, rows: Rows) -> Iterator[Change]:
        op, data, at, end, image_of, identify = rows.op, rows.data, rows.at, rows.end, self._image, self._identify
        head, foot = (self._head + NULL + SOME, b"") if op == "c" else (self._head + SOME, NULL)
        most = MOST
        while at < end:
            try:
                fields, key, after = image_of(data, at)
            except _NOT_SO:
                after = end + 1
            if after > end or len(fields) > most:
                made, at = self._one(rows, at)
                yield from made
                continue
            at = after
            yield Change(op, None if key is None else identify(key), head + fields + foot, ())

    def _updates(self, rows: Rows) -> Iterator[Change]:
        data, at, end, image_of, identify = rows.data, rows.at, rows.end, self._image, self._identify
        head, most = self._head + SOME, MOST
        while at < end:
            try:
                before, old, middle = image_of(data, at)
                after, new, then = image_of(data, middle)
            except _NOT_SO:
                then = end + 1
            if then > end or old != new or len(before) + len(after) > most:
                made, at = self._one(rows, at)
                yield from made
                continue
            at = then
            yield Change("u", None if new is None else identify(new), head + before + SOME + after, ())

    def _slowly(self, rows: Rows) -> Iterator[Change]:
        at = rows.at
        while at < rows.end:
            made, at = self._one(rows, at)
            yield from made

    def _one(self, rows: Rows, at: int) -> tuple[Iterable[Change], int]:
        """Return the messages of the row at a place, by way of its texts, and where the next begins."""
        before: list[Value] | None = None
        after: list[Value] | None = None
        try:
            if rows.before:
                before, at = self._values(rows.data, at, rows.before)
            if rows.after:
                after, at = self._values(rows.data, at, rows.after)
        except _CUT:
            at = rows.end + 1
        if at > rows.end:
            raise Halt(f"rows of {self._plan.name} before position {rows.head.end} end inside a value: the log is "
                       "damaged, or its description does not fit; take a new snapshot")  # fmt: skip
        return self._messages(rows.op, before, after), at

    def _values(self, data: bytes, at: int, mask: int) -> tuple[list[Value], int]:
        present = [n for n in range(len(self._readers)) if mask >> n & 1]
        size = (len(present) + 7) // 8
        nulls = int.from_bytes(data[at : at + size], "little")
        at += size
        values: list[Value] = [Absent.ABSENT] * len(self._readers)
        for bit, n in enumerate(present):
            if nulls >> bit & 1:
                values[n] = None
            else:
                values[n], at = self._readers[n](data, at)
        return values, at

    def _messages(self, op: str, before: Values | None, after: list[Value] | None) -> Iterable[Change]:
        plan = self._plan
        if before is None or after is None:
            return (Change(op, plan.record_id(after or before or ()), plan.beginning(before, after), ()),)
        for at, value in enumerate(after):
            if value is Absent.ABSENT:
                after[at] = before[at]
        old, new = plan.key(before), plan.key(after)
        if old == new or old is None or new is None:
            whole = Absent.ABSENT not in before
            beginning = plan.beginning(before if whole else None, after)
            return (Change("u", None if new is None else self._identify(new), beginning, ()),)
        was, is_ = self._identify(old), self._identify(new)
        return (
            Change("d", was, plan.beginning(before, None), ((HEADER_NEXT, is_),)),
            Change("c", is_, plan.beginning(None, after), ((HEADER_PREVIOUS, was),)),
        )
