"""What the store knows of an office's records, a chunk at a time: few questions a chunk, whatever the source's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from hub.serve.padan.findings import Facts
from hub.serve.store import Snapshot
from hub.wire import tables as t
from hub.wire.archive import Archive

CHUNK = 500
"""Records asked for at once."""


class Collector:
    """Gathers facts of one source's records from one snapshot; `registers` names the sources that attest NIKs."""

    def __init__(self, snapshot: Snapshot, source: str, registers: Collection[str]) -> None:
        self._snapshot = snapshot
        self._source = source
        self._registers = sorted(registers)
        self._archive = Archive(snapshot.schemas().get)

    def chunks(self, size: int = CHUNK) -> Iterator[list[Facts]]:
        """Return the facts of every living record of the source, in the order of record ids."""
        after = b""
        while rows := self._snapshot.all(self._ours().where(t.member.c.record > after).limit(size)):
            after = bytes(rows[-1].record)
            yield self._facts(rows)

    def of(self, records: Sequence[bytes]) -> dict[bytes, Facts]:
        """Return the facts of these records of the source, of those that live."""
        rows = self._snapshot.all(self._ours().where(t.member.c.record.in_(list(records))))
        return {facts.record.id: facts for facts in self._facts(rows)}

    def _ours(self) -> Select[Any]:
        member, record, person = t.member.c, t.record.c, t.person.c
        return (
            select(member.record, member.entity_id, record.root, record.body, person.previous_ids)
            .join_from(t.member, t.record, record.id == member.record)
            .join(t.person, and_(person.entity_id == member.entity_id, person.status == "active"))
            .where(member.source == self._source)
            .order_by(member.record)
        )

    # ------------------------------------------------------------------ one chunk

    def _facts(self, rows: Sequence[Any]) -> list[Facts]:
        ours = {bytes(row.record): self._archive.decode(bytes(row.body)) for row in rows if row.body is not None}
        rows = [row for row in rows if bytes(row.record) in ours]
        register = self._register({row.entity_id for row in rows})
        alone = [row for row in rows if row.entity_id not in register]
        levels = self._levels([
            (id_, theirs.id)
            for id_, entity in ((bytes(row.record), row.entity_id) for row in rows)
            for theirs in register.get(entity, ())
            if (ours[id_].name, ours[id_].mother) != (theirs.name, theirs.mother)
        ])  # fmt: skip
        holders = self._holders({ours[bytes(row.record)].nik for row in alone} - {None})
        waiting = self._waiting({row.entity_id for row in alone})
        refused = self._refused({bytes(row.root) for row in alone})
        left = self._left(alone)
        found = []
        for row in rows:
            id_ = bytes(row.record)
            found.append(Facts(
                ours[id_], str(row.entity_id), register.get(row.entity_id, ()), levels.get(id_, {}),
                holders.get(ours[id_].nik, ()), waiting.get(row.entity_id, 0), bytes(row.root) in refused, id_ in left,
            ))  # fmt: skip
        return found

    def _register(self, entities: Collection[Any]) -> Mapping[Any, list[Any]]:
        """Return the register's records of each entity that has some."""
        found: dict[Any, list[Any]] = defaultdict(list)
        for row in self._snapshot.all(
            select(t.member.c.entity_id, t.record.c.body)
            .join_from(t.member, t.record, t.record.c.id == t.member.c.record)
            .where(t.member.c.entity_id.in_(entities), t.member.c.source.in_(self._registers))
        ):
            if row.body is not None:
                found[row.entity_id].append(self._archive.decode(bytes(row.body)))
        return found

    def _levels(self, pairs: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, dict[bytes, dict[str, str]]]:
        """Return what each comparison said of these pairs (ours, theirs), by either end: names alone need it."""
        found: dict[bytes, dict[bytes, dict[str, str]]] = defaultdict(dict)
        ends = [(min(pair), max(pair)) for pair in pairs]
        for row in self._snapshot.all(select(t.edge).where(tuple_(t.edge.c.a, t.edge.c.b).in_(ends))):
            levels = {comparison: level for comparison, level, *_ in row.levels}
            a, b = bytes(row.a), bytes(row.b)
            found[a][b] = found[b][a] = levels
        return found

    def _holders(self, niks: Collection[str]) -> Mapping[str, list[Any]]:
        """Return the register's records that hold these NIKs, by NIK."""
        found: dict[str, list[Any]] = defaultdict(list)
        person = t.person.c
        for row in self._snapshot.all(
            select(person.nik, t.record.c.body)
            .join_from(t.person, t.member, t.member.c.entity_id == person.entity_id)
            .join(t.record, t.record.c.id == t.member.c.record)
            .where(person.status == "active", person.nik.in_(niks), t.member.c.source.in_(self._registers))
        ):
            if row.body is not None:
                held = self._archive.decode(bytes(row.body))
                if held.nik == row.nik:
                    found[row.nik].append(held)
        return found

    def _waiting(self, entities: Collection[Any]) -> Mapping[Any, int]:
        """Return how many entities with a register record each is held against in the stewards' queue."""
        review = t.review.c
        pairs: dict[Any, set[Any]] = defaultdict(set)
        for row in self._snapshot.all(
            select(review.entity_a, review.entity_b).where(
                review.entity_a != review.entity_b, or_(review.entity_a.in_(entities), review.entity_b.in_(entities))
            )
        ):
            for one, other in ((row.entity_a, row.entity_b), (row.entity_b, row.entity_a)):
                if one in entities:
                    pairs[one].add(other)
        others = {other for found in pairs.values() for other in found}
        known = self._register(others).keys() if others else frozenset()
        return {one: len(found & known) for one, found in pairs.items() if found & known}

    def _refused(self, roots: Collection[bytes]) -> set[bytes]:
        """Return which of these roots a steward told apart from a record of the register."""
        judgement = t.judgement.c
        apart: dict[bytes, set[bytes]] = defaultdict(set)
        for row in self._snapshot.all(
            select(judgement.a, judgement.b).where(
                judgement.state == "active", judgement.verdict == "different",
                or_(judgement.a.in_(roots), judgement.b.in_(roots)),
            )
        ):  # fmt: skip
            a, b = bytes(row.a), bytes(row.b)
            for one, other in ((a, b), (b, a)):
                if one in roots:
                    apart[other].add(one)
        if not apart:
            return set()
        member = t.member.c
        theirs = self._snapshot.all(
            select(member.record).where(member.record.in_(list(apart)), member.source.in_(self._registers))
        )
        return {one for row in theirs for one in apart[bytes(row.record)]}

    def _left(self, rows: Sequence[Any]) -> set[bytes]:
        """Return the records that stood together with a register record in an entity that has vanished into theirs."""
        former = {old: (row.entity_id, bytes(row.record)) for row in rows for old in row.previous_ids}
        history = t.history.c
        found: set[bytes] = set()
        for row in self._snapshot.all(
            select(history.entity_id, history.body)
            .ext(distinct_on(history.entity_id))
            .where(history.entity_id.in_(list(former)), history.status == "active")
            .order_by(history.entity_id, history.generation.desc(), history.sequence.desc())
        ):
            last = self._archive.decode(bytes(row.body))
            if any(member.source in self._registers for member in last.members):
                found |= {member.record for member in last.members}
        return found & {bytes(row.record) for row in rows}
