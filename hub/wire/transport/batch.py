"""What an agent receives: one polled batch of one partition, raw bytes, in the log's order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Place(NamedTuple):
    """One partition of one topic; equal to Faust's and aiokafka's own tuples."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Committed records `base <= offset < next` of one partition; offsets may have holes.

    `records` are aiokafka's ConsumerRecord: `topic, partition, offset, timestamp, key, value, headers` with raw bytes.
    `base` is where the batch before ended, so a store of offsets may only move from `base` to `next`.
    """

    tp: Place
    base: int
    next: int
    records: Sequence[Any]

    def __len__(self) -> int:
        return len(self.records)


def size(record: Any) -> int:
    """Return the bytes of a record's key and value."""
    return max(0, int(record.serialized_key_size)) + max(0, int(record.serialized_value_size))


def cut(tp: Place, base: int, records: Sequence[Any], max_bytes: int) -> Iterator[Batch]:
    """Cut fetched records into batches of at most `max_bytes`; a record above it travels alone."""
    start = total = 0
    for at, record in enumerate(records):
        step = size(record)
        if at > start and total + step > max_bytes:
            yield Batch(tp, base, records[at - 1].offset + 1, records[start:at])
            base, start, total = records[at - 1].offset + 1, at, 0
        total += step
    if records:
        yield Batch(tp, base, records[-1].offset + 1, records[start:])
