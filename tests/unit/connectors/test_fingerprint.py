"""Fingerprints: the same rows give the same one, whatever their order, and clean digests as the source does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from connectors.envelope import NULL, SOME
from connectors.fingerprint import Buckets
from connectors.protocol import Surroundings
from hub.clean.rules import Cleaner
from hub.clean.stage import Stage
from hub.wire import contract
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.clock import TestClock
from hub.wire.errors import Halt, TryAgain
from hub.wire.identity import shape_of
from hub.wire.records import CleanPerson
from hub.wire.version import stamp
from tests.unit.clean import raw

AT = stamp(5, 100, 0)
KEY = b"d" * 32


def around(registry: MemoryRegistry) -> Surroundings:
    return Surroundings(b"k" * 32, registry, lambda _: b"", lambda _: 3, TestClock(), KEY)


class Table:
    """One of the shipped tables: its snapshot messages, by number."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.contract = contract.load(contract.SHIPPED / f"{source}.toml")
        self.registry = MemoryRegistry()
        self.sender = raw.Sender(self.registry, source)
        self.buckets = Buckets(self.contract.table[0], around(self.registry))

    def value(self, **columns: Any) -> bytes:
        return self.sender.value("r", {**raw.ROWS[self.source], **columns})


def record(number: int) -> bytes:
    return random.Random(number).randbytes(16)


def test_the_order_of_rows_does_not_matter() -> None:
    prints = []
    for order in (range(40), reversed(range(40))):
        table = Table("dukcapil")
        for number in order:
            table.buckets.add_value(record(number), table.value(id=number))
        prints.append(table.buckets.fingerprint(AT))
    assert prints[0] == prints[1]
    assert sum(prints[0].count) == 40
    assert prints[0].version == AT
    filled = {record(number)[0] for number in range(40)}
    assert {bucket for bucket, count in enumerate(prints[0].count) if count} == filled
    assert {bucket for bucket, digest in enumerate(prints[0].digest) if digest} == filled


def test_one_changed_value_changes_one_bucket() -> None:
    first, second = Table("dukcapil"), Table("dukcapil")
    for number in range(40):
        first.buckets.add_value(record(number), first.value(id=number))
        second.buckets.add_value(
            record(number), second.value(id=number, alamat="LAIN" if number == 7 else "JL. CONTOH NO. 5")
        )
    one, other = first.buckets.fingerprint(AT), second.buckets.fingerprint(AT)
    assert one.count == other.count
    assert [b for b in range(256) if one.digest[b] != other.digest[b]] == [record(7)[0]]


def test_the_source_digests_as_clean_does() -> None:
    table = Table("dapodik")
    codec = Codec(table.registry, register=True)
    stage = Stage(Cleaner({"dapodik": table.contract}, {"dapodik": KEY}, {"person": 4}, TestClock()), codec, 10)
    value = table.value()
    message = table.sender.message(value, key=record(1))
    (person,) = [codec.decode_record(out.value or b"") for out in stage.process([message]).outgoing]
    assert isinstance(person, CleanPerson)
    table.buckets.add_value(record(1), value)
    found = table.buckets.fingerprint(AT)
    assert found.digest[record(1)[0]] == person.digest
    assert list(found.shapes) == [shape_of(person.digest)]


def test_a_soft_deleted_row_and_one_without_a_key_do_not_count() -> None:
    table = Table("dapodik")
    table.buckets.add_value(record(1), table.value(soft_delete=b"\x01"))
    table.buckets.add_value(None, table.value())
    assert sum(table.buckets.fingerprint(AT).count) == 0
    table.buckets.add_value(record(1), table.value(soft_delete=None))
    assert sum(table.buckets.fingerprint(AT).count) == 1


def test_a_snapshot_s_own_beginning_serves_as_well_as_the_whole_message() -> None:
    one, other = Table("dinsos"), Table("dinsos")
    value = one.value()
    one.buckets.add_value(record(3), value)
    whole = other.value()
    end = len(other.sender.value("r", None)) - 7
    other.buckets.add(record(3), whole[:-end])
    assert whole[5:7] == NULL + SOME
    assert one.buckets.fingerprint(AT) == other.buckets.fingerprint(AT)


def test_only_rows_as_a_snapshot_writes_them_are_taken() -> None:
    table = Table("dukcapil")
    with pytest.raises(Halt, match="as a snapshot writes them"):
        table.buckets.add(record(1), table.sender.value("u", raw.DUKCAPIL, before=raw.DUKCAPIL))


def test_a_fingerprint_is_given_up_when_the_connector_stops() -> None:
    table = Table("dukcapil")
    lent = around(table.registry)
    buckets = Buckets(table.contract.table[0], replace(lent))
    value = table.value()

    def read() -> None:
        for number in range(2000):
            buckets.add_value(record(number), value)

    read()
    lent.stopping.set()
    with pytest.raises(TryAgain, match="given up"):
        read()
