"""A refused message still tells whether the source has its row, and the digest that clean would have taken."""

from __future__ import annotations

from typing import Any

import pytest

from hub.clean.rules import Cleaner
from hub.clean.stage import Stage
from hub.verify.refused import Refused, Told
from hub.wire import contract
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.clock import TestClock
from hub.wire.records import CleanPerson
from tests.unit.clean import raw

KEY = b"d" * 32
UNKNOWN, GONE = Told(counts=True, digest=None), Told(counts=False, digest=None)


class Desk:
    def __init__(self, source: str) -> None:
        self.source = source
        made = contract.load(contract.SHIPPED / f"{source}.toml")
        self.table = made.table[0].name
        registry = MemoryRegistry()
        self.codec = Codec(registry, register=True)
        self.sender = raw.Sender(registry, source)
        self.refused = Refused(self.codec, {source: made}, {source: KEY})
        self.stage = Stage(Cleaner({source: made}, {source: KEY}, {"person": 4}, TestClock()), self.codec, 10)

    def told(self, payload: bytes | None, topic: str | None = "") -> Told:
        return self.refused.told(self.source, self.table, self.sender.topic if topic == "" else topic, payload)

    def cleaned(self, value: bytes) -> CleanPerson:
        (out,) = self.stage.process([self.sender.message(value)]).outgoing
        person = self.codec.decode_record(out.value or b"")
        assert isinstance(person, CleanPerson)
        return person


@pytest.mark.parametrize("source", raw.ROWS)
def test_the_digest_is_the_one_that_clean_takes(source: str) -> None:
    desk = Desk(source)
    value = desk.sender.value("u", raw.ROWS[source])
    assert desk.told(value) == Told(counts=True, digest=desk.cleaned(value).digest)


def test_a_delete_and_a_soft_delete_are_no_rows() -> None:
    desk = Desk("dapodik")
    assert desk.told(desk.sender.value("d", None, before=raw.DAPODIK)) == GONE
    assert desk.told(desk.sender.value("u", {**raw.DAPODIK, "soft_delete": b"\x01"})) == GONE


def test_a_refused_clean_record_tells_its_own_digest() -> None:
    desk = Desk("dukcapil")
    person = desk.cleaned(desk.sender.value("c", raw.DUKCAPIL))
    assert desk.told(desk.codec.encode(person), "clean.person") == Told(counts=True, digest=person.digest)
    gone = CleanPerson(person.id, person.version, True, "dukcapil", desk.table, 1, 0)
    assert desk.told(desk.codec.encode(gone), "clean.person") == GONE


@pytest.mark.parametrize("payload", [None, b"", b"poison", b"\0\0\0\0\x63rest"])
def test_what_cannot_be_read_counts_but_is_not_guessed(payload: Any) -> None:
    desk = Desk("dukcapil")
    assert desk.told(payload) == UNKNOWN
    assert desk.told(payload, "clean.person") == UNKNOWN
    assert desk.told(payload, None) == UNKNOWN
