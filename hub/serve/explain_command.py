"""`satudata explain` but for its command line, which the composition root declares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import typer

from hub.serve import explain, explain_case, explain_routes, explain_text
from hub.serve.explain_shapes import Explanation
from hub.serve.identifiers import asked as meant
from hub.serve.phrases import Language
from hub.serve.problems import Problem, Vanished
from hub.serve.store import Snapshot, Store
from hub.wire.entities import Entity
from hub.wire.errors import RefuseToStart
from hub.wire.explained import Explainer

_RECORD = re.compile("[0-9a-fA-F]{32}")
Thing = UUID | bytes
"""An entity, or a record."""
_PROMPT: Mapping[Entity, str] = {
    "person": "NIK, KK, telepon, id catatan, atau NAMA;tanggal lahir",
    "family": "No. KK, NIK kepala keluarga, telepon, atau id catatan",
    "business": "NIB, NPWP, NIK pemilik, telepon, nama usaha, atau id catatan",
    "facility": "NPSN, kode faskes, telepon, nama, atau id catatan",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for and how it shall be told."""

    things: tuple[str, ...]
    language: Language
    as_json: bool
    svg: Path | None
    reveal: bool
    entity: Entity = "person"
    """Kind of entity that an identifier on standard input is of."""


def run(database: str, explainers: Mapping[str, Explainer], asked: Asked) -> None:
    """Tell; raises RefuseToStart for what cannot be meant or found."""
    named = [_named(text) for text in asked.things]
    store = Store(database, size=1)
    try:
        with store.snapshot() as snapshot:
            things = named or _typed(snapshot, asked.entity)
            found = list(_explained(snapshot, explainers, things, reveal=asked.reveal, typed=not named))
            if asked.svg is not None:
                asked.svg.write_text(explain_routes.draw(found[0], asked.language), encoding="utf-8")
    except Problem as problem:
        raise RefuseToStart(problem.detail) from problem
    finally:
        store.close()
    for told in found:
        typer.echo(told.model_dump_json() if asked.as_json else explain_text.render(told, asked.language))


def _explained(
    snapshot: Snapshot, explainers: Mapping[str, Explainer], things: Sequence[Thing], *, reveal: bool, typed: bool
) -> Iterator[Explanation]:
    if len(things) == 2 and not typed:
        one, other = things
        if isinstance(one, bytes) and isinstance(other, bytes):
            yield explain.records(snapshot, explainers, one, other, reveal=reveal)
            return
        ids = [explain_case.owner(snapshot, each) if isinstance(each, bytes) else each for each in things]
        yield explain.entities(snapshot, explainers, *ids, reveal=reveal)
        return
    for each in things:
        if isinstance(each, bytes):
            yield explain.record(snapshot, explainers, each)
        else:
            yield from _entity(snapshot, explainers, each)


def _entity(snapshot: Snapshot, explainers: Mapping[str, Explainer], entity_id: UUID) -> Iterator[Explanation]:
    """Explain an entity; a vanished one by those that hold its records now."""
    try:
        yield explain.entity(snapshot, explainers, entity_id)
    except Vanished as gone:
        if not gone.extra["moved_to"]:
            raise
        typer.echo(gone.detail, err=True)
        for heir in gone.extra["moved_to"]:
            yield explain.entity(snapshot, explainers, UUID(heir))


def _named(text: str) -> Thing:
    if _RECORD.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            "an argument is an entity id (UUID) or a record id (32 hexadecimal digits); give any "
            "other identifier on standard input, so that it stands in no command line"
        ) from None


def _typed(snapshot: Snapshot, entity: Entity) -> list[Thing]:
    """Return the living entities that have the identifier on standard input."""
    if sys.stdin.isatty():
        typer.echo(f"{_PROMPT[entity]} (lalu Enter):", err=True)
    found: set[UUID] = set()
    for criteria, record in meant(sys.stdin.readline().strip(), entity):
        if record is not None:
            found.add(explain_case.owner(snapshot, record))
        else:
            found |= {row.entity_id for row in snapshot.find(criteria, None, entity)}
    if not found:
        raise RefuseToStart(f"no living {entity} has this identifier; --entity names another kind of entity")
    return sorted(found)
