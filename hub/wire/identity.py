"""Record ids and digests: keyed, so that nobody can list NIKs from them.

A source's key is HKDF-SHA256(master secret, info = "satudata/source/<name>"), so a stolen agent holds at most its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring

RECORD_ID_SIZE = 16
_BLOCK = 64


def source_key(master: bytes, source: str) -> bytes:
    """Return the 32-byte key of one source."""
    return _derive(master, f"satudata/source/{source}")


def digest_key(master: bytes, source: str) -> bytes:
    """Return the 32-byte key under which a source's rows are digested for comparison."""
    return _derive(master, f"satudata/digest/{source}")


def _derive(master: bytes, info: str) -> bytes:
    """Return HKDF-SHA256 without a salt, 32 bytes: its one block (RFC 5869).

    The library that has it takes 7 MB of every process for these two lines; the tests compare them with it.
    """
    extracted = hmac.digest(bytes(32), master, "sha256")
    return hmac.digest(extracted, info.encode() + b"\1", "sha256")


def record_id(key: bytes, table: str, parts: Sequence[str]) -> bytes:
    """Return a record's 16-byte id: HMAC-SHA256 of the JSON array [table, key parts as text], truncated."""
    return record_ids(key, table)(parts)


def record_ids(key: bytes, table: str) -> Callable[[Sequence[str]], bytes]:
    """Return a fast `record_id` for one table."""
    identify = record_ids_of_json(key, table)

    def of_parts(parts: Sequence[str]) -> bytes:
        return identify(("".join([f",{encode_basestring(part)}" for part in parts]) + "]").encode())

    return of_parts


def record_ids_of_json(key: bytes, table: str) -> Callable[[bytes], bytes]:
    """Return a fast `record_id` for one table, given what follows the table's name in the array: `,"7"]`, say.

    Both of HMAC's keyed states are prepared once (RFC 2104).
    """
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    inner.update(f"[{encode_basestring(table)}".encode())
    begin_inside, begin_outside = inner.copy, hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy

    def identify(rest: bytes) -> bytes:
        inside, outside = begin_inside(), begin_outside()
        inside.update(rest)
        outside.update(inside.digest())
        return outside.digest()[:RECORD_ID_SIZE]

    return identify


def json_text(text: bytes) -> bytes:
    """Return a text, given in UTF-8, as JSON in UTF-8."""
    return b'"%b"' % text if text.isalnum() else encode_basestring(text.decode()).encode()


SHAPE_SIZE = 2
NO_SHAPE = bytes(SHAPE_SIZE)


def row_digest(key: bytes, after: bytes, shape: bytes = NO_SHAPE) -> int:
    """Return the signed 64-bit digest of a row's Avro bytes; source and hub are compared by it.

    The upper 16 bits are `shape`, the mark of the schema that the bytes follow (`hub.wire.envelope.Layout`): the same
    values have other bytes under another schema, so such digests say nothing of each other.  The lower 48 are keyed.
    """
    return int.from_bytes(shape + hashlib.blake2b(after, key=key, digest_size=6).digest(), "big", signed=True)


def shape_of(digest: int) -> int:
    """Return the mark of the schema whose row a digest is of."""
    return digest >> 48 & 0xFFFF
