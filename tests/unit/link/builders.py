"""Short ways to say what happened to invented records, and to keep what a store would keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import blake2b

from hub.link.engine import Engine
from hub.link.model import Model, read
from hub.link.switch import difference
from hub.merge.golden import golden
from hub.wire.decisions import Delta, EdgeRow, Event, FloorRow, JudgementRow, LineageRow, NoteRow, RecordRow, State
from hub.wire.entities import Golden, entity_named
from hub.wire.records import CleanPerson, Held, Judgement, Pair, Sweep
from hub.wire.version import pack

AUTHORITIES = {"dukcapil": "register", "dapodik": "sector", "dinsos": "programme"}
TABLE = "public.t"
MODEL = read()


def rid(name: str) -> bytes:
    """A record id by a readable name, such as `d1`."""
    return blake2b(name.encode(), digest_size=16).digest()


def at(position: int) -> bytes:
    """A version by position."""
    return pack(1, position, 0)


def source_of(name: str) -> str:
    """d: dukcapil, s: dapodik, a: dinsos."""
    return {"d": "dukcapil", "s": "dapodik", "a": "dinsos"}[name[0]]


def day(text: str | None) -> int | None:
    """Days of an ISO date."""
    return None if text is None else (date.fromisoformat(text) - date(1970, 1, 1)).days


BUDI: dict[str, object] = {
    "nik": "1508021203900001",
    "kk": "1508020101100001",
    "name": "BUDI SANTOSO",
    "sex": "male",
    "birth_date": day("1990-03-12"),
    "mother": "SITI AMINAH",
    "region": "1508022001",
    "region_system": "kemendagri",
}
DEWI: dict[str, object] = BUDI | {
    "nik": "1508025510920001",
    "name": "DEWI LESTARI",
    "sex": "female",
    "birth_date": day("1992-10-15"),
    "mother": "RATNA SARI",
}


def person(who: str, position: int, values: dict[str, object] | None = None, /, **changes: object) -> CleanPerson:
    """A living state of a record at a position."""
    previous = changes.pop("previous", None)
    base = CleanPerson(rid(who), at(position), False, source_of(who), TABLE, position * 1000, position)
    fields = (BUDI if values is None else values) | changes
    return replace(base, previous=None if previous is None else rid(str(previous)), **fields)  # type: ignore[arg-type]


def gone(name: str, position: int, successor: str | None = None) -> CleanPerson:
    """A delete of a record, by key change where a successor is named."""
    following = None if successor is None else rid(successor)
    return CleanPerson(rid(name), at(position), True, source_of(name), TABLE, position * 1000, 0, next=following)


def held(
    name: str | None, position: int, item: str = "q1", source: str = "dapodik", previous: str | None = None
) -> Held:
    """A quarantined row's stand-in."""
    if name is not None:
        source = source_of(name)
    parent = None if previous is None else rid(previous)
    return Held(source, TABLE, at(position), item, None if name is None else rid(name), parent)


def sweep(position: int, source: str = "dapodik", raw: int = 1, clean: int = 1) -> list[Sweep]:
    """Every marker of a sweep."""
    return [
        Sweep(source, TABLE, at(position), r, raw, c, clean)
        for r in range(raw)
        for c in range(clean)
    ]  # fmt: skip


def judge(identity: str, verdict: str, *pairs: tuple[str, str], **more: object) -> Judgement:
    """A steward's decision on pairs of records."""
    listed = tuple([Pair(rid(a), rid(b)) for a, b in pairs])
    return Judgement(identity, verdict, listed, "walidata", "dokumen diperiksa", 1, **more)  # type: ignore[arg-type]


class Hub:
    """An engine with a store: takes each delta as persist does, and can be loaded again from it."""

    def __init__(self, model: Model = MODEL, **bounds: int) -> None:
        self.model = replace(model, **bounds)  # type: ignore[arg-type]
        self.engine = self._engine()
        self.records: dict[bytes, RecordRow] = {}
        self.lineage: dict[tuple[bytes, bytes, bytes], LineageRow] = {}
        self.edges: dict[tuple[bytes, bytes], EdgeRow] = {}
        self.judgements: dict[tuple[str, bytes, bytes], JudgementRow] = {}
        self.notes: dict[str, NoteRow] = {}
        self.floors: dict[tuple[str, str], FloorRow] = {}
        self.sweeps: list[Sweep] = []
        self.blocks: dict[str, Held] = {}
        self.members: dict[str, tuple[bytes, ...]] = {}

    def _engine(self, model: Model | None = None) -> Engine:
        return Engine(model or self.model, AUTHORITIES, frozenset({"dukcapil"}))

    def take(self, *events: Event) -> Delta:
        """Apply, store and commit one batch; a first attempt is thrown away, as after a lost connection."""
        first = self.engine.apply(events)
        delta = self.engine.apply(events)
        assert delta == first
        self._store(delta)
        self.engine.commit(delta)
        return delta

    def one_by_one(self, *events: Event) -> None:
        """A batch an event."""
        for event in events:
            self.take(event)

    def _store(self, delta: Delta) -> None:
        for row in delta.records:
            kept = self.records.get(row.id)
            if row.body is None and not row.deleted and kept is not None:
                row = replace(row, body=kept.body)  # noqa: PLW2901
            assert row.deleted or row.body is not None
            self.records[row.id] = row
        self.lineage |= {(row.child, row.version, row.parent): row for row in delta.lineage}
        self.edges |= {(row.a, row.b): row for row in delta.edges}
        for pair in delta.edges_gone:
            del self.edges[pair]
        self.judgements |= {(row.id, row.a, row.b): row for row in delta.judgements}
        self.notes |= {row.id: row for row in delta.notes}
        self.floors |= {(row.source, row.table): row for row in delta.floors}
        self.sweeps += delta.sweeps
        done = {(row.source, row.table, row.floor) for row in delta.sweeps_done}
        self.sweeps = [each for each in self.sweeps if (each.source, each.table, each.floor) not in done]
        self.blocks |= {each.item: each for each in delta.blocks}
        for item in delta.blocks_gone:
            del self.blocks[item]
        for entity in delta.entities:
            if entity.members:
                self.members[entity.entity_id] = entity.members
            else:
                del self.members[entity.entity_id]

    def state(self) -> State:
        """Everything the store would give back."""
        members = [(record, entity) for entity, ids in self.members.items() for record in ids]
        return State(
            list(self.records.values()),
            list(self.lineage.values()),
            list(self.edges.values()),
            list(self.judgements.values()),
            list(self.floors.values()),
            list(self.sweeps),
            list(self.blocks.values()),
            members,
            list(self.notes.values()),
        )

    def reloaded(self) -> Engine:
        """A new engine with the stored state."""
        engine = self._engine()
        engine.load(self.state())
        return engine

    def shadow(self, model: Model) -> Engine:
        """An engine under another model, from the store."""
        made = self._engine(model)
        made.rebuild(self.state())
        return made

    def switch(self, model: Model) -> None:
        """Let another model take over, as the writer does."""
        after = self.shadow(model)
        self._store(difference(self.engine, after, model.version))
        self.engine, self.model = after, model

    def entity(self, name: str) -> str:
        """Entity id of a living record."""
        return next(entity for entity, ids in self.members.items() if rid(name) in ids)

    def together(self, *names: str) -> bool:
        """Say whether records are of one entity."""
        return len({self.entity(name) for name in names}) == 1

    def living(self, name: str) -> bool:
        """Say whether a record belongs to any entity."""
        return any(rid(name) in ids for ids in self.members.values())

    def golden(self) -> dict[str, Golden]:
        """Every golden record."""
        found = {}
        kind = entity_named(self.model.entity)
        for entity, ids in self.members.items():
            bodies = [self.records[each].body for each in ids]
            found[entity] = golden(entity, [b for b in bodies if b], AUTHORITIES, self.model.survivorship, kind)
        return found

    def whole(self) -> tuple[str, dict[str, Golden]]:
        """Digest and golden records; checks on the way that store and memory agree."""
        assert self.members == self.engine.clusters()
        assert self.reloaded().digest() == self.engine.digest()
        return self.engine.digest(), self.golden()
