"""Where reconcile reads on: rows beside what was read, so neither can be ahead of the other.

An offset belongs to one partition of one incarnation of a topic on one cluster.  A rebuilt cluster or a topic made
anew has other ids, so its partitions begin at their beginning and no offset of the old one is ever used.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.persist import lease
from hub.persist.stage import Database
from hub.persist.work import Log
from hub.wire.errors import Halt

_KNOWN = """
select next_offset from link."offset" where cluster_id = %s and topic_id = %s and partition = %s"""
_BEGIN = """
insert into link."offset" (cluster_id, topic_id, partition, topic, next_offset) values (%s, %s, %s, %s, 0)
on conflict do nothing"""


def load(database: Database, epoch: int, bounds: Mapping[Log, tuple[str, int, int]]) -> dict[Log, int]:
    """Return where to read on in each partition; `bounds` tells its topic's name, first offset and end.

    A partition without a row begins at 0 if its log still does.  Raises Halt with the remedy where the log no longer
    holds what must be read next, or ends before it.
    """
    found: dict[Log, int] = {}
    with database.transaction():
        lease.check(database, epoch)
        for log, (topic, first, end) in sorted(bounds.items(), key=lambda item: (item[1][0], item[0].partition)):
            row = database.execute(_KNOWN, (log.cluster_id, log.topic_id, log.partition)).fetchone()
            at = None if row is None else int(row[0])
            check(topic, log.partition, at, first, end)
            if at is None:
                database.execute(_BEGIN, (log.cluster_id, log.topic_id, log.partition, topic))
            found[log] = at or 0
    return found


def check(topic: str, partition: int, at: int | None, first: int, end: int) -> None:
    """Raise Halt unless reading on at `at` (None: never read) misses nothing in a log that holds first..end."""
    where = f"{topic}[{partition}]"
    if at is None and first > 0:
        raise Halt(f"{where} was never read by this store and its log begins at {first}, not 0: {first} messages are "
                   "gone; take a new snapshot of every source (a new position epoch), or restore a store that has "
                   "read them, then remove the topic's old messages by recreating it")  # fmt: skip
    if at is not None and at < first:
        raise Halt(f"{where} must be read on at {at} but its log begins at {first}: {first - at} messages expired "
                   "unread; recreate the topic and take a new snapshot of every source")  # fmt: skip
    if at is not None and at > end:
        raise Halt(f"{where} must be read on at {at} but its log ends at {end}: the log was cut, so messages that "
                   "this store has read are gone from Kafka; recreate the topic and take a new snapshot of every "
                   "source, or restore Kafka's data")  # fmt: skip
