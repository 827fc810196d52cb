"""What happened to an entity, in words: each published change, its causes, and the records that came or left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from hub.serve import explain_case, history, phrases
from hub.serve.history_shapes import Event, Moved, Source, Timeline, Told, plain
from hub.serve.store import Snapshot
from hub.wire import tables as t
from hub.wire.archive import Archive

MOST = 200
"""Events of one answer."""
_KINDS: Mapping[str, tuple[str, str]] = {
    "created": ("Dibentuk dengan {n} catatan", "Came into being; records: {n}"),
    "changed": ("Berubah", "Changed"),
    "merged": ("Bergabung ke {others}", "Merged into {others}"),
    "split": ("Terpecah menjadi {others}", "Split into {others}"),
    "reassigned": ("Sebagian besar catatannya pindah", "Most of its records went elsewhere"),
    "deleted": ("Berakhir: semua catatannya hilang dari sumber", "Ended: all its records are gone from their sources"),
    "restored": ("Diumumkan lagi setelah pemulihan cadangan", "Told again after a backup was restored"),
}
_CAUSES: Mapping[str, tuple[str, str]] = {
    "record": ("perubahan catatan {record}", "change of record {record}"),
    "sweep": ("catatan {record} tidak ada lagi di sumbernya", "record {record} is no longer at its source"),
    "attestation": ("nomor yang dibuktikan catatan {record} berubah", "a number attested by record {record} changed"),
    "generic_key": (
        "sebuah kunci menjadi (atau tidak lagi) milik terlalu banyak catatan, karena {record}",
        "a key came to be, or ceased to be, of too many records, by {record}",
    ),
    "judgement": ("keputusan {author} ({verdict}): {reason}", "decision of {author} ({verdict}): {reason}"),
    "model": ("model baru {subject}", "new model {subject}"),
    "restored": ("pemulihan cadangan, generasi {subject}", "restore of a backup, generation {subject}"),
}
_JOINED = ("{n} catatan masuk", "records that came: {n}")
_LEFT = ("{n} catatan keluar", "records that left: {n}")
_GROUPS = ("nilai berubah: {groups}", "values changed: {groups}")
_HEAD = frozenset({"entity_id", "generation", "sequence", "status", "moved_to", "previous_ids", "wins", "members"})
_GROUP_OF = {"titles": "name", "birth_date": "birth", "birth_place": "birth"} | dict.fromkeys(
    ("street", "rt", "rw", "village", "region", "region_system", "postcode"), "address"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What causes and members are called."""

    records: Mapping[bytes, Source]
    judgements: Mapping[str, Any]
    """Rows of decisions, and of notes on them: who withdrew one, and why."""
    moves: Mapping[tuple[bytes, Any, bool], UUID]
    """Entity that a record came from (False) or went to (True) at a time."""


def timeline(snapshot: Snapshot, entity_id: UUID, most: int = MOST) -> Timeline:
    """Return the newest events of an id, oldest first; raises NotFound for one that was never given."""
    entity, _ = explain_case.kind_of(snapshot, entity_id)
    h = t.history.c
    query = select(t.history).where(h.entity_id == entity_id).order_by(h.generation.desc(), h.sequence.desc())
    rows = list(reversed(snapshot.all(query.limit(most + 1))))
    archive = Archive(snapshot.schemas().get)
    bodies = [archive.decode(bytes(row.body)) for row in rows]
    known = _known(snapshot, entity_id, rows, bodies)
    first = max(len(rows) - most, 0)
    events = [_event(rows[at], bodies[at - 1] if at else None, bodies[at], known) for at in range(first, len(rows))]
    return Timeline(entity_id=entity_id, entity=entity, events=events, more=first > 0)


def _event(row: Any, before: Any, now: Any, known: _Known) -> Event:
    earlier = {member.record: member for member in before.members} if before is not None else {}
    later = {member.record: member for member in now.members}
    joined = [_moved(later[record], row.at, known, left=False) for record in later if record not in earlier]
    left = [_moved(earlier[record], row.at, known, left=True) for record in earlier if record not in later]
    groups = changed_groups(before, now) if before is not None and earlier and later else []
    causes = [_cause(cause, known) for cause in row.causes]
    texts = _sentence(row, len(later), joined, left, groups)
    return Event(
        version=plain(row), at=row.at, kind=row.kind, id=texts[0], en=texts[1], causes=causes, joined=joined,
        left=left, groups=groups, other_ids=sorted(row.other_ids),
    )  # fmt: skip


def changed_groups(before: Any, now: Any) -> list[str]:
    """Return the attribute groups whose values differ between two golden records."""
    names = [name for name in type(now).__slots__ if name not in _HEAD]
    return list(dict.fromkeys(
        _GROUP_OF.get(name, name) for name in names if getattr(before, name, None) != getattr(now, name)
    ))  # fmt: skip


def _sentence(
    row: Any, members: int, joined: Sequence[Moved], left: Sequence[Moved], groups: Sequence[str]
) -> tuple[str, str]:
    others = ", ".join(str(one) for one in sorted(row.other_ids))
    told = []
    for at, language in enumerate(phrases.LANGUAGES):
        parts = [_KINDS.get(row.kind, (row.kind, row.kind))[at].format(n=members, others=others)]
        if row.kind not in {"created", "merged", "split", "deleted"}:
            parts += [_JOINED[at].format(n=len(joined))] if joined else []
            parts += [_LEFT[at].format(n=len(left))] if left else []
            said = ", ".join(phrases.comparison(group, language) for group in groups)
            parts += [_GROUPS[at].format(groups=said)] if groups else []
        told.append("; ".join(parts) + ".")
    return told[0], told[1]


def _cause(cause: Mapping[str, str], known: _Known) -> Told:
    kind, subject = cause["kind"], cause["id"]
    row = known.judgements.get(subject)
    texts = _CAUSES.get(kind) if kind != "judgement" or row is not None else None
    if texts is None:
        return Told(kind=kind, subject=subject, id=f"{kind} {subject}".strip(), en=f"{kind} {subject}".strip())
    said = []
    for text, language in zip(texts, phrases.LANGUAGES, strict=True):
        verdict = "" if row is None else phrases.verdict(getattr(row, "verdict", None) or row.kind, language)
        said.append(text.format(
            record=_named(subject, known), subject=subject, author=row and row.author, reason=row and row.reason,
            verdict=verdict,
        ))  # fmt: skip
    return Told(kind=kind, subject=subject, id=said[0], en=said[1])


def _named(subject: str, known: _Known) -> str:
    source = known.records.get(_record_of(subject) or b"")
    return subject[:8] if source is None else f"{source.source} {source.table} {subject[:8]}"


def _moved(member: Any, at: Any, known: _Known, *, left: bool) -> Moved:
    return Moved(record=member.record.hex(), source=member.source, table=member.table,
                 other_id=known.moves.get((member.record, at, left)))  # fmt: skip


def _known(snapshot: Snapshot, entity_id: UUID, rows: Sequence[Any], bodies: Sequence[Any]) -> _Known:
    causes = [cause for row in rows for cause in row.causes]
    named = {record for cause in causes if (record := _record_of(cause["id"])) is not None}
    members = {member.record for body in bodies for member in body.members}
    judged = sorted({cause["id"] for cause in causes if cause["kind"] == "judgement"})
    decisions: dict[str, Any] = {}
    for table in (t.judgement, t.note):
        decisions |= {row.id: row for row in snapshot.all(select(table).where(table.c.id.in_(judged)))}
    times = sorted({row.at for row in rows})
    return _Known(
        history.sources(snapshot, named | members), decisions,
        _moves(snapshot, entity_id, members, times),
    )  # fmt: skip


def _moves(
    snapshot: Snapshot, entity_id: UUID, members: Iterable[bytes], times: Sequence[Any]
) -> Mapping[tuple[bytes, Any, bool], UUID]:
    """Return the other entity of each record that came or left: the span that ends where this one's begins, or begins
    where it ends."""
    s = t.member_span.c
    spans = snapshot.all(
        select(s.record, s.since, s.until, s.entity_id).where(
            s.record.in_(list(members)), s.entity_id != entity_id, or_(s.until.in_(times), s.since.in_(times))
        )
    )
    found: dict[tuple[bytes, Any, bool], UUID] = {}
    for row in spans:
        found[bytes(row.record), row.since, True] = row.entity_id
        if row.until is not None:
            found[bytes(row.record), row.until, False] = row.entity_id
    return found


def _record_of(subject: str) -> bytes | None:
    try:
        record = bytes.fromhex(subject)
    except ValueError:
        return None
    return record if len(record) == 16 else None
