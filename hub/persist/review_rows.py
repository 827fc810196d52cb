"""A doubt as a row of the stewards' queue: its name, what a decision on it is worth, and whether it holds anything.

Worth is a sum of points, so that anybody can see why one item comes before another:
  contested   1000   somebody doubts a decision in force
  margin      0..100 100 at the threshold itself, and for what a rule decides against the weights
  size        5 a record of the two entities beyond the second, 100 at most
  sensitive   80     a record comes from a source whose data decide on aid, health or the like
  conflict    80     different identifiers, one of them attested
  twins       40     evidence as twins show it
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from hub.wire.decisions import GREY, Doubt

CONTESTED, MARGIN, SIZE, SENSITIVE, CONFLICT, TWINS = 1000, 100, 5, 80, 80, 40
_LARGEST = 100
OPEN, ASIDE = "open", "aside"


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """Row of store.review."""

    id: str
    entity: str
    doubt: Doubt
    worth: int
    points: tuple[tuple[str, int], ...]
    holds: str | None
    """Why its entities are held back from sensitive feeds: contested or conflict."""
    state: str
    """open, or aside: somebody said unsure, and the evidence is still the same."""
    judged_on: bytes | None
    """The evidence that the standing `unsure` was given on."""


def review_id(entity: str, doubt: Doubt) -> str:
    """Return an item's id: of the contested decision, or of the pair of records; the same whenever it comes back."""
    name = doubt.judgement.encode() if doubt.judgement else doubt.a + doubt.b
    digest = bytearray(blake2b(name, digest_size=16, person=entity.encode()).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def points(doubt: Doubt, sensitive: Collection[str]) -> tuple[tuple[str, int], ...]:
    """Return what makes a decision on a doubt worth something, only what counts."""
    margin = MARGIN
    if doubt.kind in ("weak", "near") and doubt.margin is not None:
        margin = max(0, MARGIN - abs(doubt.margin) * MARGIN // GREY)
    records = doubt.size_a if doubt.entity_a == doubt.entity_b else doubt.size_a + doubt.size_b
    found = {
        "contested": CONTESTED if doubt.kind == "contested" else 0,
        "margin": margin,
        "size": min(_LARGEST, SIZE * (records - 2)),
        "sensitive": SENSITIVE if not set(doubt.sources).isdisjoint(sensitive) else 0,
        "conflict": CONFLICT if doubt.conflict else 0,
        "twins": TWINS if doubt.twins else 0,
    }
    return tuple([(name, value) for name, value in found.items() if value])


def row_of(entity: str, doubt: Doubt, sensitive: Collection[str], before: ReviewRow | None) -> ReviewRow:
    """Return the row of a doubt; one that was set aside stays so until its evidence differs."""
    counted = points(doubt, sensitive)
    judged_on = None
    if doubt.unsure is not None:
        known = before is not None and before.doubt.unsure == doubt.unsure
        judged_on = before.judged_on if known and before is not None else doubt.evidence
    return ReviewRow(
        review_id(entity, doubt), entity, doubt, sum(value for _, value in counted), counted, _holds(doubt),
        ASIDE if judged_on == doubt.evidence else OPEN, judged_on,
    )  # fmt: skip


def _holds(doubt: Doubt) -> str | None:
    if doubt.kind == "contested":
        return "contested"
    return "conflict" if doubt.kind == "weak" and doubt.conflict else None
