"""Persons in families, derived from golden records in the transaction that changes them.

A person belongs to the family whose winning family card is the person's own winning one; of several families with one
card, to the one whose id is the smallest.  So it is a function of what the store shows, whichever side came first.
`store.membership` keeps every span; each change is published on golden.membership.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from hub.persist.messages import Coding
from hub.persist.stage import Database, each, uuids
from hub.wire import cloud_events
from hub.wire.entities import Entity
from hub.wire.records import Membership
from hub.wire.topics import GOLDEN_MEMBERSHIP

_ANY_FAMILY = "select exists (select from store.family)"
_OF_FAMILIES = """
select person_id::text from store.membership where family_id = any(%s::uuid[]) and until is null
union
select p.entity_id::text from store.family f join store.person p on p.kk = f.kk and p.status = 'active'
where f.entity_id = any(%s::uuid[]) and f.status = 'active'"""
_CLAIMS = """
select p.entity_id::text, p.nik, p.wins, f.entity_id::text, f.head_nik
from store.person p join lateral (
  select entity_id, head_nik from store.family f where f.kk = p.kk and f.status = 'active' order by entity_id limit 1
) f on true
where p.entity_id = any(%s::uuid[]) and p.status = 'active'"""
_PRESENT = """
select id::text, person_id::text, family_id::text, role, claimed_at, source, record,
  (extract(epoch from since) * 1000000)::bigint
from store.membership where person_id = any(%s::uuid[]) and until is null"""
_KEEP = """
insert into store.membership (id, person_id, family_id, role, claimed_at, source, record, since, until, generation,
  sequence)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (id) do update set role = excluded.role, claimed_at = excluded.claimed_at, source = excluded.source,
  record = excluded.record, until = excluded.until, generation = excluded.generation, sequence = excluded.sequence"""


@dataclass(frozen=True, slots=True)
class Claim:
    """In which family a person is now, and who says so."""

    family_id: str
    role: str
    claimed_at: int
    source: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """A membership that holds."""

    id: str
    person_id: str
    claim: Claim
    since_us: int


def write(
    database: Database, coding: Coding, changed: Sequence[str], *, entity: Entity, version: tuple[int, int],
    at_us: int,
) -> list[tuple[Any, ...]]:  # fmt: skip
    """Bring memberships up to date after these persons or families changed; return the outbox's rows.

    Outbox rows are (generation, sequence, topic, key, value, headers, time).
    """
    persons = _touched(database, entity, changed)
    if not persons:
        return []
    claims = {row[0]: _claim(*row[1:]) for row in database.execute(_CLAIMS, (uuids(persons),))}
    present = {row[1]: Span(row[0], row[1], Claim(row[2], row[3], row[4], row[5], bytes(row[6])), row[7])
               for row in database.execute(_PRESENT, (uuids(persons),))}  # fmt: skip
    messages = difference(persons, claims, present, version, at_us)
    # what ends goes first: a person has one membership at a time
    each(database, _KEEP, [_row(message) for message in sorted(messages, key=lambda one: one.status, reverse=True)])
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    return [
        (*version, GOLDEN_MEMBERSHIP.name, message.membership_id.encode(), coding.codec.encode(message),
         cloud_events.headers(cloud_events.MEMBERSHIP_TYPE, message.membership_id, *version, at_us), at)
        for message in messages
    ]  # fmt: skip


def difference(
    persons: Iterable[str], claims: Mapping[str, Claim], present: Mapping[str, Span], version: tuple[int, int],
    at_us: int,
) -> list[Membership]:  # fmt: skip
    """Return the memberships that begin, end, or tell something else, in the order of persons."""
    found = []
    for person in sorted(persons):
        claim, span = claims.get(person), present.get(person)
        if span is not None and (claim is None or claim.family_id != span.claim.family_id):
            found.append(_message(span, version, "ended", at_us))
            span = None
        elif span is not None and claim is not None and claim != span.claim:
            found.append(_message(Span(span.id, person, claim, span.since_us), version, "active", None))
        if span is None and claim is not None:
            begun = Span(membership_id(person, claim.family_id, version), person, claim, at_us)
            found.append(_message(begun, version, "active", None))
    return found


def membership_id(person_id: str, family_id: str, version: tuple[int, int]) -> str:
    """Return the id of a span: of the two ids and the commit that began it."""
    name = f"{person_id} {family_id} {version[0]}.{version[1]}".encode()
    digest = bytearray(blake2b(name, digest_size=16, person=b"satudata.member").digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def _touched(database: Database, entity: Entity, changed: Sequence[str]) -> list[str]:
    """Return the persons whose membership may be another one."""
    if entity == "person":
        row = database.execute(_ANY_FAMILY).fetchone() if changed else None
        return sorted(changed) if row is not None and row[0] else []
    if entity == "family" and changed:
        ids = uuids(sorted(changed))
        return sorted(row[0] for row in database.execute(_OF_FAMILIES, (ids, ids)))
    return []


def _claim(nik: str | None, wins: Sequence[Mapping[str, Any]], family_id: str, head_nik: str | None) -> Claim:
    win = next(win for win in wins if win["group"] == "kk")
    role = "head" if nik is not None and nik == head_nik else "member"
    return Claim(family_id, role, int(win["changed_at"]), win["source"], bytes.fromhex(win["record"]))


def _message(span: Span, version: tuple[int, int], status: str, until_us: int | None) -> Membership:
    claim = span.claim
    return Membership(
        span.id, *version, status, span.person_id, claim.family_id, claim.role, claim.claimed_at, claim.source,
        claim.record, span.since_us, until_us,
    )  # fmt: skip


def _row(message: Membership) -> tuple[Any, ...]:
    until = None if message.until is None else datetime.fromtimestamp(message.until / 1e6, UTC)
    return (
        message.membership_id, message.person_id, message.family_id, message.role, message.claimed_at, message.source,
        message.record, datetime.fromtimestamp(message.since / 1e6, UTC), until, message.generation, message.sequence,
    )  # fmt: skip
