"""A table's fingerprint, the same way for every kind: rows counted and digested in 256 buckets.

A row's bucket is the first byte of its record id, so both sides agree on it without a list of keys; a bucket's digest
is the XOR of its rows' digests, so the order of reading does not matter.  What does not count, on either side: rows
that the contract's `deleted_when` calls deleted, and rows without a key.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.envelope import NULL, SOME
from connectors.protocol import Fingerprint, Surroundings
from hub.wire.avro import Codec
from hub.wire.contract import Table
from hub.wire.envelope import Envelopes, Layout, row_of
from hub.wire.errors import Halt, TryAgain
from hub.wire.identity import row_digest
from hub.wire.typed import kind_of, tells

BUCKETS = 256
_LOOK_ROWS = 1024
_FRAME = 5
_HEAD = NULL + SOME
"""No row before, a row after: how every row that is read, not changed, begins behind the registry's frame."""
_ROW = _FRAME + len(_HEAD)
Gone = Callable[[bytes], bool]


class Buckets:
    """Collects one table's fingerprint while a kind reads the table."""

    def __init__(self, table: Table, around: Surroundings) -> None:
        self._table = table
        self._key = around.digest_key
        self._envelopes = Envelopes(Codec(around.registry))
        self._stopping = around.stopping
        self._rows = 0
        self._frames: dict[bytes, tuple[bytes, Gone | None]] = {}
        self._count = [0] * BUCKETS
        self._digest = [0] * BUCKETS

    def add(self, record: bytes | None, image: bytes) -> None:
        """Take a row by its record id and the beginning of its snapshot message: frame, no `before`, `after`.

        Nothing may follow: `image` ends with the row's last field.  Raises TryAgain when the registry is away, or when
        the fingerprint is no longer wanted.
        """
        if record is None:
            return
        self._rows += 1
        if not self._rows % _LOOK_ROWS and self._stopping.is_set():
            raise TryAgain(f"table {self._table.name}: its fingerprint is given up, the connector stops")
        frame = image[:_FRAME]
        known = self._frames.get(frame)
        if known is None:
            known = self._frames[frame] = self._learn(image)
        shape, gone = known
        row = image[_ROW:]
        if gone is not None and gone(row):
            return
        bucket = record[0]
        self._count[bucket] += 1
        self._digest[bucket] ^= row_digest(self._key, row, shape)

    def add_value(self, record: bytes | None, value: bytes) -> None:
        """Take a row by its whole snapshot message; slower, for kinds that make it in one piece."""
        self.add(record, value[:_FRAME] + _HEAD + self._envelopes.read(value).row)

    def _learn(self, image: bytes) -> tuple[bytes, Gone | None]:
        if image[_FRAME:_ROW] != _HEAD:
            raise Halt(f"table {self._table.name}: a fingerprint takes rows as a snapshot writes them; report this")
        layout = self._envelopes.layout(image)
        return layout.shape, self._gone(layout)

    def _gone(self, layout: Layout) -> Gone | None:
        told = self._table.deleted_when
        if told is None or told.column not in layout.columns:
            return None
        column, says = told.column, tells(told.equals, kind_of(layout.columns[told.column]))
        return lambda row: says(row_of(layout, row)[column])

    def fingerprint(self, version: bytes) -> Fingerprint:
        """Return what was collected, as the table's state at a 20-byte stamp."""
        shapes = sorted({int.from_bytes(shape, "big") for shape, _ in self._frames.values()})
        return Fingerprint(version, tuple(self._count), tuple(self._digest), tuple(shapes))
