"""A table's fingerprint from the memory: what the hub must have, in 256 buckets.

The passes compare the memory with the source and send what differs, so this says whether what was sent arrived.
"""

from __future__ import annotations

import sqlite3
from threading import Event

from connectors.fingerprint import BUCKETS
from connectors.protocol import Fingerprint
from connectors.sql.known import counted
from hub.wire.errors import TryAgain
from hub.wire.identity import shape_of

_LOOK_ROWS = 4096


def fingerprint_of(reader: sqlite3.Connection, table: int, version: bytes, stopping: Event) -> Fingerprint:
    """Return a table's fingerprint at a version; raises TryAgain while records are in doubt, or when it is given up."""
    count, digests = [0] * BUCKETS, [0] * BUCKETS
    shapes = set()
    for at, (record, digest) in enumerate(counted(reader, table)):
        if digest is None:
            raise TryAgain("records are in doubt until the next pass has sent them again")
        if not at % _LOOK_ROWS and stopping.is_set():
            raise TryAgain("the fingerprint is no longer wanted")
        count[record[0]] += 1
        digests[record[0]] ^= digest
        shapes.add(shape_of(digest))
    return Fingerprint(version, tuple(count), tuple(digests), tuple(sorted(shapes)))
