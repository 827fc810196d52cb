"""aiokafka's consumer in its own thread, as the hub needs it; everything here runs on that thread's loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
)
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver

from hub.wire import log
from hub.wire.transport.batch import Place

_LOG = log.get(__name__)
_NOT_OURS = (
    CommitFailedError, IllegalGenerationError, IllegalStateError, RebalanceInProgressError, UnknownMemberIdError
)  # fmt: skip


class Thread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's consumer thread with committed reads, explicit positions and commits that never end the process."""

    logger = logging.getLogger("faust.transport")

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        tuning = self.app.tuning
        consumer._isolation_level = "read_committed"  # stock reads what transactions took back (fault L8)
        consumer._auto_offset_reset = "none"  # positions are always set by us, never silently reset
        consumer._fetch_max_wait_ms = tuning.fetch_wait_ms  # stock hard-codes 1500
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, then take the delay that one unread partition would put on its neighbours."""
        await super().on_start()
        self._consumer._fetcher._prefetch_backoff = self.app.tuning.prefetch_backoff_s

    def touch(self) -> None:
        """Count as a poll: a busy or waiting app is alive and keeps its membership (fault L9)."""
        if self._consumer is not None:
            with self._consumer._subscription.fetch_context():
                pass

    async def look_up_topics(self) -> None:
        """Ask for the partitions of subscribed topics that are unknown (fault L10).

        aiokafka lets a failed request for metadata rest until the metadata is five minutes old, and a leader that
        joins meanwhile assigns nothing to anybody.  Once the answer is there it joins again by itself.
        """
        consumer = self._consumer
        subscription = None if consumer is None else consumer._subscription.subscription
        topics = frozenset() if subscription is None else subscription.topics
        unknown = sorted(topic for topic in topics if not consumer._client.cluster.partitions_for_topic(topic))
        if unknown:
            _LOG.warning("topics_unknown", topics=unknown, remedy="asked again; if it lasts, run `satudata prepare`")
            await consumer._client.force_metadata_update()

    async def committed_offsets(self, tps: Iterable[Place]) -> dict[Place, int]:
        """Return the group's committed offsets, without the partitions that have none."""
        wanted = [TopicPartition(*tp) for tp in tps]
        found = await self._consumer._coordinator.fetch_committed_offsets(wanted)
        return {Place(*tp): known.offset for tp, known in found.items() if known.offset >= 0}

    async def log_bounds(self, tps: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        """Return (first offset, next offset) of each partition."""
        wanted = [TopicPartition(*tp) for tp in tps]
        begin = await self._consumer.beginning_offsets(wanted)
        end = await self._consumer.end_offsets(wanted)
        return {Place(*tp): (begin[tp], end[tp]) for tp in wanted}

    async def seek_all(self, offsets: Mapping[Place, int]) -> None:
        """Set positions; raises IllegalStateError for a partition that is no longer ours."""
        for tp, offset in offsets.items():
            self._consumer.seek(TopicPartition(*tp), offset)

    def waiting(self, tp: Place) -> int | None:
        """Return how many records of the log are not fetched yet, None while unknown."""
        consumer = self._consumer
        assignment = None if consumer is None else consumer._subscription.subscription.assignment
        if assignment is None or TopicPartition(*tp) not in assignment.tps:
            return None
        state = assignment.state_value(TopicPartition(*tp))
        if state is None or state.highwater is None or not state.has_valid_position:
            return None
        return max(0, int(state.highwater) - int(state._position))

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        wanted = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            await asyncio.wait_for(self._consumer.commit(wanted), self.app.tuning.commit_s)
        except (GroupAuthorizationFailedError, TopicAuthorizationFailedError):
            raise
        except _NOT_OURS as error:
            _LOG.info("commit_refused", reason=type(error).__name__)
            return False
        except (KafkaError, TimeoutError) as error:
            _LOG.warning("commit_failed", reason=type(error).__name__)
            return False
        return True
