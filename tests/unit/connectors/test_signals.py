"""Signals: what each changes, what outlives what, and where reading them begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors import orders, signals
from connectors.orders import Outcome, followed, kept, merged, next_signal, obey, requests, without_own
from connectors.protocol import Notice
from connectors.signals import Signals
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing
from hub.wire.memory import MemoryBroker
from hub.wire.records import SourceSignal
from hub.wire.topics import SIGNAL

TABLES = ["public.warga", "public.anak"]


def signal(action: str, id_: str = "a", **more: Any) -> SourceSignal:
    return SourceSignal(id_, "uji", action, at_us=0, **{"table": "", "keys": (), "where": "", "author": "budi", **more})


def after(state: Mapping[str, str], *given: SourceSignal) -> dict[str, str]:
    for number, one in enumerate(given, next_signal(state)):
        outcome = obey(one, TABLES, state, anew=False)
        state = merged(state, {**outcome.state, orders.SIGNAL: str(number + 1)})
    return dict(state)


def codes(outcome: Outcome) -> list[str]:
    return [notice.code for notice in outcome.notices]


def test_a_pause_stands_until_it_is_resumed_and_each_is_told_once() -> None:
    paused = after({}, signal("pause"))
    assert orders.PAUSED in paused
    assert codes(obey(signal("pause", "b"), TABLES, paused, anew=False)) == []
    assert codes(obey(signal("resume", "b"), TABLES, paused, anew=False)) == ["source_resumed"]
    resumed = after(paused, signal("resume", "b"))
    assert orders.PAUSED not in resumed
    assert codes(obey(signal("resume", "c"), TABLES, resumed, anew=False)) == []


def test_requests_are_open_in_their_order_until_a_notice_ends_each() -> None:
    state = after(
        {},
        signal("snapshot", "z", table="public.anak", keys=("1", "2")),
        signal("snapshot", "b", table="public.warga", where="x"),
    )
    first, second = requests(state)
    assert (first.id, first.table, first.keys, first.author) == ("z", "public.anak", ("1", "2"), "budi")
    assert (second.id, second.where) == ("b", "x")
    state = merged(state, followed([Notice("snapshot_started", detail={"request": "z"})], state))
    assert [request.id for request in requests(state)] == ["z", "b"]
    state = merged(state, followed([Notice("snapshot_finished", detail={"request": "z"})], state))
    assert [request.id for request in requests(state)] == ["b"]
    state = merged(state, followed([Notice("signal_refused", detail={"request": "b"})], state))
    assert requests(state) == []


def test_who_asks_for_all_tables_has_one_request_open_for_each() -> None:
    state = after({}, signal("snapshot", "a"), signal("snapshot", "b"))
    assert [(r.id, r.table) for r in requests(state)] == [
        ("a/public.warga", "public.warga"), ("a/public.anak", "public.anak"),
        ("b/public.warga", "public.warga"), ("b/public.anak", "public.anak"),
    ]  # fmt: skip
    done = Notice("snapshot_finished", "public.warga", {"request": "a/public.warga"})
    state = merged(state, followed([done], state))
    assert [r.id for r in requests(state)] == ["a/public.anak", "b/public.warga", "b/public.anak"]
    (only,) = requests(merged({}, obey(signal("snapshot"), TABLES[:1], {}, anew=False).state))
    assert (only.id, only.table) == ("a", "public.warga")


def test_a_finished_snapshot_that_nobody_asked_for_ends_no_request() -> None:
    state = after({}, signal("snapshot"))
    assert followed([Notice("snapshot_finished")], state) == {}
    assert followed([Notice("snapshot_finished", detail={"request": "another"})], state) == {}


def test_a_table_that_resumes_after_drift_is_asked_for() -> None:
    state = merged({}, followed([Notice("table_resumed", "public.warga")], {}))
    (request,) = requests(state)
    assert (request.action, request.table) == ("snapshot", "public.warga")


@pytest.mark.parametrize("wrong", [signal("dance"), signal("snapshot", table="public.lain"), signal("", table="x")])
def test_what_makes_no_sense_is_refused_by_its_id(wrong: SourceSignal) -> None:
    outcome = obey(wrong, TABLES, {}, anew=False)
    assert codes(outcome) == ["signal_refused"]
    assert outcome.notices[0].detail["request"] == "a"
    assert not outcome.state


def test_a_source_without_position_is_read_anyway_so_only_a_pause_counts() -> None:
    assert obey(signal("snapshot"), TABLES, {}, anew=True) == Outcome()
    assert obey(signal("verify"), TABLES, {}, anew=True) == Outcome()
    assert orders.PAUSED in obey(signal("pause"), TABLES, {}, anew=True).state


def test_verification_is_asked_for_a_table_or_for_all() -> None:
    assert obey(signal("verify", table="public.anak"), TABLES, {}, anew=False).verify == "public.anak"
    assert obey(signal("verify"), TABLES, {}, anew=False).verify == ""
    assert obey(signal("pause"), TABLES, {}, anew=False).verify is None


def test_a_new_epoch_keeps_the_pause_and_the_place_in_the_signals_and_drops_requests() -> None:
    state = after({"lsn": "0/1"}, signal("pause"), signal("snapshot", "b"))
    state |= orders.changed({"public.warga": 1_790_000_000})
    assert set(kept(state)) == {orders.PAUSED, orders.SIGNAL, "run:changed:public.warga"}
    assert orders.last_changes(kept(state)) == {"public.warga": 1_790_000_000}


def test_a_kind_sees_nothing_of_the_runner_s_own() -> None:
    assert without_own(after({"lsn": "0/1"}, signal("pause"), signal("snapshot", "b"))) == {"lsn": "0/1"}


class Place:
    """A broker with one source's signals."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.codec = Codec(MemoryRegistry(), register=True)
        self.signals = Signals("uji", self.broker, self.codec)
        self.broker.ensure([SIGNAL.named(source="uji")])

    def send(self, *names: str) -> None:
        for name in names:
            signals.send(signal("pause", name), sender=self.broker, log_=self.broker, codec=self.codec)

    def ids(self, offset: int) -> list[str]:
        return [heard.signal.id for heard in self.signals.catch_up(offset)]

    def polled(self) -> list[str]:
        return [heard.signal.id for heard in self.signals.poll()]


def test_signals_are_heard_from_an_offset_on_once_each() -> None:
    place = Place()
    place.send("a", "b")
    assert [(heard.signal.id, heard.next_offset) for heard in place.signals.catch_up(1)] == [("b", 2)]
    assert place.polled() == []
    place.send("c")
    assert place.polled() == ["c"]
    assert place.polled() == []
    assert place.ids(0) == ["a", "b", "c"]


def test_a_topic_made_anew_is_read_from_its_beginning() -> None:
    place = Place()
    place.send("a")
    assert place.ids(7) == ["a"]


def test_what_is_no_signal_is_passed_over() -> None:
    place = Place()
    place.broker.submit([Outgoing("signal.uji", None, b"rubbish"), Outgoing("signal.uji", None, None)])
    place.send("a")
    assert place.ids(0) == ["a"]
