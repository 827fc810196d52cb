"""Judgements: a decision on records or entities is expanded into record pairs, checked, and sent in one message.

The check is a courtesy: it refuses at once what reconcile would refuse later.  The order of the judgement topic
decides, and reconcile checks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

from hub.serve import review_store, shapes
from hub.serve.problems import Contradicts, NotFound, Refused
from hub.serve.read import living, members, moment
from hub.serve.store import Snapshot
from hub.wire.clock import Clock
from hub.wire.entities import Entity
from hub.wire.records import Judgement, Pair

MOST_PAIRS = 5000
"""A decision on entities that would need more pairs is refused: name the records instead."""
Ends = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Decided:
    """An active judgement on a pair of lineage roots."""

    id: str
    verdict: str
    pair: Ends


def prepare(snapshot: Snapshot, asked: shapes.JudgementIn, clock: Clock) -> Judgement:
    """Return the message of a decision; raises Refused, NotFound, Vanished or Contradicts."""
    expires = None if asked.expires_at is None else int(asked.expires_at.timestamp() * 1_000_000)
    if expires is not None and expires <= clock.now_us():
        raise Refused("expires_at lies in the past")
    pairs: list[Ends] = []
    entity: str = asked.entity
    if asked.withdraws is not None:
        entity = _check_withdrawal(snapshot, asked.withdraws)
    elif asked.contests is not None:
        entity = _standing(snapshot, asked.contests, "contest")[0].entity
    elif asked.confirms is not None:
        entity, pairs = _confirmed(snapshot, asked.confirms, asked.verdict)
    else:
        pairs = _expand(snapshot, asked)
    return Judgement(
        str(uuid4()), asked.verdict, tuple(Pair(a, b) for a, b in pairs), asked.author, asked.reason, clock.now_us(),
        expires, asked.withdraws, entity, asked.contests,
    )  # fmt: skip


def _check_withdrawal(snapshot: Snapshot, judgement_id: str) -> str:
    """Return the kind of entity of a judgement or contest that can be taken back."""
    note = review_store.note(snapshot, judgement_id)
    if note is None:
        return str(_standing(snapshot, judgement_id, "withdraw")[0].entity)
    if note.kind != "contested" or note.state != "taken":
        raise Contradicts(f"{judgement_id} is no contest in force: nothing is left to take back",
                          judgements=[judgement_id])  # fmt: skip
    return str(note.entity)


def _standing(snapshot: Snapshot, judgement_id: str, what: str) -> list[Any]:
    """Return the active rows of a judgement; raises NotFound, or Contradicts when none is left."""
    rows = snapshot.judgement(judgement_id)
    if not rows:
        raise NotFound(f"there is no judgement {judgement_id} to {what}, or reconcile has not taken it yet")
    active = [row for row in rows if row.state == "active"]
    if not active:
        states = ", ".join(sorted({row.state for row in rows}))
        raise Contradicts(f"judgement {judgement_id} is {states}: nothing is left to {what}",
                          judgements=[judgement_id])  # fmt: skip
    return active


def _confirmed(snapshot: Snapshot, judgement_id: str, verdict: str) -> tuple[str, list[Ends]]:
    """Return kind of entity and pairs on which a judgement stands, to be decided alike once more."""
    active = _standing(snapshot, judgement_id, "confirm")
    if active[0].verdict != verdict:
        raise Refused(f"judgement {judgement_id} says {active[0].verdict}: confirm it with that verdict, or decide "
                      "on its records anew")  # fmt: skip
    return str(active[0].entity), [(bytes(row.a), bytes(row.b)) for row in active]


def _expand(snapshot: Snapshot, asked: shapes.JudgementIn) -> list[Ends]:
    groups = _groups(snapshot, asked)
    pairs = cross_pairs(groups)
    if len(pairs) > MOST_PAIRS:
        raise Refused(f"this would decide on {len(pairs)} pairs of records, at most {MOST_PAIRS} are taken; "
                      "name the records that matter instead of the entities")  # fmt: skip
    roots = snapshot.roots(record for group in groups for record in group)
    unknown = sorted({record for group in groups for record in group} - set(roots))
    if unknown:
        raise NotFound("the hub knows no living record " + ", ".join(record.hex() for record in unknown))
    others = snapshot.of_other_kind(asked.entity, roots)
    if others:
        raise Refused(f"these are no records of a {asked.entity}: " + ", ".join(record.hex() for record in others))
    rooted = [ordered(roots[a], roots[b]) for a, b in pairs]
    decided = [
        Decided(row.id, row.verdict, (bytes(row.a), bytes(row.b)))
        for row in snapshot.decided_around(root for pair in rooted for root in pair)
    ]
    against = contradicted(asked.verdict, rooted, decided)
    if against:
        raise Contradicts(
            f"verdict {asked.verdict} contradicts judgements in force: if A is B and B is C, A cannot differ from C; "
            "withdraw those first, or decide otherwise", judgements=against,
        )  # fmt: skip
    return pairs


def _groups(snapshot: Snapshot, asked: shapes.JudgementIn) -> list[list[bytes]]:
    if asked.records:
        return [[bytes.fromhex(record)] for record in asked.records]
    return [_records(snapshot, entity_id, asked.entity) for entity_id in asked.entities]


def _records(snapshot: Snapshot, entity_id: UUID, entity: Entity) -> list[bytes]:
    living(snapshot, entity_id, entity)
    return [bytes.fromhex(member.record) for member in members(snapshot.members([entity_id]))]


def cross_pairs(groups: Sequence[Sequence[bytes]]) -> list[Ends]:
    """Return every pair of records of two different groups, sorted, each once and in order."""
    return sorted({ordered(a, b) for one, other in combinations(groups, 2) for a in one for b in other})


def ordered(a: bytes, b: bytes) -> Ends:
    """Return a pair with its smaller end first."""
    return (a, b) if a < b else (b, a)


def contradicted(verdict: str, pairs: Iterable[Ends], decided: Iterable[Decided]) -> list[str]:
    """Return the ids of judgements in force that a new one on these root pairs would contradict.

    A new decision replaces an earlier one on the same pair, so only chains over other pairs can contradict it.
    """
    asked = set(pairs)
    if any(a == b for a, b in asked) and verdict == "different":
        raise Refused("two of the records are the same record before and after a changed key")
    others = [one for one in decided if one.pair not in asked]
    same = [one for one in others if one.verdict == "same"]
    different = [one for one in others if one.verdict == "different"]
    if verdict == "same":
        group = _Components([*(one.pair for one in same), *asked])
        return sorted({one.id for one in different if group(one.pair[0]) == group(one.pair[1])})
    if verdict == "different":
        group = _Components(one.pair for one in same)
        closed = {group(a) for a, b in asked if group(a) == group(b)}
        return sorted({one.id for one in same if group(one.pair[0]) in closed})
    return []


class _Components:
    """The union-find of pairs: calling it gives an end's representative."""

    def __init__(self, pairs: Iterable[Ends]) -> None:
        self._parent: dict[bytes, bytes] = {}
        for a, b in pairs:
            self._parent[self(a)] = self(b)

    def __call__(self, end: bytes) -> bytes:
        while (parent := self._parent.get(end, end)) != end:
            end = parent
        return end


def pending(message: Judgement) -> shapes.Judgement:
    """Return a judgement that Kafka acknowledged and reconcile has not shown yet."""
    return shapes.Judgement.model_validate({
        "id": message.id, "verdict": message.verdict, "state": "pending", "author": message.author,
        "reason": message.reason, "made_at": moment(message.made_at), "withdraws": message.withdraws,
        "contests": message.contests,
        "expires_at": None if message.expires_at is None else moment(message.expires_at),
        "pairs": [{"a": pair.a.hex(), "b": pair.b.hex(), "state": "pending"} for pair in message.pairs],
    })  # fmt: skip
