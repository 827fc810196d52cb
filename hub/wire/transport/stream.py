"""The agent's side: a stream of batches, acknowledged when the loop body is re-entered and at no other moment."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import faust
import mode

from hub.wire.errors import Halt
from hub.wire.transport.batch import Batch
from hub.wire.transport.idle import Idle

_FAUST_LOGGER = logging.getLogger("faust.agents")


class RawSchema(faust.Schema):  # type: ignore[misc]
    """Decodes nothing: bytes reach the agent, so no poison is acknowledged behind its back (fault L4)."""

    def compile(self, app: Any, **_: Any) -> Any:
        """Return the function that makes an event of a batch message."""
        create = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust's signature
            return create(None, message.value, message.headers, message)

        return decode


class Stream(faust.Stream):  # type: ignore[misc]
    """Yields batches; stock acknowledges in `finally`, also when the body raised (faults L1, L2)."""

    logger = _FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current: Any = None
        self._getting: asyncio.Task[Any] | None = None

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Batch:
        await self.maybe_start()
        consumer = self.app.consumer
        if self._current is not None:
            done, self._current = self._current, None
            consumer.finish(done)
        while True:
            message = (await self._next_event()).message
            if consumer.take(message):
                self._current = message
                batch: Batch = message.value
                return batch

    async def _next_event(self) -> Any:
        idle: Idle | None = self.app.idle_work
        if idle is None:
            return await self.channel.queue.get()
        while True:
            if not self.app.ending:
                await idle.run_if_due()
            if self._getting is None:
                self._getting = self.loop.create_task(self.channel.queue.get())
            done, _ = await asyncio.wait({self._getting}, timeout=idle.left())
            if done:
                getting, self._getting = self._getting, None
                return getting.result()

    def abandon(self, reason: str) -> None:
        """Give the batch in hand back, if there is one."""
        if self._getting is not None:
            self._getting.cancel()
            self._getting = None
        if self._current is not None:
            failed, self._current = self._current, None
            self.app.consumer.fail(failed, reason)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("the stream already holds batches: take, group_by and through have no meaning here")

    take = take_events = take_with_timestamp = noack_take = noack = events = items = group_by = through = _refuse


class Agent(faust.Agent):  # type: ignore[misc]
    """Tells the stream when the body raised: wait and retry, or end the process; never go on past it."""

    logger = _FAUST_LOGGER

    async def _execute_actor(self, coro: Any, aref: Any) -> None:
        await super()._execute_actor(self._guarded(coro, aref.stream), aref)

    async def _guarded(self, coro: Any, stream: Stream) -> None:
        try:
            await coro
        except asyncio.CancelledError:
            stream.abandon("cancelled")
            raise
        except Exception as error:
            stream.abandon(type(error).__name__)
            if not isinstance(error, self.app.retry_on):
                self.app.end(error)
            raise
        stream.abandon("agent returned")
        if not (self.should_stop or self.app.should_stop or self.app.ending):
            self.app.end(Halt(f"agent {self.name} returned; an agent reads for ever: mend it and start again"))


class Supervisor(mode.OneForOneSupervisor):  # type: ignore[misc]
    """Restarts an agent without the stock bucket, which ends the process at two restarts within 10 ms.

    The pace is kept by the pause of the failed partition.
    """

    logger = _FAUST_LOGGER

    async def restart_service(self, service: Any) -> None:
        """Put a fresh actor in the dead one's place."""
        index = self._index[service]
        fresh = await self.replacement(service, index)
        fresh.supervisor = self
        self.insert(index, fresh)
        await fresh.maybe_start()
