"""After a restore every membership tells the truth: what holds again, and the end of what only subscribers know."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import psycopg

from hub.serve.restored_memberships import republish, seen_on
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.broker import Outgoing
from hub.wire.memory import MemoryBroker
from hub.wire.records import Membership
from hub.wire.topics import GOLDEN_MEMBERSHIP
from tests.integration.serve.stores import TestStore

CODEC = Codec(MemoryRegistry(), register=True)
AT = datetime(2026, 11, 28, tzinfo=UTC)
AT_US = int(AT.timestamp() * 1_000_000)


def membership(number: int, status: str = "active", until: int | None = None) -> Membership:
    """Return an invented membership."""
    return Membership(str(UUID(int=number)), 1, 7, status, str(UUID(int=100 + number)), str(UUID(int=500)), "member", 5,
                      "dukcapil", b"r" * 16, 60_000_000, until)  # fmt: skip


def test_what_subscribers_take_for_holding_is_the_last_word_of_each() -> None:
    broker = MemoryBroker()
    broker.ensure([GOLDEN_MEMBERSHIP])
    for one in (membership(1), membership(2), membership(2, "ended", 9), membership(3, "ended", 9), membership(3)):
        broker.submit([Outgoing(GOLDEN_MEMBERSHIP.name, one.membership_id.encode(), CODEC.encode(one))])
    assert seen_on(broker, CODEC) == {one.membership_id: one for one in (membership(1), membership(3))}


def test_the_store_decides_what_holds_and_what_has_ended(migrated: str) -> None:
    TestStore(migrated).close()
    with psycopg.connect(migrated) as store:
        for number, until in ((1, None), (2, datetime(2026, 1, 1, tzinfo=UTC))):
            one = membership(number)
            store.execute(
                "insert into store.membership values (%s, %s, %s, 'member', 5, 'dukcapil', %s, to_timestamp(60), %s, "
                "1, 7)",
                (one.membership_id, one.person_id, one.family_id, one.record, until),
            )
        seen = {one.membership_id: one for one in (membership(1), membership(2), membership(4))}
        republish(store, CODEC, seen, (2, 50), AT)
        rows = store.execute("select key, value, headers from store.outbox order by id").fetchall()
        stamped = store.execute("select generation, sequence from store.membership where until is null").fetchall()
    told = {key.decode(): CODEC.decode_record(value) for key, value, _ in rows}
    assert {id_: (one.status, one.until) for id_, one in told.items()} == {
        membership(1).membership_id: ("active", None),
        membership(2).membership_id: ("ended", 1_767_225_600_000_000),
        membership(4).membership_id: ("ended", AT_US),
    }
    assert {(one.generation, one.sequence) for one in told.values()} == {(2, 50)}
    assert rows[0][2]["ce_id"].endswith("/2.50")
    assert stamped == [(2, 50)]
