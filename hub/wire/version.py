"""Record versions: (epoch, position, cleaning revision) in 24 bytes whose byte order is their order.

Layout, big endian: epoch u64, major u64, minor u32, revision u32.  Two states of one record are ordered by these
bytes and by nothing else, in Python, in Avro (`fixed`) and in PostgreSQL (`bytea`).

The position's two numbers are the kind's own: PostgreSQL (commit LSN, ordinal in the transaction); MySQL
(file number << 32 | position, row); a source without a log (observation counter, 0).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

_PACK = struct.Struct(">QQII")
_STAMP = struct.Struct(">QQI")

SIZE = _PACK.size
"""Bytes of a packed version: 24."""

LOWEST = bytes(SIZE)
"""A version below every real one."""

_SWEPT = b"\xff\xff\xff\xff"
"""A cleaning revision that no cleaner has: what is known by a sweep alone."""


class Version(NamedTuple):
    """The readable form of a packed version."""

    epoch: int
    major: int
    minor: int
    revision: int = 0


def pack(epoch: int, major: int, minor: int, revision: int = 0) -> bytes:
    """Return the 24 bytes of a version."""
    return _PACK.pack(epoch, major, minor, revision)


def unpack(packed: bytes) -> Version:
    """Return the parts of a packed version; raises `struct.error` when it is not 24 bytes."""
    return Version(*_PACK.unpack(packed))


stamp: Callable[[int, int, int], bytes] = _STAMP.pack
"""Returns the 20 bytes that a raw message carries: a version (epoch, major, minor) whose cleaning revision is not known
yet.  It is made for every row, so it is `struct`'s own function."""


def revise(stamped: bytes, revision: int) -> bytes:
    """Return the version of a raw stamp under a cleaning revision."""
    return stamped + revision.to_bytes(4, "big")


def gone_before(floor: bytes) -> bytes:
    """Return the version of what a sweep found out: of the position just before its floor, in a revision of its own."""
    return max(int.from_bytes(floor[: _STAMP.size]) - 1, 0).to_bytes(_STAMP.size) + _SWEPT


def is_stated(packed: bytes) -> bool:
    """Say whether a version is that of a state that a source told, and not a sweep's or the lowest."""
    return packed != LOWEST and packed[_STAMP.size :] != _SWEPT
