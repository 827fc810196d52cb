"""Messages of a batch become link's events; what cannot become one becomes a quarantine item, never a gap.

Each kind of entity has an engine of its own, and a transaction is of one of them; so a batch becomes parts, to be
committed in their order.  A clean topic's batch is one part, judgements part where the kind of entity changes, and a
settled quarantine item is told to every engine, for it does not say whose it is.

A refused row of a known record is `Held`: its old values stay and no sweep takes it.  A message that cannot be
decoded at all blocks the sweeps of its record's table, if the store knows that record, until an operator settles it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from sqlalchemy import Text

from hub.wire import topics
from hub.wire.archive import Archive
from hub.wire.avro import Codec
from hub.wire.decisions import Event, QuarantineClosed
from hub.wire.entities import CLEAN, ENTITIES, Clean, Entity, golden_attributes
from hub.wire.errors import Quarantine
from hub.wire.records import CleanFacility, CleanPerson, Held, Judgement, QuarantineItem, Sweep
from hub.wire.tables import GOLDEN_TABLE
from hub.wire.version import LOWEST

STAGE = "reconcile"
LONGEST = 10_000
"""Characters of the longest value kept; of values that are indexed: `LONGEST_KEY`."""
LONGEST_KEY = 500
_DAYS = range(-719_162, 2_932_897)
"""Days since 1970 of the dates that exist: year 1 to 9999."""
_EXPECTED: dict[str, tuple[type, ...]] = {
    **{topic.name: (CLEAN[entity], Held, Sweep) for entity, topic in topics.CLEAN_TOPIC.items()},
    topics.JUDGEMENT.name: (Judgement,),
    topics.QUARANTINE_CLEAN.name: (QuarantineItem,),
}
_ENTITY: dict[str, Entity] = {topic.name: entity for entity, topic in topics.CLEAN_TOPIC.items()}
"""The kind of entity of each clean topic."""
_SHORTEN = "Perbaiki isi baris ini di sumber: nilainya terlalu panjang atau memuat karakter yang tidak sah."
_WRITER = "Periksa siapa yang menulis ke topik ini; pesan ini bukan milik hub."


class Message(Protocol):
    """A consumed Kafka message, as aiokafka and `hub.wire.broker.Incoming` have it."""

    @property
    def topic(self) -> str:
        """Return the topic."""
        ...

    @property
    def partition(self) -> int:
        """Return the partition."""
        ...

    @property
    def offset(self) -> int:
        """Return the offset."""
        ...

    @property
    def key(self) -> bytes | None:
        """Return the key."""
        ...

    @property
    def value(self) -> bytes | None:
        """Return the value."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Return the headers."""
        ...


@dataclass(slots=True)
class Decoded:
    """A part of a batch, ready for the engine of its kind of entity."""

    entity: Entity = "person"
    next: int | None = None
    """Offset of the next part's first message, None in the last part."""
    events: list[Event] = field(default_factory=list)
    refused: list[QuarantineItem] = field(default_factory=list)
    settled: dict[str, str] = field(default_factory=dict)
    bodies: dict[tuple[bytes, bytes], tuple[Clean, bytes]] = field(default_factory=dict)
    """(record id, version) -> the record and its body as it will be stored."""


class Decoder:
    """Decodes batches of one incarnation of the topics; `place` finds a known record's (source, table).

    `entities` are those that have an engine.
    """

    def __init__(
        self, codec: Codec, archive: Archive, *, now_us: Callable[[], int],
        place: Callable[[bytes], tuple[str, str] | None], identified: Callable[[Sequence[str]], set[str]],
        entities: Collection[Entity] = ENTITIES,
    ) -> None:  # fmt: skip
        self._codec = codec
        self._archive = archive
        self._now_us = now_us
        self._place = place
        self._identified = identified
        self._entities = tuple([entity for entity in ENTITIES if entity in entities])

    def decode(self, messages: Sequence[Message], topic_id: str) -> list[Decoded]:
        """Return the parts of a batch, at least one; raises TryAgain when registry or store is away."""
        topic = messages[0].topic if messages else ""
        parts = [Decoded(_ENTITY.get(topic, self._entities[0]))]
        closed: dict[str, str] = {}
        for message in messages:
            try:
                self._take(message, parts, closed)
            except Quarantine as refusal:
                self._refuse(message, refusal, topic_id, parts[-1])
        self._close(parts[-1], closed)
        if topic == topics.QUARANTINE_CLEAN.name and parts[-1].events:
            others = [Decoded(entity, messages[0].offset, list(parts[-1].events)) for entity in self._entities[1:]]
            return [*others, *parts]
        return parts

    def _take(self, message: Message, parts: list[Decoded], closed: dict[str, str]) -> None:
        value = message.value
        if value is None:
            raise Quarantine("tombstone", "a message without a value has no meaning here", remedy=_WRITER)
        record = self._codec.decode_record(value)
        if not isinstance(record, _EXPECTED[message.topic]):
            raise Quarantine("unexpected_schema", f"a {type(record).__name__} does not belong in this topic",
                             remedy=_WRITER)  # fmt: skip
        if isinstance(record, QuarantineItem):
            if record.code == topics.QUARANTINE_CLOSED:
                closed[record.id] = record.reason
            else:
                parts[-1].refused.append(record)
            return
        if isinstance(record, Clean):
            self._take_clean(message, value, record, parts[-1])
        else:
            _check_texts(record)
        if isinstance(record, Judgement):
            self._part(message, record, parts)
        parts[-1].events.append(cast(Event, record))
        retried = dict(message.headers or ()).get(topics.HEADER_RETRY)
        if retried is not None and message.topic != topics.QUARANTINE_CLEAN.name:
            closed[retried.decode(errors="replace")] = "retried"

    def _part(self, message: Message, judgement: Judgement, parts: list[Decoded]) -> None:
        """Begin another part where a judgement is on another kind of entity than the one before."""
        entity = next((known for known in self._entities if known == judgement.entity), None)
        if entity is None:
            raise Quarantine("unknown_entity", "the judgement is on a kind of entity that the hub does not resolve",
                             remedy=_WRITER, field="entity")  # fmt: skip
        if entity != parts[-1].entity:
            if parts[-1].events or parts[-1].refused:
                parts[-1].next = message.offset
                parts.append(Decoded(entity))
            parts[-1].entity = entity

    def _take_clean(self, message: Message, value: bytes, record: Clean, found: Decoded) -> None:
        try:
            if message.key != record.id:
                raise Quarantine("wrong_key", "the message's key is not its record's id", remedy=_WRITER)
            check_record(record)
        except Quarantine as refusal:
            raise Refused(refusal, record) from refusal
        found.bodies[record.id, record.version] = record, self._archive.adopt(self._codec.writer(value), value)

    def _refuse(self, message: Message, refusal: Quarantine, topic_id: str, found: Decoded) -> None:
        record = refusal.record if isinstance(refusal, Refused) else None
        item = QuarantineItem(
            item_id(message, topic_id), STAGE, record.source if record else "hub",
            record.table if record else message.topic, message.topic, message.partition, message.offset,
            refusal.code, refusal.reason, refusal.remedy, self._now_us(), dict(message.headers or ()),
            record=record.id if record else None, version=record.version if record else None,
            field=refusal.field, key=message.key, payload=message.value,
        )  # fmt: skip
        if record is not None:
            found.events.append(Held(record.source, record.table, record.version, item.id, record.id, record.previous))
        elif message.topic in _ENTITY and message.key is not None:
            place = self._place(message.key)
            if place is not None:
                item = replace(item, source=place[0], table=place[1])
                found.events.append(Held(*place, LOWEST, item.id))
        found.refused.append(item)

    def _close(self, found: Decoded, closed: dict[str, str]) -> None:
        if not closed:
            return
        known = self._identified(sorted(closed)) | {item.id for item in found.refused if item.record is not None}
        found.settled |= closed
        found.events += [QuarantineClosed(item) for item in sorted(closed) if item not in known]


class Refused(Quarantine):
    """A record that was decoded but may not go on."""

    def __init__(self, refusal: Quarantine, record: Clean) -> None:
        super().__init__(refusal.code, refusal.reason, remedy=refusal.remedy, field=refusal.field)
        self.record = record


def item_id(message: Message, topic_id: str) -> str:
    """Return the quarantine id of a message: the same for a repeat, and for a retry of the same item."""
    retried = dict(message.headers or ()).get(topics.HEADER_RETRY)
    if retried is not None:
        return retried.decode(errors="replace")
    name = f"satudata/{STAGE}/{topic_id}/{message.topic}/{message.partition}/{message.offset}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _bounds(entity: Entity) -> tuple[tuple[str, int], ...]:
    """Return the texts of a kind of entity's records and how long each may be: shorter where a column is indexed."""
    indexed = {column.name for index in GOLDEN_TABLE[entity].indexes for column in index.columns}
    columns = GOLDEN_TABLE[entity].columns
    texts = [name for name in golden_attributes(entity) if isinstance(columns[name].type, Text)]
    lengths = [(name, LONGEST_KEY if name in indexed else LONGEST) for name in texts]
    return (("source", LONGEST_KEY), ("table", LONGEST_KEY), *lengths)


_BOUNDS = {CLEAN[entity]: _bounds(entity) for entity in ENTITIES}


def check_record(record: Clean) -> None:
    """Raise Quarantine for a value that PostgreSQL cannot store or index."""
    for name, longest in _BOUNDS[type(record)]:
        _check_text(name, getattr(record, name), longest)
    if isinstance(record, CleanFacility):
        for name in ("latitude", "longitude"):
            degrees = getattr(record, name)
            if degrees is not None and not -180 <= degrees <= 180:
                raise Quarantine("impossible_place", f"{name} lies outside -180 to 180 degrees",
                                 remedy="Perbaiki koordinat di sumber.", field=name)  # fmt: skip
    if not isinstance(record, CleanPerson):
        return
    if record.birth_date is not None and record.birth_date not in _DAYS:
        raise Quarantine("impossible_date", f"day {record.birth_date} lies outside years 1 to 9999",
                         remedy="Perbaiki tanggal lahir di sumber.", field="birth_date")  # fmt: skip


def _check_texts(record: Any) -> None:
    for name in record.__slots__:
        value = getattr(record, name)
        if isinstance(value, str):
            _check_text(name, value, LONGEST)


def _check_text(name: str, value: str | None, longest: int) -> None:
    if value is None:
        return
    if len(value) > longest:
        raise Quarantine("too_long", f"{name} has {len(value)} characters, at most {longest} are kept",
                         remedy=_SHORTEN, field=name)  # fmt: skip
    if "\0" in value:
        raise Quarantine("nul_in_text", f"{name} holds a NUL character", remedy=_SHORTEN, field=name)
