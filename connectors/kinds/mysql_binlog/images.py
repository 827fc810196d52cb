"""A row image's values, brought to the bytes that a SELECT would give: one reader a column, complete and unhurried.

Rows go through `rows.py`, which does the frequent types itself and calls these for the rest.  Layouts: MySQL's
`Field_*::pack` and `my_time_t` packing; MariaDB's for its compressed columns, UUID and INET.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from connectors.kinds.mysql_binlog import shapes
from connectors.kinds.mysql_binlog.binary_json import json_of
from connectors.kinds.mysql_binlog.charsets import to_utf8
from connectors.kinds.mysql_binlog.columns import Column
from connectors.kinds.mysql_binlog.decimals import decimal_size, decimal_text, decimal_unscaled
from connectors.kinds.mysql_binlog.events import WireColumn
from hub.wire.errors import Halt

Read = Callable[[bytes, int], tuple[bytes, int]]
"""From image and position to the value's text and where the next column begins."""

_WIDTH = {shapes.TINY: 1, shapes.SHORT: 2, shapes.INT24: 3, shapes.LONG: 4, shapes.LONGLONG: 8}
_FLOAT, _DOUBLE = struct.Struct("<f").unpack_from, struct.Struct("<d").unpack_from
_EPOCH = date(1970, 1, 1).toordinal()
_RAW_DEFLATE, _LENGTH_BYTES = 8, 7


def reader(column: Column, wire: WireColumn) -> Read:
    """Return what reads a column's values from row images."""
    kind = wire.type
    if kind in _WIDTH:
        return _integer(_WIDTH[kind], column.unsigned)
    if kind in LENGTHS:
        return _text(LENGTHS[kind](wire.meta), column, compressed=kind in _COMPRESSED)
    if kind in _BY_META:
        return _BY_META[kind](wire.meta)
    if kind == shapes.ENUM:
        return _enum(wire.meta, column)
    if kind == shapes.SET:
        return _set(wire.meta, column)
    if kind in _FIXED:
        return _FIXED[kind]
    raise Halt(f"column {column.name} is of type {kind} in the log, which is not known to this version")


def _integer(width: int, unsigned: bool) -> Read:
    def read(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + width
        return b"%d" % int.from_bytes(data[at:end], "little", signed=not unsigned), end

    return read


def _fixed(width: int) -> Read:
    return lambda data, at: (data[at : at + width], at + width)


def _float(data: bytes, at: int) -> tuple[bytes, int]:
    return repr(_FLOAT(data, at)[0]).encode(), at + 4


def _double(data: bytes, at: int) -> tuple[bytes, int]:
    return repr(_DOUBLE(data, at)[0]).encode(), at + 8


def _year(data: bytes, at: int) -> tuple[bytes, int]:
    return b"%04d" % (data[at] and 1900 + data[at]), at + 1


def date_text(packed: int) -> bytes:
    """Return a DATE's text from its three bytes as a number."""
    return b"%04d-%02d-%02d" % (packed >> 9, packed >> 5 & 15, packed & 31)


def _date(data: bytes, at: int) -> tuple[bytes, int]:
    return date_text(int.from_bytes(data[at : at + 3], "little")), at + 3


def _decimals(number: int, size: int, digits: int) -> bytes:
    """Return the decimals of a second from their stored bytes, which hold an even count of digits."""
    return b"." + (b"%0*d" % (2 * size, number))[:digits] if digits else b""


def _time(digits: int) -> Read:
    size = (digits + 1) // 2
    zero, low = 0x800000 << 8 * size, (1 << 8 * size) - 1

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + 3 + size
        packed = int.from_bytes(data[at:end], "big") - zero  # whole and fraction are one number: -1.5 s is not -1, .5
        sign, packed = (b"-", -packed) if packed < 0 else (b"", packed)
        whole = packed >> 8 * size
        clock = b"%02d:%02d:%02d" % (whole >> 12 & 1023, whole >> 6 & 63, whole & 63)
        return sign + clock + _decimals(packed & low, size, digits), end

    return read


def _datetime(digits: int) -> Read:
    size = (digits + 1) // 2

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + 5 + size
        whole = int.from_bytes(data[at : at + 5], "big") - 0x80_0000_0000
        year, month = divmod(whole >> 22, 13)
        text = b"%04d-%02d-%02d %02d:%02d:%02d" % (
            year, month, whole >> 17 & 31, whole >> 12 & 31, whole >> 6 & 63, whole & 63
        )  # fmt: skip
        return text + _decimals(int.from_bytes(data[at + 5 : end], "big"), size, digits), end

    return read


def moment_text(seconds: int) -> bytes:
    """Return a TIMESTAMP's text in UTC; 0 stands for none."""
    if seconds == 0:
        return b"0000-00-00 00:00:00"
    day, second = divmod(seconds, 86_400)
    clock = b" %02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
    return date.fromordinal(_EPOCH + day).isoformat().encode() + clock


def _timestamp(digits: int) -> Read:
    size = (digits + 1) // 2

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + 4 + size
        seconds, rest = int.from_bytes(data[at : at + 4], "big"), int.from_bytes(data[at + 4 : end], "big")
        return moment_text(seconds) + _decimals(rest, size, digits), end

    return read


def _old_time(data: bytes, at: int) -> tuple[bytes, int]:
    packed = int.from_bytes(data[at : at + 3], "little", signed=True)
    sign, packed = (b"-", -packed) if packed < 0 else (b"", packed)
    return sign + b"%02d:%02d:%02d" % (packed // 10_000, packed // 100 % 100, packed % 100), at + 3


def _old_datetime(data: bytes, at: int) -> tuple[bytes, int]:
    digits = b"%014d" % int.from_bytes(data[at : at + 8], "little")
    return b"%b-%b-%b %b:%b:%b" % (digits[:4], *(digits[n : n + 2] for n in range(4, 14, 2))), at + 8


def _old_timestamp(data: bytes, at: int) -> tuple[bytes, int]:
    return moment_text(int.from_bytes(data[at : at + 4], "little")), at + 4


def _decimal(meta: int) -> Read:
    precision, scale = meta >> 8, meta & 255
    size, unscaled = decimal_size(precision, scale), decimal_unscaled(precision, scale)
    return lambda data, at: (decimal_text(unscaled(data, at), scale), at + size)


def _enum(width: int, column: Column) -> Read:
    labels = [b"", *(label.encode() for label in column.labels)]

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        number = int.from_bytes(data[at : at + width], "little")
        if number >= len(labels):
            raise Halt(f"column {column.name} holds value {number} of its enum, of which only {len(labels) - 1} are "
                       "known: SET GLOBAL binlog_row_metadata=FULL and take a new snapshot")  # fmt: skip
        return labels[number], at + width

    return read


def _set(width: int, column: Column) -> Read:
    labels = [label.encode() for label in column.labels]

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        number = int.from_bytes(data[at : at + width], "little")
        if number >> len(labels):
            raise Halt(f"column {column.name} holds a value of its set that is not known: SET GLOBAL "
                       "binlog_row_metadata=FULL and take a new snapshot")  # fmt: skip
        return b",".join([label for n, label in enumerate(labels) if number >> n & 1]), at + width

    return read


def _inflated(raw: bytes) -> bytes:
    """Return the value of one of MariaDB's COMPRESSED columns."""
    if not raw or raw[0] == 0:
        return raw[1:]
    first = raw[0]
    if first >> 4 != _RAW_DEFLATE:
        raise Halt(f"a value compressed in the unknown way {first:#04x}: ALTER TABLE ... without COMPRESSED")
    bits = -zlib.MAX_WBITS if first & 8 else zlib.MAX_WBITS
    return zlib.decompress(raw[1 + (first & _LENGTH_BYTES) :], bits)


def _inet6(raw: bytes) -> bytes:
    """Return an INET6 as MariaDB writes it: the longest run of zero words left out, IPv4 within it dotted."""
    words = struct.unpack(">8H", raw)
    start = longest = 0
    for at in range(8):
        run = next((n for n in range(8 - at) if words[at + n]), 8 - at)
        if run > longest:
            start, longest = at, run
    if start == 0 and (longest == 6 or (longest == 5 and words[5] == 0xFFFF)):
        return b"::%b%d.%d.%d.%d" % (b"ffff:" if longest == 5 else b"", *raw[12:])
    texts = [b"%x" % word for word in words]
    if not longest:
        return b":".join(texts)
    return b":".join(texts[:start]) + b"::" + b":".join(texts[start + longest :])


def _finish(column: Column) -> Callable[[bytes], bytes] | None:
    """Return what makes a stored text or byte string what a SELECT shows, or None where it is that."""
    if column.kind == "binary":
        return lambda raw: raw.ljust(column.size, b"\0")  # the log leaves trailing zeros out
    if column.kind == "uuid":
        return lambda raw: str(UUID(bytes=raw.ljust(16, b"\0"))).encode()
    if column.kind == "inet4":
        return lambda raw: b"%d.%d.%d.%d" % tuple(raw.ljust(4, b"\0"))
    if column.kind == "inet6":
        return lambda raw: _inet6(raw.ljust(16, b"\0"))
    if column.kind == "json":
        return json_of
    return to_utf8(column.charset) if column.charset else None


def _text(length: int, column: Column, *, compressed: bool) -> Read:
    finish = _finish(column)

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        start = at + length
        end = start + int.from_bytes(data[at:start], "little")
        raw = data[start:end]
        if compressed:
            raw = _inflated(raw)
        return (finish(raw) if finish else raw), end

    return read


def _prefix(most: int) -> int:
    return 1 if most <= 255 else 2


def _same(meta: int) -> int:
    return meta


_COMPRESSED = frozenset({shapes.BLOB_COMPRESSED, shapes.VARCHAR_COMPRESSED})
LENGTHS: Mapping[int, Callable[[int], int]] = {
    shapes.STRING: _prefix, shapes.VARCHAR: _prefix, shapes.VAR_STRING: _prefix, shapes.VARCHAR_COMPRESSED: _prefix,
    shapes.BLOB: _same, shapes.BLOB_COMPRESSED: _same, shapes.JSON: _same, shapes.GEOMETRY: _same,
    shapes.VECTOR: _same,
}  # fmt: skip
"""Types that begin with their length, and how many bytes that takes."""
_BY_META: Mapping[int, Callable[[int], Read]] = {
    shapes.TIME2: _time, shapes.DATETIME2: _datetime, shapes.TIMESTAMP2: _timestamp, shapes.NEWDECIMAL: _decimal,
    shapes.BIT: lambda meta: _fixed((meta + 7) // 8),
}  # fmt: skip
_FIXED: Mapping[int, Read] = {
    shapes.FLOAT: _float, shapes.DOUBLE: _double, shapes.YEAR: _year, shapes.DATE: _date, shapes.TIME: _old_time,
    shapes.DATETIME: _old_datetime, shapes.TIMESTAMP: _old_timestamp,
}  # fmt: skip
