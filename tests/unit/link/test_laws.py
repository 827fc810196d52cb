"""The laws: arrival order does not matter, and any history equals a run from scratch on its final state."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.wire.decisions import Event
from hub.wire.records import CleanPerson, Held, Judgement, Pair
from tests.unit.link import population
from tests.unit.link.builders import BUDI, DEWI, Hub, at, gone, held, judge, person, rid, sweep

BATCHES = (1, 2, 7, 50)


def in_batches(hub: Hub, events: list[Event], rng: random.Random) -> None:
    while events:
        size = rng.choice(BATCHES)
        hub.take(*events[:size])
        events = events[size:]


# ---------------------------------------------------------------------- arrival order


def story() -> tuple[list[CleanPerson | Held], list[Judgement]]:
    """A small regency's events: people in three systems, corrections, deletes, key changes, held rows, decisions."""
    rng = random.Random(11)
    persons = population.people(120, rng)
    found: list[CleanPerson | Held] = []
    living = [record for _, record in population.records(persons, rng, population.Rates())]
    position = 10_000
    for record in living:
        position += 5
        found.append(record)
        dice = rng.random()
        if dice < 0.15:
            found.append(population.moved(record, version=at(position), name=rng.choice(living).name))
        elif dice < 0.25:
            found.append(population.moved(record, version=at(position), nik=rng.choice(living).nik))
        elif dice < 0.35:
            found.append(_delete(record, position))
        elif dice < 0.45:
            new = population.record_id(record.source, position)
            found.append(_delete(record, position, new))
            found.append(population.moved(record, id=new, version=at(position + 1), previous=record.id))
        elif dice < 0.6:
            found += _held_key_change(record, position, rng)
    ids = [record.id for record in living]
    decisions = []
    for number in range(12):
        a, b = rng.sample(ids, 2)
        decisions.append(_decide(str(number), rng.choice(("same", "different")), a, b))
    return found, decisions


def _held_key_change(record: CleanPerson, position: int, rng: random.Random) -> list[CleanPerson | Held]:
    """A key change into quarantine, and how it went on: not at all, better values, deletion, another change."""
    new, newer = population.record_id(record.source, position), population.record_id(record.source, position + 1)
    found = [_delete(record, position, new), _hold(record, new, position + 1, record.id)]
    ends: list[list[CleanPerson | Held]] = [
        [],
        [population.moved(record, id=new, version=at(position + 2), kk=None)],
        [_delete(replace(record, id=new), position + 2)],
        [_delete(replace(record, id=new), position + 2, newer), _hold(record, newer, position + 3, new)],
        [_delete(replace(record, id=new), position + 2, newer),
         population.moved(record, id=newer, version=at(position + 3), previous=new)],
    ]  # fmt: skip
    return [*found, *rng.choice(ends)]


def _hold(record: CleanPerson, new: bytes, position: int, previous: bytes) -> Held:
    return Held(record.source, record.table, at(position), f"q{position}", new, previous)


def _delete(record: CleanPerson, position: int, successor: bytes | None = None) -> CleanPerson:
    return CleanPerson(record.id, at(position), True, record.source, record.table, position, 0, next=successor)


def _decide(identity: str, verdict: str, a: bytes, b: bytes) -> Judgement:
    return Judgement(identity, verdict, (Pair(a, b),), "walidata", "diperiksa", 1)


FOUND, DECISIONS = story()


STRAIGHT = Hub()
STRAIGHT.one_by_one(*FOUND, *DECISIONS)
EXPECTED = STRAIGHT.whole()


@pytest.mark.parametrize("seed", range(24))
def test_every_arrival_order_with_duplicates_and_late_deletes_gives_one_digest(seed: int) -> None:
    rng = random.Random(seed)
    events: list[Event] = [*FOUND, *rng.choices(FOUND, k=80)]
    rng.shuffle(events)
    for decision in DECISIONS:  # one partition: their own order stays, their place among the records does not
        events.append(decision)
    places = sorted(rng.sample(range(len(events)), len(DECISIONS)))
    mixed = events[: -len(DECISIONS)]
    for place, decision in zip(places, DECISIONS, strict=True):
        mixed.insert(place, decision)
    hub = Hub()
    in_batches(hub, mixed, rng)
    assert hub.whole() == EXPECTED


def test_the_story_is_not_empty() -> None:
    sizes = sorted(len(ids) for ids in STRAIGHT.members.values())
    assert sizes[-1] >= 3
    assert len(sizes) > 80
    assert {row.state for row in STRAIGHT.judgements.values()} == {"active"}
    assert any(row.verdict == "different" for row in STRAIGHT.judgements.values())
    waiting = [row for row in STRAIGHT.records.values() if row.next is not None and not row.deleted]
    assert len(waiting) > 5


# ---------------------------------------------------------------------- any history


NAMES = ("BUDI SANTOSO", "BUDI S", "DEWI LESTARI", "HASAN BASRI", "HUSIN BASRI", "MUHAMMAD RIZKI", None)
NIKS = ("1508021203900001", "1508021203900002", "1508025510920001", "1508021203980001", None)
DATES = (BUDI["birth_date"], DEWI["birth_date"], 7000, None)
SLOTS = tuple(f"{source}{n}" for source in "dsa" for n in range(4))

values = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "nik": st.sampled_from(NIKS),
        "birth_date": st.sampled_from(DATES),
        "kk": st.sampled_from((BUDI["kk"], None)),
        "mother": st.sampled_from(("SITI AMINAH", "RATNA SARI", None)),
        "sex": st.sampled_from(("male", "female", None)),
    }
)
slots = st.integers(0, len(SLOTS) - 1)
steps = st.one_of(
    st.tuples(st.just("upsert"), slots, values),
    st.tuples(st.just("upsert"), slots, values),
    st.tuples(st.just("upsert"), slots, values),
    st.tuples(st.just("delete"), slots),
    st.tuples(st.just("rekey"), slots, values),
    st.tuples(st.just("rekey_held"), slots),
    st.tuples(st.just("held"), slots),
    st.tuples(st.just("same"), slots, slots),
    st.tuples(st.just("different"), slots, slots),
    st.tuples(st.just("reload"), slots),
    st.tuples(st.just("sweep"), st.sampled_from(("dukcapil", "dapodik", "dinsos"))),
)


@dataclass
class World:
    """The sources as they truly are; each change is told to the hub as a connector would."""

    hub: Hub
    position: int = 0
    keys: dict[int, str] = field(default_factory=dict)
    """Present key of each slot."""
    now: dict[str, CleanPerson] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Key whose row is held since it changed -> key whose values stand meanwhile."""
    lineage: list[CleanPerson | Held] = field(default_factory=list)
    decisions: list[Judgement] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def key(self, slot: int) -> str:
        return self.keys.get(slot, SLOTS[slot])

    def play(self, step: tuple[object, ...]) -> None:
        self.position += 10
        kind, slot = step[0], step[1]
        if kind == "sweep":
            self._sweep(str(slot))
        elif kind in {"same", "different"}:
            a, b = self.key(slot), self.key(step[2])  # type: ignore[arg-type]
            self._judge(str(kind), self.waiting.get(a, a), self.waiting.get(b, b))
        else:
            getattr(self, f"_{kind}")(slot, *step[2:])

    def _upsert(self, slot: int, fields: dict[str, object]) -> None:
        name = self.key(slot)
        self.now.pop(self.waiting.pop(name, ""), None)
        self.now[name] = person(name, self.position, fields)
        self.seen[name] = self.position
        self.hub.take(self.now[name])

    def _delete(self, slot: int) -> None:
        name = self.key(slot)
        self.now.pop(self.waiting.pop(name, name), None)
        self.hub.take(gone(name, self.position))

    def _rekey(self, slot: int, fields: dict[str, object] | None = None) -> None:
        old = self.key(slot)
        stands = self.waiting.get(old, old)
        if stands not in self.now:
            return
        self.waiting.pop(old, None)
        self.keys[slot] = new = f"{SLOTS[slot]}/{self.position}"
        self.seen[new] = self.position
        after: CleanPerson | Held
        if fields is None:
            self.waiting[new] = stands
            self.seen[stands] = self.position
            after = held(new, self.position + 1, previous=old)
        else:
            del self.now[stands]
            self.now[new] = after = person(new, self.position + 1, fields, previous=old)
        self.lineage.append(after)
        self.hub.take(gone(old, self.position, new))
        self.hub.take(after)

    def _rekey_held(self, slot: int) -> None:
        self._rekey(slot)

    def _reload(self, _: int) -> None:
        self.hub.engine = self.hub.reloaded()

    def _held(self, slot: int) -> None:
        name = self.key(slot)
        self.seen[name] = self.seen[self.waiting.get(name, name)] = self.position
        self.hub.take(held(name, self.position))

    def _judge(self, verdict: str, a: str, b: str) -> None:
        if a == b or a not in self.now or b not in self.now:
            return
        self.decisions.append(judge(str(self.position), verdict, (a, b)))
        self.hub.take(self.decisions[-1])

    def _sweep(self, source: str) -> None:
        floor = self.position - 45
        if floor > 0:
            self.hub.take(*sweep(floor, source, 2, 2))
            for name, each in tuple(self.now.items()):
                if each.source == source and each.version < at(floor) and self.seen[name] < floor:
                    del self.now[name]


def as_seen(hub: Hub) -> tuple[object, object]:
    """Clusters, ids and golden records; versions of a state and old lineage are no part of it."""
    return hub.engine.clusters(), hub.golden()


@settings(max_examples=250, deadline=None)
@given(st.lists(steps, min_size=3, max_size=45), st.integers(2, 64), st.randoms(use_true_random=False))
def test_any_history_equals_a_run_from_scratch_on_its_final_state(
    history: list[tuple[object, ...]], bound: int, rng: random.Random
) -> None:
    world = World(Hub(generic_bound=bound))
    for step in history:
        world.play(step)
    world.hub.whole()
    scratch = Hub(generic_bound=bound)
    final: list[Event] = [*world.now.values(), *world.lineage]
    rng.shuffle(final)
    in_batches(scratch, final, rng)
    ever = {each.id for each in world.lineage if isinstance(each, CleanPerson)}
    ended = ever - {each.id for each in world.now.values()}
    for name in sorted({f"{key}" for key in world.seen if rid(key) in ended}):
        scratch.take(gone(name, world.position + 5))
    for decision in world.decisions:
        scratch.take(decision)
    assert as_seen(scratch) == as_seen(world.hub)
    assert {key: row.state for key, row in _standing(scratch).items()} == {
        key: row.state for key, row in _standing(world.hub).items()
    }


def _standing(hub: Hub) -> dict[object, object]:
    return {key: row for key, row in hub.judgements.items() if row.state == "active"}
