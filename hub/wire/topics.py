"""Every topic in one table: schema, key, partitions, cleanup, retention, writers, readers.

Topic creation, Kafka ACLs, the AsyncAPI document and the docs are made from it.  No key holds a personal value.

On quarantine.clean an item with code `closed` settles the item of the same id (an operator discarded it): reconcile
closes it in store.quarantine and lets the sweeps go on that waited for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.wire.entities import ENTITIES, Entity

DAY_MS = 86_400_000
OPERATOR = "operator"
"""Who runs `satudata quarantine` (a retry sends a refused message again to the topic it came from), `satudata source`
(signals) and `satudata status` (notices)."""
FOR_EVER = -1
LARGE_MESSAGE = 16 * 1024 * 1024
"""Bytes of the largest raw or quarantined message."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic or, where the name holds `<source>` or `<table>`, one family of topics."""

    name: str
    schema: str
    key: str
    partitions: int
    cleanup: str
    retention_ms: int
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    compatibility: str = "FULL_TRANSITIVE"
    max_message_bytes: int = 1024 * 1024

    def named(self, **parts: str) -> Topic:
        """Return the member of a topic family, for example `RAW.named(source=..., table=...)`."""
        name = self.name
        for part, value in parts.items():
            name = name.replace(f"<{part}>", value)
        return Topic(
            name, self.schema, self.key, self.partitions, self.cleanup, self.retention_ms, self.writers, self.readers,
            self.compatibility, self.max_message_bytes,
        )  # fmt: skip

    def config(self) -> dict[str, str]:
        """Return the broker's settings of this topic."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


RAW = Topic(
    "raw.<source>.<table>", "raw envelope of the table", "record id, 16 bytes", 3, "delete", 30 * DAY_MS,
    ("connector", OPERATOR), ("clean",), compatibility="NONE", max_message_bytes=LARGE_MESSAGE,
)  # fmt: skip
POSITION = Topic("position.<source>", "position", "source name", 1, "compact", FOR_EVER, ("connector",), ("connector",))
SIGNAL = Topic("signal.<source>", "signal", "source name", 1, "delete", 7 * DAY_MS, (OPERATOR,), ("connector",))
NOTICE = Topic("notice", "notice", "source name", 1, "delete", 30 * DAY_MS, ("connector",), (OPERATOR,))
VERIFICATION = Topic(
    "verification", "verification", "source and table", 1, "compact", FOR_EVER, ("connector",), ("verify",)
)
CLEAN_TOPIC: Mapping[Entity, Topic] = {
    entity: Topic(f"clean.{entity}", f"clean/{entity}", "record id, 16 bytes", 4, "delete", 7 * DAY_MS,
                  ("clean", OPERATOR), ("reconcile",))
    for entity in ENTITIES
}  # fmt: skip
CLEAN_PERSON = CLEAN_TOPIC["person"]
QUARANTINE_CLEAN = Topic(
    "quarantine.clean", "quarantine", "quarantine item id", 1, "delete", 30 * DAY_MS,
    ("clean", "connector", OPERATOR), ("reconcile",), max_message_bytes=LARGE_MESSAGE,
)  # fmt: skip
JUDGEMENT = Topic("judgement", "judgement", "judgement id", 1, "delete", FOR_EVER, ("serve",), ("reconcile",))
GOLDEN_TOPIC: Mapping[Entity, Topic] = {
    entity: Topic(f"golden.{entity}", f"golden/{entity}", "entity id", 4, "compact", FOR_EVER, ("publish",),
                  ("subscriber",))
    for entity in ENTITIES
}  # fmt: skip
GOLDEN_PERSON = GOLDEN_TOPIC["person"]
GOLDEN_MEMBERSHIP = Topic(
    "golden.membership", "golden/membership", "membership id", 4, "compact", FOR_EVER, ("publish",), ("subscriber",)
)
CHANGES_TOPIC: Mapping[Entity, Topic] = {
    entity: Topic(f"changes.{entity}", "golden/change", "entity id", 4, "delete", 30 * DAY_MS, ("publish",),
                  ("subscriber",))
    for entity in ENTITIES
}  # fmt: skip
CHANGES_PERSON = CHANGES_TOPIC["person"]

HOLD = Topic("hold", "hold", "entity id", 1, "compact", FOR_EVER, ("publish",), ("subscriber",))

TOPICS: tuple[Topic, ...] = (
    RAW, POSITION, SIGNAL, NOTICE, VERIFICATION, *CLEAN_TOPIC.values(), QUARANTINE_CLEAN, JUDGEMENT,
    *GOLDEN_TOPIC.values(), GOLDEN_MEMBERSHIP, *CHANGES_TOPIC.values(), HOLD,
)  # fmt: skip

HEADER_KIND = "kind"
"""Message header: `change`, `sweep` or `held`; a message without it is a change."""
HEADER_VERSION = "version"
"""Message header of raw changes: 20-byte version stamp (`hub.wire.version.stamp`)."""
HEADER_PREVIOUS = "previous"
"""Message header of a raw create after a changed primary key: the old record id."""
HEADER_NEXT = "next"
"""Message header of a raw delete before a changed primary key: the new record id."""
HEADER_RETRY = "retry"
"""Message header of a raw message sent again from quarantine: the item's id, kept if it is refused again."""
QUARANTINE_CLOSED = "closed"
"""Code of a QuarantineItem on quarantine.clean that reports nothing new but settles the item of the same id."""


def raw_topic(source: str, table: str) -> Topic:
    """Return the raw topic of one table; `table` is schema-qualified as the contract writes it."""
    return RAW.named(source=source, table=table)


def fixed_topics() -> Sequence[Topic]:
    """Return the topics that exist whatever the sources are."""
    return [topic for topic in TOPICS if "<" not in topic.name]
