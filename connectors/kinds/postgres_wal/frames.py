"""Split the tuples of pgoutput's text frames into value lists.

A text tuple is MessagePack but for its tag bytes: `t` and a four-byte length is bin 32, a count is array 16, and the
letters `n` and `u` are small integers.  So after three replacements a C decoder splits all columns at once.  That holds
only while no byte of a length can look like a tag: frames under 19,968 bytes (0x4E00) and at most 255 columns; text in
PostgreSQL holds no zero byte.  Everything else goes the plain way.
"""

from __future__ import annotations

import struct
from typing import Any, cast

import msgspec

from connectors.kinds.postgres_wal.values import Values
from hub.wire.errors import Halt

_FAST_BYTES = 0x4E00
_FAST_COLUMNS = 255
_COUNT = struct.Struct(">H").unpack_from
_LENGTH = struct.Struct(">I").unpack_from
_TEXT = ord("t")
_decode: Any = msgspec.msgpack.Decoder().decode


class Splitter:
    """Splits tuples of one table."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        count = struct.pack(">H", columns)
        self._second, self._packed_second = b"N" + count, b"\xdc" + count

    def one(self, frame: bytes, at: int) -> Values:
        """Return the only tuple of a frame; `at` is where its column count begins."""
        if len(frame) < _FAST_BYTES and self._columns <= _FAST_COLUMNS:
            try:
                values = _decode((b"\xdc" + frame[at:]).replace(b"t\0\0", b"\xc6\0\0"))
            except msgspec.DecodeError:
                values = ()
            if len(values) == self._columns:
                return cast(Values, values)
        return self._walk(frame, at)[0]

    def two(self, frame: bytes, at: int) -> tuple[Values, Values]:
        """Return both tuples of an update's frame; `at` is where the first one's column count begins."""
        if len(frame) < _FAST_BYTES and self._columns <= _FAST_COLUMNS:
            packed = (b"\x92\xdc" + frame[at:]).replace(self._second, self._packed_second)
            try:
                before, after = _decode(packed.replace(b"t\0\0", b"\xc6\0\0"))
            except (msgspec.DecodeError, ValueError):
                before = after = ()
            if len(before) == len(after) == self._columns:
                return before, after
        before, at = self._walk(frame, at)
        return before, self._walk(frame, at + 1)[0]

    def _walk(self, frame: bytes, at: int) -> tuple[Values, int]:
        (count,) = _COUNT(frame, at)
        if count != self._columns:
            raise Halt(f"a row of {count} columns came for a table of {self._columns}; report this with the server's "
                       "version")  # fmt: skip
        at += 2
        values: Values = []
        for _ in range(count):
            tag = frame[at]
            at += 1
            if tag == _TEXT:
                end = at + 4 + _LENGTH(frame, at)[0]
                values.append(frame[at + 4 : end])
                at = end
            else:
                values.append(tag)
        return values, at
