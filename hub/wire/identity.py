"""Record ids and digests: keyed, so that nobody can list NIKs from them.

A source's key is HKDF-SHA256(master secret, info = "satudata/source/<name>"), so a stolen agent holds at most its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RECORD_ID_SIZE = 16


def source_key(master: bytes, source: str) -> bytes:
    """Return the 32-byte key of one source."""
    return _derive(master, f"satudata/source/{source}")


def digest_key(master: bytes, source: str) -> bytes:
    """Return the 32-byte key under which a source's rows are digested for comparison."""
    return _derive(master, f"satudata/digest/{source}")


def _derive(master: bytes, info: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info.encode()).derive(master)


def record_id(key: bytes, table: str, parts: Sequence[str]) -> bytes:
    """Return a record's 16-byte id: HMAC-SHA256 of the JSON array [table, key parts as text], truncated."""
    return record_ids(key, table)(parts)


def record_ids(key: bytes, table: str) -> Callable[[Sequence[str]], bytes]:
    """Return a fast `record_id` for one table: the keyed state is prepared once."""
    prepared = hmac.new(key, b"", hashlib.sha256)

    def identify(parts: Sequence[str]) -> bytes:
        state = prepared.copy()
        state.update(json.dumps([table, *parts], ensure_ascii=False, separators=(",", ":")).encode())
        return state.digest()[:RECORD_ID_SIZE]

    return identify


def row_digest(key: bytes, after: bytes) -> int:
    """Return the signed 64-bit keyed digest of a row's Avro bytes; source and hub are compared by it."""
    return int.from_bytes(hashlib.blake2b(after, key=key, digest_size=8).digest(), "big", signed=True)
