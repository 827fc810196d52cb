"""Which attribute a column is likely to be: its name proposes, its values decide.

A name alone is not believed where offices are known to use it otherwise: `pegawai.nik` is an employee's number at the
hospital, `nik_kepala` a row's id in the village system, and `no_ktp` holds NIKs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.discover import shapes, words
from connectors.discover.seen import OTHER, Column, Table
from hub.wire.typed import BOOL, DATE, MOMENT, NUMBER, TEXT

ENOUGH = 0.6
"""Share of the values that must look like what the name says."""
CERTAIN = 0.9
"""Share of the values that lets them speak for themselves, whatever the name."""
_FEW = 5
_ADULT = 18
_CLEANERS: Mapping[str, tuple[str, frozenset[str]]] = {
    "nik": ("nik", frozenset({TEXT, NUMBER})),
    "kk": ("kk", frozenset({TEXT, NUMBER})),
    "name": ("name", frozenset({TEXT})),
    "mother": ("mother", frozenset({TEXT})),
    "birth_date": ("date", frozenset({TEXT, NUMBER, DATE, MOMENT})),
    "birth_place": ("text", frozenset({TEXT})),
    "sex": ("sex", frozenset({TEXT, NUMBER})),
    "phone": ("phone", frozenset({TEXT, NUMBER})),
    "street": ("address", frozenset({TEXT})),
    "rt": ("number", frozenset({TEXT, NUMBER})),
    "rw": ("number", frozenset({TEXT, NUMBER})),
    "region": ("region", frozenset({TEXT, NUMBER})),
    "marital": ("marital", frozenset({TEXT, NUMBER})),
    "vital": ("vital", frozenset({TEXT, BOOL})),
}
"""Cleaner of each attribute, and the kinds of column that it reads."""
_LOOKS: Mapping[str, Callable[[str], bool]] = {
    "nik": shapes.nik, "kk": shapes.kk, "name": shapes.words, "mother": shapes.words, "birth_place": shapes.words,
    "street": shapes.address, "phone": shapes.phone, "rt": shapes.house_number, "rw": shapes.house_number,
    "region": shapes.region,
}  # fmt: skip
_NEEDS_VALUES = frozenset({"nik", "kk", "region"})
"""Attributes whose columns' names mislead too often to be believed without values."""
_CODED = frozenset({"sex", "marital", "vital"})
_WORDS: Mapping[str, int] = {"sex": 3, "marital": 10, "vital": 10}
"""Different values that a column of codes has at most; with more it is typed by hand, and the cleaner reads that."""


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute, the column that it is made from, and how."""

    attribute: str
    column: str
    cleaner: str
    system: str | None = None
    lookup: Mapping[str, str | None] = field(default_factory=dict)
    """Words of the column's own vocabulary and what they mean; None: a person must say."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column that may be an attribute, and why that is not sure."""

    field: Field
    why: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What one table is likely to be."""

    fields: Sequence[Field] = ()
    doubts: Sequence[Doubt] = ()
    key: Sequence[str] = ()
    """Empty: a person must find one."""
    key_is_personal: bool = False
    deleted_when: tuple[str, str] | None = None
    watermark: str | None = None
    children: bool = False
    """Most rows are of people under 18."""

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes that are sure."""
        return frozenset(each.attribute for each in self.fields)

    @property
    def people(self) -> bool:
        """Whether the rows are likely to be people."""
        known = self.attributes
        return "name" in known and bool(known & {"nik", "kk", "birth_date", "mother"})


def guess(table: Table, year: int) -> Guess:
    """Return what a table is likely to be, in a given year."""
    fields: dict[str, Field] = {}
    doubts: list[Doubt] = []
    for column in table.columns:
        found = _of_column(column)
        if isinstance(found, Field) and found.attribute in fields:
            first = fields[found.attribute].column
            found = Doubt(found, f"column {first} is taken as {found.attribute} already")
        if isinstance(found, Field):
            fields[found.attribute] = found
        elif found is not None:
            doubts.append(found)
    _let_values_speak(table, fields, doubts)
    ordered = [fields[attribute] for attribute in _CLEANERS if attribute in fields]
    key, personal = _key(table, fields)
    return Guess(
        ordered, doubts, key, personal, _deleted(table, {each.column for each in ordered}), _watermark(table),
        _children(table, fields, year),
    )  # fmt: skip


def _of_column(column: Column) -> Field | Doubt | None:
    attribute = words.attribute_of(column.name)
    values = shapes.told(column.values)
    if attribute is None:
        if words.speaks_of_another(column.name) and _mostly(values, shapes.nik, CERTAIN):
            return Doubt(_field("nik", column), "its name speaks of somebody else than the row does")
        return None
    cleaner, reads = _CLEANERS[attribute]
    proposed = _field(attribute, column)
    if column.kind not in reads and not (attribute in _CODED and column.kind != OTHER):
        return Doubt(proposed, f"it holds {column.kind}, which cleaner {cleaner} does not read")
    why = _doubtful(attribute, column, values)
    return proposed if why is None else Doubt(proposed, why)


def _doubtful(attribute: str, column: Column, values: Sequence[str]) -> str | None:
    """Return why a column's values do not bear out its name, None if they do."""
    if not values:
        return "there are no values to look at" if attribute in _NEEDS_VALUES else None
    if attribute == "region":
        return _doubtful_region(values)
    if attribute == "birth_date":
        fits = column.kind in (DATE, MOMENT) or _mostly(values, shapes.date, ENOUGH)
        return None if fits else "its values do not look like dates"
    if attribute in _CODED:
        return _doubtful_codes(attribute, column)
    fits = _mostly(values, _LOOKS[attribute], ENOUGH)
    hint = ": an employee's number, or a row's id?" if attribute == "nik" else ""
    return None if fits else f"its values do not look like {attribute}{hint}"


def _doubtful_region(values: Sequence[str]) -> str | None:
    if not _mostly(values, shapes.region, ENOUGH):
        return "its values do not look like codes of regions: names, or rows' ids?"
    known = shapes.region_system(values) is not None
    return None if known else 'whose codes they are cannot be told: system = "kemendagri" or "bps"'


def _doubtful_codes(attribute: str, column: Column) -> str | None:
    known = any(words.meaning(attribute, word) for word in (column.distinct or column.values))
    return None if known else f"none of its values is known to mean {attribute}"


def _field(attribute: str, column: Column) -> Field:
    cleaner, _ = _CLEANERS[attribute]
    if attribute == "region":
        return Field(attribute, column.name, cleaner, shapes.region_system(column.values))
    if attribute in _CODED and column.kind != BOOL and column.distinct and len(column.distinct) <= _WORDS[attribute]:
        told = {word: words.meaning(attribute, word) for word in sorted(_codes(column.distinct))}
        return Field(attribute, column.name, f"lookup:{words.plain(column.name)}", lookup=told)
    return Field(attribute, column.name, cleaner)


def _codes(distinct: Sequence[str]) -> list[str]:
    """Return the words of a vocabulary that may be shown: short, and no numbers that could be somebody's."""
    return [word for word in distinct if word.strip() and len(word) <= 30 and sum(map(str.isdigit, word)) <= 2]


def _mostly(values: Sequence[str], test: Callable[[str], bool], least: float) -> bool:
    return shapes.share(values, test) >= least


def _let_values_speak(table: Table, fields: dict[str, Field], doubts: list[Doubt]) -> None:
    """Look for NIKs in columns whose names do not say so."""
    if "nik" in fields:
        return
    taken = {each.column for each in fields.values()} | {doubt.field.column for doubt in doubts}
    for column in table.columns:
        values = shapes.told(column.values)
        plain = column.kind in (TEXT, NUMBER) and column.name not in taken
        if plain and len(values) >= _FEW and _mostly(values, shapes.nik, CERTAIN):
            if len(set(values)) < len(values) * ENOUGH:
                doubts.append(Doubt(_field("kk", column), "its values look like NIK or KK and repeat"))
            else:
                fields["nik"] = _field("nik", column)
                return


def _key(table: Table, fields: Mapping[str, Field]) -> tuple[Sequence[str], bool]:
    """Return the key to name, and whether it holds a personal number."""
    personal = {fields[attribute].column for attribute in ("nik", "kk") if attribute in fields}
    looks_personal = {
        column.name for column in table.columns
        if _mostly(shapes.told(column.values), shapes.nik, ENOUGH)
    }  # fmt: skip
    clean = [key for key in table.keys if not set(key) & (personal | looks_personal)]
    if clean:
        return clean[0], False
    return (table.keys[0], True) if table.keys else ((), False)


def _deleted(table: Table, taken: set[str]) -> tuple[str, str] | None:
    for column in table.columns:
        if column.name in taken or not words.DELETED.fullmatch(words.plain(column.name)):
            continue
        if column.kind == BOOL:
            return column.name, "true"
        if column.kind == NUMBER and set(column.values) <= {"0", "1"}:
            return column.name, "1"
    return None


def _watermark(table: Table) -> str | None:
    named = [column for column in table.columns if words.WATERMARK.fullmatch(words.plain(column.name))]
    return next((column.name for column in named if _moments(column)), None)


def _moments(column: Column) -> bool:
    return column.kind == MOMENT or (column.kind == TEXT and _mostly(column.values, shapes.moment, CERTAIN))


def _children(table: Table, fields: Mapping[str, Field], year: int) -> bool:
    born = fields.get("birth_date")
    if born is None:
        return False
    column = next(column for column in table.columns if column.name == born.column)
    years = [found for value in column.values if (found := shapes.year_of(value)) is not None]
    return len(years) >= _FEW and sum(year - each < _ADULT for each in years) > len(years) / 2
