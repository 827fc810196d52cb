"""Stores with invented people, written by the hub's own writer: what serve and publish read is what persist writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

import psycopg

from hub.persist.commit import Writer
from hub.persist.messages import Coding
from hub.persist.reviews import Reviews
from hub.persist.work import Work
from hub.wire.archive import Archive
from hub.wire.avro import Codec, MemoryRegistry
from hub.wire.decisions import (
    Cause,
    Delta,
    Doubt,
    Doubts,
    EdgeRow,
    EntityDelta,
    JudgementRow,
    Level,
    NoteRow,
    RecordRow,
)
from hub.wire.records import CleanPerson, GoldenPerson, Loser, Member, QuarantineItem, Win
from hub.wire.version import pack

_SPACE = UUID("9d1c5a3e-5b2f-4f0e-8f54-2b6c1d7e9a10")
TABLES = {"dukcapil": "public.penduduk", "dapodik": "public.peserta_didik", "dinsos": "public.penerima"}
BORN = 8845  # 1994-03-21


def record_id(number: int) -> bytes:
    """Return the id of an invented record."""
    return uuid5(_SPACE, f"record {number}").bytes


def entity_id(number: int) -> str:
    """Return the id of an invented entity."""
    return str(uuid5(_SPACE, f"entity {number}"))


@dataclass(slots=True)
class TestStore:
    """A migrated store (`tests.services.fixtures.fresh_store`) with the writer's lease held, and a writer on it."""

    __test__ = False
    url: str
    codec: Codec = field(default_factory=lambda: Codec(MemoryRegistry(), register=True))
    epoch: int = 0
    queue: Reviews = field(default_factory=lambda: Reviews("person", "person-1", {"dinsos"}))
    _writer: Writer | None = None
    _step: int = 0

    def __post_init__(self) -> None:
        self.lead()

    def lead(self) -> None:
        """Take the lease and write as its holder."""
        with psycopg.connect(self.url, autocommit=True) as database:
            row = database.execute(
                "update link.lease set epoch = epoch + 1, holder = 'test', expires_at = clock_timestamp() + "
                "interval '1 hour' where expires_at < clock_timestamp() returning epoch"
            ).fetchone()
        assert row is not None, "the lease is not free"
        self.epoch = int(row[0])
        self._writer = Writer(self.url, self.epoch, Coding(self.codec, Archive()))

    def retire(self) -> None:
        """Give the lease back."""
        self.close()
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("update link.lease set expires_at = clock_timestamp()")

    def commit(self, delta: Delta, golden: Iterable[GoldenPerson] = (), **more: object) -> int:
        """Write one transaction; return its commit sequence."""
        assert self._writer is not None
        made = Work(delta, {one.entity_id: one for one in golden}, **more)  # type: ignore[arg-type]
        return self._writer.commit(made).sequence

    def person(
        self, entity: int, records: Sequence[tuple[int, str]], *, name: str = "SEKAR MELATI", nik: str | None = None
    ) -> None:
        """Write an entity made of records (number, source): created first, changed later."""
        self._step += 1
        rows = [self.record(number, source) for number, source in records]
        golden = golden_of(entity, records, name=name, nik=nik)
        cause = Cause("record", rows[0].id.hex())
        edges = [scored(a.id, b.id) for at, a in enumerate(rows) for b in rows[at + 1 :]]
        members = tuple(sorted(row.id for row in rows))
        self.commit(
            Delta(records=rows, edges=edges,
                  entities=[EntityDelta(entity_id(entity), members, "created" if self._step == 1 else "changed",
                                        (cause,))]),
            [golden],
        )  # fmt: skip

    def merge(self, gone: int, into: int, records: Sequence[tuple[int, str]], *, name: str = "SEKAR MELATI") -> None:
        """Write that an entity's records now belong to another."""
        members = tuple(sorted(record_id(number) for number, _ in records))
        cause = (Cause("record", members[0].hex()),)
        self.commit(
            Delta(entities=[EntityDelta(entity_id(gone), (), "merged", cause, (entity_id(into),)),
                            EntityDelta(entity_id(into), members, "changed", cause, (entity_id(gone),))]),
            [golden_of(into, records, name=name)],
        )  # fmt: skip

    def vanish(self, entity: int) -> None:
        """Write that an entity's records are gone."""
        self.commit(Delta(entities=[EntityDelta(entity_id(entity), (), "deleted", (Cause("sweep", "x"),))]))

    def judge(self, *rows: JudgementRow, notes: Sequence[NoteRow] = ()) -> None:
        """Write judgements, and notes on them, as reconcile keeps them."""
        self.commit(Delta(judgements=list(rows), notes=list(notes)))

    def doubt(self, *doubts: Doubt, looked: Iterable[int] = (), delta: Delta | None = None) -> None:
        """Write doubts as reconcile keeps them; all that were told of these records before are void."""
        ids = {end for doubt in doubts for end in (doubt.a, doubt.b)} | {record_id(number) for number in looked}
        change = self.queue.difference(Doubts(tuple(ids), doubts), delta)
        self.commit(delta or Delta(), reviews=change)
        self.queue.taken(change)

    def refuse(self, *items: QuarantineItem) -> None:
        """Write quarantine items."""
        self.commit(Delta(), refused=items)

    def record(self, number: int, source: str) -> RecordRow:
        """Return a record's row at the present step."""
        version = pack(1, self._step, 0)
        body = CleanPerson(record_id(number), version, False, source, TABLES[source], 1_700_000_000_000_000, 1,
                           name="SEKAR MELATI", birth_date=BORN)  # fmt: skip
        return RecordRow(body.id, source, body.table, version, version, body.id, False, None, body)

    def close(self) -> None:
        """Give the connection back."""
        if self._writer is not None:
            self._writer.close()


def golden_of(
    entity: int, records: Sequence[tuple[int, str]], *, name: str = "SEKAR MELATI", nik: str | None = None
) -> GoldenPerson:
    """Return an invented golden record whose name came from its first record and lost against the others."""
    first, *rest = records
    at = 1_700_000_000_000_000
    losers = tuple(Loser(source, record_id(number), at, f'{{"name": "S. {name}"}}') for number, source in rest)
    wins = (Win("name", "rank" if rest else "only", first[1], record_id(first[0]), at, losers),)
    members = tuple(sorted((Member(record_id(number), source, TABLES[source]) for number, source in records),
                           key=lambda member: member.record))  # fmt: skip
    return GoldenPerson(
        entity_id(entity), 0, 0, "active", nik=nik, kk="1508010102030004", name=name, sex="female", birth_date=BORN,
        phone="+6281234567890", wins=wins, members=members,
    )  # fmt: skip


def scored(a: bytes, b: bytes) -> EdgeRow:
    """Return a scored pair."""
    low, high = sorted((a, b))
    return EdgeRow(low, high, 14_500, (Level("nik", "missing", 0), Level("name", "exact", 9_000),
                                       Level("birth", "swapped", 5_500)))  # fmt: skip


def judged(id_: str, a: int, b: int, verdict: str, state: str = "active", sequence: int = 1) -> JudgementRow:
    """Return a judgement on two invented records."""
    low, high = sorted((record_id(a), record_id(b)))
    return JudgementRow(id_, sequence, low, high, verdict, "petugas.contoh", "diperiksa", 1_700_000_000_000_000, None,
                        state)  # fmt: skip


def noted(id_: str, judgement: str, kind: str, state: str = "taken", sequence: int = 9) -> NoteRow:
    """Return a contest or a withdrawal."""
    return NoteRow(id_, sequence, judgement, kind, "warga.contoh", "keliru", 1_700_000_100_000_000, state)


def doubted(a: int, b: int, kind: str = "near", *, entities: tuple[int, int] = (1, 2), **more: object) -> Doubt:
    """Return a doubt about two invented records of two invented entities."""
    low, high = sorted((record_id(a), record_id(b)))
    margin = {"near": -1_000, "weak": 500, "contested": None}.get(kind, 9_000)
    given: dict[str, object] = {
        "weight": None if margin is None else 3_000 + margin, "margin": margin, "size_a": 2, "size_b": 2,
        "source_a": "dukcapil", "source_b": "dapodik", "sources": ("dapodik", "dukcapil"), "twins": False,
        "conflict": False, "evidence": b"evidence", "entity_a": entity_id(entities[0]),
        "entity_b": entity_id(entities[1]),
    }  # fmt: skip
    return Doubt(low, high, kind, **{**given, **more})  # type: ignore[arg-type]


def refused(id_: str, *, source: str = "dinsos", payload: bytes = b"raw", topic: str = "raw.x") -> QuarantineItem:
    """Return an invented quarantine item of stage clean."""
    return QuarantineItem(
        id_, "clean", source, TABLES[source], topic, 1, 7, "unknown_value", "value of column sex is unknown",
        "Periksa kolom jenis kelamin.", 1_700_000_000_000_000, {"version": b"\x00stamp", "kind": b"change"},
        record_id(77), pack(1, 9, 0), "sex", record_id(77), payload,
    )  # fmt: skip


def with_offset(item: QuarantineItem, offset: int) -> QuarantineItem:
    """Return an item of another offset."""
    return replace(item, offset=offset)
