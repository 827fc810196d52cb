"""Invented sources of any kind of entity as they truly are; each change is told to a hub as a connector would."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

from hypothesis import strategies as st

from hub.link.model import Model, of
from hub.link.records import RECORDS
from hub.wire.decisions import Event
from hub.wire.entities import ENTITIES, Clean, Entity
from hub.wire.records import Held, Judgement, Sweep
from tests.unit.link.builders import BUDI, DEWI, TABLE, Hub, at, gone, held, judge, rid, source_of, sweep

VILLAGE, OTHER = "1508022001", "1508022002"
PLACE: Mapping[str, tuple[object, ...]] = {
    "street": ("SUDIRMAN 5", "JL. SUDIRMAN NO 5", "MERDEKA", None),
    "rt": (5, 6, None),
    "region": (VILLAGE, VILLAGE, OTHER, None),
    "phone": ("+628123456789", "+628123456780", None, None),
}
VALUES: Mapping[Entity, Mapping[str, tuple[object, ...]]] = {
    "person": {
        "name": ("BUDI SANTOSO", "BUDI S", "DEWI LESTARI", "HASAN BASRI", "HUSIN BASRI", "MUHAMMAD RIZKI", None),
        "nik": ("1508021203900001", "1508021203900002", "1508025510920001", "1508021203980001", None),
        "birth_date": (BUDI["birth_date"], DEWI["birth_date"], 7000, None),
        "kk": (BUDI["kk"], None),
        "mother": ("SITI AMINAH", "RATNA SARI", None),
        "sex": ("male", "female", None),
        "region": (VILLAGE,),
    },
    "family": PLACE | {
        "kk": ("1508020101100001", "1508020101100010", "1508020101100099", None),
        "head_nik": ("1508021203900001", "1508021203900002", None),
        "head_name": ("BUDI SANTOSO", "BUDI S", "DEWI LESTARI", None),
        "member_count": (3, 4, None),
    },
    "business": PLACE | {
        "nib": ("1234567890123", "1234567890132", "9876543210987", None),
        "npwp": ("123456789012000", "123456789012001", None),
        "owner_nik": ("1508021203900001", None),
        "owner_name": ("BUDI SANTOSO", "DEWI LESTARI", None),
        "name": ("MAJU JAYA", "CV MAJU JAYA", "MAJU LANCAR", "BERKAH"),
        "form": ("CV", "TOKO", None),
        "kbli": ("47111", "10750", None),
    },
    "facility": PLACE | {
        "npsn": ("10500001", "10500010", "10500099", None),
        "health_code": (None, None, "P1508020101"),
        "name": ("SDN 12 MUARA BUNGO", "SD NEGERI 12 MUARA BUNGO", "SDN 21 MUARA BUNGO", "PUSKESMAS MUARA BUNGO"),
        "kind": ("school", "school", "puskesmas", None),
        "latitude": (-1.48, -1.4803, -1.6, None),
        "longitude": (102.1, 102.1001, None),
    },
}  # fmt: skip
"""Few values of every field, so that many records meet; the first of each agree with each other."""
STRICTER = 9_000
"""Milli-bits by which the stricter model's threshold is above the shipped one's."""
SHIPPED: Mapping[Entity, Model] = {entity: of(entity) for entity in ENTITIES}


def models(entity: Entity) -> tuple[Model, ...]:
    """The shipped model and others to switch to: one that joins less, one that joins more and has other anchors."""
    present = SHIPPED[entity]
    strict = replace(present, version="strict", threshold=present.threshold + STRICTER)
    loose = replace(present, version="loose", threshold=-4_000, anchor=tuple(reversed(present.anchor)))
    return present, strict, loose


def state(entity: Entity, who: str, position: int, /, previous: str | None = None, **fields: object) -> Any:
    """A living state of a record of an entity."""
    if fields.get("region"):
        fields["region_system"] = "kemendagri"
    return RECORDS[entity](
        id=rid(who), version=at(position), deleted=False, source=source_of(who), table=TABLE,
        changed_at=position * 1000, digest=position, previous=None if previous is None else rid(previous), **fields,
    )  # fmt: skip


def ended(entity: Entity, who: str, position: int, successor: str | None = None) -> Any:
    """A delete of a record, by key change where a successor is named."""
    of_person = gone(who, position, successor)
    return RECORDS[entity](
        id=of_person.id, version=of_person.version, deleted=True, source=of_person.source, table=TABLE,
        changed_at=of_person.changed_at, digest=0, next=of_person.next,
    )  # fmt: skip


SLOTS = tuple(f"{source}{n}" for n in range(4) for source in "dsa")
_slots = st.one_of(st.integers(0, 3), st.integers(0, len(SLOTS) - 1))
"""A few rows have most of the events, or hardly any row would live through several."""


def steps(entity: Entity) -> st.SearchStrategy[tuple[Any, ...]]:
    """What can happen next: to a row, to a table, on a steward's desk, to the hub."""
    values = st.fixed_dictionaries({name: st.sampled_from(known) for name, known in VALUES[entity].items()})
    upsert = st.tuples(st.just("upsert"), _slots, values)
    return st.one_of(
        upsert, upsert, upsert,
        st.tuples(st.just("delete"), _slots),
        st.tuples(st.just("rekey"), _slots, values),
        st.tuples(st.just("rekey_held"), _slots),
        st.tuples(st.just("held"), _slots),
        st.tuples(st.sampled_from(("same", "different", "unsure")), _slots, _slots),
        st.tuples(st.sampled_from(("withdrawn", "contested")), st.integers(0, 5)),
        st.tuples(st.just("reload"), _slots),
        st.tuples(st.just("sweep"), st.sampled_from(("dukcapil", "dukcapil", "dapodik", "dinsos"))),
        st.tuples(st.just("switch"), st.integers(0, 2)),
    )  # fmt: skip


@dataclass
class World:
    """The sources of one kind of entity, what was told of them, and the hub that it was told to."""

    hub: Hub
    entity: Entity = "person"
    position: int = 0
    keys: dict[int, str] = field(default_factory=dict)
    """Present key of each slot."""
    now: dict[str, Clean] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Key whose row is held since it changed -> key whose values stand meanwhile."""
    lineage: list[Clean | Held] = field(default_factory=list)
    decisions: list[Judgement] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    """Every event, in the order in which it came about."""

    def play(self, step: tuple[Any, ...]) -> None:
        """Let something happen."""
        self.position += 10
        kind, which = step[0], step[1]
        if kind in {"same", "different", "unsure"}:
            a, b = self._key(which), self._key(step[2])
            self._judge(kind, self.waiting.get(a, a), self.waiting.get(b, b))
        elif kind in {"withdrawn", "contested"}:
            self._doubt(kind, which)
        else:
            getattr(self, f"_{kind}")(which, *step[2:])

    def _key(self, slot: int) -> str:
        return self.keys.get(slot, SLOTS[slot])

    def _tell(self, *events: Event) -> None:
        self.told += events
        self.hub.one_by_one(*events)

    def _upsert(self, slot: int, fields: dict[str, object]) -> None:
        name = self._key(slot)
        self.now.pop(self.waiting.pop(name, ""), None)
        self.now[name] = state(self.entity, name, self.position, **fields)
        self.seen[name] = self.position
        self._tell(self.now[name])

    def _delete(self, slot: int) -> None:
        name = self._key(slot)
        self.now.pop(self.waiting.pop(name, name), None)
        self._tell(ended(self.entity, name, self.position))

    def _rekey(self, slot: int, fields: dict[str, object] | None = None) -> None:
        old = self._key(slot)
        stands = self.waiting.get(old, old)
        if stands not in self.now:
            return
        self.waiting.pop(old, None)
        self.keys[slot] = new = f"{SLOTS[slot]}/{self.position}"
        self.seen[new] = self.position
        after: Clean | Held
        if fields is None:
            self.waiting[new] = stands
            self.seen[stands] = self.position
            after = held(new, self.position + 1, previous=old)
        else:
            del self.now[stands]
            self.now[new] = after = state(self.entity, new, self.position + 1, old, **fields)
        self.lineage.append(after)
        self._tell(ended(self.entity, old, self.position, new), after)

    def _rekey_held(self, slot: int) -> None:
        self._rekey(slot)

    def _held(self, slot: int) -> None:
        name = self._key(slot)
        self.seen[name] = self.seen[self.waiting.get(name, name)] = self.position
        self._tell(held(name, self.position))

    def _judge(self, verdict: str, a: str, b: str) -> None:
        if a != b and a in self.now and b in self.now:
            self.decisions.append(judge(str(self.position), verdict, (a, b)))
            self._tell(self.decisions[-1])

    def _doubt(self, verdict: str, back: int) -> None:
        """Withdraw or contest one of the last messages; one that cannot be is void."""
        if back < len(self.decisions):
            name = {"withdrawn": "withdraws", "contested": "contests"}[verdict]
            self.decisions.append(judge(str(self.position), verdict, **{name: self.decisions[-1 - back].id}))
            self._tell(self.decisions[-1])

    def _sweep(self, source: str) -> None:
        floor = self.position - 45
        if floor > 0:
            self._tell(*sweep(floor, source, 2, 2))
            for name, each in tuple(self.now.items()):
                if each.source == source and each.version < at(floor) and self.seen[name] < floor:
                    del self.now[name]

    def _reload(self, _: int) -> None:
        self.hub.engine = self.hub.reloaded()

    def _switch(self, number: int) -> None:
        model = replace(models(self.entity)[number], generic_bound=self.hub.model.generic_bound)
        if model.version != self.hub.model.version:
            self.hub.switch(model)

    # ------------------------------------------------------------------ told otherwise

    def at_last(self) -> tuple[list[Event], list[Event]]:
        """What is to be told of the sources as they are now: rows and changed keys; then what is gone, and decisions.

        The first may come in any order.
        """
        ever = {each.id for each in self.lineage if isinstance(each, Clean)} - {each.id for each in self.now.values()}
        gone_by_now = [
            ended(self.entity, name, self.position + 5) for name in sorted(self.seen) if rid(name) in ever
        ]  # fmt: skip
        return [*self.now.values(), *self.lineage], [*gone_by_now, *self.decisions]

    def in_another_order(self, chance: random.Random) -> list[Event]:
        """The same events shuffled, some twice, in any way in which the river can bring them.

        Rows with values, and deletes, may come whenever they like.  Decisions are of one partition, and who decided had
        seen the records: what had changed their keys was taken.  A sweep's markers follow in every partition what was
        read before them, and go before what was only held after them.
        """
        last = sum(1 for place, each in enumerate(self.told) if _begins_a_sweep(self.told, place, each)) + 1.0
        era = known = desk = 0.0
        placed: list[tuple[float, Event]] = []
        for place, event in enumerate(self.told):
            if isinstance(event, Sweep):
                era += _begins_a_sweep(self.told, place, event)
                placed.append((era, event))
            elif isinstance(event, Judgement):
                desk = max(known, desk) + (last - max(known, desk)) * chance.random()
                placed.append((desk, event))
            else:
                low, high = (era, era + 1) if _is_of_lineage(event) else (0.0, last)
                places = [low + (high - low) * chance.uniform(0.01, 0.99) for _ in range(chance.choice((1, 1, 2)))]
                placed += [(each, event) for each in places]
                known = max(known, min(places)) if _is_of_lineage(event) else known
        placed.sort(key=itemgetter(0))
        return [event for _, event in placed]


def _begins_a_sweep(told: Sequence[Event], place: int, event: Event) -> bool:
    before = told[place - 1] if place else None
    if not isinstance(event, Sweep):
        return False
    return not isinstance(before, Sweep) or (before.source, before.floor) != (event.source, event.floor)


def _is_of_lineage(event: Event) -> bool:
    if isinstance(event, Held):
        return True
    return isinstance(event, Clean) and (event.previous is not None or event.next is not None)
