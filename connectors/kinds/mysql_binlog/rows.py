"""Row images straight to Avro bytes: one function a table, written as source and compiled, as `dataclasses` does.

The frequent types are decoded in place; the others go through their reader and their text, as a snapshot's values do.
A test holds both ways to the same bytes for every type.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from connectors.envelope import NULL, SMALL, SMALL_SOME, SOME, long, string
from connectors.kinds.mysql_binlog import shapes
from connectors.kinds.mysql_binlog.charsets import to_utf8
from connectors.kinds.mysql_binlog.columns import Column
from connectors.kinds.mysql_binlog.decimals import decimal_size, decimal_unscaled
from connectors.kinds.mysql_binlog.events import WireColumn
from connectors.kinds.mysql_binlog.images import LENGTHS, Read, date_text, reader
from connectors.kinds.mysql_binlog.types import Form
from connectors.kinds.mysql_binlog.values import Unrepresentable, big, day, is_zero

Key = tuple[str, ...] | None
Image = Callable[[bytes, int], tuple[bytes, Key, int]]
"""From data and position to the row's fields in Avro, its key's parts (None if one is NULL) and where the row ends."""

_KEPT = 4096
_ZEROES = bytes(64)
"""More than any value without a length takes."""
_EPOCH = date(1970, 1, 1).toordinal()
_NUMBERS = {
    (shapes.SHORT, False): "<h", (shapes.SHORT, True): "<H", (shapes.LONG, False): "<i", (shapes.LONG, True): "<I",
    (shapes.LONGLONG, False): "<q", (shapes.LONGLONG, True): "<Q",
}  # fmt: skip
_MINUTES = [b"%02d:%02d:" % divmod(n, 60) for n in range(1440)]
_SECONDS = [b"%02dZ" % n for n in range(60)]


class Repeating(dict[Any, Any]):
    """Results of a function that is often asked the same; emptied when it grows."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        made = self._make(key)
        if len(self) >= _KEPT:
            self.clear()
        self[key] = made
        return made


class Planned:
    """A column, as the function is written for it."""

    def __init__(self, column: Column, wire: WireColumn, form: Form, *, captured: bool, optional: bool) -> None:
        self.column = column
        self.wire = wire
        self.form = form
        self.captured = captured
        self.optional = optional
        """Whether its field may be null."""
        self.read: Read = reader(column, wire)
        self.some = SOME if optional else b""


def image(columns: Sequence[Planned], keys: Sequence[int]) -> Image:
    """Return the decoder of row images that hold all columns; raises Unrepresentable when the row must go as text."""
    source = _Source(keys)
    required = sum(1 << at for at, planned in enumerate(columns) if planned.captured and not planned.optional)
    size = (len(columns) + 7) // 8
    source.add(1, f"nulls = from_bytes(d[p : p + {size}], 'little')", f"p += {size}")
    if required:
        source.add(1, f"if nulls & {required}: raise Unrepresentable('NULL in a column that is NOT NULL')")
    for at, planned in enumerate(columns):
        source.column(at, planned)
    fields = "".join(f"v{at}, " for at, planned in enumerate(columns) if planned.captured)
    missing = " or ".join(f"k{at} is None" for at in keys)
    parts = "".join(f"k{at}, " for at in keys)
    source.add(1, f"return join(({fields})), (None if {missing} else ({parts})), p")
    exec(compile("\n".join(source.lines), "<rows of a table>", "exec"), source.scope)  # noqa: S102 - made here
    made: Image = source.scope["image"]
    return made


class _Source:
    """Lines of one function, and the names they use."""

    def __init__(self, keys: Sequence[int]) -> None:
        self.lines = ["def image(d, p):"]
        self.scope: dict[str, Any] = {
            "from_bytes": int.from_bytes, "join": b"".join, "NULL": NULL, "SOME": SOME, "SMALL": SMALL,
            "SMALL_SOME": SMALL_SOME, "long": long, "string": string, "big": big, "Unrepresentable": Unrepresentable,
            "MINUTES": _MINUTES, "SECONDS": _SECONDS,
        }  # fmt: skip
        self._keys = frozenset(keys)

    def add(self, depth: int, *lines: str) -> None:
        """Add lines."""
        self.lines += ["    " * depth + line for line in lines]

    def column(self, at: int, planned: Planned) -> None:
        """Add the lines of one column."""
        depth = 1
        if planned.wire.nullable or planned.optional:
            self.add(
                1, f"if nulls & {1 << at}: v{at} = NULL" + (f"; k{at} = None" if at in self._keys else ""), "else:"
            )
            depth = 2
        key = at in self._keys
        write = _WRITERS.get(planned.wire.type, _any) if planned.captured or key else _skip
        lines = write(self, at, planned, f"v{at} = {'SOME + ' if planned.optional else ''}", key)
        self.add(depth, *lines)

    def name(self, at: int, what: str, thing: Any) -> str:
        """Return the name under which the function finds a thing of a column's own."""
        name = f"{what}{at}"
        self.scope[name] = thing
        return name


Lines = list[str]


def _any(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    """By the column's reader and its text."""
    lines = [f"x, p = {source.name(at, 'read', planned.read)}(d, p)"]
    form = planned.form
    if form.few:
        encode = source.name(at, "kept", Repeating(form.encode)) + "[x]"
    else:
        encode = source.name(at, "encode", form.encode) + "(x)"
    if form.zero:
        lines += [f"if {source.name(at, 'is_zero', is_zero)}(x): v{at} = NULL", f"else: {to}{encode}"]
    else:
        lines += [f"{to}{encode}"]
    return [*lines, f"k{at} = {source.name(at, 'spell', form.spell)}(x).decode()"] if key else lines


def _skip(_source: _Source, _at: int, planned: Planned, _to: str, _key: bool) -> Lines:
    """Pass over a column that nobody wants: by the length that it begins with, or by its width."""
    wire = planned.wire
    if wire.type not in LENGTHS:
        return [f"p += {planned.read(_ZEROES, 0)[1]}"]
    width = LENGTHS[wire.type](wire.meta)
    return [f"p += {width} + " + ("d[p]" if width == 1 else f"from_bytes(d[p : p + {width}], 'little')")]


def _number(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    unsigned = planned.column.unsigned
    letter = struct.Struct(_NUMBERS[planned.wire.type, unsigned])
    lines = [f"n = {source.name(at, 'number', letter.unpack_from)}(d, p)[0]; p += {letter.size}"]
    if planned.wire.type == shapes.LONGLONG and unsigned:
        lines += [f"{to}big(n)"]
    else:
        table = "SMALL_SOME" if planned.optional else "SMALL"
        lines += [f"if 0 <= n < 8192: v{at} = {table}[n]", f"else: {to}long(n)"]
    return [*lines, f"k{at} = str(n)"] if key else lines


def _table(source: _Source, at: int, planned: Planned, _to: str, key: bool) -> Lines:
    """One byte: all its values are encoded beforehand."""
    texts = [planned.read(bytes((n,)), 0)[0] for n in range(256)]
    encoded = [planned.some + planned.form.encode(text) for text in texts]
    lines = [f"v{at} = {source.name(at, 'table', encoded)}[d[p]]"]
    if key:
        lines += [f"k{at} = {source.name(at, 'texts', [planned.form.spell(t).decode() for t in texts])}[d[p]]"]
    return [*lines, "p += 1"]


def _enum(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if planned.wire.meta != 1:
        return _any(source, at, planned, to, key)
    texts = ["", *planned.column.labels]
    encoded = [planned.some + planned.form.encode(text.encode()) for text in texts]
    lines = [f"v{at} = {source.name(at, 'table', encoded)}[d[p]]"]  # an unknown one: IndexError, and the reader tells
    return [*lines, *([f"k{at} = {source.name(at, 'texts', texts)}[d[p]]"] if key else []), "p += 1"]


def _text(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    column, meta = planned.column, planned.wire.meta
    if column.kind not in ("char", "varchar", "text", "varbinary", "blob"):
        return _any(source, at, planned, to, key)
    width = meta if planned.wire.type == shapes.BLOB else 1 if meta <= 255 else 2
    length = "d[p]" if width == 1 else f"from_bytes(d[p : p + {width}], 'little')"
    lines = [f"n = {length}; p += {width}", "x = d[p : p + n]; p += n"]
    convert = to_utf8(column.charset) if column.charset else None
    if convert is not None:
        lines += [f"x = {source.name(at, 'convert', convert)}(x); n = len(x)"]
    short = f"v{at} = {'SMALL_SOME' if planned.optional else 'SMALL'}[n] + x"
    lines += [short] if width == 1 and convert is None else [f"if n < 8192: {short}", f"else: {to}string(x)"]
    return [*lines, f"k{at} = {source.name(at, 'spell', planned.form.spell)}(x).decode()"] if key else lines


def _float(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if key:
        return _any(source, at, planned, to, key)
    width = 4 if planned.wire.type == shapes.FLOAT else 8
    return [f"{to}d[p : p + {width}]; p += {width}"]  # Avro has the same bytes


def _decimal(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if key:
        return _any(source, at, planned, to, key)
    precision, scale = planned.wire.meta >> 8, planned.wire.meta & 255
    unscaled = source.name(at, "unscaled", decimal_unscaled(precision, scale))
    return [f"{to}big({unscaled}(d, p)); p += {decimal_size(precision, scale)}"]


def _date(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if key:
        return _any(source, at, planned, to, key)

    def encode(raw: bytes) -> bytes:
        packed = int.from_bytes(raw, "little")
        return planned.some + day(date_text(packed)) if packed else NULL

    return [f"v{at} = {source.name(at, 'days', Repeating(encode))}[d[p : p + 3]]; p += 3"]


def _day_seconds(packed: int) -> int:
    year, month = divmod(packed >> 5 & 0x1FFFF, 13)
    try:
        return (date(year, month, packed & 31).toordinal() - _EPOCH) * 86_400
    except ValueError as error:
        raise Unrepresentable("a date that the calendar lacks") from error


def _datetime(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if key:
        return _any(source, at, planned, to, key)
    digits = planned.wire.meta
    size = (digits + 1) // 2
    per_second = 1000 if digits <= 3 else 1_000_000
    days = source.name(at, "days", Repeating(_day_seconds))
    value = f"({days}[w >> 17] + (w >> 12 & 31) * 3600 + (w >> 6 & 63) * 60 + (w & 63)) * {per_second}"
    if digits:
        micro = 10 ** (6 - 2 * size)
        value += f" + from_bytes(d[p + 5 : p + {5 + size}], 'big') * {micro} // {1_000_000 // per_second}"
    none = f"w == {0x80_0000_0000}" + (f" and d[p + 5 : p + {5 + size}] == {bytes(size)!r}" if digits else "")
    return ["w = from_bytes(d[p : p + 5], 'big')", f"if {none}: v{at} = NULL", f"else: {to}long({value})",
            f"p += {5 + size}"]  # fmt: skip


def _timestamp(source: _Source, at: int, planned: Planned, to: str, key: bool) -> Lines:
    if key or planned.wire.meta:
        return _any(source, at, planned, to, key)
    mark = planned.some + SMALL[20]

    def encode(number: int) -> bytes:
        return mark + date.fromordinal(_EPOCH + number).isoformat().encode() + b"T"

    days = source.name(at, "days", Repeating(encode))
    return ["s = from_bytes(d[p : p + 4], 'big'); p += 4", f"if not s: v{at} = NULL",
            f"else: v{at} = {days}[s // 86400] + MINUTES[s // 60 % 1440] + SECONDS[s % 60]"]  # fmt: skip


_Write = Callable[[_Source, int, Planned, str, bool], Lines]
_WRITERS: dict[int, _Write] = {
    shapes.TINY: _table, shapes.YEAR: _table, shapes.SHORT: _number, shapes.LONG: _number, shapes.LONGLONG: _number,
    shapes.ENUM: _enum, shapes.VARCHAR: _text, shapes.VAR_STRING: _text, shapes.STRING: _text, shapes.BLOB: _text,
    shapes.FLOAT: _float, shapes.DOUBLE: _float, shapes.NEWDECIMAL: _decimal, shapes.DATE: _date,
    shapes.DATETIME2: _datetime, shapes.TIMESTAMP2: _timestamp,
}  # fmt: skip
