"""A batch: what is sent, counted, halted, and tried again."""

from __future__ import annotations

import pytest

from hub.clean.stage import Stage
from hub.wire import avro, metrics
from hub.wire.broker import Incoming
from hub.wire.errors import Halt, TryAgain
from hub.wire.topics import HEADER_RETRY
from tests.unit.clean.conftest import LIMIT, Bench
from tests.unit.clean.raw import DUKCAPIL, Sender


def bad(sender: Sender, **more: bytes) -> Incoming:
    return sender.change("u", {**DUKCAPIL, "jk": "X"}, **more)


def test_a_batch_keeps_the_log_s_order(bench: Bench) -> None:
    sender = bench.sender("dukcapil")
    keys = [bytes([n]) * 16 for n in range(9)]
    out = bench.stage.process([sender.change("c", DUKCAPIL, key=key) for key in keys]).outgoing
    assert [o.key for o in out] == keys


def test_nothing_is_counted_before_it_is_acknowledged(bench: Bench) -> None:
    counter = metrics.CLEANED.labels("dukcapil", "public.penduduk")
    flags = metrics.FLAGGED.labels("dukcapil", "birth_date", "default")
    refused = metrics.QUARANTINED.labels("clean", "dukcapil", "unknown_value")
    before = counter._value.get(), flags._value.get(), refused._value.get()
    sender = bench.sender("dukcapil")
    work = bench.stage.process([sender.change("c", DUKCAPIL), bad(sender), sender.change("c", DUKCAPIL)])
    assert (counter._value.get(), flags._value.get(), refused._value.get()) == before
    bench.stage.settled(work)
    assert (counter._value.get(), flags._value.get(), refused._value.get()) == (
        before[0] + 2, before[1] + 2, before[2] + 1
    )  # fmt: skip


def test_too_many_refused_in_a_row_halt_and_name_the_source(bench: Bench) -> None:
    sender = bench.sender("dukcapil")
    bench.stage.settled(bench.stage.process([bad(sender) for _ in range(LIMIT)]))
    with pytest.raises(Halt, match=r"source dukcapil: 6 rows.*unknown_value"):
        bench.stage.process([bad(sender)])


def test_a_good_row_another_source_and_a_retry_do_not_add_up(bench: Bench) -> None:
    sender, other = bench.sender("dukcapil"), bench.sender("dinsos")
    for _ in range(3):
        bench.stage.settled(bench.stage.process([bad(sender) for _ in range(LIMIT)]))
        bench.stage.settled(bench.stage.process([sender.change("c", DUKCAPIL)]))
    rows = [*[bad(sender) for _ in range(LIMIT)], *[other.message(b"x") for _ in range(LIMIT)]]
    again = [bad(sender, headers=((HEADER_RETRY, b"item"),)) for _ in range(LIMIT)]  # type: ignore[arg-type]
    assert len(bench.stage.process([*rows, *again]).outgoing) == 6 * LIMIT


def test_a_retried_row_that_is_good_now_tells_which_item_it_settles(bench: Bench) -> None:
    retried = ((HEADER_RETRY, b"item"),)
    sender = bench.sender("dukcapil")
    (good,) = bench.stage.process([sender.change("c", DUKCAPIL, headers=retried)]).outgoing
    assert dict(good.headers)[HEADER_RETRY] == b"item"
    refused = bench.stage.process([bad(sender, headers=retried)]).outgoing  # type: ignore[arg-type]
    assert not any(HEADER_RETRY in dict(out.headers) for out in refused)


def test_a_batch_worked_out_again_is_not_counted_twice(bench: Bench) -> None:
    batch = [bad(bench.sender("dukcapil")) for _ in range(LIMIT)]
    first = bench.stage.process(batch).outgoing
    again = bench.stage.process(batch).outgoing
    assert [bench.read(o).id for o in first if o.topic == "quarantine.clean"] == [
        bench.read(o).id for o in again if o.topic == "quarantine.clean"
    ]


class Away(avro.MemoryRegistry):
    """A registry that does not answer."""

    def schema(self, schema_id: int) -> str:
        raise TryAgain(f"registry does not answer for schema id {schema_id}")


def test_a_registry_that_is_away_keeps_the_batch_whole(bench: Bench) -> None:
    message = bench.sender("dukcapil").change("c", DUKCAPIL)
    stage = Stage(bench.cleaner, avro.Codec(Away(), register=True), LIMIT)
    with pytest.raises(TryAgain):
        stage.process([message])
    assert len(bench.stage.process([message]).outgoing) == 1
