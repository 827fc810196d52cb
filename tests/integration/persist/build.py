"""Works of invented people, small enough to read in a test."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.persist.commit import Writer
from hub.persist.lease import Lease
from hub.persist.messages import Coding
from hub.persist.work import Log, Move, Work
from hub.wire import version
from hub.wire.archive import Archive
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.decisions import Cause, Delta, EdgeRow, EntityDelta, Level, RecordRow
from hub.wire.records import CleanPerson, GoldenPerson, Member, QuarantineItem, Win

LOG = Log("cluster", "topic", 0)
CODEC = Codec(MemoryRegistry(), register=True)
LEVELS = (Level("nik", "equal", 9000), Level("name", "similar", 3000))


def at(position: int) -> bytes:
    """Return the version of a position."""
    return version.pack(1, position, 0)


def record_id(number: int) -> bytes:
    """Return a record id that a test can name by a number."""
    return number.to_bytes(16, "big")


def entity(number: int) -> str:
    """Return an entity id that a test can name by a number."""
    return str(uuid.UUID(int=number))


def person(number: int, position: int = 1, name: str = "SITI AMINAH", source: str = "dukcapil") -> CleanPerson:
    """Return a record with every kind of value."""
    return CleanPerson(
        record_id(number), at(position), False, source, "public.penduduk", 1_700_000_000_000_000, 7,
        nik=f"{1508040000000000 + number}", kk="1508041234567890", name=name, sex="female", birth_date=9000,
        birth_place="MUARA BUNGO", mother="RATNA", phone="+628120000001", street="JALAN LINTAS", rt=1, rw=2,
        region="15.08.04", region_system="kemendagri", marital="single", vital="alive",
    )  # fmt: skip


def row(body: CleanPerson, *, deleted: bool = False, keep: bool = False) -> RecordRow:
    """Return the record row of a person: living with its values, deleted, or living with what the store has."""
    return RecordRow(body.id, body.source, body.table, body.version, body.version, body.id, deleted, None,
                     None if deleted or keep else body)  # fmt: skip


def golden(entity_id: str, members: Sequence[CleanPerson]) -> GoldenPerson:
    """Return the golden record that takes everything from the first member."""
    first = members[0]
    wins = tuple(Win(group, "only", first.source, first.id, first.changed_at) for group in ("nik", "name"))
    return GoldenPerson(
        entity_id, 0, 0, "active", nik=first.nik, kk=first.kk, name=first.name, sex=first.sex,
        birth_date=first.birth_date, birth_place=first.birth_place, mother=first.mother, phone=first.phone,
        street=first.street, rt=first.rt, rw=first.rw, region=first.region, region_system=first.region_system,
        marital=first.marital, vital=first.vital, wins=wins,
        members=tuple(Member(member.id, member.source, member.table) for member in members),
    )  # fmt: skip


def change(entity_id: str, members: Sequence[CleanPerson], kind: str = "changed", **rest: object) -> EntityDelta:
    """Return what became of an entity."""
    return EntityDelta(entity_id, tuple(member.id for member in members), kind,
                       (Cause("record", "00"),), **rest)  # type: ignore[arg-type]  # fmt: skip


def edge(a: int, b: int, weight: int = 12_000) -> EdgeRow:
    """Return a scored pair."""
    return EdgeRow(record_id(a), record_id(b), weight, LEVELS)


def work(
    entities: Sequence[tuple[EntityDelta, Sequence[CleanPerson]]], records: Sequence[RecordRow] = (),
    moves: Sequence[Move] = (), refused: Sequence[QuarantineItem] = (), **delta: object,
) -> Work:  # fmt: skip
    """Return one transaction's work; by default its records are the entities' members."""
    bodies = [body for _, members in entities for body in members]
    return Work(
        Delta(records=list(records) or [row(body) for body in bodies], entities=[each for each, _ in entities],
              seen_ids=[(body.id, body.version) for body in bodies], **delta),  # type: ignore[arg-type]
        {each.entity_id: golden(each.entity_id, members) for each, members in entities if members},
        moves, refused,
    )  # fmt: skip


def created(number: int, *members: CleanPerson) -> tuple[EntityDelta, Sequence[CleanPerson]]:
    """Return a new entity of these members."""
    return change(entity(number), members, "created"), members


def changed(number: int, *members: CleanPerson, **rest: object) -> tuple[EntityDelta, Sequence[CleanPerson]]:
    """Return an entity that now has these members."""
    return change(entity(number), members, **rest), members


def vanished(number: int, kind: str, *others: int) -> tuple[EntityDelta, Sequence[CleanPerson]]:
    """Return an entity that is no more."""
    return change(entity(number), (), kind, other_ids=tuple(entity(other) for other in others)), ()


def writer(url: str, lease: Lease) -> Writer:
    """Return the writer of a lease."""
    return Writer(url, lease.epoch, Coding(CODEC, Archive()))


def item(number: int, **values: object) -> QuarantineItem:
    """Return a quarantine item of one record."""
    given: dict[str, object] = {
        "id": str(uuid.UUID(int=number)), "stage": "clean", "source": "dapodik", "table": "public.peserta_didik",
        "topic": "raw.dapodik.public.peserta_didik", "partition": 0, "offset": number, "code": "unknown_value",
        "reason": "an unknown value", "remedy": "Perbaiki di sumber.", "at": 1_700_000_000_000_000,
        "headers": {"version": b"\x00\xff"}, "record": record_id(number), "version": at(number), "payload": b"\x00x",
    }  # fmt: skip
    return QuarantineItem(**{**given, **values})  # type: ignore[arg-type]
