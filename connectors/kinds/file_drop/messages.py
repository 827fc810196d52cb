"""A delivery's rows as messages: every column an optional text, columns in the contract's order.

The bytes of a row are the same in whatever order and format its office sends the columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors import envelope as avro
from connectors.kinds.file_drop.header import Layout
from connectors.protocol import Surroundings
from hub.wire.avro import frame
from hub.wire.broker import Outgoing
from hub.wire.topics import HEADER_VERSION, raw_topic
from hub.wire.version import stamp

KIND = "file_drop"
_SOURCE = (
    {"name": "table", "type": "string"},
    avro.optional("delivery", "string"),
    avro.optional("row", "long"),
)
"""The kind's own part of `source`: SHA-256 of the delivery and the row's number in it, so that a value can be found."""


class Writer:
    """Writes the rows of one delivery."""

    def __init__(self, around: Surroundings, source: str, table: str, layout: Layout) -> None:
        topic = raw_topic(source, table).name
        fields = [avro.optional(column.name, "string") for column in layout.columns]
        schema = avro.envelope_schema(topic, fields, KIND, _SOURCE)
        self._topic = topic
        self._frame = frame(around.registry.register(f"{topic}-value", schema, "NONE"))
        self._head = avro.source_head(KIND, f"raw.{source}")
        self._source = source
        self._table = avro.string(table.encode())
        self._clock = around.clock
        self._block = self._end = b""

    def begin(self, sha256: str, at_us: int, op: str, snapshot: str) -> None:
        """Take what all of a delivery's rows have in common."""
        self._op = op
        self._block = (
            self._head + avro.source_middle(at_us, snapshot, self._source) + avro.NULL + avro.source_times(at_us)
            + self._table + avro.some(avro.string(sha256.encode()))
        )  # fmt: skip
        self.refresh()

    def refresh(self) -> None:
        """Take the connector's own time anew; called once a batch."""
        self._end = avro.tail(self._op, self._clock.now_us())

    def image(self, texts: Sequence[str | None]) -> bytes:
        """Return a message's beginning: registry frame, no `before`, `after`."""
        row = b"".join(avro.NULL if text is None else avro.some(avro.string(text.encode())) for text in texts)
        return self._frame + avro.NULL + avro.SOME + row

    def message(self, record: bytes, epoch: int, counter: int, number: int, texts: Sequence[str | None]) -> Outgoing:
        """Return the message of one row; `number` is its place in the file."""
        value = self.image(texts) + self._block + avro.some(avro.long(number)) + self._end
        return Outgoing(self._topic, record, value, ((HEADER_VERSION, stamp(epoch, counter, 0)),))
