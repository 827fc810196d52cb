"""Wait until what a publisher committed can be read.

Kafka answers a commit when the coordinator has noted it; the markers that let committed readers past it follow.
"""

from __future__ import annotations

import time

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec


def wait_committed(bootstrap: str, *topics: str, seconds: float = 30) -> None:
    """Return when no transaction is open on any partition of these topics."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    known = admin.list_topics(timeout=seconds).topics
    asked = {
        TopicPartition(name, partition): OffsetSpec.latest() for name in topics for partition in known[name].partitions
    }
    deadline = time.monotonic() + seconds
    while (behind := _ends(admin, asked, IsolationLevel.READ_COMMITTED)) != (
        ahead := _ends(admin, asked, IsolationLevel.READ_UNCOMMITTED)
    ):
        assert time.monotonic() < deadline, f"a transaction stays open: {behind} of {ahead}"
        time.sleep(0.02)


def _ends(admin: AdminClient, asked: dict[TopicPartition, OffsetSpec], level: IsolationLevel) -> list[int]:
    return [future.result().offset for future in admin.list_offsets(asked, isolation_level=level).values()]
