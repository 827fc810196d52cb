"""The app refuses what would break order, and is found by Faust under its own name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from faust.transport import drivers

from hub.wire.errors import RefuseToStart
from hub.wire.transport import App, ConsumerView, Place, Transport, Tuning


class OwnStore:
    """A store of offsets that is not Kafka."""

    async def load(self, view: ConsumerView, tps: Iterable[Place]) -> Mapping[Place, int | None]:
        return dict.fromkeys(tps)


async def nothing(stream: object) -> None:
    """Be an agent."""


def test_faust_finds_the_transport_by_its_url() -> None:
    assert drivers.by_url("hub://127.0.0.1:9092") is Transport


def test_all_bootstrap_servers_are_kept() -> None:
    brokers = App("a", "one:1, two:2").conf.broker
    assert [(str(url.scheme), url.host, url.port) for url in brokers] == [("hub", "one", 1), ("hub", "two", 2)]


def test_a_topic_has_one_agent() -> None:
    app = App("a", "one:1")
    app.batches("raw.x", "raw.y")
    with pytest.raises(RefuseToStart, match=r"raw\.y"):
        app.batches("raw.y", "raw.z")
    with pytest.raises(RefuseToStart, match="none"):
        app.batches()


@pytest.mark.parametrize("tuning", [Tuning(serial=True), Tuning(in_hand=2)])
async def test_parallel_agents_are_refused_where_they_would_break_order(tuning: Tuning) -> None:
    app = App("a", "one:1", tuning=tuning, offsets=OwnStore())
    app.agent(app.batches("raw.x"), concurrency=2)(nothing)
    with pytest.raises(RefuseToStart, match="concurrency 2"):
        await app.on_first_start()


async def test_parallel_agents_are_refused_beside_idle_work() -> None:
    app = App("a", "one:1")

    @app.idle(1.0)
    async def work() -> None:
        return None

    app.agent(app.batches("raw.x"), concurrency=2)(nothing)
    with pytest.raises(RefuseToStart, match="idle work"):
        await app.on_first_start()


@pytest.mark.parametrize("method", ["take", "group_by", "noack", "through"])
def test_what_would_acknowledge_elsewhere_is_refused(method: str) -> None:
    app = App("a", "one:1")
    stream = app.stream(app.batches("raw.x"))
    with pytest.raises(TypeError, match="batches"):
        getattr(stream, method)(10)
