"""Turn the stored levels of an edge into an account that people can read, in Indonesian and English.

The words of a level stand beside its kind in hub/link/compare, the name of a comparison in the model file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.link import kinds
from hub.link.evidence import Comparison
from hub.link.frequency import COMMON, RARE
from hub.link.model import Model
from hub.link.score import CAPPED
from hub.wire.decisions import Level

Part = Literal["level", "frequency", "cap"]
Forbidden = Literal["attested", "listed", "different", "average", "size"]

UNKNOWN = ("tidak diketahui pada salah satu atau keduanya", "unknown on one side or both")
"""Words for the level `missing`."""
ADJUSTED = {
    COMMON: ("nilai ini lebih umum daripada biasanya", "this value is commoner than most"),
    RARE: ("nilai ini lebih jarang daripada biasanya", "this value is rarer than most"),
}
"""Words for what a value's frequency adds to a level."""
_CAP = ("tidak dihitung dua kali", "not counted twice")
_ENTITIES = {
    "person": ("orang", "person"),
    "family": ("keluarga", "family"),
    "business": ("usaha", "business"),
    "facility": ("fasilitas", "facility"),
}
FORBIDDEN: Mapping[Forbidden, tuple[str, str]] = {
    "attested": (
        "dilarang disatukan: dua {said} yang berbeda, keduanya dibuktikan oleh register",
        "must not be joined: two different {said}, both attested by the register",
    ),
    "listed": (
        "dilarang disatukan: dua baris yang berbeda dari satu daftar, yang memuat setiap {entity} sekali saja",
        "must not be joined: two rows of one list that differ, and it names each {entity} once",
    ),
    "different": (
        "dilarang disatukan: walidata memutuskan bahwa keduanya berbeda",
        "must not be joined: a steward decided that they are different",
    ),
    "average": (
        "tidak disatukan: rata-rata bukti antara kedua kelompok catatan di bawah ambang",
        "not joined: the average evidence between the two groups of records is below the threshold",
    ),
    "size": (
        "tidak disatukan: kelompoknya akan melewati batas jumlah catatan",
        "not joined: the group would pass the bound on its number of records",
    ),
}
"""Why two records are not joined although the evidence would do, by rule."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an account: what was compared, what was found, and its weight in bits."""

    part: Part
    """A level; what a rare or common value adds to the line before; or what a cap takes back."""
    comparison: str
    level: str
    id: str
    """In Indonesian."""
    en: str
    bits: float


@dataclass(frozen=True, slots=True)
class Change:
    """The nearest change of one level that would bring the pair to the other side of the threshold."""

    comparison: str
    now: str
    """Present level; `missing` where the values are unknown."""
    level: str
    total: float
    """Bits that the pair would have."""
    id: str
    en: str


@dataclass(frozen=True, slots=True)
class Account:
    """Why two records do or do not link."""

    lines: tuple[Line, ...]
    """Heaviest evidence first, whichever way it points; with the prior they add up to the total."""
    prior: float
    """Bits before any evidence."""
    total: float
    threshold: float
    links: bool
    """Whether the evidence reaches the threshold; a rule may forbid the union all the same."""
    forbidden: Forbidden | None
    id: str
    en: str
    change: Change | None
    """What would change it; None when no single level can, or a rule decides."""


def line(level: Level, model: Model) -> Line:
    """Return one stored level as a line."""
    bits = level.weight / 1000
    if level.level == CAPPED:
        said = [model.comparison(name).said for name in level.comparison.split("+")]
        return Line(
            "cap",
            level.comparison,
            level.level,
            f"{' dan '.join([each[0] for each in said])}: {_CAP[0]}",
            f"{' and '.join([each[1] for each in said])}: {_CAP[1]}",
            bits,
        )
    comparison = model.comparison(level.comparison)
    part: Part = "frequency" if level.level in ADJUSTED else "level"
    texts = ADJUSTED.get(level.level) or _words(comparison, level.level)
    return Line(
        part,
        level.comparison,
        level.level,
        f"{comparison.said[0]}: {texts[0]}",
        f"{comparison.said[1]}: {texts[1]}",
        bits,
    )


def explain(levels: Iterable[Level], model: Model, forbidden: Forbidden | None = None) -> Account:
    """Return the account of an edge's stored levels under the model that scored it.

    `forbidden` names the rule, if any, that keeps the two apart whatever the evidence.
    """
    kept = tuple(levels)
    own = _weights(kept)
    total = model.prior + sum([level.weight for level in kept])
    links = total >= model.threshold
    told = _verdict(model, total, links=links)
    if forbidden is not None:
        identifier = _said_of_field(model, model.attested)
        told = tuple([
            f"{a}; {b.format(said=c, entity=d)}"
            for a, b, c, d in zip(told, FORBIDDEN[forbidden], identifier, _ENTITIES[model.entity], strict=True)
        ])  # fmt: skip
    ordered = sorted(kept, key=lambda level: (-abs(own.get(level.comparison, 0)), level.comparison))
    lines = [line(level, model) for level in ordered]
    return Account(
        tuple([each for each in lines if each.part != "cap"] + [each for each in lines if each.part == "cap"]),
        model.prior / 1000,
        total / 1000,
        model.threshold / 1000,
        links,
        forbidden,
        told[0],
        told[1],
        None if forbidden else _nearest(kept, own, total, model),
    )


def shown(levels: Iterable[Level]) -> dict[str, str]:
    """Return the level that each comparison shows, adjustments and caps left out."""
    return {level.comparison: level.level for level in levels if level.level not in {CAPPED, *ADJUSTED}}


# ---------------------------------------------------------------------- what would change it


def _nearest(levels: tuple[Level, ...], own: Mapping[str, int], total: int, model: Model) -> Change | None:
    """The least change of weight by one level that crosses the threshold."""
    now = shown(levels)
    found: list[tuple[int, int, int, Comparison, str]] = []
    for place, comparison in enumerate(model.comparisons):
        for at, level in enumerate(comparison.levels):
            if level in {kinds.MISSING, now.get(comparison.name)}:
                continue  # to know less is no change that anybody could bring about
            other = _total(model, {**own, comparison.name: comparison.weights[at].milli})
            if (other >= model.threshold) != (total >= model.threshold):
                found.append((abs(other - total), place, at, comparison, level))
    if not found:
        return None
    _, _, at, comparison, level = min(found, key=lambda each: each[:3])
    before = now.get(comparison.name, kinds.MISSING)
    then = _total(model, {**own, comparison.name: comparison.weights[at].milli}) / 1000
    old, new = _words(comparison, before), _words(comparison, level)
    return Change(
        comparison.name,
        before,
        level,
        then,
        f"Akan berubah bila {comparison.said[0]}: {new[0]} (sekarang: {old[0]}); bukti menjadi {then:+.1f} bit",
        f"Would change if {comparison.said[1]}: {new[1]} (now: {old[1]}); the evidence would be {then:+.1f} bits",
    )


def _total(model: Model, own: Mapping[str, int]) -> int:
    counted = dict(own)
    for together in model.together:
        joint = sum([weight for name, weight in counted.items() if together.covers(name)])
        if joint > together.cap:
            counted[together.name] = together.cap - joint
    return model.prior + sum(counted.values())


def _weights(levels: Iterable[Level]) -> dict[str, int]:
    """Weight of each comparison with its adjustment, caps aside."""
    own: dict[str, int] = {}
    for level in levels:
        if level.level != CAPPED:
            own[level.comparison] = own.get(level.comparison, 0) + level.weight
    return own


# ---------------------------------------------------------------------- words


def _verdict(model: Model, total: int, *, links: bool) -> tuple[str, ...]:
    entity = _ENTITIES[model.entity]
    bits, limit = total / 1000, model.threshold / 1000
    return (
        f"{'Cukup' if links else 'Tidak cukup'} bukti {entity[0]} yang sama: {bits:+.1f} bit, ambang {limit:+.1f}",
        f"{'Enough' if links else 'Not enough'} evidence of one {entity[1]}: {bits:+.1f} bits, threshold {limit:+.1f}",
    )


def _said_of_field(model: Model, field: str | None) -> tuple[str, str]:
    for each in model.comparisons:
        if each.fields[0] == field:
            return each.said
    return (field or "", field or "")


def _words(comparison: Comparison, level: str) -> tuple[str, str]:
    return UNKNOWN if level == kinds.MISSING else kinds.find(comparison.kind).TEXTS[level]
