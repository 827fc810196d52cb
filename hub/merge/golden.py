"""Survivorship: one winner an attribute group, with the rule that decided and the values that lost.

A pure function of the set of members: their order does not matter and none is altered, so an unmerge loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from hub.wire.entities import GOLDEN, Clean, Entity
from hub.wire.entities import Golden as Record
from hub.wire.errors import RefuseToStart
from hub.wire.groups import ADDED, GROUPS
from hub.wire.records import Loser, Member, Win

RULES = ("validity", "rank", "soundness", "completeness", "recency", "record_id")
"""What can decide, in this order: the birth date that tells more, authority, flags, filled fields, time, id."""

_UNSOUND = frozenset({"implausible", "disagrees", "unknown_code", "placeholder"})
_EPOCH = date(1970, 1, 1)


class _Claim(NamedTuple):
    """What one record says of one group, and how it stands by each rule: lower is better."""

    standing: tuple[int, int, int, int, int, bytes]
    values: tuple[Any, ...]
    member: Clean


class Golden:
    """The golden state of a cluster under an order of authorities for each attribute group."""

    def __init__(self, orders: Mapping[str, Sequence[str]], entity: Entity = "person") -> None:
        """Take the model file's survivorship orders; raises RefuseToStart when a group is missing or unknown."""
        groups = GROUPS[entity]
        later = {group: orders[like] for group, like in ADDED.get(entity, {}).items() if like in orders}
        orders = {**later, **orders}
        if set(orders) != set(groups):
            differing = sorted(set(orders) ^ set(groups))
            raise RefuseToStart(f"survivorship of a {entity} must name every attribute group and no other; differing: "
                                f"{', '.join(differing)}")  # fmt: skip
        self._make = GOLDEN[entity]
        self._group_of = {name: group for group, fields in groups.items() for name in fields}
        self._ranks = {group: {each: rank for rank, each in enumerate(order)} for group, order in orders.items()}
        self._groups = tuple([(group, fields, _reader(fields)) for group, fields in groups.items()])

    def __call__(self, entity_id: str, members: Sequence[Any], authorities: Mapping[str, str]) -> Record:
        """Return the golden state; version, status of vanished ids and previous ids are persist's to fill in."""
        ordered = sorted(members, key=_record)
        faults = [_faults(member, self._group_of) for member in ordered]
        chosen: dict[str, Any] = {}
        wins = []
        for group, fields, read in self._groups:
            claims = []
            for member, faulty in zip(ordered, faults, strict=True):
                values = read(member)
                if any(value is not None for value in values):
                    rank = self._ranks[group].get(authorities.get(member.source, ""), len(self._ranks[group]))
                    claims.append(_Claim(_standing(group, rank, values, member, faulty), values, member))
            if claims:
                best = min(claims, key=_by_standing)
                chosen |= zip(fields, best.values, strict=True)
                wins.append(_win(group, fields, best, claims))
        listed = tuple([Member(member.id, member.source, member.table) for member in ordered])
        return self._make(entity_id, 0, 0, "active", wins=tuple(wins), members=listed, **chosen)


def golden(
    entity_id: str,
    members: Sequence[Clean],
    authorities: Mapping[str, str],
    orders: Mapping[str, Sequence[str]],
    entity: Entity = "person",
) -> Record:
    """Return the golden state of a cluster in one call."""
    return Golden(orders, entity)(entity_id, members, authorities)


def _standing(
    group: str, rank: int, values: tuple[Any, ...], member: Clean, faulty: Mapping[str, int]
) -> tuple[int, int, int, int, int, bytes]:
    vague = _vague(values[0], faulty) if group == "birth" else 0
    missing = sum(1 for value in values if value is None)
    return vague, rank, faulty.get(group, 0), missing, -member.changed_at, member.id


def _vague(birth_date: int | None, faulty: Mapping[str, int]) -> int:
    """How little a birth date tells: 0 its day, 1 its month (a default on the 15th), 2 its year, 3 nothing."""
    if birth_date is None:
        return 3
    if "default" not in faulty:
        return 0
    return 1 if (_EPOCH + timedelta(days=birth_date)).day == 15 else 2


def _faults(member: Clean, group_of: Mapping[str, str]) -> dict[str, int]:
    """How many flags speak against each group, and whether the birth date is a default one."""
    found: dict[str, int] = {}
    for flag in member.flags:
        if flag.code == "default" and flag.field == "birth_date":
            found["default"] = 1
        elif flag.code in _UNSOUND and flag.field in group_of:
            group = group_of[flag.field]
            found[group] = found.get(group, 0) + 1
    return found


def _win(group: str, fields: tuple[str, ...], best: _Claim, claims: list[_Claim]) -> Win:
    against = sorted([claim for claim in claims if claim.values != best.values], key=_by_standing)
    rule = "only"
    if against:
        first = against[0].standing
        rule = next(rule for at, rule in enumerate(RULES) if first[at] != best.standing[at])
    losers = tuple([_loser(fields, claim) for claim in against])
    return Win(group, rule, best.member.source, best.member.id, best.member.changed_at, losers)


def _loser(fields: Iterable[str], claim: _Claim) -> Loser:
    values = {name: _shown(name, value) for name, value in zip(fields, claim.values, strict=True) if value is not None}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return Loser(claim.member.source, claim.member.id, claim.member.changed_at, text)


def _shown(name: str, value: object) -> object:
    return (_EPOCH + timedelta(days=value)).isoformat() if name == "birth_date" and isinstance(value, int) else value


def _reader(fields: tuple[str, ...]) -> Any:
    read = attrgetter(*fields)
    return read if len(fields) > 1 else lambda member: (read(member),)


def _record(member: Clean) -> bytes:
    return member.id


def _by_standing(claim: _Claim) -> tuple[int, int, int, int, int, bytes]:
    return claim.standing
