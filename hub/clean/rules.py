"""The rules of the clean stage: a decoded raw message in, what must be sent out.  Pure, but for the clock's stamp.

What cannot be taken is quarantined whole, and a `Held` stands in its place: at its key's partition, or, where the row
cannot be identified, in the clean partition that is the raw partition modulo their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from hub.clean.mapping import RowPlan, TableMap
from hub.wire.broker import Incoming
from hub.wire.clock import Clock
from hub.wire.contract import Contract, Table
from hub.wire.entities import CLEAN, Clean, Entity
from hub.wire.envelope import Change, Layout
from hub.wire.errors import Quarantine
from hub.wire.identity import RECORD_ID_SIZE, row_digest
from hub.wire.records import Held, QuarantineItem, Sweep
from hub.wire.topics import (
    CLEAN_TOPIC,
    HEADER_NEXT,
    HEADER_PREVIOUS,
    HEADER_RETRY,
    HEADER_VERSION,
    LARGE_MESSAGE,
    QUARANTINE_CLEAN,
    raw_topic,
)
from hub.wire.version import LOWEST, SIZE, revise

CLEANING_REVISION = 1
"""Raised when a rule changes what a row becomes: the same raw row then gives a newer version."""
STAGE = "clean"
_ITEMS = UUID("5f0c2a3e-6a0b-5d57-9c55-0d9f4e1c8b11")
_STAMP = SIZE - 4
_LARGEST_PAYLOAD = LARGE_MESSAGE - 64 * 1024
_LIVING = frozenset("cru")
_DEAD = "d"


class Output(NamedTuple):
    """One record to send; `partition` None lets the key decide."""

    partition: int | None
    key: bytes | None
    kind: str
    record: Clean | Held | Sweep | QuarantineItem
    topic: str


class Origin(NamedTuple):
    """Where a row comes from and which state of its record it is."""

    source: str
    table: str
    record: bytes
    version: bytes = LOWEST
    changed_at: int = 0
    digest: int = 0
    previous: bytes | None = None


class _Rules:
    """One table's mapping and key of digests."""

    def __init__(self, source: str, table: Table, key: bytes) -> None:
        self.source = source
        self.table = table.name
        self.map = TableMap(table)
        self.entity = table.entity
        self.topic = CLEAN_TOPIC[table.entity].name
        self.key = key
        self.plans: dict[Layout, RowPlan] = {}

    def plan(self, layout: Layout) -> RowPlan:
        plan = self.plans.get(layout)
        if plan is None:
            plan = self.map.plan(layout.columns)
            self.plans[layout] = plan
        return plan


class Cleaner:
    """The rules of every source; `digest_keys` by source, `partitions` of the clean topic of each kind of entity."""

    def __init__(
        self, contracts: Mapping[str, Contract], digest_keys: Mapping[str, bytes],
        partitions: Mapping[Entity, int], clock: Clock,
    ) -> None:  # fmt: skip
        self._partitions = partitions
        self._clock = clock
        self._rules = {
            raw_topic(source, table.name).name: _Rules(source, table, digest_keys[source])
            for source, contract in contracts.items()
            for table in contract.table
        }

    @property
    def topics(self) -> list[str]:
        """The raw topics that these rules know."""
        return list(self._rules)

    def place_of(self, topic: str) -> tuple[str, str]:
        """Return the source and the table of a raw topic."""
        rules = self._rules[topic]
        return rules.source, rules.table

    def drift_of(self, topic: str, layout: Layout) -> tuple[str, ...]:
        """Return the columns of a layout that the contract does not know."""
        return self._rules[topic].plan(layout).unknown

    def clean(self, message: Incoming, content: Change | Sweep | Held) -> list[Output]:
        """Return what a message becomes; a row that cannot be taken becomes its quarantine item and a Held."""
        if isinstance(content, Sweep):
            return self._swept(message, content)
        if isinstance(content, Held):
            return [self._in_place(message, content.id, content)]
        rules = self._rules[message.topic]
        try:
            record = self._record(rules, message, content)
        except Quarantine as why:
            return self.refuse(message, why)
        return [Output(None, record.id, "change", record, rules.topic)]

    def _record(self, rules: _Rules, message: Incoming, change: Change) -> Clean:
        headers = dict(message.headers)
        record, version = _identity(message, headers)
        if version is None or record is None or not _are_ids(headers):
            raise Quarantine("unidentified", "the message lacks a version of 20 bytes, or an id in it is not 16 bytes",
                             remedy="Kirim ulang lewat konektor sumber ini; pesan ini bukan darinya.")  # fmt: skip
        if change.op == _DEAD:
            return CLEAN[rules.entity](record, version, True, rules.source, rules.table, change.changed_at, 0,
                                       next=headers.get(HEADER_NEXT))  # fmt: skip
        if change.op not in _LIVING or change.after is None:
            raise Quarantine("unknown_op", f"operation {change.op!r} with{'out' * (change.after is None)} a row",
                             remedy="Periksa konektor sumber ini: operasi perubahan tidak dikenal.")  # fmt: skip
        digest = row_digest(rules.key, change.row, change.layout.shape)
        previous = headers.get(HEADER_PREVIOUS)
        origin = Origin(rules.source, rules.table, record, version, change.changed_at, digest, previous)
        return record_of(rules.plan(change.layout), change.after, origin)

    def _swept(self, message: Incoming, marker: Sweep) -> list[Output]:
        """Return the marker once for every clean partition: link acts when it has every pair."""
        rules = self._rules[message.topic]
        several = self._partitions[rules.entity]
        return [
            Output(at, None, "sweep", replace(marker, clean_partition=at, clean_partitions=several), rules.topic)
            for at in range(several)
        ]

    def refuse(self, message: Incoming, why: Quarantine) -> list[Output]:
        """Return the quarantine item of a message and the marker that stands in its place."""
        rules = self._rules[message.topic]
        headers = dict(message.headers)
        record, version = _identity(message, headers)
        item = self._item(message, headers, why)
        identified = version is not None and _are_ids(headers)
        held = Held(rules.source, rules.table, version or LOWEST, item.id, record if identified else None,
                    headers.get(HEADER_PREVIOUS) if identified else None)  # fmt: skip
        return [
            Output(None, item.id.encode(), "quarantine", item, QUARANTINE_CLEAN.name),
            self._in_place(message, held.id, held),
        ]

    def _in_place(self, message: Incoming, record: bytes | None, held: Held) -> Output:
        rules = self._rules[message.topic]
        at = message.partition % self._partitions[rules.entity] if record is None else None
        return Output(at, record, "held", held, rules.topic)

    def _item(self, message: Incoming, headers: Mapping[str, bytes], why: Quarantine) -> QuarantineItem:
        rules = self._rules[message.topic]
        record, version = _identity(message, headers)
        place = f"{STAGE}/{message.topic}/{message.partition}/{message.offset}"
        again = headers.get(HEADER_RETRY)
        payload, reason = message.value, why.reason
        if payload is not None and len(payload) > _LARGEST_PAYLOAD:
            payload = None
            reason += f"; its {len(message.value or b'')} bytes stand in {message.topic} only"
        return QuarantineItem(
            again.decode("ascii", "replace") if again else str(uuid5(_ITEMS, place)), STAGE, rules.source, rules.table,
            message.topic, message.partition, message.offset, why.code, reason, why.remedy, self._clock.now_us(),
            {name: value for name, value in headers.items() if name != HEADER_RETRY}, record, version, why.field,
            message.key, payload,
        )  # fmt: skip


def clean_row(mapping: TableMap, row: Mapping[str, Any], origin: Origin) -> Clean:
    """Return what a row of Python values becomes, by the same rules; raises Quarantine.

    For who reads an OPD's database directly: birth dates in the future stand when the change's time is 0.
    """
    return record_of(mapping.plan_of(row), row, origin)


def record_of(plan: RowPlan, row: Mapping[str, Any], origin: Origin) -> Clean:
    """Return a row's canonical record; a soft delete is a deleted record."""
    source, table, record, version, changed_at, digest, previous = origin
    values = plan.values(row, changed_at)
    cls = CLEAN[plan.shape.entity]
    if values is None:
        return cls(record, version, True, source, table, changed_at, 0, previous)
    return cls(record, version, False, source, table, changed_at, digest, previous, None, plan.key_of(row), *values)


def _identity(message: Incoming, headers: Mapping[str, bytes]) -> tuple[bytes | None, bytes | None]:
    """Return a message's record id and version, None for what is not as it must be."""
    key, stamp = message.key, headers.get(HEADER_VERSION)
    record = key if key is not None and len(key) == RECORD_ID_SIZE else None
    return record, revise(stamp, CLEANING_REVISION) if stamp is not None and len(stamp) == _STAMP else None


def _are_ids(headers: Mapping[str, bytes]) -> bool:
    return all(len(headers[name]) == RECORD_ID_SIZE for name in (HEADER_PREVIOUS, HEADER_NEXT) if name in headers)
