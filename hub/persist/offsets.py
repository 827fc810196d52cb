"""Where reconcile reads on: rows beside what was read, so neither can be ahead of the other.

An offset belongs to one partition of one incarnation of a topic on one cluster.  A rebuilt cluster or a topic made
anew has other ids, so its partitions begin at their beginning and no offset of the old one is ever used.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.persist import lease
from hub.persist.stage import Database
from hub.persist.work import Log

_KNOWN = """
select next_offset from link."offset" where cluster_id = %s and topic_id = %s and partition = %s for update"""
_BEGIN = """
insert into link."offset" (cluster_id, topic_id, partition, topic, next_offset) values (%s, %s, %s, %s, 0)"""


def load(database: Database, epoch: int, begins: Mapping[Log, tuple[str, int]]) -> dict[Log, int | None]:
    """Return where to read on in each partition; `begins` tells its topic's name and its log's first offset.

    A partition without a row gets one at 0 if its log still begins there, else None: the transport halts then, as it
    does for a row outside the log.  Raises Halt when this process is no longer the writer.
    """
    found: dict[Log, int | None] = {}
    with database.transaction():
        lease.check(database, epoch)
        for log, (topic, begin) in sorted(begins.items(), key=lambda item: (item[1][0], item[0].partition)):
            row = database.execute(_KNOWN, (log.cluster_id, log.topic_id, log.partition)).fetchone()
            found[log] = None if row is None else int(row[0])
            if row is None and begin == 0:
                database.execute(_BEGIN, (log.cluster_id, log.topic_id, log.partition, topic))
                found[log] = 0
    return found
