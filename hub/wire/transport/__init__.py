"""Faust without its ways to lose data: batches of raw records, acknowledged when their effect is durable.

    app = App("clean", bootstrap)

    @app.agent(app.batches("raw.dukcapil.public.penduduk"))
    async def clean(stream):
        async for batch in stream:      # batch.tp, batch.base, batch.next, batch.records
            await work(batch)           # coming back for the next one acknowledges this one

    sys.exit(run(app))

An error in the body acknowledges nothing: an error of `retry_on` (TryAgain) rewinds the partition and pauses it, any
other ends the process with code 1.  Faust finds this module through the entry point `hub` of `faust.transports`.
Decision: docs/decisions/0002-own-faust-transport.md.
"""

from faust.transport.drivers import aiokafka as _driver

from hub.wire.transport.app import App, run
from hub.wire.transport.batch import Batch, Place
from hub.wire.transport.consumer import Consumer
from hub.wire.transport.offsets import ConsumerView, KafkaOffsets, OffsetSource, Outside
from hub.wire.transport.tuning import Tuning


class Transport(_driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport with the hub's consumer."""

    Consumer = Consumer


__all__ = [
    "App",
    "Batch",
    "ConsumerView",
    "KafkaOffsets",
    "OffsetSource",
    "Outside",
    "Place",
    "Transport",
    "Tuning",
    "run",
]
