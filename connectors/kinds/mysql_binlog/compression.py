"""What servers compress in a binlog: MySQL's whole transactions (zstd), MariaDB's single events (zlib)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import zstandard

from connectors.kinds.mysql_binlog.events import HEADER, packed
from hub.wire.errors import Halt

_END, _SIZE, _KIND, _PLAIN_SIZE = 0, 1, 2, 3
_ZSTD, _NONE = 0, 255
_PIECE = 256 * 1024
_LARGEST = 1 << 30


def inflate(data: bytes, at: int) -> bytes:
    """Return what MariaDB compressed from `at` on: a byte of kind and size, the plain length, zlib."""
    first = data[at]
    kind, size = first >> 4 & 7, first & 7
    if not first & 0x80 or kind:
        raise Halt(f"a compressed event of the unknown kind {first:#04x}: set log_bin_compress=OFF at the source")
    length = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    try:
        plain = zlib.decompress(data[at + 1 + size :])
    except zlib.error as error:
        raise Halt("a compressed event cannot be unpacked: the log is damaged") from error
    if len(plain) != length:
        raise Halt(f"a compressed event holds {len(plain)} bytes where its header says {length}: the log is damaged")
    return plain


def payload_events(event: bytes) -> Iterator[bytes]:
    """Yield the events of a TRANSACTION_PAYLOAD event one by one, with memory for one of them at a time."""
    fields, at = {_KIND: _ZSTD}, HEADER
    while True:
        field, at = packed(event, at)
        if field == _END:
            break
        length, at = packed(event, at)
        fields[field], _ = packed(event, at)
        at += length
    kind = fields[_KIND]
    if kind not in (_ZSTD, _NONE):
        raise Halt(f"a transaction compressed in the unknown way {kind}: set binlog_transaction_compression=OFF")
    body = event[at : at + fields[_SIZE]]
    yield from _cut(iter((body,)) if kind == _NONE else _plain(body), fields.get(_PLAIN_SIZE))


def _plain(body: bytes) -> Iterator[bytes]:
    try:
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            while piece := reader.read(_PIECE):
                yield piece
    except zstandard.ZstdError as error:
        raise Halt("a compressed transaction cannot be unpacked: the log is damaged") from error


def _cut(pieces: Iterator[bytes], expected: int | None) -> Iterator[bytes]:
    """Cut a stream of so many bytes into events, by the size in each one's header."""
    held, total = b"", 0
    for piece in pieces:
        held += piece
        total += len(piece)
        at = 0
        while len(held) - at >= HEADER:
            size = int.from_bytes(held[at + 9 : at + 13], "little")
            if not HEADER <= size <= _LARGEST:
                raise Halt(f"a compressed transaction holds an event of {size} bytes: the log is damaged")
            if len(held) - at < size:
                break
            yield held[at : at + size]
            at += size
        held = held[at:]
    if held or expected not in (None, total):
        raise Halt(f"a compressed transaction ends inside an event, after {total} of {expected} bytes: the log is "
                   "damaged")  # fmt: skip
